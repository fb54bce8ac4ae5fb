//! Rows that say the same message twice.
//!
//! When the server's sync is quicker than its answer to sending, the SDK's timeline holds our own message twice for as
//! long as the chat is open: once as sent from here, once as received. Reactions go to the later one, so that one stays.

use std::collections::{HashMap, HashSet};

use super::{Row, RowKind};

/// The rows without those whose message a later row has too. Rows that the server does not know yet all stay.
pub(super) fn latest_of_each(mut rows: Vec<Row>) -> Vec<Row> {
    let mut seen = HashSet::new();
    rows.reverse();
    rows.retain(|row| event_id(row).is_none_or(|id| seen.insert(id.to_owned())));
    rows.reverse();
    rows
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
        chat::{Body, EmojiOnly, Message, Sender},
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
    fn rows_without_repeats_and_waiting_messages_all_stay() {
        let rows = vec![sent("a", "a"), waiting("one"), waiting("two"), sent("b", "b")];
        assert_eq!(keys(rows), ["a", "one", "two", "b"]);
    }
}
