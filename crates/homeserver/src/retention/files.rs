//! Files past their time, but for pictures in use.

use std::collections::HashSet;

use base::{RoomNid, Timestamp};
use blob::ObjectName;
use db::{Batch, Error, ReadSet, params};
use serde::Deserialize;
use store::{
    media::OldFile,
    rooms::{self as rows, OPEN},
    timeline::{STATE_PART, StatePart},
};

use super::{PurgeError, cutoff, days, record};
use crate::Homeserver;

/// Files that are deleted together.
const STEP: u32 = 100;
/// Rooms whose pictures are read together.
const ROOMS: u32 = 100;

/// Deletes the files that are past their time; returns how many.
pub(super) async fn purge(hs: &Homeserver, now: Timestamp) -> Result<u64, PurgeError> {
    let Some(lifetime) = hs.policy.retention.media_days.map(days) else { return Ok(0) };
    let cutoff = cutoff(now, lifetime);
    let mut purged = 0;
    let mut pictures = None;
    let mut after: Option<OldFile> = None;
    loop {
        let mut oldest = store::media::oldest_files(&hs.db, cutoff, after.as_ref(), STEP).await?;
        let Some(last) = oldest.last() else { return Ok(purged) };
        after = Some(last.clone());
        if pictures.is_none() {
            pictures = Some(pictures_in_use(hs).await?);
        }
        let pictures = pictures.as_ref().expect("they were read");
        oldest.retain(|file| !pictures.contains(&file.media_id));
        if oldest.is_empty() {
            continue;
        }
        let mut objects = Vec::with_capacity(oldest.len());
        let mut batch = Batch::new();
        for file in &oldest {
            objects.extend(store::media::thumbnail_objects(&hs.db, &file.media_id).await?);
            objects.push(file.object.clone());
            store::media::delete_media_if_there(&mut batch, &file.media_id);
        }
        let names = oldest.iter().map(|file| file.media_id.clone());
        record::note(hs, &mut batch, now, "files", names).await?;
        hs.db.commit(batch).await?;
        // What a crash leaves from here on is found by the next purge.
        for object in objects {
            let name = ObjectName::parse(&object).map_err(|_| Error::corrupt("media.object"))?;
            hs.blobs.delete(&name).await?;
        }
        purged += oldest.len() as u64;
    }
}

/// The files of this server that are people's or rooms' pictures at present.
async fn pictures_in_use(hs: &Homeserver) -> Result<HashSet<String>, Error> {
    #[derive(Deserialize)]
    struct Profile {
        avatar_url: Option<String>,
    }
    #[derive(Deserialize)]
    struct Room {
        content: RoomPicture,
    }
    #[derive(Deserialize)]
    struct RoomPicture {
        url: Option<String>,
    }
    let mut addresses = Vec::new();
    for fields in store::profiles::all_fields(&hs.db).await? {
        addresses
            .extend(serde_json::from_slice::<Profile>(&fields).ok().and_then(|it| it.avatar_url));
    }
    let mut after = RoomNid(0);
    loop {
        let rooms = rows::rooms_after(&hs.db, after, ROOMS).await?;
        let Some(last) = rooms.last() else { break };
        after = *last;
        let set = rooms.iter().fold(ReadSet::new(), |set, room| {
            set.get(&STATE_PART, params![room.0, "m.room.avatar", "", OPEN - 1])
        });
        for row in hs.db.read(set).await?.iter().flatten() {
            let part = StatePart::from_row(row)?;
            addresses.extend(
                serde_json::from_slice::<Room>(&part.client).ok().and_then(|it| it.content.url),
            );
        }
    }
    let own = format!("mxc://{}/", hs.server_name);
    let ids = addresses.iter().filter_map(|address| address.strip_prefix(&own));
    Ok(ids.map(str::to_owned).collect())
}
