//! Finding the handler of a request: the whole way from hyper to an endpoint and back, in one allocation.
//!
//! A server spends most of its requests on waiting, so what a waiting request holds is kept small: no layers, no clones
//! of routers, and nothing of the request but what its handler keeps.

use std::{
    collections::HashMap,
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;

use crate::{
    Tenants,
    error::ApiError,
    tally::{Numbers, Shared},
    web_app,
};

/// An endpoint's answer on its way.
pub type Answered = BoxFuture<'static, Result<Response, ApiError>>;
type Handler = Box<dyn Fn(Tenants, Request) -> Answered + Send + Sync>;

/// The percent-decoded variables of the path, in order.
#[derive(Clone)]
pub struct PathArguments(pub Vec<String>);

/// Handlers by path and method.
#[derive(Default)]
pub struct Routes {
    paths: matchit::Router<usize>,
    places: HashMap<&'static str, usize>,
    handlers: Vec<Vec<Entry>>,
    /// What was answered where no route answers.
    elsewhere: Shared,
}

/// What a path does for a method.
struct Entry {
    method: Method,
    path: &'static str,
    handler: Handler,
    tally: Shared,
}

impl Routes {
    /// Adds a handler.
    ///
    /// # Panics
    /// If the path has a handler for the method already, or cannot be told from another path.
    pub fn add(&mut self, method: Method, path: &'static str, handler: Handler) {
        let place = *self.places.entry(path).or_insert_with(|| {
            self.paths.insert(path, self.handlers.len()).expect("paths can be told apart");
            self.handlers.push(Vec::new());
            self.handlers.len() - 1
        });
        let handlers = &mut self.handlers[place];
        assert!(
            handlers.iter().all(|entry| entry.method != method),
            "{method} {path} stands twice"
        );
        handlers.push(Entry { method, path, handler, tally: Shared::default() });
    }
}

/// The server's answer to every request.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    routes: Routes,
    tenants: Tenants,
    web_app: Option<PathBuf>,
}

impl Service {
    /// Unknown paths, wrong methods and CORS answer as the specification says.
    pub fn new(routes: Routes, tenants: Tenants, web_app: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { routes, tenants, web_app }))
    }

    /// Answers a request.
    pub fn call(&self, request: Request) -> Answering {
        let began = Instant::now();
        let path = request.uri().path();
        let is_api = path.starts_with("/_matrix") || path.starts_with("/.well-known");
        let is_of_somebody = path.starts_with("/_");
        let (state, tally) = if is_api && *request.method() == Method::OPTIONS {
            (State::refused(StatusCode::NO_CONTENT), &self.0.routes.elsewhere)
        } else {
            self.answer(request)
        };
        Answering { state, is_api, is_of_somebody, began, tally: tally.clone() }
    }

    /// What each route has answered so far.
    pub fn numbers(&self) -> Vec<Numbers> {
        let routes = &self.0.routes;
        let entries = routes.handlers.iter().flatten();
        let numbers =
            entries.filter_map(|entry| entry.tally.numbers(Some(&entry.method), entry.path));
        numbers.chain(routes.elsewhere.numbers(None, "*")).collect()
    }

    fn answer(&self, mut request: Request) -> (State, &Shared) {
        let inner = &*self.0;
        let elsewhere = &inner.routes.elsewhere;
        let Ok(found) = inner.routes.paths.at(request.uri().path()) else {
            let app = Box::pin(web_app::serve(inner.web_app.clone(), request));
            return (State::App(app), elsewhere);
        };
        let entries = &inner.routes.handlers[*found.value];
        let entry_of = |method: &Method| entries.iter().find(|entry| entry.method == *method);
        // What can be read can be asked for its head; hyper leaves the body out.
        let get = || (*request.method() == Method::HEAD).then(|| entry_of(&Method::GET))?;
        let Some(entry) = entry_of(request.method()).or_else(get) else {
            return (State::refused(not_allowed(entries)), elsewhere);
        };
        let mut paths = Vec::with_capacity(found.params.len());
        for (_, value) in found.params.iter() {
            match percent_decode_str(value).decode_utf8() {
                // No identifier has a NUL, and no database takes one as text.
                Ok(value) if value.contains('\0') => {
                    let error = ApiError::invalid_param("The path has a NUL");
                    return (State::refused(error), &entry.tally);
                }
                Ok(value) => paths.push(value.into_owned()),
                Err(_) => {
                    let error = ApiError::invalid_param("The path is not UTF-8");
                    return (State::refused(error), &entry.tally);
                }
            }
        }
        drop(found);
        request.extensions_mut().insert(PathArguments(paths));
        (State::Handler((entry.handler)(inner.tenants.clone(), request)), &entry.tally)
    }
}

fn not_allowed(entries: &[Entry]) -> Response {
    let mut response = ApiError::unrecognized(StatusCode::METHOD_NOT_ALLOWED).into_response();
    let methods: Vec<&str> = entries.iter().map(|entry| entry.method.as_str()).collect();
    if let Ok(allowed) = HeaderValue::from_str(&methods.join(",")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// A request that is being answered.
pub struct Answering {
    state: State,
    is_api: bool,
    is_of_somebody: bool,
    began: Instant,
    tally: Shared,
}

enum State {
    Handler(Answered),
    App(BoxFuture<'static, Response>),
    Ready(Box<Response>),
    Done,
}

impl State {
    fn refused(response: impl IntoResponse) -> Self {
        Self::Ready(Box::new(response.into_response()))
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = match &mut self.state {
            State::Handler(handler) => {
                // A defect in one handler costs its own request an answer and nobody else anything.
                match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(answer)) => answer.unwrap_or_else(IntoResponse::into_response),
                    Err(_) => ApiError::internal("a handler panicked").into_response(),
                }
            }
            State::App(app) => match app.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(response) => response,
            },
            State::Ready(_) => {
                let State::Ready(response) = std::mem::replace(&mut self.state, State::Done) else {
                    unreachable!("it was ready a moment ago")
                };
                *response
            }
            State::Done => unreachable!("a future is not polled after its end"),
        };
        // What the handler held is given back before the answer is written.
        self.state = State::Done;
        self.tally.count(response.status(), self.began.elapsed());
        if self.is_api {
            allow_any_origin(response.headers_mut());
        }
        if self.is_of_somebody {
            // Browsers write what they may to the disk, in clear, for whoever uses the device next (I.e).
            let no_store = HeaderValue::from_static("no-store");
            response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
        }
        Poll::Ready(Ok(response))
    }
}

/// CORS as the specification asks: any origin, since authority lies in the access token alone.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients>
fn allow_any_origin(headers: &mut HeaderMap) {
    headers.reserve(4);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "X-Requested-With, Content-Type, Authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
