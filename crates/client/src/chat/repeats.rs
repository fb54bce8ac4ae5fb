//! Rows that say the same message twice.
//!
//! When the server's sync is quicker than its answer to sending, the SDK's timeline holds our own message twice for as
//! long as the chat is open: once as sent from here, once as received. And it can hold twice what it received, until it is
//! made anew (see [`super::timeline`]). Reactions and edits go to the later one, so that one stays; but a key that comes
//! decrypts the earlier one alone.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{Body, Row, RowKind};

/// The rows with each message once: as the last row that has it says, or the last that can be read, in the last one's place.
/// Rows that the server does not know yet all stay.
pub(super) fn latest_of_each(rows: Vec<Row>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows.into_iter().rev() {
        match event_id(&row).map(|id| places.entry(id.to_owned())) {
            Some(Entry::Occupied(place)) => {
                let later = &mut kept[*place.get()];
                if is_unreadable(later) && !is_unreadable(&row) {
                    *later = row;
                }
            }
            Some(Entry::Vacant(place)) => {
                place.insert(kept.len());
                kept.push(row);
            }
            None => kept.push(row),
        }
    }
    kept.reverse();
    kept
}

fn is_unreadable(row: &Row) -> bool {
    matches!(&row.kind, RowKind::Message(message) if matches!(message.body, Body::Undecryptable(_)))
}

/// A message keeps the key under which it was first shown, so that it stays the same element on the screen, with the focus
/// and the menu that it may have. `keys` are those given so far, by event ID.
pub(super) fn keep_keys(rows: &mut [Row], keys: &mut HashMap<String, String>) {
    let mut given: HashSet<String> = rows.iter().map(|row| row.key.clone()).collect();
    for row in rows {
        let Some(id) = event_id(row).map(str::to_owned) else { continue };
        let first = keys.entry(id).or_insert_with(|| row.key.clone());
        if *first != row.key && given.insert(first.clone()) {
            row.key.clone_from(first);
        }
    }
}

fn event_id(row: &Row) -> Option<&str> {
    match &row.kind {
        RowKind::Message(message) => message.id.event_id(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{EmojiOnly, Message, Sender, UndecryptableReason},
        ids::{MessageId, PersonId},
        people::Person,
    };

    fn message(key: &str, id: MessageId) -> Row {
        let sender = Sender { person: Person::unknown(PersonId::new("@anna:a")), is_me: true };
        let body = Body::Text { text: key.into(), emoji_only: EmojiOnly(false) };
        Row { key: key.into(), kind: RowKind::Message(Box::new(Message::new(id, sender, 1, body))) }
    }

    fn sent(key: &str, id: &str) -> Row {
        message(key, MessageId::Sent(id.into()))
    }

    fn waiting(key: &str) -> Row {
        message(key, MessageId::Waiting("txn".into()))
    }

    fn day(key: &str) -> Row {
        Row { key: key.into(), kind: RowKind::Day { at_ms: 1 } }
    }

    fn keys(rows: Vec<Row>) -> Vec<String> {
        latest_of_each(rows).into_iter().map(|row| row.key).collect()
    }

    #[test]
    fn a_message_keeps_its_first_key_unless_another_row_has_it_now() {
        let mut kept = HashMap::new();
        let mut keys = |mut rows: Vec<Row>| {
            keep_keys(&mut rows, &mut kept);
            rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(vec![day("day"), sent("a1", "a"), waiting("w")]), ["day", "a1", "w"]);
        assert_eq!(keys(vec![day("day"), sent("b", "b"), sent("a2", "a")]), ["day", "b", "a1"]);
        assert_eq!(keys(vec![day("a1"), sent("a2", "a")]), ["a1", "a2"]);
    }

    #[test]
    fn of_two_rows_with_one_message_the_later_stays_in_its_place() {
        let rows = vec![day("day"), sent("a1", "a"), sent("b", "b"), sent("a2", "a"), day("next")];
        assert_eq!(keys(rows), ["day", "b", "a2", "next"]);
    }

    #[test]
    fn of_two_rows_with_one_message_the_readable_one_stays_in_the_place_of_the_later() {
        let unreadable = |key: &str, id: &str| {
            let mut row = sent(key, id);
            if let RowKind::Message(message) = &mut row.kind {
                message.body = Body::Undecryptable(UndecryptableReason::NeedsRecovery);
            }
            row
        };
        let rows = vec![sent("a1", "a"), sent("b1", "b"), sent("a2", "a"), unreadable("b2", "b")];
        assert_eq!(keys(rows), ["a2", "b1"]);
        let rows = vec![unreadable("a1", "a"), sent("b", "b"), unreadable("a2", "a")];
        assert_eq!(keys(rows), ["b", "a2"]);
    }

    #[test]
    fn rows_without_repeats_and_waiting_messages_all_stay() {
        let rows = vec![sent("a", "a"), waiting("one"), waiting("two"), sent("b", "b")];
        assert_eq!(keys(rows), ["a", "one", "two", "b"]);
    }
}
