//! Clients that go on through every crash, as the app does: what was not answered is sent again under its transaction ID.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::matrix::{encrypted, room_path, transaction};
use testkit::{Answer, User};

use crate::random::Random;

/// Longer than the server may need to be back.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message for which the server has answered 200.
#[derive(Debug)]
pub struct Acknowledged {
    pub room: String,
    pub ciphertext: String,
    pub event_id: String,
}

/// A file for which the server has answered 200.
pub struct Upload {
    address: String,
    bytes: Vec<u8>,
}

/// Sends messages until it is enough.
pub fn write(
    person: &User,
    room: &str,
    mut random: Random,
    enough: &AtomicBool,
) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let transaction = transaction();
        let ciphertext = format!("{transaction}-{:016x}", random.next());
        let path = room_path(room, &format!("/send/m.room.encrypted/{transaction}"));
        let body = serde_json::to_vec(&encrypted(&ciphertext)).expect("JSON serialises");
        let headers = [("content-type", "application/json")];
        let answer = until_answered(|| person.try_request("PUT", &path, &headers, &body)).ok();
        let event_id = answer["event_id"].as_str().expect("an event has an ID").to_owned();
        acknowledged.push(Acknowledged { room: room.to_owned(), ciphertext, event_id });
    }
    acknowledged
}

/// Uploads files until it is enough. An upload has no transaction ID: what was not answered is a new file.
pub fn upload(person: &User, mut random: Random, enough: &AtomicBool) -> Vec<Upload> {
    let mut uploads = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let size_bytes = random.between(1, 300_000);
        let bytes = random.bytes(size_bytes);
        let headers = [("content-type", "application/octet-stream")];
        let upload = || person.try_request("POST", "/_matrix/media/v3/upload", &headers, &bytes);
        let answer = until_answered(upload).ok();
        let address = answer["content_uri"].as_str().expect("a file has an address").to_owned();
        uploads.push(Upload { address, bytes });
        std::thread::sleep(Duration::from_millis(50));
    }
    uploads
}

impl Upload {
    pub fn is_there(&self, person: &User) {
        let answer = person.download(&self.address);
        assert_eq!(answer.status, 200, "{} was acknowledged: {}", self.address, answer.text());
        assert!(
            answer.bytes == self.bytes,
            "{} has other bytes than were acknowledged",
            self.address
        );
    }
}

fn until_answered<E>(mut ask: impl FnMut() -> Result<Answer, E>) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            // A server that is just starting may say "not yet"; anything else is for the caller to judge.
            Ok(answer) if answer.status != 503 => return answer,
            _ => assert!(Instant::now() < deadline, "no answer for {PATIENCE:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The transaction ID is what makes sending again harmless.
#[test]
fn a_message_sent_again_under_its_transaction_is_one_event() {
    let server = testkit::Server::start();
    let anna = server.user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let path = room_path(&room, "/send/m.room.encrypted/once");
    let first = anna.put(&path, &encrypted("text")).ok();
    let second = anna.put(&path, &encrypted("text")).ok();
    assert_eq!(first["event_id"], second["event_id"]);
    let history = anna.history(&room);
    assert_eq!(history.iter().filter(|event| event["type"] == "m.room.encrypted").count(), 1);
}
