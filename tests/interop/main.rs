//! Clients that others have written, against the real server with strict defaults: matrix-rust-sdk with its SQLite store, matrix-js-sdk with
//! its WebAssembly crypto, matrix-nio with vodozemac. Each makes an encrypted room, talks and exchanges files with the other two, and
//! reads old messages on a new device with the keys it kept.
#![recursion_limit = "256"]

mod clients;
mod native;
mod process;

use std::sync::LazyLock;

use clients::{Client, Kind};
use testkit::Server;

/// All tests share one server, so each makes its own people and rooms.
fn server() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
    &SERVER
}

/// Text, and a file that is no text and longer than one block of the cipher.
fn file_of(user: &str) -> Vec<u8> {
    (0..100_000_u32).map(|at| (at * 31 + u32::from(user.as_bytes()[1])).to_le_bytes()[0]).collect()
}

/// `kind` makes the room; the others are invited. Everybody reads everybody.
fn talks_with_the_others(kind: Kind) {
    let _runtime = native::enter();
    let mut people: Vec<Box<dyn Client>> =
        kind.first_of_all().map(|kind| clients::newcomer(server(), kind)).into();
    let ids: Vec<String> = people.iter().map(|person| person.user_id().to_owned()).collect();

    let room = people[0].create_room("Ward round", &ids[1..]);
    for guest in &mut people[1..] {
        guest.join(&room);
    }
    for person in &mut people {
        person.wait_joined(&room, &ids);
    }

    for sender in 0..people.len() {
        let id = &ids[sender];
        let (body, name, file) = (format!("words of {id}"), format!("file of {id}"), file_of(id));
        people[sender].send_text(&room, &body);
        people[sender].send_file(&room, &name, &file);
        for reader in (0..people.len()).filter(|reader| *reader != sender) {
            let text = people[reader].read_text(&room, &body);
            assert_eq!(&text.sender, id);
            assert!(text.encrypted, "{} read «{body}» in clear", ids[reader]);
            let received = people[reader].read_file(&room, &name);
            assert_eq!(&received.sender, id);
            assert!(received.encrypted, "{} got the file's key in clear", ids[reader]);
            assert!(received.data == file, "{} got another file from {id}", ids[reader]);
        }
    }
}

/// What was read on one device can be read on the next one, with nothing but the password and what the person kept.
fn keeps_and_restores_keys(kind: Kind) {
    let _runtime = native::enter();
    let server = server();
    let (mut person, account) = clients::with_account(server, kind);
    let id = person.user_id().to_owned();
    let room = person.create_room("Hand-over", &[]);
    person.send_text(&room, "kept words");
    person.send_file(&room, "kept file", &file_of(&id));
    let kept = person.keep_keys();

    let mut new_device = account.log_in(server);
    new_device.restore_keys(&kept);
    assert!(new_device.read_text(&room, "kept words").encrypted);
    assert!(new_device.read_file(&room, "kept file").data == file_of(&id));
}

#[test]
fn the_rust_sdk_talks_with_the_others() {
    talks_with_the_others(Kind::RustSdk);
}

#[test]
fn the_js_sdk_talks_with_the_others() {
    talks_with_the_others(Kind::JsSdk);
}

#[test]
fn nio_talks_with_the_others() {
    talks_with_the_others(Kind::Nio);
}

#[test]
fn the_rust_sdk_keeps_and_restores_keys() {
    keeps_and_restores_keys(Kind::RustSdk);
}

#[test]
fn the_js_sdk_keeps_and_restores_keys() {
    keeps_and_restores_keys(Kind::JsSdk);
}

#[test]
fn nio_keeps_and_restores_keys() {
    keeps_and_restores_keys(Kind::Nio);
}
