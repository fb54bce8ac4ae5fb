//! Texts that are too long for one event (64 KiB, with everything that encryption adds): they go out in counted parts and are
//! shown as one message, which says so while parts are missing (II.b).

use std::collections::{BTreeMap, HashMap};

use rand::{Rng, distr::Alphanumeric};
use ruma::events::room::message::MessageType;
use vocabulary::messages::{TEXT_PART, TextPart, fields, from_fields};

use super::{Body, EmojiOnly, Message, OwnState, Parts, Row, RowKind};
use crate::ids::MessageId;

/// Most bytes of a text in one event, as JSON writes it. Encryption makes a third more of it, and beside it there is room for
/// mentions, keys and signatures.
const MAX_BYTES: usize = 32_000;
/// More parts than this are not believed: somebody else's client could claim any number.
const MAX_PARTS: u32 = 10_000;

/// Cuts a text so that each piece fits into an event, at the end of a line or word where there is one near. One piece: it fits as
/// it is.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(cut) = too_far(rest) {
        let (fits, _) = rest.split_at(cut);
        // Not further back than half, or a text without spaces would be cut to crumbs.
        let near = |at: &usize| *at > cut / 2;
        let end = fits.rfind('\n').filter(near).or_else(|| fits.rfind(' ').filter(near));
        let (piece, behind) = rest.split_at(end.map_or(cut, |at| at + 1));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

/// Where the first character begins that does not fit any more.
fn too_far(text: &str) -> Option<usize> {
    let mut bytes = 0;
    text.char_indices().find_map(|(at, character)| {
        bytes += match character {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            '\u{0}'..='\u{1f}' => 6,
            other => other.len_utf8(),
        };
        (bytes > MAX_BYTES).then_some(at)
    })
}

/// The messages for the pieces of a text.
pub(super) fn messages(pieces: &[&str]) -> Result<Vec<MessageType>, serde_json::Error> {
    let text_id: String = rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect();
    let parts = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let message = |(part, piece): (u32, &&str)| {
        let part = TextPart { text_id: text_id.clone(), part, parts };
        MessageType::new(TEXT_PART, (*piece).to_owned(), fields(&part))
    };
    (1..).zip(pieces).map(message).collect()
}

/// A text as the one message that it is, or in parts.
pub(crate) fn messages_of(text: &str) -> Result<Vec<MessageType>, serde_json::Error> {
    match pieces(text)[..] {
        [_] => Ok(vec![MessageType::text_plain(text)]),
        ref pieces => messages(pieces),
    }
}

/// Which part a message is.
pub(super) fn part_of(message: &MessageType) -> Option<TextPart> {
    (message.msgtype() == TEXT_PART)
        .then(|| from_fields::<TextPart>(&message.data()))
        .flatten()
        .filter(|part| {
            (2..=MAX_PARTS).contains(&part.parts) && (1..=part.parts).contains(&part.part)
        })
}

/// Puts the parts of texts together while rows are made.
#[derive(Default)]
pub(super) struct Assembly(HashMap<(String, TextId), Assembled>);

type TextId = String;

/// A text of which at least one part was seen.
struct Assembled {
    row: usize,
    parts: u32,
    texts: BTreeMap<u32, String>,
}

impl Assembly {
    /// Adds a part to the row that shows its text. Gives the message back if there is none yet: its row will come at `next_row`.
    pub fn add(
        &mut self,
        rows: &mut [Row],
        next_row: usize,
        part: TextPart,
        mut message: Message,
    ) -> Option<Message> {
        let Body::Text { text, .. } = &message.body else { return Some(message) };
        let text = text.clone();
        let key = (message.sender.person.id.to_string(), part.text_id);
        let known = self.0.entry(key).or_insert_with(|| Assembled {
            row: next_row,
            parts: part.parts,
            texts: BTreeMap::new(),
        });
        // A part that comes twice, or claims another count, adds nothing.
        let fits = part.parts == known.parts && !known.texts.contains_key(&part.part);
        if fits {
            known.texts.insert(part.part, text);
        }
        let shown = Parts { have: known.texts.len(), of: known.parts as usize, others: Vec::new() };
        if known.row == next_row {
            message.parts = Some(shown);
            message.can_edit = false;
            return Some(message);
        }
        let Some(RowKind::Message(first)) = rows.get_mut(known.row).map(|row| &mut row.kind) else {
            return None;
        };
        let text = known.texts.values().map(String::as_str).collect();
        first.body = Body::Text { text, emoji_only: EmojiOnly(false) };
        if let Some(parts) = &mut first.parts {
            parts.have = shown.have;
            parts.others.push(message.id);
        }
        first.own = least(first.own.take(), message.own);
        first.highlighted |= message.highlighted;
        first.pinned |= message.pinned;
        first.warning = first.warning.or(message.warning);
        first.reactions.extend(message.reactions);
        None
    }
}

/// A text got only as far as the part that lags behind.
fn least(one: Option<OwnState>, other: Option<OwnState>) -> Option<OwnState> {
    let rank = |state: &OwnState| match state {
        OwnState::Failed(_) => 0,
        OwnState::Queued { .. } => 1,
        OwnState::Sent => 2,
        OwnState::Delivered { .. } => 3,
        OwnState::Read { .. } => 4,
    };
    match (one, other) {
        (Some(one), Some(other)) => Some(if rank(&other) < rank(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

impl Message {
    /// Whether this is the message, or the one that this is a part of.
    pub fn is(&self, id: &MessageId) -> bool {
        self.id == *id || self.parts.as_ref().is_some_and(|parts| parts.others.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chat::Sender, ids::PersonId, people::Person};

    #[test]
    fn pieces_fit_and_give_the_text_again() {
        for unit in ["Wort ", "Zeile\n", "ohneLeerzeichen", "ü", "\"", "🐘", "\u{1}"] {
            let text = unit.repeat(200_000 / unit.len());
            let pieces = pieces(&text);
            assert!(pieces.len() > 3, "{unit:?}");
            assert_eq!(pieces.concat(), text);
            for piece in &pieces {
                let json = serde_json::to_string(piece).unwrap();
                assert!(json.len() <= MAX_BYTES + 2, "{unit:?}: {}", json.len());
                assert!(!piece.is_empty());
            }
        }
        assert_eq!(pieces("kurz"), ["kurz"]);
        assert_eq!(pieces(""), [""]);
        let lines = format!("{}\nzweite", "x".repeat(MAX_BYTES - 10));
        assert_eq!(pieces(&format!("{lines} Zeile")).len(), 2);
        assert!(pieces(&format!("{lines} Zeile"))[0].ends_with('\n'), "at the end of a line");
    }

    fn row(text: &str, id: &str) -> Message {
        let person = Person {
            id: PersonId::new("@anna:klinikum.example"),
            name: "Anna".into(),
            role: None,
            department: None,
            phone: None,
        };
        let body = Body::Text { text: text.into(), emoji_only: EmojiOnly(false) };
        Message::new(MessageId::Sent(id.into()), Sender { person, is_me: false }, 0, body)
    }

    fn assembled(parts: &[(&str, u32)]) -> Vec<Row> {
        let (mut rows, mut assembly) = (Vec::new(), Assembly::default());
        for (text, part) in parts {
            let part = TextPart { text_id: "one".into(), part: *part, parts: 3 };
            let next = rows.len();
            if let Some(message) = assembly.add(&mut rows, next, part, row(text, text)) {
                rows.push(Row { key: (*text).into(), kind: RowKind::Message(Box::new(message)) });
            }
        }
        rows
    }

    fn only(rows: &[Row]) -> (&str, usize, usize) {
        let [Row { kind: RowKind::Message(message), .. }] = rows else { panic!("{rows:?}") };
        let Body::Text { text, .. } = &message.body else { panic!("{message:?}") };
        let parts = message.parts.as_ref().expect("it has parts");
        (text, parts.have, parts.of)
    }

    #[test]
    fn parts_are_one_message_in_their_order_and_missing_ones_are_counted() {
        assert_eq!(only(&assembled(&[("a", 1), ("b", 2), ("c", 3)])), ("abc", 3, 3));
        assert_eq!(only(&assembled(&[("a", 1), ("c", 3), ("b", 2)])), ("abc", 3, 3));
        assert_eq!(only(&assembled(&[("a", 1), ("c", 3)])), ("ac", 2, 3));
        assert_eq!(only(&assembled(&[("a", 1), ("b", 2), ("again", 2)])), ("ab", 2, 3));
        let rows = assembled(&[("a", 1), ("b", 2)]);
        let RowKind::Message(message) = &rows[0].kind else { panic!("a message") };
        assert!(
            message.is(&MessageId::Sent("a".into())) && message.is(&MessageId::Sent("b".into()))
        );
        assert!(!message.is(&MessageId::Sent("c".into())));
    }

    #[test]
    fn what_claims_to_be_a_part_and_is_none_is_not_believed() {
        let part = |part: u32, parts: u32| {
            let part = TextPart { text_id: "one".into(), part, parts };
            part_of(&MessageType::new(TEXT_PART, "text".into(), fields(&part)).unwrap())
        };
        assert!(part(1, 2).is_some() && part(2, 2).is_some());
        for (number, of) in [(0, 2), (3, 2), (1, 1), (1, MAX_PARTS + 1)] {
            assert!(part(number, of).is_none(), "{number} of {of}");
        }
        assert!(part_of(&MessageType::text_plain("text")).is_none());
    }
}
