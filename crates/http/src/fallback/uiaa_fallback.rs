//! `GET /_matrix/client/v3/auth/{authType}/fallback/web`
//! <https://spec.matrix.org/v1.19/client-server-api/#fallback>

use axum::{
    extract::{FromRequestParts, Query, Request},
    http::{Method, StatusCode, Uri},
    response::Response,
};
use homeserver::uiaa::{self, Proof, Stage, StageError};
use serde::Deserialize;

use super::page;
use crate::{
    Endpoints, Tenants,
    endpoint::{self, PathArguments},
    error::ApiError,
};

/// What the specification has such a page do at its end.
const DONE: &str = "if(window.onAuthDone){window.onAuthDone();}\
    else if(window.opener&&window.opener.postMessage){window.opener.postMessage(\"authDone\",\"*\");}";

pub(super) fn routes(mut endpoints: Endpoints) -> Endpoints {
    for path in [
        "/_matrix/client/v3/auth/{auth_type}/fallback/web",
        "/_matrix/client/r0/auth/{auth_type}/fallback/web",
    ] {
        endpoints = endpoints.raw(Method::GET, path, show).raw(Method::POST, path, submit);
    }
    endpoints
}

#[derive(Deserialize)]
struct Named {
    session: String,
}

#[derive(Deserialize)]
struct Filled {
    #[serde(default)]
    secret: String,
}

async fn show(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::read(tenants, request).await?;
    Ok(match asked.stage() {
        Some(stage) => form(&stage, false),
        None => ended(),
    })
}

async fn submit(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let copy = Request::from_parts(parts.clone(), axum::body::Body::empty());
    let asked = Asked::read(tenants, copy).await?;
    let Some(stage) = asked.stage() else { return Ok(ended()) };
    let (_, body, _) = endpoint::split(Request::from_parts(parts, body)).await?;
    let filled =
        filled(&body).ok_or_else(|| ApiError::invalid_param("The form is not filled in"))?;
    let proof = match stage {
        Stage::Password(..) => Proof::Password(&filled.secret),
        Stage::RegistrationToken => Proof::RegistrationToken(&filled.secret),
        Stage::Dummy => Proof::Dummy,
    };
    match uiaa::pass_on_page(&asked.hs, &asked.session, proof).await {
        Ok(()) => Ok(page(StatusCode::OK, "<p>Fertig. · Done.</p>", DONE)),
        Err(StageError::Wrong) => Ok(form(&stage, true)),
        Err(StageError::Limited(exceeded)) => Err(exceeded.into()),
        Err(StageError::Store(error)) => Err(error.into()),
    }
}

/// A form is written as a query is.
fn filled(form: &[u8]) -> Option<Filled> {
    let form = Uri::builder().path_and_query(format!("/?{}", std::str::from_utf8(form).ok()?));
    Query::try_from_uri(&form.build().ok()?).ok().map(|Query(filled)| filled)
}

struct Asked {
    hs: std::sync::Arc<homeserver::Homeserver>,
    auth_type: String,
    session: String,
}

impl Asked {
    async fn read(tenants: Tenants, request: Request) -> Result<Self, ApiError> {
        let (mut parts, _) = request.into_parts();
        let hs = tenants.of(&parts)?;
        let path = parts.extensions.remove::<PathArguments>().map(|path| path.0);
        let auth_type = path.and_then(|path| path.into_iter().next()).unwrap_or_default();
        let Query(Named { session }) = Query::from_request_parts(&mut parts, &())
            .await
            .map_err(|_| ApiError::missing_param("The session is missing"))?;
        Ok(Self { hs, auth_type, session })
    }

    /// What the session still asks for, if it is what the page is for.
    fn stage(&self) -> Option<Stage> {
        uiaa::stage_of(&self.hs, &self.session)
            .filter(|stage| stage.auth_type().as_str() == self.auth_type)
    }
}

fn ended() -> Response {
    let body = "<p>Diese Anmeldung ist abgelaufen. · This sign-in has ended.</p>";
    page(StatusCode::NOT_FOUND, body, "")
}

/// A form that comes back to this address, which names the session.
fn form(stage: &Stage, wrong: bool) -> Response {
    let field = match stage {
        Stage::Password(..) => {
            "<label for=\"secret\">Passwort · Password</label>\
             <input id=\"secret\" name=\"secret\" type=\"password\" autocomplete=\"current-password\" autofocus required>"
        }
        Stage::RegistrationToken => {
            "<label for=\"secret\">Einladungscode · Registration token</label>\
             <input id=\"secret\" name=\"secret\" autocomplete=\"off\" autofocus required>"
        }
        Stage::Dummy => "",
    };
    let (status, message) = if wrong {
        (StatusCode::UNAUTHORIZED, "<p class=\"wrong\">Das stimmt nicht. · That is not right.</p>")
    } else {
        (StatusCode::OK, "")
    };
    let body =
        format!("<form method=\"post\">{message}{field}<button>Weiter · Continue</button></form>");
    page(status, &body, "")
}
