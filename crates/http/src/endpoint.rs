//! How a route is made from a ruma request type: all paths of its history, authentication, parsing, answer.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use bytes::Bytes;
use futures_util::FutureExt;
use homeserver::{Homeserver, Session};
use http_body_util::{BodyExt, Limited};
use ruma::api::{IncomingRequest, OutgoingResponseExt, path_builder::PathBuilder};

use crate::{depth, error::ApiError, web_app};

/// The largest JSON body that a client may send, in bytes. An event has at most 64 KiB; key uploads and to-device batches are larger.
const MAX_JSON_BYTES: usize = 8 * 1024 * 1024;

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

    /// The hospital that the `Host` header names.
    pub fn of(&self, parts: &Parts) -> Result<Arc<Homeserver>, ApiError> {
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

/// The route table while it is being made.
pub struct Endpoints {
    router: Router<Tenants>,
    /// Method and path of each route, for `docs/` and for tests.
    pub table: Vec<(Method, &'static str)>,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoints {
    /// An empty table.
    pub fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
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
        self.add::<R, _, _>(move |tenants, request| {
            let handler = handler.clone();
            async move {
                let (parts, body, paths) = split(request).await?;
                let hs = tenants.of(&parts)?;
                let request = parse::<R>(&parts, &body, &paths)?;
                handler(Call { hs, request, parts }).await?.into_answer()
            }
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
        self.add::<R, _, _>(authenticated(handler))
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
            self = self.raw(R::METHOD, path, handle.clone());
        }
        self
    }

    /// A route that is not described by a ruma type, or streams its body.
    pub fn raw<F, A>(mut self, method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Tenants, Request) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        self.table.push((method.clone(), path));
        self.router = self.router.route(path, route(&method, handler));
        self
    }

    fn add<R, F, A>(mut self, handler: F) -> Self
    where
        R: IncomingRequest,
        F: Fn(Tenants, Request) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        for path in R::PATH_BUILDER.all_paths() {
            self = self.raw(R::METHOD, path, handler.clone());
        }
        self
    }

    /// The finished router: unknown paths, wrong methods and CORS answer as the specification says.
    pub fn into_router(self, tenants: Tenants, web_app: Option<std::path::PathBuf>) -> Router {
        let router = self
            .router
            .method_not_allowed_fallback(|| async {
                ApiError::unrecognized(StatusCode::METHOD_NOT_ALLOWED).into_response()
            })
            .fallback(move |request: Request| web_app::serve(web_app.clone(), request))
            .with_state(tenants);
        router.layer(axum::middleware::from_fn(cors))
    }
}

type Answered = futures_util::future::BoxFuture<'static, Result<Response, ApiError>>;

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
            let (parts, body, paths) = split(Request::from_parts(parts, body)).await?;
            let request = parse::<R>(&parts, &body, &paths)?;
            handler(Call { hs, request, parts }, session).await?.into_answer()
        })
    }
}

fn route<F, A>(method: &Method, handler: F) -> MethodRouter<Tenants>
where
    F: Fn(Tenants, Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("a method of the specification");
    on(
        filter,
        move |State(tenants): State<Tenants>,
              params: Result<RawPathParams, RawPathParamsRejection>,
              mut request: Request| {
            let handler = handler.clone();
            async move {
                let Ok(params) = params else {
                    return ApiError::invalid_param("The path is not UTF-8").into_response();
                };
                let paths: Vec<_> = params.iter().map(|(_, value)| value.to_owned()).collect();
                // No identifier has a NUL, and no database takes one as text.
                if paths.iter().any(|path| path.contains('\0')) {
                    return ApiError::invalid_param("The path has a NUL").into_response();
                }
                request.extensions_mut().insert(PathArguments(paths));
                // A defect in one handler costs its own request an answer and nobody else anything.
                let answer = AssertUnwindSafe(handler(tenants, request)).catch_unwind().await;
                let answer =
                    answer.unwrap_or_else(|_| Err(ApiError::internal("a handler panicked")));
                answer.unwrap_or_else(IntoResponse::into_response)
            }
        },
    )
}

/// The percent-decoded variables of the path, in order.
#[derive(Clone)]
pub struct PathArguments(pub Vec<String>);

/// Reads the whole body of a JSON request.
async fn split(request: Request) -> Result<(Parts, Bytes, Vec<String>), ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_JSON_BYTES).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            ApiError::too_large("The request body is too large")
        } else {
            ApiError::not_json("The request body broke off")
        }
    })?;
    let paths = parts.extensions.remove::<PathArguments>().map(|paths| paths.0).unwrap_or_default();
    Ok((parts, body.to_bytes(), paths))
}

fn parse<R: IncomingRequest>(parts: &Parts, body: &[u8], paths: &[String]) -> Result<R, ApiError> {
    if depth::is_too_deep(body) {
        return Err(ApiError::bad_json("The JSON is nested too deeply"));
    }
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
    let query = parts.uri.query()?;
    let pairs =
        ruma::exports::http::Uri::builder().path_and_query(format!("/?{query}")).build().ok()?;
    pairs.query()?.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name == "access_token").then(|| value.to_owned())
    })
}

/// The session behind the request's access token.
pub async fn authenticate(hs: &Homeserver, parts: &Parts) -> Result<Session, ApiError> {
    let token = access_token(parts).ok_or_else(ApiError::missing_token)?;
    Ok(homeserver::accounts::authenticate(hs, &token).await?)
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

/// CORS as the specification asks: any origin, since authority lies in the access token alone.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients>
async fn cors(request: Request, next: axum::middleware::Next) -> Response {
    let is_api = request.uri().path().starts_with("/_matrix")
        || request.uri().path().starts_with("/.well-known");
    if !is_api {
        return next.run(request).await;
    }
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "X-Requested-With, Content-Type, Authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.entry(name).or_insert(header::HeaderValue::from_static(value));
    }
    response
}
