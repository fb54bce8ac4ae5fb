//! Receipts and read markers: how far a person has read. They only move forwards.
//! <https://spec.matrix.org/v1.19/client-server-api/#receipts>

use base::{Pos, RoomNid};
use db::{Batch, params};
use ruma::{EventId, RoomId, events::receipt::ReceiptThread};
use store::{
    Touched,
    receipts::{
        self as rows, NewReceipt, OWN_RECEIPTS, OwnReceipt, READ, READ_PRIVATE, UNTHREADED,
    },
    rooms::EventRow,
};

use crate::{
    Homeserver, Session,
    account_data::{self, FULLY_READ},
    rooms::{self, OpenRoomError},
    sync::threads::lineages,
};

/// A mark that a person sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Read, and all members of the room may know.
    Read(ReceiptThread),
    /// Read, for the person's own devices alone.
    ReadPrivate(ReceiptThread),
    /// Where the person left off, for the person's own devices alone.
    FullyRead,
}

/// Why a mark was not set.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// The user is not in the room, or there is no such room.
    #[error("the user is not in the room")]
    NotInRoom,
    /// There is no such event in the room's timeline.
    #[error("the event is not known here")]
    UnknownEvent,
    /// Not the name of a thread, or of another one than the event's.
    #[error("the thread is not valid")]
    BadThread,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

impl From<OpenRoomError> for MarkError {
    fn from(error: OpenRoomError) -> Self {
        match error {
            OpenRoomError::Unknown => Self::NotInRoom,
            OpenRoomError::Store(error) => Self::Store(error),
        }
    }
}

/// The column for a thread.
fn thread_of(thread: &ReceiptThread) -> Result<&str, MarkError> {
    match thread {
        ReceiptThread::Unthreaded => Ok(UNTHREADED),
        ReceiptThread::Main => Ok("main"),
        ReceiptThread::Thread(root) => Ok(root.as_str()),
        _ => Err(MarkError::BadThread),
    }
}

/// Whether a receipt moves to an event at `pos`: only forwards, and not where one for the whole room is already.
fn moves(own: &[OwnReceipt], kind: &str, thread: &str, pos: Pos) -> bool {
    let passes = |receipt: &&OwnReceipt| {
        receipt.kind == kind && (receipt.thread == thread || receipt.thread == UNTHREADED)
    };
    own.iter().filter(passes).all(|receipt| receipt.event_pos < pos)
}

/// Sets marks in a room, all or none.
pub async fn mark(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    marks: &[(Mark, &EventId)],
) -> Result<(), MarkError> {
    let room = rooms::room_nid(hs, room_id).await?;
    if !hs.feeds.is_joined(room, session.user) {
        return Err(MarkError::NotInRoom);
    }
    let own = hs.db.query(&OWN_RECEIPTS, params![room.0, session.user.0]).await?;
    let own = own.iter().map(OwnReceipt::from_row).collect::<Result<Vec<_>, _>>()?;
    let mut batch = Batch::new();
    let mut read_to = 0;
    for (mark, event_id) in marks {
        let (event, pos) = event_at(hs, room, event_id).await?.ok_or(MarkError::UnknownEvent)?;
        if let Mark::Read(thread) | Mark::ReadPrivate(thread) = mark
            && !fits(hs, &event, thread).await?
        {
            return Err(MarkError::BadThread);
        }
        let (kind, thread) = match mark {
            Mark::Read(thread) => (READ, thread_of(thread)?),
            Mark::ReadPrivate(thread) => (READ_PRIVATE, thread_of(thread)?),
            Mark::FullyRead => {
                if is_behind_fully_read(hs, session, room, pos).await? {
                    continue;
                }
                let content = serde_json::json!({ "event_id": event.event_id }).to_string();
                account_data::add_in_room(
                    &mut batch,
                    session.user,
                    room,
                    FULLY_READ,
                    content.into(),
                );
                continue;
            }
        };
        if !moves(&own, kind, thread, pos) {
            continue;
        }
        // A private receipt concerns nobody else: only the reader's own devices are woken.
        let touched = if kind == READ {
            Touched::Receipt { room, user: session.user }
        } else {
            Touched::RoomAccountData { user: session.user, room }
        };
        let change = batch.change(touched.into());
        let receipt = NewReceipt {
            room,
            user: session.user,
            kind,
            thread,
            event_id: event.event_id.as_str(),
            event_pos: pos,
            notifying: event.notifying,
            ts: hs.clock.now(),
        };
        rows::move_receipt(&mut batch, &receipt, change);
        if matches!(thread, UNTHREADED | "main") {
            read_to = read_to.max(event.notifying);
        }
    }
    if !batch.is_empty() {
        // Before the commit wakes anybody who counts what is unread; were it to fail, the count would be corrected with the
        // next start, and the person has read it all the same.
        hs.feeds.memory.read_places.moved(session.user, room, read_to);
        hs.db.commit(batch).await?;
        hs.feeds.memory.read_places.moved(session.user, room, read_to);
    }
    Ok(())
}

async fn event_at(
    hs: &Homeserver,
    room: RoomNid,
    id: &EventId,
) -> Result<Option<(EventRow, Pos)>, db::Error> {
    let event = store::rooms::event_by_id(&hs.db, id).await?.filter(|event| event.room == room);
    Ok(event.and_then(|event| event.pos.map(|pos| (event, pos))))
}

/// Whether an event is a part of the timeline that a receipt is for.
async fn fits(
    hs: &Homeserver,
    event: &EventRow,
    thread: &ReceiptThread,
) -> Result<bool, db::Error> {
    if *thread == ReceiptThread::Unthreaded {
        return Ok(true);
    }
    let lineage = lineages(hs, &[event]).await?.pop().unwrap_or_default();
    Ok(match thread {
        ReceiptThread::Thread(root) => lineage.is_of_thread(&event.event_id, root),
        _ => lineage.thread.is_none(),
    })
}

async fn is_behind_fully_read(
    hs: &Homeserver,
    session: &Session,
    room: RoomNid,
    pos: Pos,
) -> Result<bool, db::Error> {
    #[derive(serde::Deserialize)]
    struct FullyRead {
        event_id: ruma::OwnedEventId,
    }
    let Some(content) = account_data::in_room(hs, session.user, room, FULLY_READ).await? else {
        return Ok(false);
    };
    let Ok(marker) = serde_json::from_slice::<FullyRead>(&content) else { return Ok(false) };
    let marked = event_at(hs, room, &marker.event_id).await?;
    Ok(marked.is_some_and(|(_, marked)| marked >= pos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(kind: &str, thread: &str, pos: u64) -> OwnReceipt {
        OwnReceipt {
            kind: kind.to_owned(),
            thread: thread.to_owned(),
            event_id: "$a".to_owned(),
            event_pos: Pos::new(pos),
            notifying: 0,
        }
    }

    #[test]
    fn a_receipt_only_moves_forwards() {
        let own = [receipt(READ, "main", 7)];
        assert!(moves(&own, READ, "main", Pos::new(8)));
        assert!(!moves(&own, READ, "main", Pos::new(7)));
        assert!(!moves(&own, READ, "main", Pos::new(6)));
        assert!(moves(&own, READ_PRIVATE, "main", Pos::new(6)), "the private one is another");
        assert!(moves(&own, READ, "$root", Pos::new(6)), "the thread is another");
        assert!(moves(&own, READ, UNTHREADED, Pos::new(6)), "one for the whole room says more");
    }

    #[test]
    fn who_has_read_the_whole_room_has_read_its_threads() {
        let own = [receipt(READ, UNTHREADED, 7)];
        assert!(!moves(&own, READ, "$root", Pos::new(6)));
        assert!(moves(&own, READ, "$root", Pos::new(8)));
    }
}
