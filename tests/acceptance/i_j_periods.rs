//! I.j, the server's side: what is past the hospital's period is deleted, with all that belongs to it, from tables, media storage and
//! write-ahead log; what is not stays whole. A record proves it without saying what it was.
//!
//! The clock is moved where the server has noted what was sent when.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use testkit::{
    Database, Screen, Server, Settings, User,
    matrix::{escape, room_path},
    search::{Needle, search},
};

use crate::{
    app::{self, Person, member_of},
    i_b_app_lock::database,
    i_e_storage_periods::later,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const OLD: &str = "markedOldCiphertext";
const NEW: &str = "markedNewCiphertext";

fn hospital(tenant: &str) -> Server {
    let tenant = tenant.to_owned();
    Server::with(&Settings { database: Database::Sqlite, tenant, ..Settings::default() })
}

/// Stops the server, makes what these statements say in its database, and starts it again.
fn in_the_past(server: &mut Server, change: impl Fn(&Connection)) {
    server.stop();
    change(&database(server));
    server.resume();
}

/// Has everything that was sent so far be sent so long ago.
fn age_everything(server: &mut Server, by: Duration) {
    in_the_past(server, |database| {
        let by = by.as_millis() as i64;
        database.execute("UPDATE events SET ts = ts - ?1", [by]).expect("events");
        database.execute("UPDATE media SET created_ts = created_ts - ?1", [by]).expect("files");
    });
}

#[track_caller]
fn konsil(server: &Server, arguments: &[&str]) -> String {
    let output = server.konsil(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How often a text is in any file of the server.
fn found(server: &Server, text: &str) -> Vec<String> {
    let needle = [Needle::text(text)];
    search(&server.data_dir(), &needle).iter().map(ToString::to_string).collect()
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["event_id"].as_str()).collect()
}

fn unread(user: &User, room: &str) -> u64 {
    let sync = user.sync(None);
    sync["rooms"]["join"][room]["unread_notifications"]["notification_count"]
        .as_u64()
        .expect("a count")
}

fn gone(user: &User, room: &str, event: &str) {
    user.get(&room_path(room, &format!("/event/{}", escape(event)))).refused(404, "M_NOT_FOUND");
}

/// What a file is called in the server's media directory does not matter: how many there are does.
fn files(server: &Server) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|it| if it.path().is_dir() { count(&it.path()) } else { 1 }).sum()
    }
    let folders = std::fs::read_dir(server.data_dir()).expect("a directory").flatten();
    folders.map(|folder| count(&folder.path().join("media"))).sum()
}

fn thread(root: &str, ciphertext: &str) -> Value {
    let mut content = testkit::matrix::encrypted(ciphertext);
    content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
    content
}

#[test]
fn what_is_past_its_period_is_on_no_disk_and_the_rest_is_whole() {
    let mut server = hospital("");
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let old: Vec<String> =
        (0..3).map(|number| anna.send_encrypted(&room, &format!("{OLD}{number}"))).collect();
    let answer = anna.send(&room, "m.room.encrypted", &thread(&old[0], &format!("{OLD}thread")));
    anna.post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&old[2]))), &json!({})).ok();
    let deleted = anna.send_encrypted(&room, &format!("{OLD}deleted"));
    let redact = |event: &str| {
        let path = format!("/redact/{}/{}", escape(event), testkit::matrix::transaction());
        let sent = anna.put(&room_path(&room, &path), &json!({})).ok();
        sent["event_id"].as_str().expect("an id").to_owned()
    };
    let redaction = redact(&deleted);
    // A part of the state that was deleted: that it was has to be known as long as it stands there.
    let state = anna.set_state(&room, "de.konsil.test", "x", &json!({ "said": "markedStateSaid" }));
    let of_state = redact(&state);
    let (file, picture, of_room) = (
        anna.upload("application/octet-stream", &[7; 3_000]),
        anna.upload("image/png", &[8; 3_000]),
        anna.upload("image/png", &[9; 3_000]),
    );
    let profile = format!("/_matrix/client/v3/profile/{}/avatar_url", escape(&anna.id));
    anna.put(&profile, &json!({ "avatar_url": picture })).ok();
    anna.set_state(&room, "m.room.avatar", "", &json!({ "url": of_room }));
    assert_eq!((unread(&jonas, &room), files(&server)), (5, 3));
    age_everything(&mut server, 31 * DAY);

    // What is sent from here on is new; the first of it answers what goes.
    let new = anna.send(&room, "m.room.encrypted", &thread(&old[0], &format!("{NEW}thread")));
    let newest = jonas.send_encrypted(&room, &format!("{NEW}last"));
    let new_file = anna.upload("application/octet-stream", &[5; 3_000]);
    assert!(!found(&server, OLD).is_empty(), "the search finds what is there");
    let since = jonas.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    server.doctor();

    assert_eq!(
        konsil(&server, &["retention", "run"]),
        "6 messages and 1 files were past their period and are gone\n"
    );
    let messages = old.iter().chain([&answer, &deleted]);
    for event in messages.chain([&redaction]).filter(|event| **event != redaction) {
        gone(&anna, &room, event);
    }
    assert_eq!(found(&server, OLD), Vec::<String>::new());
    assert_eq!(files(&server), 3);
    anna.download(&file).refused(404, "M_NOT_FOUND");
    for stays in [&picture, &of_room, &new_file] {
        assert_eq!(anna.download(stays).status, 200, "{stays}");
    }
    // The rest is as it was: in the room's history, in sync, and for who counts (who writes in a room has not read its threads).
    for user in [&anna, &jonas] {
        let history = user.history(&room);
        let history = ids(&history);
        assert!(history.contains(&new.as_str()) && history.contains(&newest.as_str()));
        assert!(history.contains(&of_state.as_str()), "state says that it was deleted");
        assert!(!history.iter().any(|id| old.iter().any(|old| old == id)), "{history:?}");
    }
    assert!(!found(&server, NEW).is_empty());
    assert_eq!((unread(&anna, &room), unread(&jonas, &room)), (1, 1));
    let later = jonas.sync(Some(&since));
    assert!(later["rooms"]["join"].get(&room).is_none(), "nothing new: {later}");
    anna.get(&format!("/_matrix/client/v1/rooms/{}/threads", escape(&room))).ok();
    server.doctor();

    // The record: how much, and that nothing is left on the disk. It goes on after a restart, and nothing goes twice.
    let record = konsil(&server, &["retention", "list"]);
    let lines: Vec<&str> = record.lines().collect();
    assert_eq!(lines.len(), 2, "{record}");
    assert!(lines[0].contains("  6 messages  erased ") && lines[1].contains("  1 files  erased "));
    assert!(!record.contains("$") && !record.contains("mxc"), "{record}");
    in_the_past(&mut server, |_| {});
    assert_eq!((unread(&anna, &room), unread(&jonas, &room)), (1, 1));
    assert!(konsil(&server, &["retention", "run"]).starts_with("0 messages and 0 files"));
    anna.send_encrypted(&room, &format!("{NEW}again"));
    assert_eq!(unread(&jonas, &room), 2);
    age_everything(&mut server, 31 * DAY);
    assert!(konsil(&server, &["retention", "run"]).starts_with("3 messages and 1 files"));
    assert_eq!((found(&server, NEW), unread(&jonas, &room)), (Vec::new(), 0));
    server.doctor();
    // A room of which every message is gone goes on.
    let after = jonas.send_encrypted(&room, "what comes after");
    assert_eq!(ids(&anna.history(&room)).iter().filter(|id| ***id == *after).count(), 1);
    server.doctor();
    assert_eq!(konsil(&server, &["retention", "list"]).lines().count(), 4);
}

#[test]
fn the_hospital_sets_the_period_and_a_chat_may_have_a_shorter_one() {
    let mut server = hospital("retention.message_days = 0\nretention.media_days = 400");
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let (kept, short) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    anna.set_state(&short, "m.room.retention", "", &json!({ "max_lifetime": 3 * 86_400_000_u64 }));
    let file = anna.upload("application/octet-stream", &[7; 3_000]);
    let stays = anna.send_encrypted(&kept, "stays");
    let goes = anna.send_encrypted(&short, "goes");
    let notice = |server: &Server| server.api().get("/_konsil/privacy?lang=de").ok().to_string();
    assert!(notice(&server).contains("hat dieses Haus nicht eingestellt"), "{}", notice(&server));
    age_everything(&mut server, 2 * DAY);
    assert!(konsil(&server, &["retention", "run"]).starts_with("0 messages and 0 files"));
    age_everything(&mut server, 300 * DAY);
    assert!(konsil(&server, &["retention", "run"]).starts_with("1 messages and 0 files"));
    gone(&jonas, &short, &goes);
    assert!(ids(&jonas.history(&kept)).contains(&stays.as_str()));
    assert_eq!(jonas.download(&file).status, 200);
    age_everything(&mut server, 101 * DAY);
    assert!(konsil(&server, &["retention", "run"]).starts_with("0 messages and 1 files"));
    assert!(ids(&jonas.history(&kept)).contains(&stays.as_str()));

    // A changed setting holds for what is there, and changes what the notice says.
    server.stop();
    let mut text = std::fs::read_to_string(server.config_file()).expect("a configuration");
    text = text.replace("retention.message_days = 0", "retention.message_days = 90");
    std::fs::write(server.config_file(), text).expect("it is written");
    server.resume();
    assert!(notice(&server).contains("höchstens 90 Tage"), "{}", notice(&server));
    assert!(konsil(&server, &["retention", "run"]).starts_with("1 messages and 0 files"));
    gone(&jonas, &kept, &stays);
    server.doctor();
}

#[test]
fn the_name_of_a_group_is_sent_again_before_it_goes_and_the_chat_says_how_long_it_reaches_back() {
    let server = app::hospital("");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let (anna, password) = member_of(&server, "anna");
    let jonas = Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Desktop);
    let there = Person::logged_in(&server.url(), &anna, &password, Screen::Phone);
    there.make_group("Nachtdienst Augustinum", &[("jonas", "jonas")]);
    there.say("Wer übernimmt Bett 12");
    jonas.open("Nachtdienst Augustinum");
    jonas.sees("Wer übernimmt Bett 12");
    let words = "werden nach 30 Tagen gelöscht";
    jonas.browser.wait_text(".chat-start", words);
    jonas.look("beginning-after-days");

    let api = server.api().login(&anna, &password);
    let rooms = api.get("/_matrix/client/v3/joined_rooms").ok();
    let room = rooms["joined_rooms"][0].as_str().expect("a room").to_owned();
    let sent = || {
        let history = api.history(&room);
        history
            .iter()
            .filter(|it| it["type"] == "m.room.encrypted" && it["sender"] == api.id)
            .count()
    };
    let before = sent();
    // Twenty days later, as far as the device knows.
    later(&there, 20 * 24);
    there.reload();
    there.browser.wait_for("the name to be sent again", || (sent() == before + 1).then_some(()));
}
