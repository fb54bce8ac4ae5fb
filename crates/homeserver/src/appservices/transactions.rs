//! What a service is told: all that concerns it, in the order of the change log, at least once.
//! <https://spec.matrix.org/v1.19/application-service-api/#pushing-events>
//!
//! A transaction is stored before it is sent and repeated unchanged until the service has taken it, also over restarts.

mod interest;

use std::{sync::Arc, time::Duration};

use base::{Pos, RoomNid, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Change, LOG_AFTER, ReadSet, Row, params};
use http::Method;
use store::{
    Touched,
    receipts::{READ_PRIVATE, RECEIPTS_AFTER, SeenReceipt},
    rooms::{EventRow, TIMELINE_FORWARDS},
};
use tokio::task::JoinSet;

use super::{
    Appservice,
    call::{Ask, ask},
};
use crate::{
    Homeserver,
    json_writer::{self, Array, Object},
    push::pause::Pause,
    sync::{
        ephemeral::{MAX_RECEIPTS, write_receipts},
        event::TimelineEvent,
        live_rooms::with_prev_content,
    },
    typing::TypingSeq,
};
use interest::Interest;

/// The longest time between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Most changes that are looked at for one transaction.
const LOOKED_AT: u32 = 500;
/// Most events of one transaction.
const MAX_EVENTS: usize = 100;
/// Positions that concern nobody after which the place is stored all the same.
const STORED_EVERY: u64 = 1_000;
/// Nobody's private receipts.
const NOBODY: UserNid = UserNid(0);

/// Why a transaction was not made or sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Read(#[from] db::Error),
    #[error(transparent)]
    Write(#[from] db::CommitError),
    #[error("the application service was not reached: {0}")]
    Unreached(#[from] net::Error),
    #[error("the application service answered {0}")]
    Refused(u16),
}

/// Sends to all services until the task is dropped.
pub async fn follow(hs: Arc<Homeserver>) {
    let mut workers = JoinSet::new();
    for service in hs.appservices.iter().filter(|service| service.url.is_some()) {
        workers.spawn(serve(hs.clone(), service.clone()));
    }
    while workers.join_next().await.is_some() {}
}

/// One service's place.
struct Place {
    /// Everything up to here is decided.
    seen: Pos,
    stored: Pos,
    typing: TypingSeq,
    interest: Interest,
}

async fn serve(hs: Arc<Homeserver>, service: Arc<Appservice>) {
    let mut pause = Pause::up_to(LONGEST_PAUSE);
    let mut pulse = hs.feeds.pulse();
    let mut place = None;
    loop {
        pulse.borrow_and_update();
        match round(&hs, &service, &mut place).await {
            Ok(true) => pause.reset(),
            Ok(false) => {
                pause.reset();
                if pulse.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let wait = pause.take(None);
                tracing::warn!(service = service.id, %error, wait_ms = wait.as_millis(), "A transaction waits");
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Sends what is open, else makes the next transaction. False if there is nothing to do.
async fn round(
    hs: &Homeserver,
    service: &Appservice,
    place: &mut Option<Place>,
) -> Result<bool, Failure> {
    let Some(status) = store::appservices::status(&hs.db, &service.id).await? else {
        return Ok(false);
    };
    if let Some(body) = status.open {
        send(hs, service, status.txn, body).await?;
        let mut batch = Batch::new();
        store::appservices::acknowledge(&mut batch, &service.id, status.txn);
        hs.db.commit(batch).await?;
        return Ok(true);
    }
    let place = place.get_or_insert_with(|| Place {
        seen: status.pos,
        stored: status.pos,
        typing: hs.typing.seq(),
        interest: Interest::new(status.pos),
    });
    let (from, published) = (place.seen.max(status.pos), hs.feeds.published());
    let rows = match from < published {
        true => hs.db.query(&LOG_AFTER, params![from, LOOKED_AT]).await?,
        false => Vec::new(),
    };
    let changes = rows.iter().map(change_of).collect::<Result<Vec<_>, db::Error>>()?;
    // Positions above what the feeds have heard may not be in the members' lists yet.
    let changes: Vec<_> = changes.into_iter().filter(|(pos, _)| *pos <= published).collect();
    let content = concerning(hs, service, place, from, &changes).await?;
    place.seen = content.upto;
    if content.is_empty() {
        if content.upto.get().saturating_sub(place.stored.get()) >= STORED_EVERY {
            let mut batch = Batch::new();
            store::appservices::skip(&mut batch, &service.id, content.upto);
            hs.db.commit(batch).await?;
            place.stored = content.upto;
        }
        return Ok(content.upto > from && content.upto < hs.feeds.published());
    }
    let body = content.write(hs.clock.now());
    let mut batch = Batch::new();
    store::appservices::open(&mut batch, &service.id, status.txn + 1, content.upto, body);
    hs.db.commit(batch).await?;
    place.stored = content.upto;
    Ok(true)
}

fn change_of(row: &Row) -> Result<(Pos, Option<Touched>), db::Error> {
    let change = Change { kind: row.get(1)?, subject: row.get(2)?, object: row.get(3)? };
    Ok((row.get(0)?, Touched::from_change(&change)))
}

async fn send(hs: &Homeserver, service: &Appservice, txn: u64, body: Bytes) -> Result<(), Failure> {
    let question = Ask {
        method: Method::PUT,
        path: &format!("/_matrix/app/v1/transactions/{txn}"),
        legacy_path: Some(&format!("/transactions/{txn}")),
        query: "",
        body: Some(body),
    };
    let Some(answer) = ask(hs, service, question).await else { return Ok(()) };
    match answer?.status() {
        status if status.is_success() => Ok(()),
        status => Err(Failure::Refused(status.as_u16())),
    }
}

/// What a transaction holds.
struct Content {
    upto: Pos,
    events: Vec<TimelineEvent>,
    ephemeral: Vec<Vec<u8>>,
}

impl Content {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.ephemeral.is_empty()
    }

    fn write(&self, now: Timestamp) -> Bytes {
        let mut out = Vec::new();
        let mut body = Object::new(&mut out);
        let mut events = body.array("events");
        for event in &self.events {
            write_event(events.item(), event, now);
        }
        drop(events);
        if !self.ephemeral.is_empty() {
            let mut ephemeral: Array<'_> = body.array("ephemeral");
            for event in &self.ephemeral {
                ephemeral.item().extend_from_slice(event);
            }
        }
        drop(body);
        out.into()
    }
}

/// An event as clients get it, for somebody who is no client.
fn write_event(out: &mut Vec<u8>, event: &TimelineEvent, now: Timestamp) {
    let mut unsigned = Vec::new();
    let mut object = Object::new(&mut unsigned);
    object.number("age", now.0.saturating_sub(event.row.ts.0));
    if let Some(redaction) = &event.row.redacted_because {
        object.raw("redacted_because", redaction);
    }
    if let Some(replaced) = &event.replaced {
        object.text("replaces_state", &replaced.event_id);
        if let Some(content) = &replaced.content {
            object.raw("prev_content", content);
        }
    }
    drop(object);
    room::with_unsigned(&event.row.client, &unsigned, out);
}

/// What of these changes concerns the service.
async fn concerning(
    hs: &Homeserver,
    service: &Appservice,
    place: &mut Place,
    from: Pos,
    changes: &[(Pos, Option<Touched>)],
) -> Result<Content, Failure> {
    let mut upto = changes.last().map_or(from, |(pos, _)| *pos);
    let interest = &mut place.interest;
    interest.look_ahead(hs, service, from).await?;
    let (mut set, mut read_rooms) = (ReadSet::new(), Vec::new());
    let mut asked = Vec::new();
    for (pos, touched) in changes {
        if asked.len() == MAX_EVENTS {
            upto = Pos::new(pos.get() - 1);
            break;
        }
        match touched {
            Some(Touched::Timeline { room, .. }) => {
                set.push(&TIMELINE_FORWARDS, params![room.0, Pos::new(pos.get() - 1), *pos, 1]);
                asked.push(*pos);
            }
            Some(Touched::Receipt { room, .. }) if service.receive_ephemeral => {
                read_rooms.push((*room, NOBODY));
            }
            // A private receipt, among other things: it is given for the service's own users.
            Some(Touched::RoomAccountData { user, room })
                if service.receive_ephemeral
                    && interest.own(hs, service, *user).await?.is_some() =>
            {
                read_rooms.push((*room, *user));
            }
            _ => {}
        }
    }
    let mut events = Vec::new();
    for rows in hs.db.read(set).await? {
        let Some(row) = rows.first() else { continue };
        let event = EventRow::from_row(row)?;
        if interest.in_event(hs, service, &event).await? {
            events.push(event);
        }
    }
    let mut ephemeral = Vec::new();
    read_rooms.sort_by_key(|(room, user)| (room.0, user.0));
    read_rooms.dedup();
    for (room, user) in read_rooms {
        if interest.in_room(hs, service, room).await? {
            ephemeral.extend(receipts(hs, room, user, from).await?);
        }
    }
    if service.receive_ephemeral {
        let (rooms, seq) = hs.typing.changed(place.typing);
        for room in rooms {
            if let Some(event) = hs.typing.event(room)
                && place.interest.in_room(hs, service, room).await?
            {
                ephemeral.extend(in_room(hs, room, event).await?);
            }
        }
        place.typing = seq;
    }
    Ok(Content { upto, events: with_prev_content(hs, events).await?, ephemeral })
}

/// The receipts of a room that moved: all public ones, or (`user`) somebody's private ones.
async fn receipts(
    hs: &Homeserver,
    room: RoomNid,
    user: UserNid,
    from: Pos,
) -> Result<Option<Vec<u8>>, Failure> {
    let rows = hs.db.query(&RECEIPTS_AFTER, params![room.0, from, user.0, MAX_RECEIPTS]).await?;
    let mut found = rows.iter().map(SeenReceipt::from_row).collect::<Result<Vec<_>, _>>()?;
    found.retain(|receipt| (receipt.kind == READ_PRIVATE) == (user != NOBODY));
    if found.is_empty() {
        return Ok(None);
    }
    let mut event = Vec::new();
    write_receipts(&mut event, &found);
    in_room(hs, room, event).await
}

/// "Room-scoped ephemeral data MUST include a `room_id` property."
async fn in_room(
    hs: &Homeserver,
    room: RoomNid,
    mut event: Vec<u8>,
) -> Result<Option<Vec<u8>>, Failure> {
    let ids = crate::sync::timelines::room_ids(hs, [room]).await?;
    let Some(id) = ids.get(&room) else { return Ok(None) };
    if event.pop() != Some(b'}') {
        return Ok(None);
    }
    event.extend_from_slice(b",\"room_id\":");
    json_writer::string(&mut event, id.as_str());
    event.push(b'}');
    Ok(Some(event))
}
