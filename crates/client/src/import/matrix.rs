//! Reading the JSON that Element Web and Desktop write ("Export chat"), alone or as `export.json` in a ZIP file with attachments.
//!
//! What their exporter does (`src/utils/exportUtils` in element-web), as far as it decides what can be read:
//! - `messages` are events as the server gave them, decrypted. One that could not be decrypted is an `m.room.message` with the
//!   `msgtype` `m.bad.encrypted`; one that was deleted keeps its type, `m.room.encrypted` too.
//! - Edits and reactions are left out. A message that was edited says so in `unsigned`, where the new text can be read only if the
//!   room is not encrypted; its `content` is the new one where the app had loaded the edit, and else the first one.
//! - Names of people stand in member events only, which an export of the last messages may not have.
//! - No event says where its attachment is (`attachments.rs`).

mod attachments;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{Gone, Item, Line, When};

/// An export that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What the room was called.
    pub room_name: Option<String>,
    /// The oldest first.
    pub items: Vec<Item>,
    /// What attachments were called when they were sent, by their path in the ZIP file.
    pub file_names: BTreeMap<String, String>,
}

/// Reads an export. `files` are the paths in its ZIP file; none for a JSON file alone. An item's `attachment` is one of
/// them; where the file is not there, the item says [`Gone::LeftOut`], and as its text the caption or the file's name.
///
/// `None`: not such an export.
pub fn read(json: &str, files: &[&str]) -> Option<Read> {
    let export: Export = serde_json::from_str(json.trim_start_matches('\u{feff}')).ok()?;
    let events = events(export.messages);
    let names = names(&events);
    let attachments = attachments::find(&events, files);
    let mut edits = edits(&events);
    let mut file_names = BTreeMap::new();
    let mut items = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let Some(mut item) = item(event, &names) else { continue };
        let edit = edits.remove(&(event.id.as_str(), event.sender.as_str()));
        if item.gone != Some(Gone::Deleted) {
            let new = edit.map(|it| &it.content).or_else(|| event.replacement());
            item.edited = new.is_some();
            if let Some(new) = new.and_then(|it| it.get("m.new_content")).and_then(text) {
                // What it says now can be read, even if what it said before cannot.
                item.gone = None;
                item.text = new;
            }
            if let Some(name) = attached(&event.kind, &event.content) {
                match attachments.get(&at) {
                    Some(path) => {
                        file_names.insert((*path).to_owned(), name.to_owned());
                        item.attachment = Some((*path).to_owned());
                    }
                    None => leave_out(&mut item, name),
                }
            }
        }
        items.push((event.at_ms, item));
    }
    // Of messages before the beginning of the export: better the new text alone than none.
    let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    for (_, edit) in edits.into_iter().filter(|((target, _), _)| !ids.contains(target)) {
        let Some(text) = edit.content.get("m.new_content").and_then(text) else { continue };
        let (author, at) = (Some(names.of(&edit.sender)), When::Utc(edit.at_ms));
        let item =
            Item { author, at, text, attachment: None, gone: None, edited: true, line: None };
        items.push((edit.at_ms, item));
    }
    items.sort_by_key(|(at_ms, _)| *at_ms);
    let items = items.into_iter().map(|(_, item)| item).collect();
    let room_name = Some(export.room_name).filter(|name| !name.trim().is_empty());
    Some(Read { room_name, items, file_names })
}

#[derive(Deserialize)]
struct Export {
    room_name: String,
    // Nobody needs it, but other exports do not have it.
    #[serde(rename = "exported_by")]
    _exported_by: IgnoredAny,
    messages: Vec<Value>,
}

struct Event {
    id: String,
    kind: String,
    sender: String,
    at_ms: u64,
    state_key: Option<String>,
    content: Value,
    unsigned: Value,
}

impl Event {
    fn read(mut value: Value) -> Option<Self> {
        let text = |value: &Value, field: &str| value.get(field)?.as_str().map(str::to_owned);
        Some(Self {
            id: text(&value, "event_id").unwrap_or_default(),
            kind: text(&value, "type")?,
            sender: text(&value, "sender").or_else(|| text(&value, "user_id"))?,
            at_ms: value.get("origin_server_ts")?.as_u64()?,
            state_key: text(&value, "state_key"),
            content: value.get_mut("content").map(Value::take).unwrap_or_default(),
            unsigned: value.get_mut("unsigned").map(Value::take).unwrap_or_default(),
        })
    }

    fn is_deleted(&self) -> bool {
        let is_empty = self.content.as_object().is_none_or(serde_json::Map::is_empty);
        self.unsigned.get("redacted_because").is_some() || is_empty
    }

    /// The content of its last edit, as the server has it.
    fn replacement(&self) -> Option<&Value> {
        self.unsigned.pointer("/m.relations/m.replace")?;
        Some(self.unsigned.pointer("/m.relations/m.replace/content").unwrap_or(&Value::Null))
    }

    fn edited_id(&self) -> Option<&str> {
        let is_edit = relation(&self.content) == Some("m.replace");
        is_edit.then(|| self.content.pointer("/m.relates_to/event_id")?.as_str()).flatten()
    }
}

/// Each event once: where a server does not say that its oldest event is reached, Element begins anew.
fn events(messages: Vec<Value>) -> Vec<Event> {
    let mut seen = BTreeSet::new();
    let mut events: Vec<Event> = messages.into_iter().filter_map(Event::read).collect();
    events.retain(|event| event.id.is_empty() || seen.insert(event.id.clone()));
    events
}

fn names(events: &[Event]) -> Names {
    let mut known: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == "m.room.member") {
        let Some(user) = &event.state_key else { continue };
        let before = event.unsigned.get("prev_content");
        // Who leaves says no name any more.
        let named = [Some(&event.content), before].into_iter().flatten().find_map(display_name);
        if let Some(name) = named
            && known.get(user).is_none_or(|(at_ms, _)| *at_ms <= event.at_ms)
        {
            known.insert(user.clone(), (event.at_ms, name.to_owned()));
        }
    }
    Names::new(known.into_iter().map(|(user, (_, name))| (user, name)).collect())
}

/// The last edit of each message by its sender: nobody else can edit it.
fn edits(events: &[Event]) -> BTreeMap<(&str, &str), &Event> {
    let mut edits: BTreeMap<(&str, &str), &Event> = BTreeMap::new();
    for event in events.iter().filter(|event| !event.is_deleted()) {
        let Some(target) = event.edited_id() else { continue };
        let last = edits.entry((target, event.sender.as_str())).or_insert(event);
        if last.at_ms <= event.at_ms {
            *last = event;
        }
    }
    edits
}

/// What an event becomes; nothing if it is neither a message nor says who came and went.
fn item(event: &Event, names: &Names) -> Option<Item> {
    let at = When::Utc(event.at_ms);
    let blank = Item {
        author: Some(names.of(&event.sender)),
        at,
        text: String::new(),
        attachment: None,
        gone: None,
        edited: false,
        line: None,
    };
    if let ("m.room.member", Some(user)) = (event.kind.as_str(), &event.state_key) {
        let before = event.unsigned.get("prev_content").unwrap_or(&Value::Null);
        let line = member_line(names, &event.sender, user, &event.content, before)?;
        return Some(Item { author: None, line: Some(line), ..blank });
    }
    let msgtype = event.content.get("msgtype").and_then(Value::as_str);
    let is_unreadable = event.kind == "m.room.encrypted" || msgtype == Some("m.bad.encrypted");
    if !(is_message(&event.kind) || event.kind == "m.room.encrypted") {
        return None;
    }
    if event.is_deleted() {
        return Some(Item { gone: Some(Gone::Deleted), ..blank });
    }
    // A request to compare emoji was answered or not, and says nothing.
    let is_request = msgtype == Some("m.key.verification.request");
    if matches!(relation(&event.content), Some("m.replace" | "m.annotation")) || is_request {
        return None;
    }
    if is_unreadable {
        return Some(Item { gone: Some(Gone::LeftOut), ..blank });
    }
    Some(Item { text: text(&event.content).unwrap_or_default(), ..blank })
}

// What Matrix events say, in this export and in Konsil's own.

/// Kinds of events that say something.
pub(super) fn is_message(kind: &str) -> bool {
    matches!(
        kind,
        "m.room.message" | "m.sticker" | "m.poll.start" | "org.matrix.msc3381.poll.start"
    )
}

/// How an event belongs to another one, such as `m.replace`.
pub(super) fn relation(content: &Value) -> Option<&str> {
    content.pointer("/m.relates_to/rel_type")?.as_str()
}

/// Name of the file that an event comes with.
pub(super) fn attached<'a>(kind: &str, content: &'a Value) -> Option<&'a str> {
    let msgtype = content.get("msgtype").and_then(Value::as_str);
    let is_file = matches!(msgtype, Some("m.image" | "m.file" | "m.audio" | "m.video"));
    let field = |field: &str| content.get(field)?.as_str().filter(|name| !name.is_empty());
    let name = || field("filename").or_else(|| field("body")).unwrap_or_default();
    (is_file || kind == "m.sticker").then(name)
}

/// What a message or poll says: of a file the caption, which is empty if it has none.
pub(super) fn text(content: &Value) -> Option<String> {
    if let Some(poll) = poll(content) {
        return Some(poll);
    }
    let body = content.get("body").or_else(|| content.get("org.matrix.msc1767.text"))?.as_str()?;
    let file_name = attached("m.room.message", content);
    // Without `filename` the body is the file's name (client-server API, "Media captions").
    if file_name == Some(body) {
        return Some(String::new());
    }
    let is_reply = content.pointer("/m.relates_to/m.in_reply_to").is_some();
    Some(if is_reply { without_quote(body) } else { body }.to_owned())
}

/// For an item whose file is not there.
pub(super) fn leave_out(item: &mut Item, file_name: &str) {
    item.gone = Some(Gone::LeftOut);
    if item.text.is_empty() {
        item.text = file_name.to_owned();
    }
}

/// A reply without the message that it answers, which clients put before it until version 1.13 of the specification.
fn without_quote(body: &str) -> &str {
    if !(body.starts_with("> <") || body.starts_with("> * <")) {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_prefix('\n').unwrap_or(rest)
}

/// A poll's question with its answers.
fn poll(content: &Value) -> Option<String> {
    let fields = ["m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"];
    let poll = fields.into_iter().find_map(|field| content.get(field))?;
    let said = |value: &Value| -> Option<String> {
        let texts = [
            value.pointer("/m.text/0/body"),
            value.get("m.text"),
            value.get("org.matrix.msc1767.text"),
            value.get("body"),
        ];
        texts.into_iter().flatten().find_map(Value::as_str).map(str::to_owned)
    };
    let answers = poll.get("answers").and_then(Value::as_array);
    let answers = answers.into_iter().flatten().filter_map(said);
    let lines = answers.enumerate().map(|(at, answer)| format!("\n{}. {answer}", at + 1));
    let question = said(poll.get("question")?)?;
    Some(std::iter::once(question).chain(lines).collect())
}

/// What people are called. Those with the same name are told apart by their user ID, as the client-server API wants it ("Calculating
/// the display name for a user").
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// From names by user ID.
    pub fn new(mut known: BTreeMap<String, String>) -> Self {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for name in known.values() {
            *counts.entry(name.clone()).or_default() += 1;
        }
        for (user, name) in &mut known {
            if counts.get(name).is_some_and(|count| *count > 1) {
                *name = format!("{name} ({user})");
            }
        }
        Self(known)
    }

    pub fn of(&self, user: &str) -> String {
        self.0.get(user).map_or(user, String::as_str).to_owned()
    }
}

/// The name in a member event.
pub(super) fn display_name(content: &Value) -> Option<&str> {
    let name = content.get("displayname")?.as_str()?.trim();
    Some(name).filter(|name| !name.is_empty())
}

/// A line for who came and who left, or calls themselves otherwise. `now` and `before` are contents of member events.
pub(super) fn member_line(
    names: &Names,
    sender: &str,
    user: &str,
    now: &Value,
    before: &Value,
) -> Option<Line> {
    fn membership(content: &Value) -> Option<&str> {
        content.get("membership")?.as_str()
    }
    let (by, who) = (names.of(sender), names.of(user));
    match (membership(before), membership(now)?) {
        (Some("join"), "join") => {
            let [old, new] = [before, now].map(|content| display_name(content).unwrap_or(user));
            (old != new).then(|| Line::Renamed { from: old.to_owned(), to: new.to_owned() })
        }
        (_, "join") => Some(Line::Joined { who }),
        (_, "invite") => Some(Line::Invited { who, by }),
        (None | Some("join"), "leave") if sender == user => Some(Line::Left { who }),
        (None | Some("join"), "leave" | "ban") => Some(Line::Removed { who, by }),
        // Who declines an invitation was never there.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANNA: &str = "@anna:klinikum.example";
    const JONAS: &str = "@jonas:klinikum.example";

    /// An event at the time 15 January 2025, 13:03:22 in UTC.
    fn event(id: &str, sender: &str, kind: &str, content: Value) -> Value {
        json!({
            "type": kind, "sender": sender, "user_id": sender, "content": content, "event_id": id,
            "origin_server_ts": 1_736_946_202_517_u64, "room_id": "!s3:klinikum.example",
            "unsigned": { "age": 17 },
        })
    }

    fn message(id: &str, content: Value) -> Value {
        event(id, ANNA, "m.room.message", content)
    }

    fn text_of(body: &str) -> Value {
        json!({ "msgtype": "m.text", "body": body })
    }

    fn member(user: &str, now: Value, before: Value) -> Value {
        let mut event = event("", user, "m.room.member", now);
        event["state_key"] = user.into();
        event["unsigned"]["prev_content"] = before;
        event
    }

    /// Written by us as Element's `JSONExport.ts` writes it.
    fn exported(messages: &[Value]) -> String {
        let export = json!({
            "room_name": "Station 3", "room_creator": "Anna", "topic": "", "export_date": "16.1.2025",
            "exported_by": "Anna", "messages": messages,
        });
        serde_json::to_string_pretty(&export).unwrap()
    }

    fn items_of(messages: &[Value]) -> Vec<Item> {
        read(&exported(messages), &[]).expect("an export").items
    }

    fn texts(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.text.as_str()).collect()
    }

    #[test]
    fn a_message_has_its_sender_its_time_and_its_text() {
        let json = exported(&[message("$1", text_of("Kalium 6,1"))]);
        let read = read(&format!("\u{feff}{json}"), &[]).unwrap();
        assert_eq!(read.room_name.as_deref(), Some("Station 3"));
        let (author, at) = (Some(ANNA.to_owned()), When::Utc(1_736_946_202_517));
        let (text, attachment) = ("Kalium 6,1".into(), None);
        assert_eq!(
            read.items,
            [Item { author, at, text, attachment, gone: None, edited: false, line: None }]
        );
    }

    #[test]
    fn people_are_called_what_they_called_themselves_last() {
        let join = |name: &str| json!({ "membership": "join", "displayname": name });
        let leave = json!({ "membership": "leave" });
        let items = items_of(&[
            member(ANNA, join("Anna"), Value::Null),
            message("$1", text_of("Hallo")),
            member(ANNA, join("Dr. Anna Meyer"), join("Anna")),
            member(ANNA, join("Dr. Anna Meyer"), join("Dr. Anna Meyer")),
            member(ANNA, leave, join("Dr. Anna Meyer")),
        ]);
        let now = || "Dr. Anna Meyer".to_owned();
        let lines = [
            Some(Line::Joined { who: now() }),
            None,
            Some(Line::Renamed { from: "Anna".into(), to: now() }),
            Some(Line::Left { who: now() }),
        ];
        assert_eq!(items.iter().map(|item| item.line.clone()).collect::<Vec<_>>(), lines);
        assert_eq!(texts(&items), ["", "Hallo", "", ""]);
        assert_eq!(items[0].author, None);
        assert_eq!(items[1].author.as_deref(), Some("Dr. Anna Meyer"));
    }

    #[test]
    fn two_people_of_one_name_are_not_one() {
        let join = json!({ "membership": "join", "displayname": "Anna" });
        let none = Value::Null;
        let items = items_of(&[
            member(ANNA, join.clone(), none.clone()),
            member(JONAS, join, none),
            message("$1", text_of("Hallo")),
        ]);
        assert_eq!(items[2].author.as_deref(), Some("Anna (@anna:klinikum.example)"));
    }

    #[test]
    fn who_comes_and_goes_is_told_by_who_did_it() {
        let names = Names::new([(ANNA.into(), "Anna".into())].into());
        let line = |sender: &str, before: &str, now: &str| {
            let [before, now] = [before, now].map(|it| json!({ "membership": it }));
            member_line(&names, sender, JONAS, &now, &before)
        };
        let (who, by) = (|| JONAS.to_owned(), || "Anna".to_owned());
        let removed = || Some(Line::Removed { who: who(), by: by() });
        assert_eq!(line(ANNA, "", "invite"), Some(Line::Invited { who: who(), by: by() }));
        assert_eq!(line(JONAS, "invite", "join"), Some(Line::Joined { who: who() }));
        assert_eq!(line(JONAS, "join", "leave"), Some(Line::Left { who: who() }));
        assert_eq!(line(ANNA, "join", "leave"), removed());
        assert_eq!(line(ANNA, "join", "ban"), removed());
        assert_eq!(line(JONAS, "invite", "leave"), None);
        assert_eq!(line(ANNA, "ban", "leave"), None);
    }

    #[test]
    fn a_reply_does_not_repeat_what_it_answers() {
        let reply = |body: &str| {
            let relation = json!({ "m.in_reply_to": { "event_id": "$1" } });
            text(&json!({ "msgtype": "m.text", "body": body, "m.relates_to": relation })).unwrap()
        };
        assert_eq!(reply("> <@a:b> eins\n> zwei\n\ndrei\n> vier"), "drei\n> vier");
        assert_eq!(reply("> * <@a:b> winkt\n\nHallo"), "Hallo");
        assert_eq!(reply("> eins\n\nzwei"), "> eins\n\nzwei", "somebody's own words");
        assert_eq!(reply("Hallo"), "Hallo");
        assert_eq!(reply("> <"), "");
        let words = "> <@a:b> eins\n\nzwei";
        assert_eq!(text(&text_of(words)).unwrap(), words, "no reply");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let mut deleted = event("$1", ANNA, "m.room.encrypted", json!({}));
        deleted["unsigned"]["redacted_because"] = json!({ "type": "m.room.redaction" });
        let bad = json!({ "msgtype": "m.bad.encrypted", "body": "** Unable to decrypt: … **" });
        let items = items_of(&[deleted, message("$2", json!({})), message("$3", bad)]);
        let gone: Vec<_> = items.iter().map(|item| (item.gone, item.text.as_str())).collect();
        let deleted = (Some(Gone::Deleted), "");
        assert_eq!(gone, [deleted, deleted, (Some(Gone::LeftOut), "")]);
    }

    #[test]
    fn an_edited_message_says_what_it_says_now_if_that_can_be_read() {
        let mut readable = message("$1", text_of("eins"));
        let new = json!({ "body": "* zwei", "m.new_content": text_of("zwei") });
        readable["unsigned"]["m.relations"] = json!({ "m.replace": { "content": new } });
        let mut sealed = message("$2", text_of("drei"));
        let ciphertext = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…" });
        sealed["unsigned"]["m.relations"] = json!({ "m.replace": { "content": ciphertext } });
        let items = items_of(&[readable, sealed, message("$3", text_of("vier"))]);
        assert_eq!(texts(&items), ["zwei", "drei", "vier"]);
        let edited: Vec<bool> = items.iter().map(|item| item.edited).collect();
        assert_eq!(edited, [true, true, false]);
    }

    #[test]
    fn edits_change_the_message_of_their_sender_and_are_none_of_their_own() {
        let edit = |id: &str, sender: &str, target: &str, body: &str, at_ms: u64| {
            let relation = json!({ "rel_type": "m.replace", "event_id": target });
            let content =
                json!({ "body": "*", "m.new_content": text_of(body), "m.relates_to": relation });
            let mut edit = event(id, sender, "m.room.message", content);
            edit["origin_server_ts"] = at_ms.into();
            edit
        };
        let late = 1_800_000_000_000;
        let items = items_of(&[
            edit("$3", ANNA, "$1", "drei", late + 1),
            edit("$2", ANNA, "$1", "zwei", late),
            message("$1", text_of("eins")),
            edit("$4", ANNA, "$0", "von vorher", late + 2),
        ]);
        assert_eq!(texts(&items), ["drei", "von vorher"]);
        assert!(items.iter().all(|item| item.edited));
        let items =
            items_of(&[message("$1", text_of("eins")), edit("$2", JONAS, "$1", "fremd", late)]);
        assert_eq!((texts(&items), items[0].edited), (vec!["eins"], false));
    }

    #[test]
    fn items_stand_in_the_order_of_time_and_each_once() {
        let mut early = message("$2", text_of("früher"));
        early["origin_server_ts"] = 1.into();
        let one = message("$1", text_of("eins"));
        let same = message("$3", text_of("zugleich"));
        let items = items_of(&[one.clone(), early, same, one]);
        assert_eq!(texts(&items), ["früher", "eins", "zugleich"]);
    }

    #[test]
    fn a_poll_is_its_question_with_its_answers() {
        let unstable = json!({ "org.matrix.msc3381.poll.start": {
            "question": { "org.matrix.msc1767.text": "Visite?" },
            "answers": [{ "id": "a", "org.matrix.msc1767.text": "Ja" }, { "id": "b", "org.matrix.msc1767.text": "Nein" }],
        }});
        let stable = json!({ "m.poll": {
            "question": { "m.text": [{ "body": "Visite?" }] },
            "answers": [{ "m.id": "a", "m.text": [{ "body": "Ja" }] }, { "m.id": "b", "m.text": [{ "body": "Nein" }] }],
        }});
        let items = items_of(&[
            event("$1", ANNA, "org.matrix.msc3381.poll.start", unstable),
            event("$2", ANNA, "m.poll.start", stable),
            event("$3", ANNA, "m.poll.response", json!({ "m.selections": ["a"] })),
        ]);
        assert_eq!(texts(&items), ["Visite?\n1. Ja\n2. Nein"; 2]);
    }

    #[test]
    fn reactions_calls_and_the_rooms_state_are_left_out() {
        let key = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$1", "key": "👍" } });
        let request = json!({ "msgtype": "m.key.verification.request", "body": "…" });
        let items = items_of(&[
            event("$1", ANNA, "m.reaction", key),
            event("$2", ANNA, "m.call.invite", json!({ "version": 1 })),
            event("$3", ANNA, "m.room.topic", json!({ "topic": "x" })),
            message("$4", request),
        ]);
        assert_eq!(items, []);
    }

    fn picture(id: &str, body: &str) -> Value {
        message(id, json!({ "msgtype": "m.image", "body": body, "url": "mxc://a/b" }))
    }

    #[test]
    fn an_attachment_is_found_by_the_id_of_its_event() {
        let captioned =
            json!({ "msgtype": "m.image", "body": "Linkes Knie", "filename": "Knie.jpg" });
        let json = exported(&[message("$aB-1_c", captioned), picture("$2", "2.jpg")]);
        let files = ["S3/images/aB1c.jpg", "S3/export.json"];
        let read = read(&json, &files).unwrap();
        let [knee, other] = &read.items[..] else { panic!("{read:?}") };
        assert_eq!(knee.attachment.as_deref(), Some("S3/images/aB1c.jpg"));
        assert_eq!((&*knee.text, knee.gone), ("Linkes Knie", None));
        assert_eq!(read.file_names["S3/images/aB1c.jpg"], "Knie.jpg");
        assert_eq!((&*other.text, other.gone), ("2.jpg", Some(Gone::LeftOut)));
        assert_eq!(other.attachment, None);
    }

    #[test]
    fn what_is_no_such_export_is_none() {
        for text in [
            "",
            "null",
            "[]",
            r#"{"messages":[]}"#,
            r#"{"name":"Anna","type":"personal_chat","id":1,"messages":[]}"#,
            r#"{"room_name":"a","exported_by":"b","messages":{}}"#,
        ] {
            assert_eq!(read(text, &[]), None, "{text}");
        }
        assert!(read(r#"{"room_name":"a","exported_by":"b","messages":[]}"#, &[]).is_some());
        let odd = [json!(1), json!({}), json!({ "type": 1 }), message("$1", text_of("gut"))];
        assert_eq!(texts(&items_of(&odd)), ["gut"], "the rest is good");
    }

    #[test]
    fn no_file_brings_the_reader_down() {
        let mut last = message("$1", text_of("ä"));
        last["origin_server_ts"] = u64::MAX.into();
        let join = json!({ "membership": "join", "displayname": "Anna" });
        let all = [picture("$2", "ä.jpg"), last, member(ANNA, join, Value::Null)];
        let json = serde_json::from_str::<Value>(&exported(&all)).unwrap().to_string();
        let files =
            ["export.json", "images/ä-15.1.2025 um 14-03-22.jpg", "", "/", "images/ä-)(.jpg"];
        for at in 0..json.len() {
            let _none = json.get(..at).map(|cut| read(cut, &files));
            for byte in b"\"{[0,x>" {
                let mut bytes = json.clone().into_bytes();
                bytes[at] = *byte;
                let _read = String::from_utf8(bytes).map(|text| read(&text, &files));
            }
        }
    }
}
