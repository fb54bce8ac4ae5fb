//! Errors as the protocol says them: the one place where an error becomes `M_…` and a status.

use std::time::Duration;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::policy::{AppVersion, TOO_OLD};
use ruma::api::error::{
    DeserializationError, ErrorKind, FromHttpRequestError, LimitExceededErrorData, RetryAfter,
    StandardErrorBody, UnknownTokenErrorData,
};
use serde_json::{Value, json};

/// An error answer. <https://spec.matrix.org/v1.19/client-server-api/#standard-error-response>
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Box<Body>,
}

#[derive(Debug)]
enum Body {
    Standard(StandardErrorBody),
    /// A body of another form: interactive authentication, or a code that ruma does not name.
    Json(Value),
}

impl ApiError {
    /// An error of this kind. `message` is for developers: it names no person and repeats no input.
    pub fn new(status: StatusCode, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Box::new(Body::Standard(StandardErrorBody::new(kind, message.into()))),
        }
    }

    /// An error with a body of its own form.
    pub fn json(status: StatusCode, body: Value) -> Self {
        Self { status, body: Box::new(Body::Json(body)) }
    }

    /// 404 `M_NOT_FOUND`
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, message)
    }

    /// 403 `M_FORBIDDEN`
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorKind::Forbidden, message)
    }

    /// 400 `M_BAD_JSON`
    pub fn bad_json(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::BadJson, message)
    }

    /// 400 `M_NOT_JSON`
    pub fn not_json(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::NotJson, message)
    }

    /// 400 `M_INVALID_PARAM`
    pub fn invalid_param(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::InvalidParam, message)
    }

    /// 400 `M_MISSING_PARAM`
    pub fn missing_param(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::MissingParam, message)
    }

    /// 400 `M_EXCLUSIVE`
    pub fn exclusive() -> Self {
        let message = "The name lies in the namespace of an application service, or outside of that of the one that asks";
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::Exclusive, message)
    }

    /// 413 `M_TOO_LARGE`
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorKind::TooLarge, message)
    }

    /// 408 `M_UNKNOWN`
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, ErrorKind::Unknown, message)
    }

    /// 401 `M_MISSING_TOKEN`
    pub fn missing_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorKind::MissingToken, "An access token is needed")
    }

    /// 401 `M_UNKNOWN_TOKEN`; `soft_logout` says that the device may sign in again and keep its keys.
    pub fn unknown_token(soft_logout: bool) -> Self {
        let mut data = UnknownTokenErrorData::default();
        data.soft_logout = soft_logout;
        let kind = ErrorKind::UnknownToken(data);
        Self::new(StatusCode::UNAUTHORIZED, kind, "The access token is not known or has ended")
    }

    /// 401 `M_USER_LOCKED`, with which the device keeps what it has.
    pub fn locked() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorKind::UserLocked, "The account is locked")
    }

    /// 403 `M_USER_SUSPENDED`
    pub fn suspended() -> Self {
        let message = "The account is suspended: it can read, but not do this";
        Self::new(StatusCode::FORBIDDEN, ErrorKind::UserSuspended, message)
    }

    /// `M_UNRECOGNIZED`: 404 for an unknown endpoint, 405 for a wrong method.
    pub fn unrecognized(status: StatusCode) -> Self {
        Self::new(status, ErrorKind::Unrecognized, "The server does not know this request")
    }

    /// 503 `M_UNKNOWN`: the storage does not answer, and nothing is promised.
    pub fn unavailable() -> Self {
        let message = "The server cannot store or read right now; try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorKind::Unknown, message)
    }

    /// 503 `DE.KONSIL.CLIENT_TOO_OLD`: Konsil's app has to be updated first ([`TOO_OLD`] says why it is this status).
    pub fn client_too_old(minimum: AppVersion) -> Self {
        let body = json!({
            "errcode": TOO_OLD,
            "error": format!("This version of the Konsil app is too old; the lowest is {minimum}"),
            "de.konsil.minimum_version": minimum.to_string(),
        });
        Self::json(StatusCode::SERVICE_UNAVAILABLE, body)
    }

    /// When a client that asked too often may ask again.
    ///
    /// <https://spec.matrix.org/v1.19/client-server-api/#rate-limiting>
    fn retry_after(&self) -> Option<Duration> {
        let Body::Standard(body) = &*self.body else { return None };
        let ErrorKind::LimitExceeded(data) = &body.kind else { return None };
        match data.retry_after {
            Some(RetryAfter::Delay(delay)) => Some(delay),
            _ => None,
        }
    }

    /// 500 `M_UNKNOWN`, for what must not happen. Logged here, without content.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "A request failed inside the server");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::Unknown,
            "Something failed inside the server",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after();
        let body = match *self.body {
            Body::Standard(body) => serde_json::to_vec(&body),
            Body::Json(body) => serde_json::to_vec(&body),
        };
        let body = body.expect("an error body is JSON");
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if let Some(delay) = retry_after {
            // Whole seconds, and never too early.
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<FromHttpRequestError> for ApiError {
    fn from(error: FromHttpRequestError) -> Self {
        match error {
            FromHttpRequestError::Deserialization(error) => error.into(),
            _ => Self::unrecognized(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

impl From<DeserializationError> for ApiError {
    fn from(error: DeserializationError) -> Self {
        match error {
            DeserializationError::Utf8(_) => Self::not_json("The body is not UTF-8"),
            DeserializationError::Json(error) if error.is_data() => {
                let message = error.to_string();
                if message.starts_with("missing field") {
                    Self::missing_param(message)
                } else {
                    Self::bad_json("The JSON does not have the form that this endpoint needs")
                }
            }
            DeserializationError::Json(_) => Self::not_json("The body is not JSON"),
            DeserializationError::Query(error) => {
                let message = error.to_string();
                if message.starts_with("missing field") {
                    Self::missing_param(message)
                } else {
                    Self::invalid_param("A query parameter is not valid")
                }
            }
            DeserializationError::Ident(_) => Self::invalid_param("An identifier is not valid"),
            _ => Self::invalid_param("A header is not valid"),
        }
    }
}

impl ApiError {
    /// What no database takes was asked for or to be kept.
    fn cannot_be_kept(reason: &str) -> Self {
        Self::invalid_param(format!("The request cannot be kept: {reason}"))
    }
}

impl From<db::Error> for ApiError {
    fn from(error: db::Error) -> Self {
        if let db::Error::BadValue { reason, .. } = error {
            return Self::cannot_be_kept(reason);
        }
        tracing::error!(%error, "Reading the database failed");
        Self::unavailable()
    }
}

impl From<db::CommitError> for ApiError {
    fn from(error: db::CommitError) -> Self {
        match error {
            db::CommitError::Conflict { .. } => Self::new(
                StatusCode::CONFLICT,
                ErrorKind::Unknown,
                "Somebody changed the same thing at the same time; try again",
            ),
            db::CommitError::BadValue { reason, .. } => Self::cannot_be_kept(reason),
            other => {
                tracing::error!(error = %other, "Writing the database failed");
                Self::unavailable()
            }
        }
    }
}

impl From<homeserver::accounts::AuthenticateError> for ApiError {
    fn from(error: homeserver::accounts::AuthenticateError) -> Self {
        use homeserver::accounts::AuthenticateError as E;
        match error {
            E::Unknown => Self::unknown_token(false),
            E::Ended => Self::unknown_token(true),
            E::Locked => Self::locked(),
            E::Store(error) => error.into(),
            E::Commit(error) => error.into(),
        }
    }
}

impl From<homeserver::appservices::masquerade::MasqueradeError> for ApiError {
    fn from(error: homeserver::appservices::masquerade::MasqueradeError) -> Self {
        use homeserver::appservices::masquerade::MasqueradeError as E;
        match error {
            E::NotItsUser => Self::forbidden("The user is not one of the application service"),
            E::Unregistered => {
                Self::forbidden("The application service has not registered this user")
            }
            E::Deactivated => Self::new(
                StatusCode::FORBIDDEN,
                ErrorKind::UserDeactivated,
                "The account is closed",
            ),
            E::UnknownDevice => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::UnknownDevice,
                "The user has no such device",
            ),
            E::Store(error) => error.into(),
            E::Commit(error) => error.into(),
        }
    }
}

impl From<homeserver::limits::Exceeded> for ApiError {
    fn from(exceeded: homeserver::limits::Exceeded) -> Self {
        let mut data = LimitExceededErrorData::new();
        data.retry_after = Some(RetryAfter::Delay(exceeded.retry_after));
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::LimitExceeded(data),
            "Too many requests",
        )
    }
}

impl From<homeserver::uiaa::UiaaError> for ApiError {
    fn from(error: homeserver::uiaa::UiaaError) -> Self {
        use homeserver::uiaa::UiaaError as E;
        match error {
            E::Challenge(body) => Self::json(StatusCode::UNAUTHORIZED, body),
            E::Forbidden => Self::forbidden("The authentication is for another request or user"),
            E::Limited(exceeded) => exceeded.into(),
            E::Store(error) => error.into(),
        }
    }
}
