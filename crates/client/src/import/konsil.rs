//! Reading Konsil's own signed export of a chat: see [`vocabulary::export`].

use std::collections::{BTreeMap, btree_map::Entry as Slot};

use serde_json::Value;
use vocabulary::{
    export::{Entry, EntryState, Export, FORMAT, Header, canonical},
    imported::{IMPORTED, Imported},
    messages::{TEXT_PART, TextPart, from_fields},
};

use super::{
    Gone, Item, When,
    matrix::{Names, attached, display_name, is_message, leave_out, member_line, relation, text},
};

/// An export that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What the chat was called.
    pub title: String,
    /// The oldest first.
    pub items: Vec<Item>,
}

/// Why an export is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no such export.
    Other,
    /// The chain of hashes does not hold: it was changed.
    Altered {
        /// The first entry that does not fit or is missing; 0 is the header.
        number: u64,
    },
}

/// Reads an export, if it is whole and unaltered: every entry, the header, their order and their count are as they were sealed.
/// Whether the seal was signed, and by whom, is not looked at: `konsil verify` does that. `sha256` answers in hexadecimal.
pub fn read(json: &str, sha256: impl Fn(&str) -> String) -> Result<Read, Refusal> {
    let json = json.trim_start_matches('\u{feff}');
    let export: Export = serde_json::from_str(json).map_err(|_| Refusal::Other)?;
    if export.format != FORMAT {
        return Err(Refusal::Other);
    }
    verify(&export, sha256)?;
    let header: Header = serde_json::from_value(export.header).map_err(|_| Refusal::Other)?;
    let entries: Result<Vec<Entry>, _> =
        export.entries.into_iter().map(serde_json::from_value).collect();
    let mut entries = entries.map_err(|_| Refusal::Other)?;
    entries.iter_mut().for_each(unpack);
    let (title, names) = (header.title, names(header.members, &entries));
    Ok(Read { title, items: items(&entries, &names) })
}

/// Whether the entries are those that were sealed.
fn verify(export: &Export, sha256: impl Fn(&str) -> String) -> Result<(), Refusal> {
    let altered = |number| Refusal::Altered { number };
    let hash = |value: &Value| canonical(value).map(|text| sha256(&text));
    let mut last = hash(&export.header).ok_or(altered(0))?;
    let mut number = 0;
    for entry in &export.entries {
        let said = entry.get("previous").and_then(Value::as_str);
        let is_next = entry.get("number").and_then(Value::as_u64) == Some(number + 1);
        if !is_next || said.is_none() || number == export.seal.count {
            return Err(altered(number + 1));
        }
        // It says of the one before what that is no more.
        if said != Some(&last) {
            return Err(altered(number));
        }
        number += 1;
        last = hash(entry).ok_or(altered(number))?;
    }
    if number != export.seal.count {
        return Err(altered(number + 1));
    }
    if last != export.seal.last { Err(altered(number)) } else { Ok(()) }
}

/// Content with numbers that cannot be sealed was exported as text.
fn unpack(entry: &mut Entry) {
    let packed = entry.content.as_object().filter(|fields| fields.len() == 1);
    let packed = packed.and_then(|fields| fields.get("json")?.as_str());
    if let Some(content) = packed.and_then(|text| serde_json::from_str(text).ok()) {
        entry.content = content;
    }
}

/// Names of the members, and those that others had who left before the export.
fn names(mut members: BTreeMap<String, String>, entries: &[Entry]) -> Names {
    members.retain(|_, name| !name.trim().is_empty());
    for entry in entries.iter().rev().filter(|entry| entry.kind == "m.room.member") {
        if let (Some(user), Some(name)) = (&entry.state_key, display_name(&entry.content)) {
            members.entry(user.clone()).or_insert_with(|| name.to_owned());
        }
    }
    Names::new(members)
}

fn items(entries: &[Entry], names: &Names) -> Vec<Item> {
    let edits = edits(entries);
    let mut parts = parts(entries);
    let mut members: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut items = Vec::new();
    for entry in entries {
        let mut item = Item {
            author: Some(names.of(&entry.sender)),
            at: When::Utc(entry.at_ms),
            text: String::new(),
            attachment: None,
            gone: None,
            edited: false,
            line: None,
        };
        if let Some(user) = &entry.state_key {
            if entry.kind == "m.room.member" {
                let before = members.insert(user, &entry.content).unwrap_or(&Value::Null);
                let line = member_line(names, &entry.sender, user, &entry.content, before);
                items.extend(line.map(|line| Item { author: None, line: Some(line), ..item }));
            }
            continue;
        }
        let is_encrypted = entry.kind == "m.room.encrypted";
        if !(is_message(&entry.kind) || is_encrypted)
            || matches!(relation(&entry.content), Some("m.replace" | "m.annotation"))
        {
            continue;
        }
        if entry.state == EntryState::Deleted {
            item.gone = Some(Gone::Deleted);
            items.push(item);
            continue;
        }
        let edit = edits.get(&(entry.event_id.as_str(), entry.sender.as_str()));
        item.edited = edit.is_some();
        if let Some(new) = edit {
            item.text.clone_from(new);
        } else if entry.state == EntryState::Unreadable || is_encrypted {
            item.gone = Some(Gone::LeftOut);
        } else if let Some(part) = part_of(entry) {
            // The text stands where its first part does.
            let Some(whole) = parts.remove(&(entry.sender.as_str(), part.text_id)) else {
                continue;
            };
            item.text = whole.text();
        } else {
            let said = text(&entry.content).or_else(|| entry.text().map(str::to_owned));
            item.text = said.unwrap_or_default();
        }
        if let Some(name) = attached(&entry.kind, &entry.content) {
            leave_out(&mut item, name);
        }
        if let Some(before) = imported(entry) {
            as_taken_over(&mut item, before);
        }
        items.push(item);
    }
    items
}

/// What is known of a message that came from elsewhere already.
fn imported(entry: &Entry) -> Option<Imported> {
    serde_json::from_value(entry.content.get(IMPORTED)?.clone()).ok()
}

/// Author and time stay those that it came with.
fn as_taken_over(item: &mut Item, before: Imported) {
    item.text = before.text(&item.text).to_owned();
    item.at = When::Utc(before.at_ms);
    item.gone = item.gone.or(before.gone);
    item.edited |= before.edited;
    // By the name that the person had there.
    item.author = before.author;
}

/// The last edit of each message by its sender: nobody else can edit it.
fn edits(entries: &[Entry]) -> BTreeMap<(&str, &str), String> {
    let edits = entries.iter().filter_map(|entry| {
        relation(&entry.content).filter(|relation| *relation == "m.replace")?;
        let target = entry.content.pointer("/m.relates_to/event_id")?.as_str()?;
        let new = entry.content.get("m.new_content").and_then(text);
        let new = new.or_else(|| entry.new_text().map(str::to_owned))?;
        Some(((target, entry.sender.as_str()), new))
    });
    edits.collect()
}

/// A text that went out in parts.
struct Parts {
    of: u32,
    texts: BTreeMap<u32, String>,
}

impl Parts {
    /// The parts that are there; where others are missing stands `[…]`.
    fn text(&self) -> String {
        let mut whole = String::new();
        let mut last = 0;
        for (part, text) in &self.texts {
            if *part > last + 1 {
                whole.push_str("[…]");
            }
            whole.push_str(text);
            last = *part;
        }
        if last < self.of {
            whole.push_str("[…]");
        }
        whole
    }
}

fn part_of(entry: &Entry) -> Option<TextPart> {
    let is_part = entry.content.get("msgtype").and_then(Value::as_str) == Some(TEXT_PART);
    let part: TextPart = from_fields(entry.content.as_object().filter(|_| is_part)?)?;
    (part.parts >= 2 && (1..=part.parts).contains(&part.part)).then_some(part)
}

/// Texts in parts, by sender and what they call the text.
fn parts(entries: &[Entry]) -> BTreeMap<(&str, String), Parts> {
    let mut all: BTreeMap<(&str, String), Parts> = BTreeMap::new();
    for entry in entries {
        let (Some(part), Some(text)) = (part_of(entry), text(&entry.content)) else { continue };
        let known = match all.entry((entry.sender.as_str(), part.text_id)) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(free) => free.insert(Parts { of: part.parts, texts: BTreeMap::new() }),
        };
        // One that comes twice, or claims another count, adds nothing.
        if known.of == part.parts {
            known.texts.entry(part.part).or_insert(text);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use serde_json::json;
    use vocabulary::export::{Seal, Signer, chained};

    use super::*;
    use crate::import::Line;

    const ANNA: &str = "@anna:klinikum.example";
    const JONAS: &str = "@jonas:klinikum.example";
    const LENA: &str = "@lena:klinikum.example";

    /// Any function that tells texts apart does here.
    fn hash(text: &str) -> String {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    fn entry(sender: &str, kind: &str, content: Value) -> Entry {
        Entry {
            number: 0,
            previous: String::new(),
            event_id: String::new(),
            sender: sender.into(),
            at_ms: 0,
            kind: kind.into(),
            state_key: None,
            content,
            state: EntryState::Confirmed,
            device_id: None,
            sha256: None,
        }
    }

    fn message(sender: &str, content: Value) -> Entry {
        entry(sender, "m.room.message", content)
    }

    fn member(user: &str, content: Value) -> Entry {
        let state_key = Some(user.to_owned());
        Entry { state_key, state: EntryState::Clear, ..entry(user, "m.room.member", content) }
    }

    /// Written by us as `chat/export.rs` writes it, with IDs `$1`, `$2`, … and a second between two entries.
    fn exported(entries: Vec<Entry>) -> Value {
        exported_with(entries, hash)
    }

    fn exported_with(mut entries: Vec<Entry>, hash: fn(&str) -> String) -> Value {
        for (at, entry) in (1..).zip(&mut entries) {
            entry.event_id = format!("${at}");
            entry.at_ms = at * 1000;
        }
        let header = json!({
            "room_id": "!s3:klinikum.example", "title": "Station 3", "exported_by": ANNA,
            "device_id": "PHONE", "exported_at_ms": 9_000, "members": { ANNA: "Anna", JONAS: "Jonas" },
        });
        let (values, last) = chained(&header, &mut entries, hash).expect("no fractions");
        let keys = || json!({});
        let signer = Signer { device_keys: keys(), self_signing_key: keys(), master_key: keys() };
        let count = entries.len() as u64;
        let seal = Seal { count, last, signatures: BTreeMap::new() };
        let export = Export { format: FORMAT.into(), header, entries: values, seal, signer };
        serde_json::to_value(export).expect("an export serialises")
    }

    fn items_of(entries: Vec<Entry>) -> Vec<Item> {
        read(&exported(entries).to_string(), hash).expect("it is whole").items
    }

    fn text_of(body: &str) -> Value {
        json!({ "msgtype": "m.text", "body": body })
    }

    fn texts(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.text.as_str()).collect()
    }

    #[test]
    fn a_message_has_the_name_of_its_sender_and_the_time_of_the_server() {
        let export =
            exported(vec![message(ANNA, text_of("Kalium 6,1")), message(LENA, text_of("Oh"))]);
        let read = read(&export.to_string(), hash).unwrap();
        assert_eq!(read.title, "Station 3");
        let item = |author: &str, at_ms, text: &str| Item {
            author: Some(author.into()),
            at: When::Utc(at_ms),
            text: text.into(),
            attachment: None,
            gone: None,
            edited: false,
            line: None,
        };
        assert_eq!(read.items, [item("Anna", 1000, "Kalium 6,1"), item(LENA, 2000, "Oh")]);
    }

    #[test]
    fn who_left_before_the_export_keeps_the_name_of_their_time() {
        let items = items_of(vec![
            member(LENA, json!({ "membership": "join", "displayname": "Lena" })),
            message(LENA, text_of("Bis morgen")),
            member(LENA, json!({ "membership": "leave" })),
        ]);
        let who = || "Lena".to_owned();
        let lines: Vec<Option<Line>> = items.iter().map(|item| item.line.clone()).collect();
        assert_eq!(
            lines,
            [Some(Line::Joined { who: who() }), None, Some(Line::Left { who: who() })]
        );
        assert_eq!(texts(&items), ["", "Bis morgen", ""]);
        let authors = items.iter().map(|item| item.author.as_deref());
        assert_eq!(authors.collect::<Vec<_>>(), [None, Some("Lena"), None]);
    }

    #[test]
    fn a_message_says_what_its_sender_edited_last() {
        let edit = |sender: &str, body: &str| {
            let relation = json!({ "rel_type": "m.replace", "event_id": "$1" });
            let content =
                json!({ "body": "* ", "m.new_content": text_of(body), "m.relates_to": relation });
            message(sender, content)
        };
        let first = message(ANNA, text_of("eins"));
        let items =
            items_of(vec![first, edit(ANNA, "zwei"), edit(ANNA, "drei"), edit(JONAS, "fremd")]);
        assert_eq!(texts(&items), ["drei"]);
        assert!(items[0].edited);
    }

    #[test]
    fn what_is_not_there_says_why() {
        let deleted = Entry { state: EntryState::Deleted, ..message(ANNA, json!({})) };
        let unreadable =
            Entry { state: EntryState::Unreadable, ..entry(ANNA, "m.room.encrypted", json!({})) };
        let file = json!({ "msgtype": "m.file", "body": "Befund.pdf" });
        let picture = json!({ "msgtype": "m.image", "filename": "1.jpg", "body": "Linkes Knie" });
        let items =
            items_of(vec![deleted, unreadable, message(ANNA, file), message(ANNA, picture)]);
        assert_eq!(texts(&items), ["", "", "Befund.pdf", "Linkes Knie"]);
        let gone: Vec<Option<Gone>> = items.iter().map(|item| item.gone).collect();
        let left_out = Some(Gone::LeftOut);
        assert_eq!(gone, [Some(Gone::Deleted), left_out, left_out, left_out]);
    }

    #[test]
    fn a_text_in_parts_is_one_message_where_its_first_part_stands() {
        let part = |part: u32, body: &str| {
            let content = json!({
                "msgtype": TEXT_PART, "body": body, "text_id": "one", "part": part, "parts": 3,
            });
            message(ANNA, content)
        };
        let other = || message(JONAS, text_of("dazwischen"));
        let items = items_of(vec![part(1, "a"), other(), part(3, "c"), part(2, "b"), part(2, "x")]);
        assert_eq!(texts(&items), ["abc", "dazwischen"]);
        let items = items_of(vec![part(3, "c"), part(1, "a")]);
        assert_eq!(texts(&items), ["a[…]c"], "what is missing is not passed over");
    }

    #[test]
    fn reactions_votes_and_other_state_are_left_out() {
        let reaction = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$1", "key": "👍" } });
        let named = Entry {
            state_key: Some(String::new()),
            ..entry(ANNA, "m.room.name", json!({ "name": "x" }))
        };
        let vote = entry(ANNA, "org.matrix.msc3381.poll.response", json!({ "body": "x" }));
        assert_eq!(items_of(vec![entry(ANNA, "m.reaction", reaction), named, vote]), []);
    }

    #[test]
    fn polls_imported_messages_and_packed_contents_are_messages_like_others() {
        let answers = json!([{ "id": "1", "org.matrix.msc1767.text": "Ja" }]);
        let poll = json!({
            "org.matrix.msc1767.text": "Visite?\n1. Ja",
            "org.matrix.msc3381.poll.start": { "question": { "org.matrix.msc1767.text": "Visite?" }, "answers": answers },
        });
        let from = json!({ "author": "Lena", "at_ms": 7, "source": "whatsapp", "prefix": "Lena, damals: " });
        let imported = json!({ "msgtype": "m.text", "body": "Lena, damals: von früher", "de.konsil.imported": from });
        let packed = json!({ "json": r#"{"msgtype":"m.text","body":"mit Bruch","x":0.5}"# });
        let items = items_of(vec![
            entry(ANNA, "org.matrix.msc3381.poll.start", poll),
            message(ANNA, imported),
            message(ANNA, packed),
        ]);
        assert_eq!(texts(&items), ["Visite?\n1. Ja", "von früher", "mit Bruch"]);
        // It keeps the author and the time with which it came.
        assert_eq!((items[1].author.as_deref(), items[1].at), (Some("Lena"), When::Utc(7)));
    }

    #[test]
    fn an_export_that_was_changed_is_refused_with_the_first_entry_that_does_not_fit() {
        let whole =
            || exported((1..=4).map(|at| message(ANNA, text_of(&at.to_string()))).collect());
        type Change = fn(&mut Value);
        let changes: [(Change, u64); 9] = [
            (|it| it["header"]["title"] = "anders".into(), 0),
            (|it| it["entries"][1]["content"]["body"] = "anders".into(), 2),
            (|it| it["entries"][1]["content"]["body"] = 0.5.into(), 2),
            (|it| it["entries"][3]["content"]["body"] = "anders".into(), 4),
            (|it| it["entries"][2]["number"] = 7.into(), 3),
            (|it| drop(it["entries"].as_array_mut().unwrap().remove(1)), 2),
            (|it| it["entries"].as_array_mut().unwrap().swap(1, 2), 2),
            (|it| it["entries"].as_array_mut().unwrap().truncate(3), 4),
            (|it| it["seal"]["count"] = 3.into(), 4),
        ];
        assert!(read(&whole().to_string(), hash).is_ok());
        for (at, (change, number)) in changes.into_iter().enumerate() {
            let mut export = whole();
            change(&mut export);
            let read = read(&export.to_string(), hash);
            assert_eq!(read, Err(Refusal::Altered { number }), "change {at}");
        }
    }

    #[test]
    fn what_is_no_such_export_is_refused_as_such() {
        let mut other = exported(Vec::new());
        other["format"] = "de.konsil.export.v2".into();
        for text in ["", "[]", "{}", r#"{"messages":[]}"#, &other.to_string()] {
            assert_eq!(read(text, hash), Err(Refusal::Other), "{text}");
        }
    }

    #[test]
    fn no_file_brings_the_reader_down() {
        let picture = json!({ "msgtype": "m.image", "body": "1.jpg" });
        // With one hash for everything, changed entries get as far as unchanged ones.
        let same = |_: &str| String::new();
        let entries = vec![
            member(ANNA, json!({ "membership": "join", "displayname": "Anna" })),
            message(ANNA, text_of("ä")),
            message(ANNA, picture),
        ];
        let json = exported_with(entries, same).to_string();
        assert!(read(&json, same).is_ok());
        for at in 0..json.len() {
            let _refused = json.get(..at).map(|cut| read(cut, same));
            for byte in b"\"{[0,x" {
                let mut bytes = json.clone().into_bytes();
                bytes[at] = *byte;
                let _read = String::from_utf8(bytes).map(|text| read(&text, same));
            }
        }
    }
}
