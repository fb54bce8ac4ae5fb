//! Filters that clients store for sync. <https://spec.matrix.org/v1.19/client-server-api/#filtering>

use std::{collections::HashMap, sync::Arc};

use base::UserNid;
use bytes::Bytes;
use db::{Batch, CommitError, Error};
use parking_lot::Mutex;
use ruma::api::client::filter::FilterDefinition;

use crate::{Homeserver, Session};

/// Largest filter, in bytes of JSON.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most filters of a user. Clients store one or two, and the same one again under the same name.
pub const MAX_FILTERS: usize = 100;

/// Most filters that are kept in memory.
const REMEMBERED: usize = 1_000;
/// Longest text of one that came with a request, in bytes.
const REMEMBERED_BYTES: usize = 2 * 1024;

/// A filter as those see it who wait with it: nearly all clients of a hospital have the same one. `None` holds nothing back.
pub type Shared = Option<Arc<FilterDefinition>>;

/// Filters that were read lately. One that is stored never changes, and a text always means the same.
#[derive(Debug, Default)]
pub struct Known {
    by_text: Mutex<HashMap<Box<str>, Shared>>,
    by_name: Mutex<HashMap<(UserNid, i64), Shared>>,
}

fn shared(filter: FilterDefinition) -> Shared {
    (!filter.is_empty()).then(|| Arc::new(filter))
}

fn remember<K: Eq + std::hash::Hash>(known: &mut HashMap<K, Shared>, key: K, filter: &Shared) {
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(key, filter.clone());
}

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

/// Reads a filter that came with a request.
///
/// # Errors
/// If it is not the JSON of a filter.
pub fn inline(hs: &Homeserver, text: &str) -> Result<Shared, serde_json::Error> {
    if let Some(filter) = hs.filters.by_text.lock().get(text) {
        return Ok(filter.clone());
    }
    let filter = shared(serde_json::from_str(text)?);
    if text.len() <= REMEMBERED_BYTES {
        remember(&mut hs.filters.by_text.lock(), text.into(), &filter);
    }
    Ok(filter)
}

/// As [`get`], for those who ask again and again.
pub async fn stored(
    hs: &Homeserver,
    session: &Session,
    name: &str,
) -> Result<Option<Shared>, Error> {
    let Ok(filter_nid) = name.parse() else { return Ok(None) };
    let key = (session.user, filter_nid);
    if let Some(filter) = hs.filters.by_name.lock().get(&key) {
        return Ok(Some(filter.clone()));
    }
    let Some(filter) = get(hs, session, name).await?.map(shared) else { return Ok(None) };
    remember(&mut hs.filters.by_name.lock(), key, &filter);
    Ok(Some(filter))
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
