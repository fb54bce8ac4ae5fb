//! Rooms as a whole: creation, single events, summary.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use homeserver::rooms::{OpenRoomError, WriteError, read::ReadError};
use room::Refused;
use ruma::api::error::ErrorKind;

use crate::{Endpoints, error::ApiError};

pub mod create_room;
pub mod get_event_by_timestamp;
pub mod get_hierarchy;
pub mod get_room_event;
pub mod get_summary;
pub mod initial_sync;
pub mod upgrade_room;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(create_room::create_room)
        .user(get_room_event::get_room_event)
        .user(get_summary::get_summary)
        .user(get_hierarchy::get_hierarchy)
        .user(get_event_by_timestamp::get_event_by_timestamp)
        .user(upgrade_room::upgrade_room)
        .raw_user(Method::GET, initial_sync::PATHS, initial_sync::initial_sync)
}

/// Events that were written as JSON already, as one JSON array.
pub(crate) fn array<'a>(events: impl IntoIterator<Item = &'a Bytes>) -> Vec<u8> {
    let mut out = vec![b'['];
    for event in events {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(event);
    }
    out.push(b']');
    out
}

impl From<OpenRoomError> for ApiError {
    fn from(error: OpenRoomError) -> Self {
        match error {
            OpenRoomError::Unknown => Self::not_found("The room is not known here"),
            OpenRoomError::Store(error) => error.into(),
        }
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            // Whether a room exists is nothing that strangers learn.
            ReadError::UnknownRoom | ReadError::NotInRoom => {
                Self::forbidden("You are not in this room")
            }
            ReadError::UnknownEvent => Self::not_found("The event is not known here"),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::UnknownRoom => Self::not_found("The room is not known here"),
            WriteError::UnknownEvent => Self::not_found("The event is not known here"),
            WriteError::UnknownUser => Self::not_found("The user is not known here"),
            WriteError::Unencrypted => {
                Self::forbidden("This hospital accepts only encrypted messages")
            }
            WriteError::Refused(refused) => refused.into(),
            WriteError::BadState(message) => {
                Self::new(StatusCode::BAD_REQUEST, ErrorKind::BadState, message)
            }
            WriteError::AliasTaken => {
                Self::new(StatusCode::CONFLICT, ErrorKind::Unknown, "The alias is taken")
            }
            WriteError::InvalidAlias => Self::invalid_param("The alias is not valid"),
            WriteError::BadAlias => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::BadAlias,
                "The alias does not point to this room",
            ),
            WriteError::InvalidRoomState(reason) => {
                Self::new(StatusCode::BAD_REQUEST, ErrorKind::InvalidRoomState, reason)
            }
            WriteError::InviteBlocked => Self::new(
                StatusCode::FORBIDDEN,
                ErrorKind::InviteBlocked,
                "The user takes no invitations",
            ),
            WriteError::NoThreadRoot => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::Unknown,
                "No thread begins at an event that refers to another",
            ),
            WriteError::DuplicateAnnotation => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::DuplicateAnnotation,
                "The event has this annotation already",
            ),
            WriteError::AliasExclusive => Self::exclusive(),
            WriteError::Store(error) => error.into(),
            WriteError::Commit(error) => error.into(),
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(reason) => Self::forbidden(reason),
            Refused::TooLarge { .. } => {
                Self::too_large("A part of the event is longer than allowed")
            }
            Refused::BadJson(_) => Self::bad_json("The content is not canonical JSON"),
            Refused::BadEvent(reason) => Self::bad_json(reason),
            Refused::BadSignature(_) => Self::forbidden("The event's signature does not fit"),
            Refused::UnsupportedVersion => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::UnsupportedRoomVersion,
                "The room version is not supported",
            ),
        }
    }
}
