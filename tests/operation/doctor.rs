//! `konsil doctor`: each invariant is broken on purpose, with SQL on a stopped database, and found and named.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;
use testkit::copy::Copy;
use testkit::matrix::{escape, room_path, transaction};
use testkit::{Database, Server, Settings};

/// An invariant, as the doctor names it, and how it is broken.
const BREAKAGES: &[(&str, &str)] = &[
    (
        "each crash report says what it may say and is not past its time",
        "INSERT INTO crash_reports VALUES (1, 20000000, '0.1.0', 'app', 'panic', 'Herr Beispielmann', 'Chromium', 'Android')",
    ),
    (
        "each crash report says what it may say and is not past its time",
        "INSERT INTO crash_reports VALUES (1, 10, '0.1.0', 'app', 'panic', 'unknown', 'Chromium', 'Android')",
    ),
    (
        "the database file is whole and the change log has no gap",
        "DELETE FROM log WHERE pos = (SELECT max(pos) / 2 FROM log)",
    ),
    (
        "the database file is whole and the change log has no gap",
        "DELETE FROM log WHERE pos = (SELECT max(pos) FROM log)",
    ),
    (
        "the database file is whole and the change log has no gap",
        "DELETE FROM devices WHERE device_nid = (SELECT min(device_nid) FROM tokens)",
    ),
    (
        "each event has its signed form",
        "DELETE FROM pdus WHERE event_nid = (SELECT max(event_nid) FROM pdus)",
    ),
    (
        "each signed form has its event",
        "DELETE FROM events WHERE event_nid = (SELECT max(event_nid) FROM events)",
    ),
    (
        "versions of one part of a room's state do not overlap",
        "UPDATE room_state SET to_ver = to_ver + 1 WHERE kind = 'm.room.topic' AND from_ver = (SELECT min(from_ver) FROM room_state WHERE kind = 'm.room.topic')",
    ),
    (
        "each part of a room's state was set by an event of that room at that version",
        "UPDATE room_state SET event_nid = (SELECT max(event_nid) FROM events) WHERE kind = 'm.room.create'",
    ),
    (
        "each room's state version is that of its newest state",
        "UPDATE rooms SET state_ver = state_ver + 1",
    ),
    (
        "each room's count of messages equals its messages",
        "UPDATE rooms SET notifying = notifying - 1",
    ),
    (
        "each event's running number of messages is that of its place",
        "UPDATE events SET notifying = notifying + 1 WHERE event_nid = (SELECT max(event_nid) FROM events)",
    ),
    ("each room's head equals its number of events", "UPDATE rooms SET head = head + 1"),
    ("each row about a room has its room", "UPDATE aliases SET room_nid = -1"),
    (
        "each membership is what the room's state says",
        "UPDATE members SET membership = 'ban' WHERE user_nid = (SELECT max(user_nid) FROM members)",
    ),
    (
        "each event of a timeline stands in the change log at its position",
        "UPDATE log SET object = object + 1 WHERE pos = (SELECT max(pos) FROM events)",
    ),
    (
        "no message was sent twice",
        "UPDATE events SET txn_id = 'same', txn_device = 1 WHERE kind = 'm.room.encrypted'",
    ),
    ("each transaction id names an event", "UPDATE transactions SET event_id = '$nowhere'"),
    ("each message that waits for a device has its device", "UPDATE to_device SET device_nid = -1"),
    (
        "each message that waits for a device stands in the change log at its position",
        "UPDATE to_device SET pos = pos + 1",
    ),
    (
        "whoever has cross-signing keys has a master key",
        "INSERT INTO cross_signing_keys (user_nid, key_usage, public_key, json) SELECT user_nid, 'self_signing', 'key', x'7b7d' FROM accounts LIMIT 1",
    ),
    ("each key backup's count equals its keys", "UPDATE backups SET key_count = 7"),
    (
        "each event is as it was signed, and named by its hash",
        "UPDATE pdus SET pdu = CAST(replace(CAST(pdu AS TEXT), 'second', 'altered') AS BLOB)",
    ),
    (
        "each event is as it was signed, and named by its hash",
        "UPDATE events SET client = CAST(replace(CAST(client AS TEXT), 'second', 'altered') AS BLOB)",
    ),
    (
        "each event that another follows or refers to is there",
        "UPDATE pdus SET pdu = CAST(replace(CAST(pdu AS TEXT), '\"prev_events\":[\"$', '\"prev_events\":[\"$A') AS BLOB)",
    ),
    (
        "each event stands after those it follows",
        "UPDATE events SET pos = (SELECT max(pos) + 1 FROM events) WHERE event_nid = (SELECT min(event_nid) FROM events)",
    ),
    (
        "the record of deletions is as it was written",
        "INSERT INTO deletions VALUES (1, 1800000000000, 'messages', 3, x'00', x'00', 1800000000000)",
    ),
    ("the last events of each room are there", "UPDATE rooms SET extremities = '$nowhere 5'"),
];

#[test]
fn each_broken_invariant_is_found_and_named() {
    let server = hospital();
    let healthy = Copy::of(&server);
    let (well, said) = healthy.doctor();
    assert!(well, "{said}");
    let invariants: BTreeSet<&str> =
        said.lines().filter_map(|line| line.strip_prefix("  ok      ")).collect();
    assert!(invariants.len() >= 20, "{said}");

    let mut shown = BTreeSet::new();
    for (invariant, sql) in BREAKAGES {
        let copy = Copy::of(&server);
        assert!(copy.execute(sql) > 0, "nothing was broken by {sql}");
        is_named(&copy, invariant, sql);
        shown.insert(*invariant);
    }
    shown.extend(broken_outside_of_sql(&server));
    assert_eq!(shown, invariants, "every invariant was broken once");
}

fn is_named(copy: &Copy, invariant: &str, how: &str) {
    let (well, said) = copy.doctor();
    let named = said.lines().any(|line| line.starts_with(&format!("  BROKEN  {invariant}: ")));
    assert!(!well && named, "{how}\nwas not named as «{invariant}»:\n{said}");
}

/// Files that are gone or cut short, and a damaged database file.
fn broken_outside_of_sql(server: &Server) -> [&'static str; 1] {
    let files = "each file's row has its bytes";
    let copy = Copy::of(server);
    let objects = copy.objects();
    assert_eq!(objects.len(), 2, "a file, and one that comes in parts");
    fs::remove_file(&objects[0]).expect("it goes");
    is_named(&copy, files, "a removed file");

    for at in 0..2 {
        let copy = Copy::of(server);
        fs::write(&copy.objects()[at], "short").expect("it is cut short");
        is_named(&copy, files, "a file that was cut short");
    }

    let copy = Copy::of(server);
    let page: i64 = copy
        .database()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_users_1' OR (tbl_name = 'users' AND type = 'index') LIMIT 1",
            [],
            |row| row.get(0),
        )
        .expect("the index has a page");
    let path = copy.folder().join("konsil.db");
    let mut bytes = fs::read(&path).expect("the file is read");
    // The last byte of the page of an index is text of its first key.
    let end = usize::try_from(page).expect("a page") * 4096;
    bytes[end - 1] ^= 1;
    fs::write(&path, bytes).expect("the file is damaged");
    is_named(
        &copy,
        "the database file is whole and the change log has no gap",
        "a byte that was turned over in an index",
    );
    [files]
}

/// A hospital in which something of everything was done; stopped.
fn hospital() -> Server {
    let settings = Settings { database: Database::Sqlite, ..Settings::default() };
    let mut server = Server::with(&settings);
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "one" }));
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "two" }));
    anna.send_encrypted(&room, "first");
    let taken_back = jonas.send_encrypted(&room, "taken back");
    let redact = format!("/redact/{}/{}", escape(&taken_back), transaction());
    jonas.put(&room_path(&room, &redact), &json!({})).ok();
    let last = anna.send_encrypted(&room, "second");
    jonas.post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&last))), &json!({})).ok();
    let alias = escape("#ward:klinikum.test");
    anna.put(&format!("/_matrix/client/v3/directory/room/{alias}"), &json!({ "room_id": room }))
        .ok();
    anna.upload("application/octet-stream", &[7; 3_000]);
    let begun = anna.request("POST", "/_konsil/media/upload", &[("upload-length", "5000")], b"");
    let part = [("upload-offset", "0")];
    anna.request("PATCH", begun.header("location"), &part, &[7; 2_000]).ok();
    let messages =
        json!({ "messages": { jonas.id.as_str(): { jonas.device_id.as_str(): { "n": 1 } } } });
    let to_device = format!("/_matrix/client/v3/sendToDevice/m.dummy/{}", transaction());
    anna.put(&to_device, &messages).ok();
    let backup = json!({ "algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": { "public_key": "abc", "signatures": {} } });
    anna.post("/_matrix/client/v3/room_keys/version", &backup).ok();
    server.stop();
    server
}
