//! Where two devices meet that have nothing in common yet but what one of them has shown the other as a QR code. In memory only.
//!
//! The server passes on what they write and can read none of it: they encrypt it to each other. A meeting is a list to which both append;
//! who appends says at which place, so that a repeated request appends once.

use std::{collections::HashMap, time::Duration};

use base::Timestamp;
use parking_lot::Mutex;

use crate::{
    Homeserver,
    accounts::{TokenHash, hash_of, new_token},
};

/// How long two devices have from the QR code to the end.
pub const LIFE: Duration = Duration::from_secs(5 * 60);

/// Longest message, in bytes. The longest that devices write is the one with the keys of an account, about a kilobyte.
pub const MAX_MESSAGE: usize = 4 * 1024;

/// Most messages of one meeting. Devices write four.
const MAX_MESSAGES: usize = 8;

/// Most meetings at once; the one that ends first goes first.
const MAX_MEETINGS: usize = 500;

/// Why nothing was appended or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeetingError {
    /// It has ended, or never was.
    #[error("there is no such meeting")]
    Unknown,
    /// Something else stands at this place, or it is not the next.
    #[error("this place is taken")]
    Taken,
    /// The message or the list is too long.
    #[error("that is too much")]
    TooLarge,
}

#[derive(Debug)]
struct Meeting {
    messages: Vec<String>,
    ends: Timestamp,
}

/// The meetings that are open, by the hash of their id.
#[derive(Debug, Default)]
pub struct Rendezvous(Mutex<HashMap<TokenHash, Meeting>>);

impl Rendezvous {
    fn open(&self, id: &str, now: Timestamp) {
        let mut meetings = self.0.lock();
        meetings.retain(|_, meeting| meeting.ends > now);
        if meetings.len() >= MAX_MEETINGS
            && let Some(first) =
                meetings.iter().min_by_key(|(_, meeting)| meeting.ends).map(|(id, _)| *id)
        {
            meetings.remove(&first);
        }
        meetings.insert(hash_of(id), Meeting { messages: Vec::new(), ends: now.after(LIFE) });
    }

    fn with<T>(
        &self,
        id: &str,
        now: Timestamp,
        then: impl FnOnce(&mut Meeting) -> Result<T, MeetingError>,
    ) -> Result<T, MeetingError> {
        let mut meetings = self.0.lock();
        let meeting = meetings.get_mut(&hash_of(id)).filter(|meeting| meeting.ends > now);
        then(meeting.ok_or(MeetingError::Unknown)?)
    }

    fn append(
        &self,
        id: &str,
        place: usize,
        message: String,
        now: Timestamp,
    ) -> Result<(), MeetingError> {
        if message.len() > MAX_MESSAGE || place >= MAX_MESSAGES {
            return Err(MeetingError::TooLarge);
        }
        self.with(id, now, |meeting| match meeting.messages.get(place) {
            Some(before) if *before == message => Ok(()),
            None if place == meeting.messages.len() => {
                meeting.messages.push(message);
                Ok(())
            }
            _ => Err(MeetingError::Taken),
        })
    }
}

/// Opens a meeting. Returns its id, which lets anybody who has it read and append.
pub fn open(hs: &Homeserver) -> String {
    let id = new_token("ksm");
    hs.rendezvous.open(&id, hs.clock.now());
    id
}

/// Puts a message at a place of the list, counted from 0.
pub fn append(
    hs: &Homeserver,
    id: &str,
    place: usize,
    message: String,
) -> Result<(), MeetingError> {
    hs.rendezvous.append(id, place, message, hs.clock.now())
}

/// What stands at a place; `None` if nothing does yet.
pub fn read(hs: &Homeserver, id: &str, place: usize) -> Result<Option<String>, MeetingError> {
    hs.rendezvous.with(id, hs.clock.now(), |meeting| Ok(meeting.messages.get(place).cloned()))
}

/// Ends a meeting, if there is one.
pub fn close(hs: &Homeserver, id: &str) {
    hs.rendezvous.0.lock().remove(&hash_of(id));
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    #[test]
    fn both_append_in_order_and_a_repeated_request_appends_once() {
        let meetings = Rendezvous::default();
        meetings.open("a", NOW);
        let append = |place, message: &str| meetings.append("a", place, message.to_owned(), NOW);
        assert_eq!(append(1, "hello"), Err(MeetingError::Taken), "there is no first one");
        assert_eq!(append(0, "hello"), Ok(()));
        assert_eq!(append(0, "hello"), Ok(()));
        assert_eq!(append(0, "other"), Err(MeetingError::Taken));
        assert_eq!(append(1, "answer"), Ok(()));
        let all = meetings.with("a", NOW, |meeting| Ok(meeting.messages.clone()));
        assert_eq!(all, Ok(vec!["hello".to_owned(), "answer".to_owned()]));
    }

    #[test]
    fn a_meeting_ends_by_itself_and_takes_no_more_than_its_limits() {
        let meetings = Rendezvous::default();
        meetings.open("a", NOW);
        let long = "x".repeat(MAX_MESSAGE + 1);
        assert_eq!(meetings.append("a", 0, long, NOW), Err(MeetingError::TooLarge));
        for place in 0..MAX_MESSAGES {
            assert_eq!(meetings.append("a", place, place.to_string(), NOW), Ok(()));
        }
        let more = meetings.append("a", MAX_MESSAGES, String::new(), NOW);
        assert_eq!(more, Err(MeetingError::TooLarge));
        let end = NOW.after(LIFE);
        assert_eq!(meetings.append("a", 0, "0".into(), end), Err(MeetingError::Unknown));
    }

    #[test]
    fn the_oldest_meeting_makes_room() {
        let meetings = Rendezvous::default();
        for nth in 0..=MAX_MEETINGS {
            meetings.open(&nth.to_string(), Timestamp(1_000 + nth as u64));
        }
        let now = Timestamp(1_000 + MAX_MEETINGS as u64);
        let is_there = |id: &str| meetings.with(id, now, |_| Ok(())).is_ok();
        assert!(!is_there("0") && is_there("1") && is_there(&MAX_MEETINGS.to_string()));
    }
}
