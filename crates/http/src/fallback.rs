//! Pages for clients that know a way of signing in only by name: they show these in a browser.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::Endpoints;

pub mod login_fallback;
pub mod uiaa_fallback;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    uiaa_fallback::routes(login_fallback::routes(endpoints))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}\
    label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}\
    input,button{padding:.6rem;margin:.3rem 0 1rem}.wrong{color:#b00020}";

/// A page with a script of its own. `body` is HTML, `script` JavaScript; nothing else may run or be loaded.
fn page(status: StatusCode, body: &str, script: &str) -> Response {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        hash(script),
        hash(STYLE)
    );
    let html = format!(
        "<!DOCTYPE html><html lang=\"de\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Konsil</title><style>{STYLE}</style><main>{body}</main><script>{script}</script></html>"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = HeaderValue::from_str(&policy).expect("a policy is ASCII");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
