//! The hospital's directory: finding people and starting chats with them.

use crate::{Session, ids::PersonId, people::Person};

/// Handle to the directory.
#[derive(Clone)]
pub struct Directory {
    pub(crate) session: Session,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Best match first, without ourselves.
    pub people: Vec<Person>,
    /// There are more: ask for a longer search text.
    pub limited: bool,
}

/// Why the directory could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Needs the network.
    #[error("the server cannot be reached")]
    NoConnection,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl Directory {
    /// Searches by name. An empty text lists the first people.
    pub async fn search(&self, text: &str) -> Result<Found, DirectoryError> {
        let _ = (&self.session, text);
        crate::later().await
    }

    /// Looks one person up.
    pub async fn person(&self, id: &PersonId) -> Result<Person, DirectoryError> {
        let _ = id;
        crate::later().await
    }
}
