//! Names of people, chats, messages and devices, as the user interface passes them back.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes over an identifier, for example from the address bar. Whether it names anything shows when it is used.
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(Arc::from(id.as_ref()))
            }

            /// The identifier as the protocol writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A person's Matrix user ID, such as `@anna.meyer:klinikum.example`.
    PersonId
);
id!(
    /// A chat's Matrix room ID.
    ChatId
);
id!(
    /// A device's Matrix device ID.
    DeviceId
);

/// A message: either one the server knows, or one that still waits in the send queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageId {
    /// Waits to be sent; the identifier is the transaction ID.
    Waiting(Arc<str>),
    /// Is in the room; the identifier is the event ID.
    Sent(Arc<str>),
}

impl MessageId {
    /// The event ID, once the server has given one.
    pub fn event_id(&self) -> Option<&str> {
        match self {
            Self::Sent(id) => Some(id),
            Self::Waiting(_) => None,
        }
    }
}
