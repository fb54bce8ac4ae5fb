//! II.a: what people write is in no file of the server, not in its log, and not in the profile of the browser.
//!
//! The controls write the same in clear and let the same search find it; `crates/testkit` has them for each encoding, for
//! compressed forms, and for a browser's profile.

use std::path::Path;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::json;
use testkit::search::{Found, Needle, search};
use testkit::{Screen, Server, Settings, User};

use crate::app::{Person, dist, id};
use crate::picture;

const MESSAGE: &str = "Aortendissektion-Nachricht-7301";
const REPLY: &str = "Aortendissektion-Antwort-7302";
const CAPTION: &str = "Aortendissektion-Bildtext-7303";
const PHOTO_NAME: &str = "Aortendissektion-Bildname-7304";
const FILE_NAME: &str = "Aortendissektion-Dateiname-7305";
const FILE_CONTENT: &str = "Aortendissektion-Dateiinhalt-7306";
const FILE_CAPTION: &str = "Aortendissektion-Dateitext-7307";
const ROOM_NAME: &str = "Aortendissektion-Gruppe-7308";
const TOPIC: &str = "Aortendissektion-Thema-7309";
const DRAFT: &str = "Aortendissektion-Entwurf-7310";
const MARKERS: [&str; 10] = [
    MESSAGE,
    REPLY,
    CAPTION,
    PHOTO_NAME,
    FILE_NAME,
    FILE_CONTENT,
    FILE_CAPTION,
    ROOM_NAME,
    TOPIC,
    DRAFT,
];

/// Keeps a copy of every picture that the app produces before it encrypts it: the photo as sent, and its small version.
const KEEP_PICTURES: &str = "window.kept = [];
    const original = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (done, ...rest) {
        return original.call(this, blob => { window.kept.push(blob); done(blob); }, ...rest);
    };";

/// The kept pictures as base64. A FileReader needs no permission of the Content-Security-Policy.
const READ_PICTURES: &str = "const done = arguments[arguments.length - 1];
    Promise.all(window.kept.map(blob => new Promise(resolve => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.split(',')[1]);
        reader.readAsDataURL(blob);
    }))).then(done);";

#[test]
fn nothing_that_was_written_is_in_a_file_of_server_log_or_browser() {
    let mut server = Server::with(&Settings { web: Some(dist()), ..Settings::default() });
    let (anna, jonas) =
        (named(&server, "anna", "Anna Probe"), named(&server, "jonas", "Jonas Probe"));
    let files = tempfile::tempdir().expect("a directory for files");
    let document = files.path().join(format!("{FILE_NAME}.txt"));
    std::fs::write(&document, FILE_CONTENT.repeat(100)).expect("the document is written");
    let photo = picture::noise_file(files.path(), &format!("{PHOTO_NAME}.jpg"), 7);

    let mut writer = Person::at(&server.url(), "anna", Screen::Desktop);
    writer
        .browser
        .cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": KEEP_PICTURES }));
    writer.browser.reload();
    writer.log_in(&anna.localpart, &anna.password);
    let mut reader =
        Person::logged_in(&server.url(), &jonas.localpart, &jonas.password, Screen::Phone);

    writer.write_to("Jonas Probe", "Jonas Probe");
    writer.say(MESSAGE);
    reader.open("Anna Probe");
    reader.sees(MESSAGE);
    reader.reply(MESSAGE, REPLY);
    writer.sees(REPLY);
    let emoji = writer.react(REPLY);
    reader.sees_reaction(REPLY, &emoji);
    writer.send_photo(&photo, CAPTION);
    reader.sees(CAPTION);
    reader.sees_picture();
    writer.send_document(&document, FILE_CAPTION);
    reader.sees(FILE_CAPTION);
    reader.browser.wait_text(&id("file-name"), FILE_NAME);
    writer.make_group(ROOM_NAME, &[("Jonas Probe", "Jonas Probe")]);
    writer.browser.click(&id("open-details"));
    writer.browser.click(&id("topic-edit"));
    writer.browser.type_into(&id("topic-input"), TOPIC);
    writer.browser.click(&id("topic-save"));
    writer.say("Ein Satz ohne Bedeutung");
    reader.open(ROOM_NAME);
    reader.browser.wait_text(&id("log"), TOPIC);
    writer.begin(DRAFT);
    // The list shows drafts of other chats; coming back, the text stands in the composer again.
    writer.open("Jonas Probe");
    writer.browser.find(&id("draft-mark"));
    writer.open(ROOM_NAME);
    let composer = "return document.querySelector(arguments[0])?.value";
    writer.browser.wait_for("the draft to be back", || {
        (writer.browser.script(composer, &json!([id("composer")])) == DRAFT).then_some(())
    });

    let sent = writer.browser.async_script(READ_PICTURES, &json!([]));
    let sent: Vec<Vec<u8>> = sent
        .as_array()
        .expect("pictures were kept")
        .iter()
        .map(|picture| BASE64_STANDARD.decode(picture.as_str().expect("base64")).expect("base64"))
        .collect();
    assert!(sent.len() >= 2, "the photo and its small version were produced");
    let needles = needles(&[sent, vec![picture::noise(7)]].concat(), &emoji);

    // Once as it lies there at work, with the write-ahead log, and once after the end, when all is written.
    let mut found = on_server(&server, &needles);
    let consoles = [writer.browser.console(), reader.browser.console()].concat().join("\n");
    writer.browser.close();
    reader.browser.close();
    server.stop();
    found.extend(on_server(&server, &needles));
    found.extend(search(&writer.browser.profile_dir(), &needles));
    found.extend(search(&reader.browser.profile_dir(), &needles));

    assert!(found.is_empty(), "found in clear:\n{}", lines(&found));
    for marker in MARKERS {
        assert!(!consoles.contains(marker), "{marker} stands in the browser's console");
    }
}

#[test]
fn the_same_search_finds_what_clients_in_clear_leave_on_the_server() {
    let settings =
        Settings { tenant: "rooms.require_encryption = false".into(), ..Settings::default() };
    let mut server = Server::with(&settings);
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.create_room(&json!({
        "preset": "private_chat", "name": ROOM_NAME, "topic": TOPIC, "invite": [jonas.id],
    }));
    let message =
        anna.send(&room, "m.room.message", &json!({ "msgtype": "m.text", "body": MESSAGE }));
    let picture = picture::noise(7);
    let url = anna.upload("image/jpeg", &picture);
    let image =
        json!({ "msgtype": "m.image", "body": CAPTION, "filename": PHOTO_NAME, "url": url });
    anna.send(&room, "m.room.message", &image);
    let url = anna.upload("text/plain", FILE_CONTENT.repeat(100).as_bytes());
    let file =
        json!({ "msgtype": "m.file", "body": FILE_CAPTION, "filename": FILE_NAME, "url": url });
    anna.send(&room, "m.room.message", &file);
    let emoji = "👍";
    let relation = json!({ "rel_type": "m.annotation", "event_id": message, "key": emoji });
    anna.send(&room, "m.reaction", &json!({ "m.relates_to": relation }));
    server.stop();

    let found = on_server(&server, &needles(&[picture], emoji));

    for marker in
        [MESSAGE, CAPTION, PHOTO_NAME, FILE_NAME, FILE_CONTENT, FILE_CAPTION, ROOM_NAME, TOPIC]
    {
        assert!(
            found.iter().any(|found| found.needle == marker),
            "{marker} is not found:\n{}",
            lines(&found)
        );
    }
    assert!(found.iter().any(|found| found.needle.contains(emoji)), "the reaction is not found");
    assert!(found.iter().any(|found| found.needle == "picture"), "the picture is not found");
}

/// A person with a name in the directory and no device yet.
fn named(server: &Server, localpart: &str, name: &str) -> User {
    let user = server.register(localpart);
    let path =
        format!("/_matrix/client/v3/profile/{}/displayname", testkit::matrix::escape(&user.id));
    user.put(&path, &json!({ "displayname": name })).ok();
    user.post("/_matrix/client/v3/logout", &json!({})).ok();
    user
}

fn needles(pictures: &[Vec<u8>], emoji: &str) -> Vec<Needle> {
    let texts = MARKERS.iter().map(|marker| Needle::text(marker));
    let pictures = pictures.iter().map(|bytes| Needle::content("picture", bytes));
    // An emoji alone is four bytes, which chance writes too; with its key it is an event in clear.
    let reaction = Needle::text(&format!("\"key\":\"{emoji}\""));
    texts.chain(pictures).chain([reaction]).collect()
}

fn on_server(server: &Server, needles: &[Needle]) -> Vec<Found> {
    // The log is written by another process.
    std::thread::sleep(Duration::from_millis(200));
    let log: &Path = &server.log_file();
    assert!(!server.log().is_empty(), "the log says something");
    [search(&server.data_dir(), needles), search(log, needles)].concat()
}

fn lines(found: &[Found]) -> String {
    found.iter().map(|found| format!("  {found}\n")).collect()
}
