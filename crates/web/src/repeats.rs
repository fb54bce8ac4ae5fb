//! Rows that say the same message twice.
//!
//! When the server's sync is quicker than its answer to sending, the SDK's timeline holds our own message twice for as
//! long as the chat is open: once as sent from here, once as received. Reactions go to the later one, so that one stays.

use std::collections::HashSet;

/// The rows without those whose message a later row has too. Rows without an identifier all stay.
pub fn latest_of_each<T: Clone>(rows: &[T], id: impl Fn(&T) -> Option<&str>) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut latest: Vec<T> = rows
        .iter()
        .rev()
        .filter(|row| id(row).is_none_or(|id| seen.insert(id.to_owned())))
        .cloned()
        .collect();
    latest.reverse();
    latest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_rows_with_one_message_the_later_stays_in_its_place() {
        let rows = [
            ("day", None),
            ("a1", Some("a")),
            ("b", Some("b")),
            ("a2", Some("a")),
            ("system", None),
        ];
        let kept: Vec<&str> = latest_of_each(&rows, |row| row.1).iter().map(|row| row.0).collect();
        assert_eq!(kept, ["day", "b", "a2", "system"]);
    }

    #[test]
    fn rows_without_repeats_stay_as_they_are() {
        let rows = [("a", Some("a")), ("waiting", None), ("waiting too", None), ("b", Some("b"))];
        assert_eq!(latest_of_each(&rows, |row| row.1), rows);
    }
}
