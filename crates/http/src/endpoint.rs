//! How a route is made from a ruma request type: all paths of its history, authentication, parsing, answer.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, Request},
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use homeserver::{
    Homeserver, Session,
    accounts::{self, AuthenticateError},
    appservices::{Appservice, masquerade},
    limits::Subject,
    nesting,
    policy::{self, VERSION_HEADER},
};
use http_body_util::{BodyExt, Limited};
use ruma::api::{IncomingRequest, Metadata, OutgoingResponseExt, path_builder::PathBuilder};

pub use crate::service::PathArguments;
use crate::{
    address,
    error::ApiError,
    legacy_auth::with_identifier,
    patience,
    readable::is_readable_by_few,
    service::{Answered, Routes, Service},
    standing,
};

/// The largest JSON body that a client may send, in bytes. An event has at most 64 KiB; key uploads and to-device batches are larger.
const MAX_JSON_BYTES: usize = 8 * 1024 * 1024;

/// Deepest nesting of a JSON body. Events of real clients stay below ten.
const MAX_DEPTH: usize = 100;

/// The hospitals of this node, by host name.
#[derive(Clone)]
pub struct Tenants {
    by_host: Arc<HashMap<String, Arc<Homeserver>>>,
    only: Option<Arc<Homeserver>>,
}

impl Tenants {
    /// Hospitals with the host names under which they are reached. A single hospital answers under every name.
    pub fn new(tenants: Vec<(Vec<String>, Arc<Homeserver>)>) -> Self {
        let only = match tenants.as_slice() {
            [(_, homeserver)] => Some(homeserver.clone()),
            _ => None,
        };
        let by_host = tenants
            .into_iter()
            .flat_map(|(hosts, homeserver)| {
                hosts.into_iter().map(move |host| (host.to_ascii_lowercase(), homeserver.clone()))
            })
            .collect();
        Self { by_host: Arc::new(by_host), only }
    }

    /// The hospital that the `Host` header names, unless it takes no app as old as the one that asks.
    pub fn of(&self, parts: &Parts) -> Result<Arc<Homeserver>, ApiError> {
        let hs = self.named(parts)?;
        let said = parts.headers.get(VERSION_HEADER).map(|said| said.to_str().unwrap_or_default());
        match said {
            Some(said) if !policy::admits_app(&hs.policy, said) => {
                Err(ApiError::client_too_old(hs.policy.minimum_app_version.unwrap_or_default()))
            }
            _ => Ok(hs),
        }
    }

    fn named(&self, parts: &Parts) -> Result<Arc<Homeserver>, ApiError> {
        if let Some(only) = &self.only {
            return Ok(only.clone());
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.host()).unwrap_or_default().to_ascii_lowercase();
        let known = self.by_host.get(&host).or_else(|| {
            let (name, _port) = host.rsplit_once(':')?;
            self.by_host.get(name)
        });
        known.cloned().ok_or_else(|| ApiError::not_found("No hospital is served under this name"))
    }
}

/// Everything that a handler may need besides its own request.
pub struct Call<R> {
    /// The hospital that is asked.
    pub hs: Arc<Homeserver>,
    /// The parsed request.
    pub request: R,
    /// Head of the HTTP request.
    pub parts: Parts,
}

/// What a handler of a route without a ruma type gets.
pub struct RawCall {
    /// The hospital that is asked.
    pub hs: Arc<Homeserver>,
    /// Head of the HTTP request.
    pub parts: Parts,
    /// The variables of the path.
    pub paths: Vec<String>,
    /// The body.
    pub body: Bytes,
}

/// One line of the route table, for `docs/endpoints.md` and its test.
#[derive(Clone, Debug)]
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path with its variables in braces.
    pub path: &'static str,
    /// Why the hospital does not offer what is asked for here, if it does not.
    pub refused: Option<&'static str>,
}

/// The route table while it is being made.
pub struct Endpoints {
    routes: Routes,
    /// Each route.
    pub table: Vec<Route>,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoints {
    /// An empty table.
    pub fn new() -> Self {
        Self { routes: Routes::default(), table: Vec::new() }
    }

    /// Adds the routes of a chapter.
    pub fn with(self, chapter: impl FnOnce(Self) -> Self) -> Self {
        chapter(self)
    }

    /// An endpoint that needs no access token.
    pub fn public<R, F, A, E>(self, handler: F) -> Self
    where
        R: IncomingRequest + Send + 'static,
        F: Fn(Call<R>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<E, ApiError>> + Send + 'static,
        E: Answer,
    {
        self.add::<R, _>(move |tenants, request| {
            let handler = handler.clone();
            Box::pin(async move {
                let (parts, body) = request.into_parts();
                let hs = tenants.of(&parts)?;
                address::count(&hs, &parts, Subject::Stranger)?;
                let (parts, body, paths) = split(Request::from_parts(parts, body)).await?;
                let request = parse::<R>(&parts, &body, &paths)?;
                handler(Call { hs, request, parts }).await?.into_answer()
            })
        })
    }

    /// An endpoint for a user with an access token.
    pub fn user<R, F, A, E>(self, handler: F) -> Self
    where
        R: IncomingRequest + Send + 'static,
        F: Fn(Call<R>, Session) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<E, ApiError>> + Send + 'static,
        E: Answer,
    {
        self.add::<R, _>(authenticated(handler))
    }

    /// As [`Endpoints::user`], at further paths.
    pub fn user_at<R, F, A, E>(mut self, paths: &[&'static str], handler: F) -> Self
    where
        R: IncomingRequest + Send + 'static,
        F: Fn(Call<R>, Session) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<E, ApiError>> + Send + 'static,
        E: Answer,
    {
        let handle = authenticated(handler);
        for path in paths {
            let line = Route { method: R::METHOD, path, refused: None };
            self = self.route(line, handle.clone());
        }
        self
    }

    /// A route that is not described by a ruma type, or streams its body.
    pub fn raw<F, A>(self, method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Tenants, Request) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        let line = Route { method, path, refused: None };
        self.route(line, move |tenants, request| Box::pin(handler(tenants, request)))
    }

    /// An endpoint that the hospital does not offer, with the reason for `docs/endpoints.md` and the error that clients get.
    pub fn refused<R: Metadata>(mut self, why: &'static str, error: fn() -> ApiError) -> Self {
        for path in R::PATH_BUILDER.all_paths() {
            self = self.refused_at(R::METHOD, path, why, error);
        }
        self
    }

    /// As [`Endpoints::refused`], where ruma has no type.
    pub fn refused_at(
        self,
        method: Method,
        path: &'static str,
        why: &'static str,
        error: fn() -> ApiError,
    ) -> Self {
        let line = Route { method, path, refused: Some(why) };
        self.route(line, move |_, _| Box::pin(async move { Err(error()) }))
    }

    fn route<F>(mut self, line: Route, handler: F) -> Self
    where
        F: Fn(Tenants, Request) -> Answered + Send + Sync + 'static,
    {
        self.routes.add(line.method.clone(), line.path, Box::new(handler));
        self.table.push(line);
        self
    }

    /// A route for a user with an access token, at paths that no ruma type describes.
    pub fn raw_user<F, A, E>(mut self, method: Method, paths: &[&'static str], handler: F) -> Self
    where
        F: Fn(RawCall, Session) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<E, ApiError>> + Send + 'static,
        E: Answer,
    {
        for path in paths {
            let handler = handler.clone();
            self = self.raw(method.clone(), path, move |tenants, request| {
                let handler = handler.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let hs = tenants.of(&parts)?;
                    let session = authenticate(&hs, &parts).await?;
                    let (parts, body, paths) = split(Request::from_parts(parts, body)).await?;
                    handler(RawCall { hs, parts, paths, body }, session).await?.into_answer()
                }
            });
        }
        self
    }

    fn add<R, F>(mut self, handler: F) -> Self
    where
        R: IncomingRequest,
        F: Fn(Tenants, Request) -> Answered + Clone + Send + Sync + 'static,
    {
        for path in R::PATH_BUILDER.all_paths() {
            let line = Route { method: R::METHOD, path, refused: None };
            self = self.route(line, handler.clone());
        }
        self
    }

    /// The finished service.
    pub fn into_service(self, tenants: Tenants, web_app: Option<std::path::PathBuf>) -> Service {
        Service::new(self.routes, tenants, web_app)
    }
}

fn authenticated<R, F, A, E>(
    handler: F,
) -> impl Fn(Tenants, Request) -> Answered + Clone + Send + Sync + 'static
where
    R: IncomingRequest + Send + 'static,
    F: Fn(Call<R>, Session) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<E, ApiError>> + Send + 'static,
    E: Answer,
{
    move |tenants, request| {
        let handler = handler.clone();
        Box::pin(async move {
            // The token is checked before the body is read: strangers cost nothing.
            let (parts, body) = request.into_parts();
            let hs = tenants.of(&parts)?;
            let session = authenticate(&hs, &parts).await?;
            hs.count(Subject::Request(session.user))?;
            let (parts, body, paths) = split(Request::from_parts(parts, body)).await?;
            let request = parse::<R>(&parts, &body, &paths)?;
            handler(Call { hs, request, parts }, session).await?.into_answer()
        })
    }
}

/// Reads the whole body of a JSON request.
pub async fn split(request: Request) -> Result<(Parts, Bytes, Vec<String>), ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_JSON_BYTES).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            ApiError::too_large("The request body is too large")
        } else if patience::is_silence(&*error) {
            ApiError::timeout("The request body came to a halt")
        } else {
            ApiError::not_json("The request body broke off")
        }
    })?;
    let body = body.to_bytes();
    if is_readable_by_few(&body) {
        return Err(ApiError::bad_json(
            "The JSON has half of a character, a number too large, or is nested too deeply",
        ));
    }
    let paths = parts.extensions.remove::<PathArguments>().map(|paths| paths.0).unwrap_or_default();
    Ok((parts, body, paths))
}

/// The text of a JSON body, if it is UTF-8 (what is not is not JSON) and does not nest too deeply.
pub fn text(body: &[u8]) -> Result<&str, ApiError> {
    if nesting::deeper_than(body, MAX_DEPTH) {
        return Err(ApiError::bad_json("The JSON is nested too deeply"));
    }
    std::str::from_utf8(body).map_err(|_| ApiError::not_json("The body is not UTF-8"))
}

fn parse<R: IncomingRequest>(parts: &Parts, body: &[u8], paths: &[String]) -> Result<R, ApiError> {
    // Also where nobody looks at the text.
    text(body)?;
    // Clients send no body where none of its keys is needed, as when they join a room.
    let body = if body.is_empty() && R::METHOD != Method::GET { b"{}" } else { body };
    read::<R>(parts, body, paths).or_else(|error| match with_identifier(body) {
        Some(body) => read(parts, &body, paths),
        None => Err(error),
    })
}

fn read<R: IncomingRequest>(parts: &Parts, body: &[u8], paths: &[String]) -> Result<R, ApiError> {
    let mut request = http::Request::builder().method(R::METHOD).uri(parts.uri.clone());
    if let Some(headers) = request.headers_mut() {
        headers.clone_from(&parts.headers);
    }
    let request =
        request.body(body).map_err(|_| ApiError::unrecognized(StatusCode::BAD_REQUEST))?;
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    Ok(R::try_from_http_request_inner(request, &paths)?)
}

/// The access token of a request: the header, or the query string as older clients send it.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens>
fn access_token(parts: &Parts) -> Option<String> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned());
    }
    let Query(InQuery { access_token }) = Query::try_from_uri(&parts.uri).ok()?;
    access_token
}

/// What the query string may hold beside the endpoint's own parameters.
#[derive(serde::Deserialize)]
struct InQuery {
    access_token: Option<String>,
}

/// A parameter of the query, percent-decoded.
fn query(parts: &Parts, name: &str) -> Option<String> {
    let pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value).next()?;
    Some(decoded(value))
}

fn decoded(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        out.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => (high * 16 + low).to_le_bytes()[0],
                _ => b'%',
            },
            byte => byte,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The application service behind the request's token.
pub fn appservice(hs: &Homeserver, parts: &Parts) -> Result<Arc<Appservice>, ApiError> {
    let token = access_token(parts).ok_or_else(ApiError::missing_token)?;
    hs.appservices.by_token(&token).cloned().ok_or_else(|| ApiError::unknown_token(false))
}

/// The bearer token of a request whose endpoint has tokens of its own.
pub fn bearer(parts: &Parts) -> Result<String, ApiError> {
    access_token(parts).ok_or_else(ApiError::missing_token)
}

/// Whether a request has an access token, valid or not.
pub fn has_token(parts: &Parts) -> bool {
    access_token(parts).is_some()
}

/// The session behind the request's access token, if the account may make this request at present.
pub async fn authenticate(hs: &Homeserver, parts: &Parts) -> Result<Session, ApiError> {
    let token = access_token(parts).ok_or_else(ApiError::missing_token)?;
    if let Some(service) = hs.appservices.by_token(&token) {
        let (user, device) = (query(parts, "user_id"), query(parts, "device_id"));
        let session = masquerade::session(hs, service, user.as_deref(), device.as_deref());
        return Ok(session.await?);
    }
    let session = match accounts::authenticate(hs, &token).await {
        Err(AuthenticateError::Locked) if standing::locked_may(&parts.method, parts.uri.path()) => {
            accounts::authenticate_even_locked(hs, &token).await?
        }
        other => other?,
    };
    if session.suspended && !standing::suspended_may(&parts.method, parts.uri.path()) {
        return Err(ApiError::suspended());
    }
    Ok(session)
}

/// A user where the hospital asks for one: `Ok` also without access token if it is `open` to strangers.
pub async fn admit(hs: &Homeserver, parts: &Parts, open: bool) -> Result<(), ApiError> {
    if open { Ok(()) } else { authenticate(hs, parts).await.map(drop) }
}

/// What a handler gives back.
pub trait Answer {
    /// The HTTP response.
    fn into_answer(self) -> Result<Response, ApiError>;
}

/// A typed answer of ruma.
impl<T: OutgoingResponseExt> Answer for Typed<T> {
    fn into_answer(self) -> Result<Response, ApiError> {
        let response = self.0.try_into_http_response::<Vec<u8>>().map_err(ApiError::internal)?;
        Ok(response.map(Body::from))
    }
}

/// Marks a ruma response as the answer.
pub struct Typed<T>(pub T);

/// An answer whose JSON was written by hand, as bytes.
pub struct Json(pub Bytes);

impl Answer for Json {
    fn into_answer(self) -> Result<Response, ApiError> {
        Ok(([(header::CONTENT_TYPE, "application/json")], self.0).into_response())
    }
}

impl Answer for Response {
    fn into_answer(self) -> Result<Response, ApiError> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn parts(authorization: Option<HeaderValue>, query: &str) -> Option<Parts> {
        let mut request = Request::builder().uri(format!("/_matrix/client/v3/sync?{query}"));
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        Some(request.body(()).ok()?.into_parts().0)
    }

    /// Any bytes that a header can carry, and such as look like a token.
    fn authorization() -> impl Strategy<Value = Option<HeaderValue>> {
        let value = prop_oneof![
            vec(any::<u8>(), 0..64),
            "(Bearer|bearer|BEARER|Basic|)[ \t]{0,3}[ -~]{0,40}".prop_map(String::into_bytes),
        ];
        option::weighted(0.9, value)
            .prop_map(|value| value.and_then(|value| HeaderValue::from_bytes(&value).ok()))
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn any_authorization_is_no_token_or_one_that_was_sent(
            authorization in authorization(),
            query in "(access_token|user_id|a)?=?[!-~]{0,30}(&access_token=[!-~]{0,10})?",
        ) {
            let Some(parts) = parts(authorization.clone(), &query) else { return Ok(()) };
            let token = access_token(&parts);
            match (&authorization, &token) {
                // A header goes before the query, also one that says nothing.
                (Some(value), Some(token)) => {
                    let sent = value.to_str().expect("a token is text");
                    prop_assert!(sent[..7].eq_ignore_ascii_case("bearer "));
                    prop_assert_eq!(sent[7..].trim(), token);
                }
                (None, Some(_)) => prop_assert!(query.contains("access_token")),
                (_, None) => {}
            }
            super::query(&parts, "user_id");
        }

        #[test]
        fn any_token_arrives_by_either_way(token in "[A-Za-z0-9_~.-]{1,64}", scheme in "[Bb][Ee][Aa][Rr][Ee][Rr]") {
            let header = HeaderValue::from_str(&format!("{scheme} {token}")).expect("visible text");
            let by_header = parts(Some(header), "access_token=other").expect("a request");
            prop_assert_eq!(access_token(&by_header), Some(token.clone()));
            let by_query = parts(None, &format!("access_token={token}")).expect("a request");
            prop_assert_eq!(access_token(&by_query), Some(token));
        }
    }
}
