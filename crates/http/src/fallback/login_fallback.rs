//! `GET /_matrix/static/client/login/`
//! <https://spec.matrix.org/v1.19/client-server-api/#login-fallback>

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};

use super::page;
use crate::{Endpoints, Tenants, error::ApiError};

const BODY: &str = "<form id=\"login\">\
    <p id=\"wrong\" class=\"wrong\"></p>\
    <label for=\"user\">Benutzername · User name</label><input id=\"user\" autocomplete=\"username\" autofocus required>\
    <label for=\"password\">Passwort · Password</label>\
    <input id=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
    <button>Anmelden · Sign in</button></form>";

/// Signs in with the parameters of the address besides what the person enters, and hands the answer to the client.
const SCRIPT: &str = r#"document.getElementById("login").addEventListener("submit",async event=>{
event.preventDefault();
const value=id=>document.getElementById(id).value;
const body=Object.fromEntries(new URLSearchParams(location.search));
Object.assign(body,{type:"m.login.password",identifier:{type:"m.id.user",user:value("user")},password:value("password")});
const answer=await fetch("/_matrix/client/v3/login",{method:"POST",headers:{"content-type":"application/json"},body:JSON.stringify(body)});
const response=await answer.json();
if(!answer.ok){document.getElementById("wrong").textContent=response.error;return;}
if(window.matrixLogin&&window.matrixLogin.onLogin){window.matrixLogin.onLogin(response);}
});"#;

pub(super) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw(Method::GET, "/_matrix/static/client/login/", show)
}

async fn show(_: Tenants, _: Request) -> Result<Response, ApiError> {
    Ok(page(StatusCode::OK, BODY, SCRIPT))
}
