//! Filters that clients store for sync. <https://spec.matrix.org/v1.19/client-server-api/#filtering>

use bytes::Bytes;
use db::{Batch, CommitError, Error};
use ruma::api::client::filter::FilterDefinition;

use crate::{Homeserver, Session};

/// Largest filter, in bytes of JSON.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most filters of a user. Clients store one or two, and the same one again under the same name.
pub const MAX_FILTERS: usize = 100;

/// Why a filter was not stored.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The filter is too large, or the user has too many of them.
    #[error("the filter is too large, or there are too many")]
    TooLarge,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Stores a filter and gives its name. The same definition again has the same name.
pub async fn create(
    hs: &Homeserver,
    session: &Session,
    filter: &FilterDefinition,
) -> Result<String, CreateError> {
    let definition = Bytes::from(serde_json::to_vec(filter).expect("a filter serialises"));
    if definition.len() > MAX_BYTES {
        return Err(CreateError::TooLarge);
    }
    let filters = store::filters::filters(&hs.db, session.user).await?;
    if let Some((known, _)) = filters.iter().find(|(_, stored)| *stored == definition) {
        return Ok(known.to_string());
    }
    if filters.len() >= MAX_FILTERS {
        return Err(CreateError::TooLarge);
    }
    let filter_nid = hs.db.nids().next().await?;
    let mut batch = Batch::new();
    store::filters::insert_filter(&mut batch, session.user, filter_nid, definition);
    hs.db.commit(batch).await?;
    Ok(filter_nid.to_string())
}

/// The filter of this name, `None` if the user has none.
pub async fn get(
    hs: &Homeserver,
    session: &Session,
    name: &str,
) -> Result<Option<FilterDefinition>, Error> {
    let Ok(filter_nid) = name.parse() else { return Ok(None) };
    let definition = store::filters::filter(&hs.db, session.user, filter_nid).await?;
    definition
        .map(|definition| {
            serde_json::from_slice(&definition).map_err(|_| Error::corrupt("filters.definition"))
        })
        .transpose()
}
