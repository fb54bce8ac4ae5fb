//! Searching what was written: at once in what this device has, and on request further back.
//!
//! The server cannot search, since it reads nothing. What the device has lies decrypted in its encrypted store; a list of
//! the texts is kept in memory for as long as the app is open. What is fetched from further back is kept nowhere.

mod texts;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use eyeball::SharedObservable;
use matrix_sdk::{
    Room,
    executor::{AbortOnDrop, JoinHandleExt, spawn},
    room::MessagesOptions,
};
use ruma::{OwnedRoomId, RoomId, UserId, uint};

use self::texts::{Text, texts_in};
use crate::{
    Live, Session,
    ids::{ChatId, MessageId},
    room_list,
    session::core::Core,
};

/// Handle to the search.
#[derive(Clone)]
pub struct Search {
    pub(crate) session: Session,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// In which chat.
    pub chat: ChatId,
    /// Name of that chat.
    pub title: String,
    /// To go to it.
    pub id: MessageId,
    /// Name of whoever wrote it.
    pub sender: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The part of it around what was searched.
    pub excerpt: String,
}

/// How far a search further back has got.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Older {
    /// What was found so far, the latest first, without what the device had.
    pub hits: Arc<Vec<Hit>>,
    /// Down to which moment everything was looked at.
    pub down_to_ms: Option<u64>,
    /// How many messages were looked at.
    pub looked_at: usize,
    /// Why it has ended; `None` while it runs.
    pub end: Option<OlderEnd>,
}

/// Why a search further back has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderEnd {
    /// The beginning of the chat is reached.
    Beginning,
    /// Enough was found; ask for something more precise.
    Enough,
    /// The server cannot be reached.
    Failed,
}

/// A search further back. It ends with this value.
pub struct OlderSearch {
    view: SharedObservable<Older>,
    _task: AbortOnDrop<()>,
}

impl OlderSearch {
    /// How far it has got.
    pub fn view(&self) -> Live<Older> {
        Live::of(&self.view)
    }
}

/// So many hits are more than anybody looks through.
const MOST_HITS: usize = 100;

impl Search {
    /// Messages on this device that have all words, the latest first. In one chat, or in all.
    pub async fn messages(&self, text: &str, within: Option<&ChatId>) -> Vec<Hit> {
        let words = words(text);
        if words.is_empty() {
            return Vec::new();
        }
        let core = &self.session.inner.core;
        let rooms = match within {
            Some(chat) => {
                RoomId::parse(chat.as_str()).ok().and_then(|id| core.client.get_room(&id))
            }
            None => None,
        };
        let rooms = match within {
            Some(_) => rooms.into_iter().collect(),
            None => core.client.joined_rooms(),
        };
        let mut hits = Vec::new();
        for room in rooms {
            let texts = core.index.of(core, room.room_id()).await;
            let found: Vec<&Text> =
                texts.iter().filter(|text| has_all(&text.lower, &words)).collect();
            if found.is_empty() {
                continue;
            }
            let title = room_list::face(core, &room).await.title;
            hits.extend(found.into_iter().map(|text| hit(core, &room, &title, text, &words)));
        }
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.at_ms));
        hits.truncate(MOST_HITS);
        hits
    }

    /// Searches what this device does not have: fetches, decrypts and looks, page by page, and keeps nothing.
    pub fn older(&self, text: &str, within: &ChatId) -> Option<OlderSearch> {
        let core = self.session.inner.core.clone();
        let id = RoomId::parse(within.as_str()).ok()?;
        let room = core.client.get_room(&id)?;
        let view = SharedObservable::new(Older::default());
        let task = spawn(look_back(core, room, words(text), view.clone())).abort_on_drop();
        Some(OlderSearch { view, _task: task })
    }
}

async fn look_back(core: Arc<Core>, room: Room, words: Vec<String>, view: SharedObservable<Older>) {
    let known = core.index.of(&core, room.room_id()).await;
    let title = room_list::face(&core, &room).await.title;
    let mut from = None;
    let mut hits: Vec<Hit> = Vec::new();
    let end = loop {
        let mut options = MessagesOptions::backward().from(from.as_deref());
        options.limit = uint!(100);
        let Ok(page) = room.messages(options).await else { break OlderEnd::Failed };
        let events = texts::decrypted(&core, &room, page.chunk).await;
        let oldest = events.iter().filter_map(|event| event.timestamp()).min();
        let is_new = |text: &&Text| !known.iter().any(|known| known.id == text.id);
        let found = texts_in(&events);
        let found = found.iter().filter(is_new).filter(|text| has_all(&text.lower, &words));
        hits.extend(found.map(|text| hit(&core, &room, &title, text, &words)));
        view.update(|view| {
            view.hits = Arc::new(hits.clone());
            view.looked_at += events.len();
            view.down_to_ms = oldest.map(|at| at.get().into()).or(view.down_to_ms);
        });
        if hits.len() >= MOST_HITS {
            break OlderEnd::Enough;
        }
        match page.end {
            Some(end) if !events.is_empty() => from = Some(end),
            _ => break OlderEnd::Beginning,
        }
    };
    view.update(|view| view.end = Some(end));
}

fn hit(core: &Arc<Core>, room: &Room, title: &str, text: &Text, words: &[String]) -> Hit {
    let sender = match UserId::parse(&text.sender) {
        Ok(user) => core.people.person(core, &user, None).name,
        Err(_) => text.sender.clone(),
    };
    Hit {
        chat: ChatId::new(room.room_id()),
        title: title.to_owned(),
        id: MessageId::Sent(text.id.as_str().into()),
        sender,
        at_ms: text.at_ms,
        excerpt: excerpt(&text.text, &words[0]),
    }
}

/// What is searched for, in lower case.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

fn has_all(lower: &str, words: &[String]) -> bool {
    words.iter().all(|word| lower.contains(word.as_str()))
}

/// The part of a text around a word, in one line.
fn excerpt(text: &str, word: &str) -> String {
    const BEFORE: usize = 30;
    const LONGEST: usize = 140;
    let line: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let lower: String = line.iter().flat_map(|c| c.to_lowercase().next()).collect();
    let at = lower.find(word).map_or(0, |at| lower[..at].chars().count());
    if at <= BEFORE {
        return line.iter().take(LONGEST).collect();
    }
    std::iter::once('…').chain(line.iter().skip(at - BEFORE).take(LONGEST).copied()).collect()
}

/// The texts of rooms that were searched since the app was opened.
#[derive(Default)]
pub(crate) struct Index {
    rooms: Mutex<BTreeMap<OwnedRoomId, Arc<Vec<Text>>>>,
}

impl Index {
    /// Something in the room has changed: its texts are read anew with the next search.
    pub fn forget(&self, room: &RoomId) {
        self.rooms.lock().expect("no panic while held").remove(room);
    }

    async fn of(&self, core: &Core, room: &RoomId) -> Arc<Vec<Text>> {
        if let Some(known) = self.rooms.lock().expect("no panic while held").get(room) {
            return known.clone();
        }
        let events = match core.client.event_cache_store().lock().await {
            Ok(store) => match store.as_clean() {
                Some(store) => store.get_room_events(room, None, None).await.unwrap_or_default(),
                None => Vec::new(),
            },
            Err(_) => Vec::new(),
        };
        let mut texts = texts_in(&events);
        texts.retain(|text| !core.hidden.contains(room, &text.id));
        let texts = Arc::new(texts);
        self.rooms.lock().expect("no panic while held").insert(room.to_owned(), texts.clone());
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_to_occur_in_any_order_and_case() {
        let text = "die frau meyer hat fieber, bitte kultur";
        assert!(has_all(text, &words("Fieber MEYER")));
        assert!(!has_all(text, &words("Fieber Weber")));
    }

    #[test]
    fn an_excerpt_shows_the_word_with_what_stands_before_it() {
        let long = format!("{} Thrombose links", "wort ".repeat(60));
        let found = excerpt(&long, "thrombose");
        assert!(found.starts_with('…') && found.contains("Thrombose links"), "{found}");
        assert_eq!(excerpt("Kurz\nund gut", "gut"), "Kurz und gut");
        // Letters whose lower case has another length do not shift the place.
        assert!(excerpt(&format!("{} Befund", "İ ".repeat(40)), "befund").contains("Befund"));
    }
}
