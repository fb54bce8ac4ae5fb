//! The chain of events (II.b): each is signed, named by its hash, and names those it follows and those that allow it. So
//! whatever is altered, taken out or put elsewhere afterwards shows.

use std::collections::{HashMap, HashSet};

use base::EventNid;
use db::{Error, ReadSet, Row, params, stmt};
use room::{Pdu, PublicKeys, RoomVersion};
use ruma::{EventId, OwnedEventId, UserId};

use super::Finding;
use crate::Homeserver;

/// Events that are looked at together.
const PAGE: i64 = 500;
/// Places that are remembered: most events follow one that was seen a moment ago.
const REMEMBERED: usize = 20_000;

stmt!(
    EVENTS_AFTER,
    "SELECT e.event_nid, e.event_id, e.room_nid, e.pos, u.user_id, e.redacted_by IS NOT NULL, e.client, p.pdu, r.version
     FROM events e JOIN pdus p ON p.event_nid = e.event_nid JOIN users u ON u.user_nid = e.sender_nid JOIN rooms r ON r.room_nid = e.room_nid
     WHERE e.event_nid > $1 ORDER BY e.event_nid LIMIT $2"
);
stmt!(PLACE, "SELECT e.room_nid, e.pos FROM events e WHERE e.event_id = $1");
stmt!(GONE, "SELECT p.room_nid, p.pos, p.event_id FROM purged p");
stmt!(ENDS, "SELECT r.room_nid, r.room_id, r.extremities FROM rooms r");

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    room: i64,
    pos: Option<i64>,
}

/// The messages of a room that are gone because their period was over (I.j): what follows them names what is no longer there.
struct Gone {
    /// Up to this place.
    upto: i64,
    /// The last of them.
    last: String,
}

impl Gone {
    /// Whether an event at a place may name one that is not there: those in between are state, those behind follow the last one alone.
    fn explains(&self, pos: Option<i64>, id: &EventId) -> bool {
        self.last == id.as_str() || pos.is_some_and(|pos| pos <= self.upto)
    }
}

/// An event whose own bytes were looked at.
struct Seen {
    event: EventNid,
    event_id: OwnedEventId,
    place: Place,
    /// What its signed form names; `None` if that could not be read.
    pdu: Option<Pdu>,
}

/// What was found wrong, by kind: how many, and the first of them.
#[derive(Default)]
struct Wrong {
    count: u64,
    first: String,
}

impl Wrong {
    fn note(&mut self, event: &EventId, what: &str) {
        self.count += 1;
        if self.first.is_empty() {
            self.first = format!("{event}: {what}");
        }
    }

    fn into_finding(self, invariant: &'static str) -> Finding {
        let broken = (self.count > 0).then(|| {
            let (count, first) = (self.count, &self.first);
            format!("{count} events, the first {first}")
        });
        Finding { invariant, broken }
    }
}

/// Looks at every event of the hospital.
pub(super) async fn check(hs: &Homeserver) -> Result<[Finding; 4], Error> {
    let keys = PublicKeys::from(&hs.signing_key);
    let (mut altered, mut missing, mut misplaced) =
        (Wrong::default(), Wrong::default(), Wrong::default());
    let gone = gone(hs).await?;
    let mut places: HashMap<OwnedEventId, Place> = HashMap::new();
    let mut after = 0_i64;
    loop {
        let rows = hs.db.query(&EVENTS_AFTER, params![after, PAGE]).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            page.push(look_at(hs, &keys, row, &mut altered)?);
        }
        let Some(last) = page.last() else { break };
        after = last.event.0;
        if places.len() > REMEMBERED {
            places.clear();
        }
        places.extend(page.iter().map(|seen| (seen.event_id.clone(), seen.place)));
        fetch_places(hs, &page, &mut places).await?;
        for seen in &page {
            compare(seen, &places, gone.get(&seen.place.room), &mut missing, &mut misplaced);
        }
    }
    Ok([
        altered.into_finding("each event is as it was signed, and named by its hash"),
        missing.into_finding("each event that another follows or refers to is there"),
        misplaced.into_finding("each event stands after those it follows"),
        ends(hs, &gone).await?,
    ])
}

/// Checks an event by itself: hash, signature, and that clients are shown what was signed.
fn look_at(
    hs: &Homeserver,
    keys: &PublicKeys,
    row: &Row,
    altered: &mut Wrong,
) -> Result<Seen, Error> {
    let event_id =
        EventId::parse(row.get::<String>(1)?).map_err(|_| Error::corrupt("events.event_id"))?;
    let place = Place { room: row.get(2)?, pos: row.get(3)? };
    let sender =
        UserId::parse(row.get::<String>(4)?).map_err(|_| Error::corrupt("users.user_id"))?;
    let redacted: bool = row.get(5)?;
    let (client, pdu): (&[u8], &[u8]) = (row.get(6)?, row.get(7)?);
    let version: RoomVersion =
        row.get::<&str>(8)?.parse().map_err(|_| Error::corrupt("rooms.version"))?;
    if sender.server_name() == hs.server_name {
        match room::check(version, pdu, keys) {
            Err(refused) => altered.note(&event_id, &refused.to_string()),
            Ok(checked) if checked.pdu.event_id != event_id => {
                altered.note(&event_id, "its hash is another");
            }
            Ok(checked) if checked.altered && !redacted => {
                altered.note(&event_id, "its content was altered after it was signed");
            }
            Ok(checked) if !same_json(&checked.client_json, client) => {
                altered.note(&event_id, "clients are shown something else than was signed");
            }
            Ok(_) => {}
        }
    }
    let pdu = Pdu::from_stored(event_id.clone(), pdu).ok();
    Ok(Seen { event: EventNid(row.get(0)?), event_id, place, pdu })
}

/// Whether two texts are the same JSON, however they are laid out.
fn same_json(left: &[u8], right: &[u8]) -> bool {
    if left == right {
        return true;
    }
    let parse = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    parse(left).is_some_and(|left| Some(left) == parse(right))
}

/// Reads the places of events that are named and not remembered.
async fn fetch_places(
    hs: &Homeserver,
    page: &[Seen],
    places: &mut HashMap<OwnedEventId, Place>,
) -> Result<(), Error> {
    let named = page.iter().filter_map(|seen| seen.pdu.as_ref());
    let named = named.flat_map(|pdu| pdu.prev_events.iter().chain(&pdu.auth_events));
    let unknown: HashSet<_> = named.filter(|id| !places.contains_key(*id)).cloned().collect();
    for ids in unknown.into_iter().collect::<Vec<_>>().chunks(200) {
        let reads =
            ids.iter().fold(ReadSet::new(), |set, id| set.get(&PLACE, params![id.as_str()]));
        for (id, rows) in ids.iter().zip(hs.db.read(reads).await?) {
            if let Some(row) = rows.first() {
                places.insert(id.clone(), Place { room: row.get(0)?, pos: row.get(1)? });
            }
        }
    }
    Ok(())
}

/// Checks an event against those that it names.
fn compare(
    seen: &Seen,
    places: &HashMap<OwnedEventId, Place>,
    gone: Option<&Gone>,
    missing: &mut Wrong,
    misplaced: &mut Wrong,
) {
    let Some(pdu) = &seen.pdu else { return };
    let of_this_room = |id: &OwnedEventId| places.get(id).filter(|at| at.room == seen.place.room);
    let is_gone = |id: &&OwnedEventId| gone.is_some_and(|it| it.explains(seen.place.pos, id));
    let followed = pdu.prev_events.iter().filter(|id| !is_gone(id));
    for id in followed.chain(&pdu.auth_events) {
        if of_this_room(id).is_none() {
            missing.note(&seen.event_id, &format!("it names {id}, which is not in its room"));
        }
    }
    for earlier in pdu.prev_events.iter().filter_map(of_this_room) {
        if let (Some(earlier), Some(own)) = (earlier.pos, seen.place.pos)
            && earlier >= own
        {
            misplaced.note(&seen.event_id, "it stands before an event that it follows");
            return;
        }
    }
}

/// Where messages are gone, by room.
async fn gone(hs: &Homeserver) -> Result<HashMap<i64, Gone>, Error> {
    let rows = hs.db.query(&GONE, params![]).await?;
    rows.iter()
        .map(|row| Ok((row.get(0)?, Gone { upto: row.get(1)?, last: row.get(2)? })))
        .collect()
}

/// The next event of a room will follow its last ones: they must be there.
async fn ends(hs: &Homeserver, gone: &HashMap<i64, Gone>) -> Result<Finding, Error> {
    let mut broken = None;
    for row in hs.db.query(&ENDS, params![]).await? {
        let (room, room_id): (i64, &str) = (row.get(0)?, row.get(1)?);
        let text: &str = row.get(2)?;
        for id in text.split_ascii_whitespace().step_by(2) {
            let place = hs.db.query_opt(&PLACE, params![id]).await?;
            let place = place.map(|row| row.get::<i64>(0)).transpose()?;
            let is_gone = gone.get(&room).is_some_and(|gone| gone.last == id);
            if place != Some(room) && !is_gone {
                broken.get_or_insert_with(|| format!("{room_id} ends in {id}, which is not there"));
            }
        }
    }
    Ok(Finding { invariant: "the last events of each room are there", broken })
}
