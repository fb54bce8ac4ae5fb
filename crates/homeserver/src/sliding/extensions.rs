//! The extensions of sliding sync: messages to devices, keys, account data, receipts, typing. Others are ignored.

use std::collections::{BTreeMap, HashSet};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, params};
use ruma::{
    OwnedRoomId,
    api::client::sync::sync_events::v5::request::{ExtensionRoomConfig, Extensions},
};
use store::{
    account_data::{Entry, IN_ROOM_AFTER},
    receipts::{RECEIPTS_AFTER, SeenReceipt},
};

use super::{SlidingError, answer::Reader, interest::covers, rooms::Shown};
use crate::{
    account_data,
    json_writer::Object,
    keys,
    sync::{
        answer::write_supply,
        changes::Changes,
        ephemeral::write_receipts,
        event::{write_account_data, write_texts},
    },
    to_device,
    typing::TypingSeq,
};

/// Most messages to the device in one answer.
const MAX_TO_DEVICE: u32 = 100;
/// Most receipts of a room that is shown for the first time: the latest ones.
const MAX_FIRST_RECEIPTS: u32 = 100;
/// Most receipts of a room afterwards.
const MAX_RECEIPTS: u32 = 1_000;

/// What of the rooms the extensions tell.
#[derive(Default)]
struct InRooms {
    account_data: BTreeMap<OwnedRoomId, Vec<Entry>>,
    receipts: BTreeMap<OwnedRoomId, Vec<u8>>,
    typing: BTreeMap<OwnedRoomId, Vec<u8>>,
}

fn token(pos: Pos) -> String {
    format!("d{pos}")
}

/// Up to which message the device has all; [`Pos::ZERO`] if it says nothing.
///
/// # Errors
/// [`SlidingError::BadToken`]
pub fn acknowledged(extensions: &Extensions) -> Result<Pos, SlidingError> {
    let Some(since) =
        extensions.to_device.since.as_deref().filter(|_| is_on(extensions.to_device.enabled))
    else {
        return Ok(Pos::ZERO);
    };
    let number =
        since.strip_prefix('d').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let number =
        number.and_then(|number| number.parse::<i64>().ok()).ok_or(SlidingError::BadToken)?;
    Ok(Pos::new(number.cast_unsigned()))
}

fn is_on(enabled: Option<bool>) -> bool {
    enabled == Some(true)
}

/// Writes the member `extensions`; says whether there is anything new in it, and up to which typing change it is.
pub(super) async fn write(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    changes: &Changes,
    shown: &[Shown],
) -> Result<(bool, TypingSeq), SlidingError> {
    let (hs, session) = (reader.hs, reader.session);
    let wanted = &reader.request.extensions;
    let mut any = false;
    let mut extensions = out.object("extensions");
    if is_on(wanted.to_device.enabled) {
        let limit = wanted
            .to_device
            .limit
            .and_then(|limit| u32::try_from(limit).ok())
            .unwrap_or(MAX_TO_DEVICE);
        let since = acknowledged(wanted)?;
        let since = if since > reader.upto { Pos::ZERO } else { since };
        let limit = limit.clamp(1, MAX_TO_DEVICE);
        let quiet_after = reader.snapshot.since.filter(|_| !changes.to_device);
        let device = session.device;
        let waiting =
            to_device::waiting(hs, device, since, reader.upto, limit, quiet_after).await?;
        any |= !waiting.events.is_empty();
        let mut block = extensions.object("to_device");
        block.text("next_batch", &token(waiting.next));
        let mut events = block.array("events");
        waiting.events.iter().for_each(|event| events.item().extend_from_slice(event));
    }
    if is_on(wanted.e2ee.enabled) {
        let lists = match reader.snapshot.since {
            Some(since) if changes.device_lists => {
                keys::changed_users(hs, session, since, reader.upto).await?
            }
            _ => keys::DeviceListChanges::default(),
        };
        let mut block = extensions.object("e2ee");
        if !lists.changed.is_empty() || !lists.left.is_empty() {
            any = true;
            let mut changed = block.object("device_lists");
            write_texts(&mut changed, "changed", lists.changed.iter().map(|user| user.as_str()));
            write_texts(&mut changed, "left", lists.left.iter().map(|user| user.as_str()));
        }
        let supply = keys::supply(hs, session.device).await?;
        write_supply(&mut block, &supply);
    }
    let (in_rooms, typing) = read_rooms(reader, shown).await?;
    if is_on(wanted.account_data.enabled) {
        let global = match reader.snapshot.since {
            None => account_data::all_global(hs, session).await?,
            Some(since) if changes.account_data => {
                account_data::changed_global(hs, session.user, since).await?
            }
            Some(_) => Vec::new(),
        };
        any |= !global.is_empty() || !in_rooms.account_data.is_empty();
        extensions.object_unless_empty("account_data", |block| {
            if !global.is_empty() {
                let mut events = block.array("global");
                global.iter().for_each(|entry| write_account_data(events.item(), entry));
            }
            block.object_unless_empty("rooms", |rooms| {
                for (room_id, entries) in &in_rooms.account_data {
                    let mut events = rooms.array(room_id.as_str());
                    entries.iter().for_each(|entry| write_account_data(events.item(), entry));
                }
            });
        });
    }
    for (name, events) in [("receipts", in_rooms.receipts), ("typing", in_rooms.typing)] {
        any |= !events.is_empty();
        if !events.is_empty() {
            let mut block = extensions.object(name);
            let mut rooms = block.object("rooms");
            events.iter().for_each(|(room_id, event)| rooms.raw(room_id.as_str(), event));
        }
    }
    Ok((any, typing))
}

/// Reads what the extensions tell of the rooms that are looked at.
async fn read_rooms(reader: &Reader<'_>, shown: &[Shown]) -> Result<(InRooms, TypingSeq), Error> {
    let (hs, user) = (reader.hs, reader.session.user);
    let wanted = &reader.request.extensions;
    let (typing_rooms, typing) = match reader.snapshot.since {
        Some(_) => hs.typing.changed(reader.snapshot.typing),
        None => (Vec::new(), hs.typing.seq()),
    };
    let typing_rooms: HashSet<RoomNid> = typing_rooms.into_iter().collect();
    let mut in_rooms = InRooms::default();
    let (mut set, mut asked) = (ReadSet::new(), Vec::new());
    for room in shown.iter().filter(|room| room.joined) {
        let is_covered = |lists: &Option<Vec<String>>, rooms: &Option<Vec<ExtensionRoomConfig>>| {
            covers(&room.interest, &room.room_id, lists.as_deref(), rooms.as_deref())
        };
        let since = room.sent_upto.unwrap_or_default();
        let is_new = room.sent_upto.is_none();
        let (of, on) = (&wanted.account_data, is_on(wanted.account_data.enabled));
        if on && (is_new || room.change.account_data) && is_covered(&of.lists, &of.rooms) {
            set.push(&IN_ROOM_AFTER, params![user.0, room.room.0, since]);
            asked.push((room, true));
        }
        let (of, on) = (&wanted.receipts, is_on(wanted.receipts.enabled));
        if on && (is_new || room.change.receipts) && is_covered(&of.lists, &of.rooms) {
            let limit = if is_new { MAX_FIRST_RECEIPTS } else { MAX_RECEIPTS };
            set.push(&RECEIPTS_AFTER, params![room.room.0, since, user.0, limit]);
            asked.push((room, false));
        }
        let (of, on) = (&wanted.typing, is_on(wanted.typing.enabled));
        let is_due =
            typing_rooms.contains(&room.room) || (is_new && hs.typing.is_anybody_typing(room.room));
        if on
            && is_due
            && is_covered(&of.lists, &of.rooms)
            && let Some(event) = hs.typing.event(room.room)
        {
            in_rooms.typing.insert(room.room_id.clone(), event);
        }
    }
    for ((room, is_account_data), rows) in asked.into_iter().zip(hs.db.read(set).await?) {
        if rows.is_empty() {
            continue;
        }
        if is_account_data {
            let entry = |row: &db::Row| {
                Ok(Entry { kind: row.get(0)?, content: row.get(1)?, pos: row.get(2)? })
            };
            let entries = rows.iter().map(entry).collect::<Result<_, Error>>()?;
            in_rooms.account_data.insert(room.room_id.clone(), entries);
        } else {
            let receipts = rows.iter().map(SeenReceipt::from_row).collect::<Result<Vec<_>, _>>()?;
            let mut event = Vec::new();
            write_receipts(&mut event, &receipts);
            in_rooms.receipts.insert(room.room_id.clone(), event);
        }
    }
    Ok((in_rooms, typing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(since: &str) -> Extensions {
        let json = serde_json::json!({ "to_device": { "enabled": true, "since": since } });
        serde_json::from_value(json).expect("extensions")
    }

    #[test]
    fn a_device_acknowledges_with_the_token_that_it_was_given() {
        assert_eq!(acknowledged(&extensions(&token(Pos::new(7)))).expect("ours"), Pos::new(7));
        assert_eq!(acknowledged(&Extensions::default()).expect("nothing"), Pos::ZERO);
        for bad in ["", "7", "d", "d-1", "d+1", "dx", "d99999999999999999999"] {
            assert!(matches!(acknowledged(&extensions(bad)), Err(SlidingError::BadToken)), "{bad}");
        }
    }
}
