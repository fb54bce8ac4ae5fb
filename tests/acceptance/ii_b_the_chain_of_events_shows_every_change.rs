//! II.b, the server's side: events are hash-linked and signed, so whatever is altered, removed or reordered in the stored
//! conversation shows. (What a client sees of gaps, and the signed export, are not shown here.)

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use ed25519_dalek::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::copy::Copy;
use testkit::{Database, Server, Settings};

/// A stored message.
struct Stored {
    nid: i64,
    event_id: String,
    room: i64,
    pdu: Value,
}

/// A stopped hospital with two conversations of ten messages each, in rooms of two versions.
fn conversations() -> Server {
    let mut server = Server::with(&Settings { database: Database::Sqlite, ..Settings::default() });
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    for version in ["10", "12"] {
        let invite = [jonas.id.as_str()];
        let body = json!({ "preset": "private_chat", "invite": invite, "room_version": version });
        let room = anna.create_room(&body);
        jonas.join(&room);
        for number in 0..5 {
            anna.send_encrypted(&room, &format!("question {number}"));
            jonas.send_encrypted(&room, &format!("answer {number}"));
        }
    }
    server.stop();
    server
}

fn stored(copy: &Copy) -> Vec<Stored> {
    let database = copy.database();
    let mut events = database
        .prepare(
            "SELECT e.event_nid, e.event_id, e.room_nid, p.pdu FROM events e JOIN pdus p ON p.event_nid = e.event_nid ORDER BY e.event_nid",
        )
        .expect("a query");
    let rows = events.query_map([], |row| {
        let pdu: Vec<u8> = row.get(3)?;
        let pdu = serde_json::from_slice(&pdu).expect("a signed form is JSON");
        Ok(Stored { nid: row.get(0)?, event_id: row.get(1)?, room: row.get(2)?, pdu })
    });
    rows.expect("rows").collect::<Result<_, _>>().expect("events")
}

/// Canonical JSON without some keys; serde_json's maps are sorted, and identifiers need no escapes.
fn canonical(event: &Value, without: &[&str]) -> Vec<u8> {
    let mut object = event.as_object().expect("an event is an object").clone();
    without.iter().for_each(|key| drop(object.remove(*key)));
    let sorted: BTreeMap<_, _> = object.into_iter().collect();
    serde_json::to_vec(&sorted).expect("it is written")
}

/// By the specification's words alone, with none of the server's code: content hash, event id, signature, edges.
#[test]
fn hashes_signatures_and_edges_of_what_is_stored_verify() {
    let server = conversations();
    let copy = Copy::of(&server);
    let seed: Vec<u8> = copy
        .database()
        .query_row("SELECT value FROM settings WHERE name = 'signing_key_seed'", [], |row| {
            row.get(0)
        })
        .expect("the server has a key");
    let key = SigningKey::from_bytes(seed.as_slice().try_into().expect("32 bytes")).verifying_key();
    let events = stored(&copy);
    let ids: BTreeMap<&str, &Stored> =
        events.iter().map(|event| (event.event_id.as_str(), event)).collect();
    let mut messages = 0;
    for event in &events {
        let pdu = &event.pdu;
        let hash = Sha256::digest(canonical(pdu, &["unsigned", "signatures", "hashes"]));
        assert_eq!(pdu["hashes"]["sha256"], BASE64_STANDARD_NO_PAD.encode(hash));
        for edge in ["prev_events", "auth_events"] {
            for named in pdu[edge].as_array().expect("edges") {
                let named = ids[named.as_str().expect("an id")];
                assert!(named.room == event.room && named.nid < event.nid, "{}", event.event_id);
            }
        }
        if pdu["type"] != "m.room.encrypted" {
            continue;
        }
        messages += 1;
        // Redaction leaves nothing of a message's content, in every room version.
        let mut redacted = pdu.clone();
        redacted["content"] = json!({});
        let signed = canonical(&redacted, &["unsigned", "signatures"]);
        let id = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&signed));
        assert_eq!(event.event_id, format!("${id}"));
        let signatures = pdu["signatures"][testkit::SERVER_NAME].as_object().expect("signatures");
        let (_, signature) = signatures.iter().next().expect("the server has signed");
        let signature = BASE64_STANDARD_NO_PAD.decode(signature.as_str().expect("text"));
        let signature = Signature::from_slice(&signature.expect("base64")).expect("64 bytes");
        key.verify_strict(&signed, &signature).expect("the signature fits");
    }
    assert_eq!(messages, 20);
    let (well, said) = copy.doctor();
    assert!(well, "{said}");
}

#[track_caller]
fn shows(server: &Server, sql: &str, named: &str) {
    let copy = Copy::of(server);
    assert!(copy.execute(sql) > 0, "nothing was changed by {sql}");
    let (well, said) = copy.doctor();
    let line = format!("  BROKEN  {named}");
    assert!(!well && said.lines().any(|found| found.starts_with(&line)), "{sql}\n{said}");
}

/// Whoever has the database, and takes care that every counter fits, still cannot change the conversation unseen.
#[test]
fn what_is_altered_removed_or_reordered_shows() {
    let server = conversations();
    // Another text, in both forms, of the same length.
    shows(
        &server,
        "UPDATE pdus SET pdu = CAST(replace(CAST(pdu AS TEXT), 'answer 3', 'answer 4') AS BLOB);
         UPDATE events SET client = CAST(replace(CAST(client AS TEXT), 'answer 3', 'answer 4') AS BLOB)",
        "each event is as it was signed",
    );
    // What clients are shown alone.
    shows(
        &server,
        "UPDATE events SET client = CAST(replace(CAST(client AS TEXT), 'answer 3', 'answer 4') AS BLOB)",
        "each event is as it was signed",
    );
    // Another sender.
    shows(
        &server,
        "UPDATE pdus SET pdu = CAST(replace(CAST(pdu AS TEXT), '@jonas', '@anna') AS BLOB) WHERE CAST(pdu AS TEXT) LIKE '%answer 2%'",
        "each event is as it was signed",
    );
    // One message gone, with all its rows, and every count of its room made to fit.
    shows(
        &server,
        "CREATE TEMP TABLE gone AS SELECT e.event_nid, e.event_id, e.room_nid, e.pos FROM events e WHERE CAST(e.client AS TEXT) LIKE '%answer 2%' LIMIT 1;
         DELETE FROM pdus WHERE event_nid IN (SELECT event_nid FROM gone);
         DELETE FROM transactions WHERE event_id IN (SELECT event_id FROM gone);
         DELETE FROM events WHERE event_nid IN (SELECT event_nid FROM gone);
         UPDATE log SET kind = 7, object = 0 WHERE pos IN (SELECT pos FROM gone);
         UPDATE rooms SET head = head - 1, notifying = notifying - 1 WHERE room_nid IN (SELECT room_nid FROM gone);
         UPDATE events SET notifying = notifying - 1 WHERE room_nid IN (SELECT room_nid FROM gone) AND pos > (SELECT pos FROM gone)",
        "each event that another follows or refers to is there",
    );
    // Two messages that change places, in the timeline and in the change log.
    shows(
        &server,
        "CREATE TEMP TABLE pair AS SELECT min(event_nid) AS one, max(event_nid) AS two, min(pos) AS earlier, max(pos) AS later
           FROM (SELECT event_nid, pos FROM events WHERE kind = 'm.room.encrypted' ORDER BY pos LIMIT 2);
         UPDATE events SET pos = NULL WHERE event_nid = (SELECT one FROM pair);
         UPDATE events SET pos = (SELECT earlier FROM pair) WHERE event_nid = (SELECT two FROM pair);
         UPDATE events SET pos = (SELECT later FROM pair) WHERE event_nid = (SELECT one FROM pair);
         UPDATE events SET notifying = 1 WHERE event_nid = (SELECT two FROM pair);
         UPDATE events SET notifying = 2 WHERE event_nid = (SELECT one FROM pair);
         UPDATE log SET object = (SELECT two FROM pair) WHERE pos = (SELECT earlier FROM pair);
         UPDATE log SET object = (SELECT one FROM pair) WHERE pos = (SELECT later FROM pair)",
        "each event stands after those it follows",
    );
}
