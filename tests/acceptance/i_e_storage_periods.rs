//! I.e: messages lie in the app's own encrypted store alone, and only as long as the hospital allows; what was opened is not put there, and nothing
//! is saved outside of it unless the hospital allows that too. That nothing of it is in clear shows `ii_a_no_plaintext_on_server_or_device`.
//!
//! The device's clock is moved at the browser's border: what asks for the time gets another one; the server's where it has noted what was sent when.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Screen, Server};

use crate::{
    app::{Person, hospital, id, member_of},
    i_b_app_lock::move_times,
    picture,
};

const READ: &str = "Kalium war gestern 6,1";
const UNREAD: &str = "Bitte um Rückruf wegen Bett 4";
const DRAFT: &str = "Habe ich schon";
const NEW: &str = "Kalium heute 4,2";
const EIGHT_DAYS: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// Has the device believe from the next start on that so many hours have passed; returns what takes it back.
pub fn later(person: &Person, hours: u64) -> Value {
    let source = format!(
        "{{ const now = Date.now.bind(Date); Date.now = () => now() + {hours} * 3600e3; }}"
    );
    let added =
        person.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source }));
    added["identifier"].clone()
}

fn as_it_is(person: &Person, set: &Value) {
    let script = json!({ "identifier": set });
    person.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", &script);
}

/// How many events lie in the stores of this browser.
fn events_on_the_device(person: &Person) -> u64 {
    let count = "const done = arguments[arguments.length - 1];
        const ask = request => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = reject; });
        indexedDB.databases().then(async all => {
            let events = 0;
            for (const { name } of all) {
                const database = await ask(indexedDB.open(name));
                if (database.objectStoreNames.contains('events'))
                    events += await ask(database.transaction('events').objectStore('events').count());
                database.close();
            }
            return events;
        }).then(done, error => done(String(error)));";
    let events = person.browser.async_script(count, &json!([]));
    events.as_u64().unwrap_or_else(|| panic!("{events}"))
}

/// Waits until the row of a chat says all of this.
#[track_caller]
fn row_says(person: &Person, title: &str, words: &[&str]) {
    let says = |row: &String| row.contains(title) && words.iter().all(|it| row.contains(it));
    person.browser.wait_for(&format!("a row of {title} that says {words:?}"), || {
        person.browser.texts(&id("room-row")).iter().any(says).then_some(())
    });
}

/// To the list, in which no row is that of the open chat.
fn leaves_the_chat(person: &Person) {
    person.browser.script("location.hash = '#/'", &json!([]));
    person.browser.gone(&format!("{}[aria-current]", id("room-row")));
}

fn stays_seven_days_and_no_longer(server: &mut Server, people: [&str; 3], screen: Screen) {
    let [user, jonas, murat] = people;
    let (jonas, jonas_password) = member_of(server, jonas);
    let (murat, murat_password) = member_of(server, murat);
    let (anna, password) = member_of(server, user);
    let anna = Person::logged_in(&server.url(), &anna, &password, screen);
    let jonas_there = Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Desktop);
    let murat_there = Person::logged_in(&server.url(), &murat, &murat_password, Screen::Desktop);
    jonas_there.write_to(user, user);
    jonas_there.say(READ);
    anna.open(&jonas);
    anna.sees(READ);
    anna.begin(DRAFT);
    murat_there.write_to(user, user);
    murat_there.say(UNREAD);
    leaves_the_chat(&anna);
    row_says(&anna, &murat, &[UNREAD]);

    // After six days all of it is there, without the server too.
    let six_days = later(&anna, 6 * 24);
    anna.reload();
    row_says(&anna, &jonas, &[DRAFT]);
    row_says(&anna, &murat, &[UNREAD]);
    server.stop();
    anna.open(&jonas);
    anna.sees(READ);
    leaves_the_chat(&anna);
    server.resume();
    assert!(events_on_the_device(&anna) > 2);
    as_it_is(&anna, &six_days);

    // The app was closed for eight days, and the server knows no more what it has told whom: before anything is shown, it is gone from the device,
    // and does not come back.
    move_times(server, "UPDATE events SET ts = ts - ?1", EIGHT_DAYS);
    later(&anna, EIGHT_DAYS.as_secs() / 3600);
    anna.reload();
    murat_there.open(user);
    anna.browser.wait_for("murat to be seen writing", || {
        murat_there.begin("a");
        let rows = anna.browser.texts(&id("room-row"));
        rows.iter().any(|row| row.contains("schreibt")).then_some(())
    });
    server.stop();
    row_says(&anna, &jonas, &["Ältere Nachrichten"]);
    // What was not read is still counted.
    row_says(&anna, &murat, &["Ältere Nachrichten", "\n1"]);
    anna.check("list-older");
    let list = anna.browser.text(&id("room-list"));
    for gone in [READ, UNREAD, DRAFT] {
        assert!(!list.contains(gone), "{gone} is still in the list: {list}");
    }
    assert_eq!(events_on_the_device(&anna), 0);
    anna.open(&jonas);
    anna.browser.find(&id("older-failed"));
    anna.check("chat-older-offline");
    assert!(!anna.browser.text(&id("log")).contains(READ));
    let composer = "return document.querySelector(arguments[0])?.value";
    assert_eq!(anna.browser.script(composer, &json!([id("composer")])), "");

    // The server has it still, and what is new comes behind it.
    server.resume();
    anna.sees(READ);
    jonas_there.say(NEW);
    anna.sees(NEW);
    anna.sees_once(READ);
    let texts = anna.browser.text(&id("log"));
    assert!(texts.find(READ) < texts.find(NEW), "{texts}");
    anna.open(&murat);
    anna.sees_once(UNREAD);
    anna.to_list();
    anna.browser.gone(&id("unread-count"));
}

#[test]
fn messages_and_drafts_stay_seven_days_also_on_a_device_that_was_closed_for_long() {
    let mut server = hospital("lock.hidden_seconds = 600");
    stays_seven_days_and_no_longer(&mut server, ["anna", "jonas", "murat"], Screen::Phone);
    stays_seven_days_and_no_longer(&mut server, ["maria", "weber", "demir"], Screen::Desktop);
}

#[test]
fn the_hospital_says_how_long_and_it_holds_from_the_next_opening_on() {
    let server = hospital("device.text_days = 1\nlock.hidden_seconds = 600");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let (anna, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &anna, &password, Screen::Phone);
    let jonas_there = Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Desktop);
    jonas_there.write_to("anna", "anna");
    jonas_there.say(READ);
    anna.open(&jonas);
    anna.sees(READ);
    anna.to_list();
    anna.reload();
    row_says(&anna, &jonas, &[READ]);
    later(&anna, 25);
    anna.reload();
    row_says(&anna, &jonas, &["Ältere Nachrichten"]);
    anna.open(&jonas);
    anna.sees_once(READ);
}

#[test]
fn nothing_is_saved_outside_unless_the_hospital_allows_it() {
    for allowed in [false, true] {
        let server =
            hospital(&format!("attachments.save_to_device = {allowed}\nlock.hidden_seconds = 600"));
        let (jonas, jonas_password) = member_of(&server, "jonas");
        let (anna, password) = member_of(&server, "anna");
        let anna = Person::logged_in(&server.url(), &anna, &password, Screen::Phone);
        let jonas_there =
            Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Desktop);
        let files = tempfile::tempdir().expect("a directory for files");
        let table = files.path().join("Dienstplan.csv");
        std::fs::write(&table, "Name;Dienst\nWeber;Nacht\n").expect("the table is written");
        jonas_there.write_to("anna", "anna");
        jonas_there.send_document(&table, "Dienstplan");
        jonas_there.send_photo(&picture::noise_file(files.path(), "Befund.jpg", 3), "Befund");
        anna.open(&jonas);
        anna.sees("Befund");
        anna.browser.click(&id("file"));
        match allowed {
            true => drop(anna.browser.find(&id("save-file"))),
            false => {
                anna.browser.wait_text(".stage-note", "erlaubt die Klinik nicht");
                assert!(!anna.browser.has(&id("save-file")));
            }
        }
    }
}
