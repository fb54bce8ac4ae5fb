//! One event into one batch: what every way of writing to a room has in common.

use std::{collections::HashMap, sync::Arc};

use base::{DeviceNid, EventNid, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, params};
use parking_lot::MutexGuard;
use room::{Accepted, Facts, Proposal, Refused, SigningKey};
use ruma::{OwnedEventId, RoomId};
use serde::Deserialize;
use store::{
    Touched,
    rooms::{self as rows, NewEvent},
};

use super::{Core, Room, StateEntry, WriteError, bearing::bearing, relations::relation_of};
use crate::Homeserver;

/// How often a write is tried when another writer was quicker.
const TRIES: usize = 5;

/// The rows that belong to an event besides itself.
pub(super) struct Rows<'a> {
    pub event: EventNid,
    pub sender: UserNid,
    /// Whom a membership event is about.
    pub target: Option<UserNid>,
    /// Sending device, its transaction id, and the key under which a repeated request is recognised.
    pub transaction: Option<(DeviceNid, &'a str, String)>,
}

impl Core {
    /// Decides an event on the current state and adds its rows to the batch. On `Err` nothing has changed.
    pub(super) fn append(
        &mut self,
        room: &Room,
        batch: &mut Batch,
        proposal: Proposal,
        rows: Rows<'_>,
        key: &SigningKey,
    ) -> Result<OwnedEventId, Refused> {
        let facts = Facts {
            version: room.version,
            room_id: &room.room_id,
            prev_events: &self.extremities,
            state: &|kind, state_key| {
                self.entry(&kind.to_string(), state_key).map(|entry| entry.pdu.clone())
            },
        };
        let accepted = room::accept(&facts, proposal, key)?;
        Ok(self.enter(room, batch, accepted, rows))
    }

    /// Adds the rows of an accepted event and makes it the room's newest.
    pub(super) fn enter(
        &mut self,
        room: &Room,
        batch: &mut Batch,
        accepted: Accepted,
        rows: Rows<'_>,
    ) -> OwnedEventId {
        let pdu = accepted.pdu.clone();
        let kind = pdu.kind.to_string();
        let client = Bytes::from(accepted.client_json);
        self.head += 1;
        self.extremities =
            vec![room::Extremity { event_id: pdu.event_id.clone(), depth: pdu.depth }];
        let bearing = bearing(&kind, pdu.state_key.as_deref(), pdu.content.get());
        self.notifying += i64::from(bearing.counts);
        // A new name or picture brings nobody into the room: others need not ask for the person's keys again.
        let before = pdu.state_key.as_deref().and_then(|key| self.entry(&kind, key));
        let was_joined =
            before.is_some_and(|entry| membership_of(&kind, &entry.pdu).as_deref() == Some("join"));
        if let Some(state_key) = &pdu.state_key {
            self.state_ver += 1;
            rows::set_state(batch, room.room, &kind, state_key, self.state_ver, rows.event);
            let entry = StateEntry { pdu: pdu.clone() };
            self.state.entry(kind.clone()).or_default().insert(state_key.clone(), entry);
        }

        let membership = membership_of(&kind, &pdu);
        let target = membership.as_deref().zip(rows.target);
        // Who comes is entered first, who goes is struck off last: both hear of their own event.
        match target {
            Some(("join", user)) if !was_joined => {
                batch.change(Touched::Joined { room: room.room, user }.into());
            }
            Some(("invite" | "knock", user)) => {
                batch.change(Touched::Invited { room: room.room, user }.into());
            }
            _ => {}
        }
        let pos = batch.change(Touched::Timeline { room: room.room, event: rows.event }.into());
        if let Some((membership, user)) = target {
            rows::set_member(batch, room.room, user, membership, rows.event, pos);
            if matches!(membership, "leave" | "ban") {
                batch.change(Touched::Left { room: room.room, user }.into());
            }
        }
        let transaction = rows.transaction.as_ref().map(|(device, txn, _)| (*device, *txn));
        rows::insert_event(
            batch,
            NewEvent {
                event: rows.event,
                room: room.room,
                event_id: &pdu.event_id,
                kind: &kind,
                state_key: pdu.state_key.as_deref(),
                membership: membership.as_deref(),
                sender: rows.sender,
                ts: Timestamp(pdu.origin_server_ts.get().into()),
                depth: pdu.depth,
                state_ver: self.state_ver,
                notifying: self.notifying,
                apart: bearing.apart.then_some(bearing.counts),
                transaction,
                client,
                pdu: accepted.pdu_json.into(),
            },
            pos,
        );
        if let Some((device, _, key)) = rows.transaction {
            let id = pdu.event_id.as_str();
            batch.expect_one(&rows::CLAIM_TRANSACTION, params![device.0, key, id]);
        }
        if let Some((target, rel_type)) = relation_of(&kind, pdu.content.get()) {
            batch.exec(&rows::MARK_RELATED, params![target.as_str(), room.room.0]);
            batch.insert(&rows::RELATION, params![target, rel_type, rows.event.0, room.room.0]);
        }
        pdu.event_id.clone()
    }

    /// The guard of a batch whose first event was decided at head `before`.
    pub(super) fn guard(&self, room: &Room, batch: &mut Batch, before: i64) {
        let extremities: Vec<_> =
            self.extremities.iter().map(|e| (e.event_id.clone(), e.depth)).collect();
        batch.lane(room.room.0);
        batch.expect_one(
            &rows::RAISE_HEAD,
            params![
                room.room.0,
                before,
                self.head,
                self.state_ver,
                self.notifying,
                rows::extremities_text(&extremities),
            ],
        );
    }
}

/// Decides under the room's lock and waits for the disk outside of it; starts anew if another writer was quicker.
///
/// `decide` adds to the batch what it wants, through [`Core::append`]; nothing is written if it fails.
pub(super) async fn write<T>(
    hs: &Homeserver,
    room_id: &RoomId,
    mut decide: impl FnMut(&mut MutexGuard<'_, Core>, &Room, &mut Batch) -> Result<T, WriteError>,
) -> Result<T, WriteError> {
    let mut tries = TRIES;
    loop {
        let room = super::open(hs, room_id).await?;
        let (decided, commit) = {
            let mut core = room.core.lock();
            if core.stale {
                forget(hs, &room);
                continue;
            }
            let mut batch = Batch::new();
            let before = core.head;
            let decided = match decide(&mut core, &room, &mut batch) {
                Ok(decided) => decided,
                Err(refused) => {
                    // Of several events some were accepted: none of them is kept.
                    if core.head != before {
                        core.stale = true;
                        forget(hs, &room);
                    }
                    return Err(refused);
                }
            };
            if core.head == before {
                return Ok(decided);
            }
            core.guard(&room, &mut batch, before);
            // Enqueued before the lock is given up: batches of one room stand in the order of their heads.
            (decided, hs.db.commit(batch))
        };
        match commit.await {
            Ok(_) => return Ok(decided),
            Err(error) => {
                room.core.lock().stale = true;
                forget(hs, &room);
                tries -= 1;
                let lost_race = matches!(
                    &error,
                    db::CommitError::Conflict { statement } if *statement == rows::RAISE_HEAD.name
                );
                if !lost_race || tries == 0 {
                    return Err(error.into());
                }
            }
        }
    }
}

/// Drops a stale room from memory, so that the next writer reads it anew.
fn forget(hs: &Homeserver, room: &Arc<Room>) {
    let mut open = hs.rooms.open.write();
    if open.get(&room.room_id).is_some_and(|known| Arc::ptr_eq(known, room)) {
        open.remove(&room.room_id);
    }
}

/// A core for a room that is being made.
pub(super) fn new_core() -> Core {
    Core {
        head: 0,
        state_ver: 0,
        notifying: 0,
        extremities: Vec::new(),
        state: HashMap::new(),
        stale: false,
    }
}

fn membership_of(kind: &str, pdu: &room::Pdu) -> Option<String> {
    #[derive(Deserialize)]
    struct Member {
        membership: String,
    }
    if kind != "m.room.member" {
        return None;
    }
    pdu.read_content::<Member>().ok().map(|member| member.membership)
}
