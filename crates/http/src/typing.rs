//! Typing notifications.

use homeserver::typing::TypingError;

use crate::{Endpoints, error::ApiError};

pub mod create_typing_event;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(create_typing_event::create_typing_event)
}

impl From<TypingError> for ApiError {
    fn from(error: TypingError) -> Self {
        match error {
            TypingError::SomebodyElse => {
                Self::forbidden("Typing can only be told of one's own account")
            }
            TypingError::NotInRoom => Self::forbidden("The user is not in the room"),
            TypingError::Store(error) => error.into(),
        }
    }
}
