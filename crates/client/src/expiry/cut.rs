//! Cutting off what is old from the events of a room, as the SDK's event cache keeps them: chunks of events and gaps, each with its neighbours.

use std::collections::BTreeMap;

use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk_base::{
    event_cache::{Gap, store::DEFAULT_CHUNK_CAPACITY},
    linked_chunk::{ChunkContent, ChunkIdentifier, Position, RawChunk, Update},
};
use ruma::{events::AnySyncTimelineEvent, serde::Raw};
use serde_json::json;

/// What an event is that has been emptied.
const EXPIRED: &str = "de.konsil.expired";

#[derive(Debug)]
enum Piece {
    Event(TimelineEvent),
    Gap(Gap),
}

/// What stays of a room's events.
#[derive(Debug)]
pub(super) struct Rest {
    pieces: Vec<Piece>,
    is_cut: bool,
}

/// What stands behind the last event that is old. Where it was cut there is a gap, unless there was one: it begins behind that event, whose ID
/// Konsil's server takes as a token.
pub(super) fn rest(
    chunks: Vec<RawChunk<TimelineEvent, Gap>>,
    is_old: impl Fn(&TimelineEvent) -> bool,
) -> Rest {
    let mut pieces = in_order(chunks);
    let is_old = |piece: &Piece| matches!(piece, Piece::Event(event) if is_old(event));
    let Some(last) = pieces.iter().rposition(is_old) else {
        return Rest { pieces, is_cut: false };
    };
    let mut rest = pieces.split_off(last + 1);
    if !matches!(rest.first(), Some(Piece::Gap(_))) {
        let id = pieces.iter().rev().find_map(|piece| match piece {
            Piece::Event(event) => event.event_id().map(ToString::to_string),
            Piece::Gap(gap) => Some(gap.token.clone()),
        });
        rest.splice(0..0, id.map(|token| Piece::Gap(Gap { token })));
    }
    Rest { pieces: rest, is_cut: true }
}

/// The chunks' contents, oldest first. What does not hang together is left out: it could not be shown either.
fn in_order(chunks: Vec<RawChunk<TimelineEvent, Gap>>) -> Vec<Piece> {
    let mut at = chunks.iter().find(|chunk| chunk.next.is_none()).map(|chunk| chunk.identifier);
    let mut chunks: BTreeMap<u64, _> =
        chunks.into_iter().map(|chunk| (chunk.identifier.index(), chunk)).collect();
    let mut backwards = Vec::new();
    while let Some(chunk) = at.and_then(|id| chunks.remove(&id.index())) {
        at = chunk.previous;
        backwards.push(chunk.content);
    }
    let pieces = backwards.into_iter().rev().flat_map(|content| match content {
        ChunkContent::Gap(gap) => vec![Piece::Gap(gap)],
        ChunkContent::Items(events) => events.into_iter().map(Piece::Event).collect(),
    });
    pieces.collect()
}

impl Rest {
    pub fn events(&self) -> impl Iterator<Item = &TimelineEvent> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Event(event) => Some(event),
            Piece::Gap(_) => None,
        })
    }

    /// What brings the store to it; nothing if nothing was cut off.
    pub fn written_anew(self) -> Option<Vec<Update<TimelineEvent, Gap>>> {
        if !self.is_cut {
            return None;
        }
        let mut contents: Vec<ChunkContent<TimelineEvent, Gap>> = Vec::new();
        for piece in self.pieces {
            match (piece, contents.last_mut()) {
                (Piece::Event(event), Some(ChunkContent::Items(events)))
                    if events.len() < DEFAULT_CHUNK_CAPACITY =>
                {
                    events.push(event);
                }
                (Piece::Event(event), _) => contents.push(ChunkContent::Items(vec![event])),
                (Piece::Gap(gap), _) => contents.push(ChunkContent::Gap(gap)),
            }
        }
        // The last one takes what comes next.
        if !matches!(contents.last(), Some(ChunkContent::Items(_))) {
            contents.push(ChunkContent::Items(Vec::new()));
        }
        let mut updates = vec![Update::Clear];
        for (new, content) in (0..).zip(contents) {
            let previous = u64::checked_sub(new, 1).map(ChunkIdentifier::new);
            let new = ChunkIdentifier::new(new);
            match content {
                ChunkContent::Gap(gap) => {
                    updates.push(Update::NewGapChunk { previous, new, next: None, gap });
                }
                ChunkContent::Items(items) => {
                    updates.push(Update::NewItemsChunk { previous, new, next: None });
                    if !items.is_empty() {
                        updates.push(Update::PushItems { at: Position::new(new, 0), items });
                    }
                }
            }
        }
        Some(updates)
    }
}

/// Whether nothing is left in it that somebody wrote.
pub(super) fn is_empty(event: &TimelineEvent) -> bool {
    event.raw().get_field::<String>("type").ok().flatten().as_deref() == Some(EXPIRED)
}

/// An event in its place, without content.
pub(super) fn emptied(event: &TimelineEvent) -> TimelineEvent {
    let raw = event.raw();
    let field = |name: &str| raw.get_field::<serde_json::Value>(name).ok().flatten();
    let empty = json!({
        "type": EXPIRED, "content": {}, "event_id": field("event_id"), "sender": field("sender"),
        "origin_server_ts": field("origin_server_ts"),
    });
    let empty = serde_json::value::to_raw_value(&empty).expect("plain data serializes");
    TimelineEvent::from_plaintext(Raw::<AnySyncTimelineEvent>::from_json(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: u64) -> TimelineEvent {
        let json = json!({
            "type": "m.room.message", "event_id": format!("${at}"), "sender": "@anna:klinikum.example",
            "origin_server_ts": at, "content": { "msgtype": "m.text", "body": "Kalium 6,1" },
        });
        let json = serde_json::value::to_raw_value(&json).expect("plain data");
        TimelineEvent::from_plaintext(Raw::from_json(json))
    }

    /// Chunks as the store gives them, in no order.
    fn chunks(
        contents: Vec<ChunkContent<TimelineEvent, Gap>>,
    ) -> Vec<RawChunk<TimelineEvent, Gap>> {
        let count = contents.len() as u64;
        let chunk = |(at, content): (u64, ChunkContent<TimelineEvent, Gap>)| RawChunk {
            content,
            previous: at.checked_sub(1).map(ChunkIdentifier::new),
            identifier: ChunkIdentifier::new(at),
            next: (at + 1 < count).then(|| ChunkIdentifier::new(at + 1)),
        };
        let mut chunks: Vec<_> = (0..).zip(contents).map(chunk).collect();
        chunks.reverse();
        chunks
    }

    fn items(events: &[u64]) -> ChunkContent<TimelineEvent, Gap> {
        ChunkContent::Items(events.iter().copied().map(event).collect())
    }

    fn gap(token: &str) -> ChunkContent<TimelineEvent, Gap> {
        ChunkContent::Gap(Gap { token: token.into() })
    }

    /// What the store has after the updates, as words: events by their time, gaps by their token, `|` between chunks.
    fn after(contents: Vec<ChunkContent<TimelineEvent, Gap>>, before: u64) -> Option<String> {
        let is_old =
            |event: &TimelineEvent| super::super::sent_ms(event).is_some_and(|at| at < before);
        let updates = rest(chunks(contents), is_old).written_anew()?;
        assert!(matches!(updates[0], Update::Clear));
        let mut words = Vec::new();
        for update in &updates[1..] {
            match update {
                Update::NewGapChunk { previous, new, gap, .. } => {
                    assert_eq!(previous.map(|it| it.index() + 1).unwrap_or_default(), new.index());
                    words.push(format!("| {}", gap.token));
                }
                Update::NewItemsChunk { previous, new, .. } => {
                    assert_eq!(previous.map(|it| it.index() + 1).unwrap_or_default(), new.index());
                    words.push("|".into());
                }
                Update::PushItems { items, .. } => {
                    assert!(items.len() <= DEFAULT_CHUNK_CAPACITY);
                    words.extend(
                        items
                            .iter()
                            .map(|it| super::super::sent_ms(it).expect("a time").to_string()),
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        Some(words.join(" "))
    }

    #[test]
    fn what_is_old_goes_and_a_gap_stands_in_its_place() {
        assert_eq!(after(vec![items(&[1, 2, 3, 4])], 3).as_deref(), Some("| $2 | 3 4"));
        let across = vec![items(&[1, 2]), items(&[3, 4]), gap("t9"), items(&[5])];
        assert_eq!(after(across, 4).as_deref(), Some("| $3 | 4 | t9 | 5"));
        // All of it: where it went on is known.
        assert_eq!(after(vec![items(&[1, 2])], 9).as_deref(), Some("| $2 |"));
        // A gap that is there does.
        let with_gap = vec![items(&[1, 2]), gap("t9"), items(&[5])];
        assert_eq!(after(with_gap, 4).as_deref(), Some("| t9 | 5"));
    }

    #[test]
    fn where_nothing_is_old_nothing_is_written() {
        assert_eq!(after(vec![items(&[4, 5])], 3), None);
        assert_eq!(after(vec![gap("t9"), items(&[])], 3), None);
        assert_eq!(after(Vec::new(), 3), None);
    }

    #[test]
    fn what_stands_before_something_old_goes_with_it() {
        // A clock was wrong: the second one claims to be from yesterday.
        assert_eq!(after(vec![items(&[5, 1, 6])], 3).as_deref(), Some("| $1 | 6"));
    }

    #[test]
    fn no_chunk_is_larger_than_the_sdk_reads() {
        let many: Vec<u64> = (0..300).collect();
        let left = after(vec![items(&many)], 10).expect("something was old");
        assert_eq!(left.matches('|').count(), 1 + 3, "a gap, then 128, 128 and 34");
        assert!(left.ends_with("298 299"));
    }

    #[test]
    fn an_emptied_event_says_nothing() {
        let empty = emptied(&event(7));
        assert!(is_empty(&empty) && !is_empty(&event(7)));
        assert_eq!(empty.event_id().map(|id| id.as_str().to_owned()).as_deref(), Some("$7"));
        assert_eq!(super::super::sent_ms(&empty), Some(7));
        assert!(!empty.raw().json().get().contains("Kalium"));
    }
}
