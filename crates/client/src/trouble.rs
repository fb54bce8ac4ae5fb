//! What went wrong with a request, sorted by who has to act.

use matrix_sdk::{Error, HttpError};
use ruma::api::error::ErrorKind;

use crate::version;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No network, no answer, or the server is being restarted.
    NoConnection,
    /// The session is not valid any more.
    LoggedOut,
    Refused,
    NotFound,
    TooLarge,
    /// Anything else, by its code.
    Other(String),
}

impl Trouble {
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Http(error) => Self::of_http(error),
            other => Self::Other(kind_of(other)),
        }
    }

    pub fn of_http(error: &HttpError) -> Self {
        if let Some(kind) = error.client_api_error_kind() {
            return match kind {
                // Whatever it was can be done after the update.
                kind if version::is_refusal(kind) => Self::NoConnection,
                ErrorKind::UnknownToken(_) | ErrorKind::MissingToken => Self::LoggedOut,
                ErrorKind::Forbidden | ErrorKind::GuestAccessForbidden => Self::Refused,
                ErrorKind::NotFound => Self::NotFound,
                ErrorKind::TooLarge => Self::TooLarge,
                other => Self::Other(other.errcode().to_string()),
            };
        }
        match error {
            HttpError::Reqwest(_) => Self::NoConnection,
            // A gateway answers for a server that is away.
            HttpError::Api(_)
                if error
                    .as_client_api_error()
                    .is_some_and(|it| it.status_code.is_server_error()) =>
            {
                Self::NoConnection
            }
            HttpError::Api(_) => Self::Other("unexpected answer".into()),
            _ => Self::Other("request".into()),
        }
    }

    /// For the support desk.
    pub fn code(&self) -> String {
        match self {
            Self::NoConnection => "no connection".into(),
            Self::LoggedOut => "logged out".into(),
            Self::Refused => "M_FORBIDDEN".into(),
            Self::NotFound => "M_NOT_FOUND".into(),
            Self::TooLarge => "M_TOO_LARGE".into(),
            Self::Other(code) => code.clone(),
        }
    }
}

/// Name of the kind of error. The error's own text may quote what was sent, so it is not passed on.
pub(crate) fn kind_of(error: &impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
