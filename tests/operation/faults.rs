//! Full disks and failing syncs under the whole server: 503 in the protocol's form, nothing accepted, nothing lost. A full
//! disk is overcome; after a failed sync the process ends, and the next start finds all that was acknowledged.

use std::time::Duration;

use serde_json::Value;
use testkit::faults::{Disk, Faults, SmallDisk};
use testkit::matrix::{encrypted, room_path, transaction};
use testkit::{Answer, Database, Server, Settings, User};

const DATABASE: &str = "/konsil.db";
const MEDIA: &str = "/media/";
/// Longer than a process may take to notice that its disk is gone.
const NOTICED: Duration = Duration::from_secs(20);

fn server(faults: &Faults) -> Server {
    let environment = faults.environment();
    Server::with(&Settings { database: Database::Sqlite, environment, ..Settings::default() })
}

/// What was acknowledged, and what was refused.
#[derive(Default)]
struct Outcome {
    kept: Vec<String>,
    refused: Vec<String>,
}

impl Outcome {
    fn send(&mut self, user: &User, room: &str) -> u16 {
        let text = format!("text {}", transaction());
        let answer = user.try_send(room, "m.room.encrypted", &encrypted(&text));
        self.note(&answer, text);
        answer.status
    }

    fn upload(&mut self, user: &User, size_bytes: usize) -> u16 {
        let answer = upload(user, size_bytes);
        let address = match answer.status {
            200 => answer.value()["content_uri"].as_str().expect("an address").to_owned(),
            _ => String::new(),
        };
        self.note(&answer, address);
        answer.status
    }

    fn note(&mut self, answer: &Answer, what: String) {
        if answer.status == 200 {
            self.kept.push(what);
        } else {
            // The error of the specification's form; the status alone tells proxies and clients to come again later.
            answer.refused(503, "M_UNKNOWN");
            self.refused.push(what);
        }
    }

    /// After a failed sync the disk may hold what was refused, or not: each kept message is there once, and of the refused
    /// none twice.
    fn holds_at_least(&self, user: &User, room: &str) {
        let texts = texts(user, room);
        let of = |kind: &[String]| -> Vec<String> {
            texts.iter().filter(|text| kind.contains(text)).cloned().collect()
        };
        assert_eq!(of(&self.kept), self.kept);
        assert_eq!(texts.len() - self.kept.len(), of(&self.refused).len(), "{texts:?}");
        assert!(of(&self.refused).len() <= self.refused.len(), "{texts:?}");
    }

    /// Each kept message is there once, and no refused one.
    fn holds(&self, user: &User, room: &str) {
        assert_eq!(texts(user, room), self.kept, "refused: {:?}", self.refused);
    }
}

fn texts(user: &User, room: &str) -> Vec<String> {
    let history = user.history(room);
    let text = |event: &Value| event["content"]["ciphertext"].as_str().map(str::to_owned);
    history.iter().filter_map(text).collect()
}

fn upload(user: &User, size_bytes: usize) -> Answer {
    let headers = [("content-type", "application/octet-stream")];
    user.request("POST", "/_matrix/media/v3/upload", &headers, &vec![0x42; size_bytes])
}

#[test]
fn a_full_disk_refuses_messages_and_takes_them_again_when_there_is_room() {
    let faults = Faults::below(DATABASE);
    let mut server = server(&faults);
    let anna = server.user("anna");
    let room = anna.room_with(&[]);
    let mut outcome = Outcome::default();
    for disk in [Disk::Works, Disk::IsFull, Disk::Works, Disk::IsFull, Disk::Works] {
        faults.set(disk);
        for _ in 0..5 {
            let status = outcome.send(&anna, &room);
            assert_eq!(status, if disk == Disk::Works { 200 } else { 503 });
        }
        // Whoever only reads is still served.
        outcome.holds(&anna, &room);
        assert_eq!(anna.get("/_konsil/health").status, 200);
    }
    server.kill();
    server.doctor();
    server.resume();
    outcome.holds(&anna, &room);
    assert_eq!((outcome.kept.len(), outcome.refused.len()), (15, 10));
    let refused_once = &outcome.refused[0];
    let again = room_path(&room, &format!("/send/m.room.encrypted/{}", transaction()));
    anna.put(&again, &encrypted(refused_once)).ok();
}

#[test]
fn a_full_disk_refuses_files_and_takes_them_again_when_there_is_room() {
    let faults = Faults::below(MEDIA);
    let mut server = server(&faults);
    let anna = server.user("anna");
    let mut outcome = Outcome::default();
    for disk in [Disk::Works, Disk::IsFull, Disk::Works] {
        faults.set(disk);
        for size_bytes in [10, 700_000] {
            let status = outcome.upload(&anna, size_bytes);
            assert_eq!(status, if disk == Disk::Works { 200 } else { 503 });
        }
    }
    server.kill();
    server.doctor();
    server.resume();
    for address in &outcome.kept {
        assert_eq!(anna.download(address).status, 200, "{address} was acknowledged");
    }
    assert_eq!(objects(&server), outcome.kept.len(), "what was refused left nothing behind");
}

#[test]
fn a_file_system_that_really_fills_up_loses_nothing() {
    // Where mounting is not allowed, the layer that simulates it (above) is what there is.
    let Some(disk) = SmallDisk::mount(24) else {
        println!("no file system can be mounted here: shown on the simulated disk alone");
        return a_full_disk_refuses_messages_and_takes_them_again_when_there_is_room();
    };
    let data_dir = Some(disk.path().join("data"));
    let mut server =
        Server::with(&Settings { database: Database::Sqlite, data_dir, ..Settings::default() });
    let anna = server.user("anna");
    let room = anna.room_with(&[]);
    let (mut messages, mut files) = (Outcome::default(), Outcome::default());
    for _ in 0..3 {
        assert_eq!(messages.send(&anna, &room), 200);
        disk.fill();
        // Pages of the log that were written before can be written again, so it takes some messages until it is full.
        let refused = (0..2_000).find(|_| messages.send(&anna, &room) == 503);
        assert!(refused.is_some(), "the disk is full, and still everything is taken");
        assert_eq!(files.upload(&anna, 300_000), 503);
        disk.make_room();
        assert_eq!(messages.send(&anna, &room), 200);
        assert_eq!(files.upload(&anna, 300_000), 200);
    }
    messages.holds(&anna, &room);
    server.kill();
    server.doctor();
    server.resume();
    messages.holds(&anna, &room);
    for address in &files.kept {
        assert_eq!(anna.download(address).bytes.len(), 300_000);
    }
    server.stop();
}

#[test]
fn after_a_failed_sync_of_the_database_the_process_ends_and_the_next_start_has_everything() {
    let faults = Faults::below(DATABASE);
    let mut server = server(&faults);
    let anna = server.user("anna");
    let room = anna.room_with(&[]);
    let mut outcome = Outcome::default();
    assert_eq!(outcome.send(&anna, &room), 200);
    faults.set(Disk::FailsToSync);
    assert_eq!(outcome.send(&anna, &room), 503);
    ends_with_words(&mut server);
    faults.set(Disk::Works);
    server.resume();
    outcome.holds_at_least(&anna, &room);
    assert_eq!(outcome.send(&anna, &room), 200);
    outcome.holds_at_least(&anna, &room);
    server.stop();
    server.doctor();
}

#[test]
fn after_a_failed_sync_of_a_file_the_process_ends_and_the_next_start_has_everything() {
    let faults = Faults::below(MEDIA);
    let mut server = server(&faults);
    let anna = server.user("anna");
    let mut outcome = Outcome::default();
    assert_eq!(outcome.upload(&anna, 3_000), 200);
    faults.set(Disk::FailsToSync);
    assert_eq!(outcome.upload(&anna, 3_000), 503);
    ends_with_words(&mut server);
    faults.set(Disk::Works);
    server.resume();
    assert_eq!(anna.download(&outcome.kept[0]).bytes.len(), 3_000);
    assert_eq!(outcome.upload(&anna, 3_000), 200);
    server.stop();
    server.doctor();
}

fn ends_with_words(server: &mut Server) {
    let status = server.ended_within(NOTICED).expect("the process ends by itself");
    assert!(!status.success(), "it ends with an error: {status}");
    assert!(server.log().contains("the storage failed"), "and says why:\n{}", server.log());
}

fn objects(server: &Server) -> usize {
    let media = server.data_dir().join(testkit::SERVER_NAME).join("media");
    let shards = std::fs::read_dir(media).expect("the shards").flatten();
    shards.map(|shard| std::fs::read_dir(shard.path()).expect("a shard").count()).sum()
}
