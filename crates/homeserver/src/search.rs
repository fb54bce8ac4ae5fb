//! Search of what the server can see: names and topics of rooms, and messages where they are not encrypted.
//! <https://spec.matrix.org/v1.19/client-server-api/#server-side-search>
//!
//! An event matches if a field has every word of the search, whatever its case or accents. Nothing is indexed for it: the
//! events in clear are few where the hospital holds to encryption.

use std::collections::{BTreeMap, BTreeSet};

use base::Pos;
use bytes::Bytes;
use ruma::{
    OwnedRoomId, UInt,
    api::client::{
        filter::RoomEventFilter,
        search::search_events::v3::{Criteria, EventContext, GroupingKey, OrderBy, SearchKeys},
    },
};
use serde::Deserialize;
use serde_json::Value;
use store::rooms::EventRow;

use crate::{
    Homeserver, Session,
    directory::fold_as_written,
    rooms::{
        TimelineToken, Viewer,
        read::{self, Range, ReadError},
    },
    sync::{event::state_event, filter},
};

/// Results of a page where the filter names no limit, and the most.
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;
/// Most events that are looked at in a room: the latest.
const MAX_IN_ROOM: u32 = 10_000;
/// Most events of context on one side.
const MAX_CONTEXT: u32 = 100;
/// Most words of a search; the others are ignored.
const MAX_WORDS: usize = 16;

/// Why nothing was searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The place to go on from is none that this server gave out.
    #[error("the token is not valid")]
    BadToken,
    /// An event or its room could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// A page of results.
#[derive(Debug, Default)]
pub struct Results {
    /// How many there are altogether.
    pub count: usize,
    /// The words that were found.
    pub words: Vec<String>,
    /// The results in the order that was asked for.
    pub results: Vec<Found>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// The results by `room_id` and `sender`, if asked for.
    pub groups: BTreeMap<&'static str, BTreeMap<String, Group>>,
    /// The present state of the rooms, if asked for.
    pub state: BTreeMap<OwnedRoomId, Vec<Bytes>>,
}

/// One result.
#[derive(Debug)]
pub struct Found {
    /// Higher is closer.
    pub rank: f64,
    /// The event as its reader gets it.
    pub event: Bytes,
    /// What came before it, newest first.
    pub before: Beside,
    /// What came after it, oldest first.
    pub after: Beside,
    /// The member events of who sent these, as of then, if asked for.
    pub members: BTreeMap<String, Bytes>,
}

/// What lies on one side of a result.
#[derive(Debug)]
pub struct Beside {
    /// Events as their reader gets them.
    pub events: Vec<Bytes>,
    /// Where one goes on from.
    pub end: TimelineToken,
}

/// Results with something in common.
#[derive(Debug, Default)]
pub struct Group {
    /// Event ids.
    pub results: Vec<String>,
    /// Place among the groups.
    pub order: usize,
    /// Where the next results of this group begin.
    pub next: Option<String>,
}

/// Where a page begins: behind so many results among those at or before a position, of all or of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    upto: Pos,
    offset: usize,
    group: Option<(String, String)>,
}

impl Place {
    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.splitn(4, '_');
        let upto = Pos::new(parts.next()?.parse().ok()?);
        let offset = parts.next()?.parse().ok()?;
        let group = match (parts.next(), parts.next()) {
            (Some("room"), Some(value)) => Some(("room_id".to_owned(), value.to_owned())),
            (Some("sender"), Some(value)) => Some(("sender".to_owned(), value.to_owned())),
            (None, None) => None,
            _ => return None,
        };
        Some(Self { upto, offset, group })
    }

    fn token(&self) -> String {
        let place = format!("{}_{}", self.upto.get(), self.offset);
        match &self.group {
            Some((key, value)) if key == "room_id" => format!("{place}_room_{value}"),
            Some((_, value)) => format!("{place}_sender_{value}"),
            None => place,
        }
    }
}

/// An event that matches.
struct Match {
    row: EventRow,
    room_id: OwnedRoomId,
    rank: f64,
}

impl Match {
    fn value_of(&self, key: &str) -> &str {
        if key == "sender" { self.row.sender.as_str() } else { self.room_id.as_str() }
    }
}

/// The words of a text, folded: case and accents do not matter.
fn words_of(text: &str) -> Vec<String> {
    fold_as_written(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How closely a text matches: the share of its words that are asked for, or `None` if one of those is not there.
fn rank(words: &[String], text: &str) -> Option<f64> {
    let found = words_of(text);
    let wanted = found.iter().filter(|word| words.contains(word)).count();
    let all = !words.is_empty() && words.iter().all(|word| found.contains(word));
    // Counts of words are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    all.then(|| wanted as f64 / found.len() as f64)
}

/// The best match among the fields that are searched.
fn rank_of(words: &[String], keys: &[&str], client: &[u8]) -> Option<f64> {
    let event: Value = serde_json::from_slice(client).ok()?;
    keys.iter()
        .filter_map(|key| rank(words, event["content"][key].as_str()?))
        .max_by(f64::total_cmp)
}

fn keys_of(criteria: &Criteria) -> Vec<&'static str> {
    let all = [SearchKeys::ContentBody, SearchKeys::ContentName, SearchKeys::ContentTopic];
    criteria
        .keys
        .as_deref()
        .unwrap_or(&all)
        .iter()
        .filter_map(|key| match key {
            SearchKeys::ContentBody => Some("body"),
            SearchKeys::ContentName => Some("name"),
            SearchKeys::ContentTopic => Some("topic"),
            _ => None,
        })
        .collect()
}

fn limit_of(filter: &RoomEventFilter) -> usize {
    let limit = filter
        .limit
        .map_or(DEFAULT_LIMIT, |limit| usize::try_from(u64::from(limit)).unwrap_or(MAX_LIMIT));
    limit.clamp(1, MAX_LIMIT)
}

/// Searches the rooms that the session's user is or was in.
pub async fn search(
    hs: &Homeserver,
    session: &Session,
    criteria: &Criteria,
    next_batch: Option<&str>,
) -> Result<Results, SearchError> {
    let place = match next_batch {
        Some(token) if !token.is_empty() => Place::parse(token).ok_or(SearchError::BadToken)?,
        _ => Place { upto: hs.db.pos(), offset: 0, group: None },
    };
    let mut words = words_of(&criteria.search_term);
    words.truncate(MAX_WORDS);
    let mut found = matches(hs, session, criteria, &words, place.upto).await?;
    let recent = |one: &Match, other: &Match| other.row.pos.cmp(&one.row.pos);
    match criteria.order_by {
        Some(OrderBy::Recent) => found.sort_by(recent),
        _ => found
            .sort_by(|one, other| other.rank.total_cmp(&one.rank).then_with(|| recent(one, other))),
    }
    if let Some((key, value)) = &place.group {
        found.retain(|found| found.value_of(key) == value);
    }
    let limit = limit_of(&criteria.filter);
    let end = found.len().min(place.offset.saturating_add(limit));
    let begin = place.offset.min(end);
    let mut results = Results { count: found.len(), words, ..Results::default() };
    if end - begin == limit {
        results.next = Some(Place { offset: end, ..place.clone() }.token());
    }
    for grouping in &criteria.groupings.group_by {
        let key = match grouping.key {
            Some(GroupingKey::RoomId) => "room_id",
            Some(GroupingKey::Sender) => "sender",
            _ => continue,
        };
        results.groups.insert(key, grouped(key, &found, begin..end, place.upto));
    }
    for found in &found[begin..end] {
        results.results.push(with_context(hs, session, found, &criteria.event_context).await?);
    }
    if criteria.include_state == Some(true) {
        let rooms: BTreeSet<_> = found[begin..end].iter().map(|found| &found.room_id).collect();
        for room in rooms {
            let state = read::state(hs, session, room).await?;
            let state = state.into_iter().map(|part| part.client).collect();
            results.state.insert(room.clone(), state);
        }
    }
    Ok(results)
}

async fn matches(
    hs: &Homeserver,
    session: &Session,
    criteria: &Criteria,
    words: &[String],
    upto: Pos,
) -> Result<Vec<Match>, SearchError> {
    let keys = keys_of(criteria);
    let mut found = Vec::new();
    for (room, room_id, member) in store::rooms::memberships(&hs.db, session.user).await? {
        let was_in = matches!(member.membership.as_str(), "join" | "leave" | "ban");
        let admitted = filter::admits_room(&criteria.filter, room_id.as_str());
        if !was_in || member.forgotten || !admitted {
            continue;
        }
        let viewer = match Viewer::open(hs, session, &room_id).await {
            Ok(viewer) => viewer,
            Err(ReadError::Store(error)) => return Err(error.into()),
            // Whoever never saw anything of the room finds nothing there.
            Err(ReadError::UnknownRoom | ReadError::UnknownEvent | ReadError::NotInRoom) => {
                continue;
            }
        };
        for row in store::search::clear_events(&hs.db, room, upto, MAX_IN_ROOM).await? {
            let (kind, sender) = (row.kind.as_str(), Some(row.sender.as_str()));
            let Some(rank) = rank_of(words, &keys, &row.client) else { continue };
            if filter::admits(&criteria.filter, room_id.as_str(), kind, sender, &row.client)
                && viewer.sees(&row)
                // What the reader gets as deleted has no words.
                && !viewer.sight.veils(&row.sender, kind)
            {
                found.push(Match { row, room_id: room_id.clone(), rank });
            }
        }
    }
    Ok(found)
}

/// The results of a page by what they have in common.
fn grouped(
    key: &str,
    found: &[Match],
    page: std::ops::Range<usize>,
    upto: Pos,
) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for found in &found[page.clone()] {
        let order = groups.len() + 1;
        let group = groups.entry(found.value_of(key).to_owned()).or_default();
        if group.order == 0 {
            group.order = order;
        }
        group.results.push(found.row.event_id.to_string());
    }
    for (value, group) in &mut groups {
        let offset = found[..page.end].iter().filter(|found| found.value_of(key) == value).count();
        if found[page.end..].iter().any(|found| found.value_of(key) == value) {
            let group_of = Some((key.to_owned(), value.clone()));
            group.next = Some(Place { upto, offset, group: group_of }.token());
        }
    }
    groups
}

async fn with_context(
    hs: &Homeserver,
    session: &Session,
    found: &Match,
    wish: &EventContext,
) -> Result<Found, SearchError> {
    let pos = found.row.pos.ok_or(ReadError::UnknownEvent)?;
    let before = Pos::new(pos.get().saturating_sub(1));
    let before = beside(hs, session, found, true, before, wish.before_limit).await?;
    let after = beside(hs, session, found, false, pos, wish.after_limit).await?;
    let viewer = Viewer::open(hs, session, &found.room_id).await?;
    let mut members = BTreeMap::new();
    if wish.include_profile {
        let (room, version) = (found.row.room, found.row.state_ver);
        let mut senders: BTreeSet<String> = before
            .events
            .iter()
            .chain(&after.events)
            .filter_map(|event| sender_of(event))
            .collect();
        senders.insert(found.row.sender.to_string());
        for sender in senders {
            let kind = "m.room.member";
            let member = store::rooms::state_entry_at(&hs.db, room, kind, &sender, version).await?;
            let shown = |client| state_event(client, kind, &viewer.sight);
            members.extend(member.map(|(.., client)| (sender, shown(client))));
        }
    }
    let event = read::present_one(hs, session, &viewer, found.row.clone()).await?;
    Ok(Found { rank: found.rank, event, before, after, members })
}

/// What lies on one side of an event.
async fn beside(
    hs: &Homeserver,
    session: &Session,
    found: &Match,
    backwards: bool,
    from: Pos,
    limit: UInt,
) -> Result<Beside, ReadError> {
    let from = TimelineToken(from);
    let limit = u32::try_from(limit).unwrap_or(MAX_CONTEXT).min(MAX_CONTEXT);
    if limit == 0 {
        return Ok(Beside { events: Vec::new(), end: from });
    }
    let range = Range { from: Some(from), to: None, backwards, limit };
    let all = RoomEventFilter::default();
    let page = read::messages(hs, session, &found.room_id, range, &all).await?;
    Ok(Beside { events: page.events, end: page.end.unwrap_or(from) })
}

fn sender_of(event: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Sent {
        sender: String,
    }
    Some(serde_json::from_slice::<Sent>(event).ok()?.sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(term: &str, text: &str) -> Option<f64> {
        rank(&words_of(term), text)
    }

    #[test]
    fn every_word_must_be_there_and_case_and_accents_do_not_matter() {
        assert!(asks("Message 4", "Message number 4").is_some());
        assert!(asks("Message 4", "Message number 40").is_none());
        assert!(asks("station nord", "Übergabe der STATION Nord, 7 Uhr").is_some());
        assert!(asks("", "anything").is_none(), "nothing is searched");
        assert!(asks("a", "").is_none());
    }

    #[test]
    fn the_shorter_text_with_the_same_words_is_closer() {
        assert!(asks("visite", "Visite") > asks("visite", "Visite um sieben Uhr"));
    }

    #[test]
    fn only_the_fields_that_are_asked_for_are_searched() {
        let client = br#"{"content":{"body":"hello","name":"ward"}}"#;
        assert!(rank_of(&words_of("hello"), &["body"], client).is_some());
        assert!(rank_of(&words_of("hello"), &["name", "topic"], client).is_none());
        assert!(rank_of(&words_of("x"), &["body"], b"{\"content\":{\"body\":7}}").is_none());
    }

    #[test]
    fn a_place_survives_its_token() {
        for group in [None, Some(("room_id".to_owned(), "!a_b:x".to_owned()))] {
            let place = Place { upto: Pos::new(7), offset: 20, group };
            assert_eq!(Place::parse(&place.token()), Some(place));
        }
        for token in ["", "7", "7_x", "7_1_room", "7_1_other_x"] {
            assert_eq!(Place::parse(token), None, "{token}");
        }
    }
}
