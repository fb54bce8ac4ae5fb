//! The media storage compared with the database, both ways.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use crate::Homeserver;

/// An object without a row is left alone this long: it may be an upload whose row is still to come.
const MIN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Why the two were not compared.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The media storage failed.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// What a sweep has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects looked at.
    pub objects: u64,
    /// Objects without a row that were deleted.
    pub deleted: u64,
}

/// Deletes objects that no row knows: what crashes during uploads have left. `now` is the time of the storage's own clock.
pub async fn sweep(hs: &Homeserver, now: SystemTime) -> Result<Swept, SweepError> {
    let mut swept = Swept::default();
    for shard in 0..=u8::MAX {
        // Objects first: an upload that finishes meanwhile has its row when the rows are read.
        let objects = hs.blobs.list(shard).await?;
        if objects.is_empty() {
            continue;
        }
        let mut known: HashMap<_, _> =
            store::media::objects_of_shard(&hs.db, shard).await?.into_iter().collect();
        known.extend(store::media::unfinished_of_shard(&hs.db, shard).await?);
        for object in objects {
            swept.objects += 1;
            let age = now.duration_since(object.modified).unwrap_or_default();
            if !known.contains_key(object.name.as_str()) && age >= MIN_AGE {
                hs.blobs.delete(&object.name).await?;
                swept.deleted += 1;
            }
        }
    }
    Ok(swept)
}

/// Rows whose object is not there or has another size, as `(object, what is wrong)`: for `konsil doctor`.
pub async fn missing_objects(hs: &Homeserver) -> Result<Vec<(String, String)>, SweepError> {
    let mut missing = Vec::new();
    for shard in 0..=u8::MAX {
        // Rows first: an object that is deleted has lost its row before.
        let known = store::media::objects_of_shard(&hs.db, shard).await?;
        let unfinished = store::media::unfinished_of_shard(&hs.db, shard).await?;
        if known.is_empty() && unfinished.is_empty() {
            continue;
        }
        let objects = hs.blobs.list(shard).await?;
        let sizes: HashMap<_, _> =
            objects.iter().map(|object| (object.name.as_str(), object.size_bytes)).collect();
        for (object, size_bytes) in known {
            match sizes.get(object.as_str()) {
                None => missing.push((object, "the object is missing".to_owned())),
                Some(found) if *found != size_bytes => {
                    missing.push((
                        object,
                        format!("the object has {found} bytes instead of {size_bytes}"),
                    ));
                }
                Some(_) => {}
            }
        }
        // What was received and not yet acknowledged may lie behind the rest.
        for (object, received_bytes) in unfinished {
            match sizes.get(object.as_str()) {
                None => missing.push((object, "the object is missing".to_owned())),
                Some(found) if *found < received_bytes => missing.push((
                    object,
                    format!("the object has {found} of {received_bytes} bytes received"),
                )),
                Some(_) => {}
            }
        }
    }
    Ok(missing)
}
