//! Requests to a service. The operator's file names its address, so that also one in a private network is reached.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri, header};
use net::{Allowance, Error};

use super::Appservice;
use crate::Homeserver;

/// How much a question may take.
pub const ALLOWANCE: Allowance =
    Allowance { time: Duration::from_secs(30), body_bytes: 1024 * 1024 };

/// A request to a service.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Its method.
    pub method: Method,
    /// Path of today.
    pub path: &'a str,
    /// Path of earlier versions, for services that do not know the present one.
    /// <https://spec.matrix.org/v1.19/application-service-api/#legacy-routes>
    pub legacy_path: Option<&'a str>,
    /// Query, encoded already.
    pub query: &'a str,
    /// JSON, if there is a body.
    pub body: Option<Bytes>,
}

/// Asks a service; `None` if it has no address.
pub async fn ask(
    hs: &Homeserver,
    service: &Appservice,
    ask: Ask<'_>,
) -> Option<Result<Response<Bytes>, Error>> {
    let url = service.url.as_ref()?;
    let answer = send(hs, service, url, ask.path, ask.query, &ask).await;
    let old = |status| {
        matches!(
            status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        )
    };
    match (&answer, ask.legacy_path) {
        (Ok(found), Some(path)) if old(found.status()) => {
            let separator = if ask.query.is_empty() { "" } else { "&" };
            let token = encode(service.hs_token.expose());
            let query = format!("{}{separator}access_token={token}", ask.query);
            Some(send(hs, service, url, path, &query, &ask).await)
        }
        _ => Some(answer),
    }
}

async fn send(
    hs: &Homeserver,
    service: &Appservice,
    url: &Uri,
    path: &str,
    query: &str,
    ask: &Ask<'_>,
) -> Result<Response<Bytes>, Error> {
    let base = url.to_string();
    let mark = if query.is_empty() { "" } else { "?" };
    let address = format!("{}{path}{mark}{query}", base.trim_end_matches('/'));
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(address)
        .header(header::AUTHORIZATION, format!("Bearer {}", service.hs_token.expose()));
    if ask.body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(ask.body.clone().unwrap_or_default());
    let request = request.map_err(|_| Error::BadAddress)?;
    hs.outbound.by_operator.send(request, ALLOWANCE).await
}

/// Percent-encodes a part of a path, or a value of a query.
pub fn encode(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into())
            }
            _ => write!(out, "%{byte:02X}").expect("a string takes it"),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_paths_and_queries() {
        assert_eq!(encode("#ward/3 ä:x"), "%23ward%2F3%20%C3%A4%3Ax");
    }
}
