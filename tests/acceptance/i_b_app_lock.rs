//! I.b: access to the app and its data needs a PIN of its own. What is on the device opens with it and with the hospital's server,
//! which counts the tries; locked means that nothing is left in the browser's memory.

use std::{path::Path, time::Duration};

use rusqlite::Connection;
use serde_json::{Value, json};
use testkit::{
    Browser, SERVER_NAME, Screen, Server,
    search::{Needle, search},
};

use crate::app::{PIN, Person, dist, hospital, id, member_of};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

const WRONG: &str = "482914";

fn text(person: &Person) -> String {
    let all = "return document.body.innerText";
    person.browser.script(all, &json!([])).as_str().unwrap_or_default().to_owned()
}

/// Stops the server, lets time pass for its app locks, and starts it again.
pub fn let_pass(server: &mut Server, time: Duration) {
    let locks = "UPDATE app_locks SET last_try_ts = last_try_ts - ?1, pin_ts = pin_ts - ?1";
    move_times(server, locks, time);
}

/// Stops the server, lets a statement move times of its database back by `?1` milliseconds, and starts it again.
pub fn move_times(server: &mut Server, statement: &str, time: Duration) {
    server.stop();
    let moved =
        database(server).execute(statement, [time.as_millis() as i64]).expect("the clock is moved");
    assert!(moved > 0, "there is nothing to move: {statement}");
    server.resume();
}

/// The database of the only hospital of a server that does not run.
pub fn database(server: &Server) -> Connection {
    let file = server.data_dir().join(server_folder(server)).join("konsil.db");
    Connection::open(file).expect("the database")
}

/// The folder of the only hospital.
fn server_folder(server: &Server) -> String {
    let folders = std::fs::read_dir(server.data_dir()).expect("a directory").flatten();
    folders
        .filter(|entry| entry.path().join("konsil.db").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .next()
        .unwrap_or_else(|| SERVER_NAME.to_owned())
}

#[test]
fn a_pin_is_set_at_the_first_sign_in_and_asked_for_at_each_start() {
    let server = Server::demo(&dist());
    for (user, name, screen) in [("anna", ANNA, Screen::Phone), ("jonas", JONAS, Screen::Desktop)] {
        let anna = Person::at(&server.url(), user, screen);
        anna.log_in_to_the_pin(user, PASSWORD);
        anna.check("pin-set");
        for (pin, words) in [
            ("48291", "Mindestens 6 Zeichen"),
            ("123456", "zuerst raten"),
            ("000000", "zuerst raten"),
        ] {
            anna.set_pin(pin);
            anna.browser.wait_text(&id("pin-problem"), words);
        }
        anna.browser.replace_text(&id("pin-new"), PIN);
        anna.browser.replace_text(&id("pin-again"), WRONG);
        anna.browser.click(&id("pin-submit"));
        anna.browser.wait_text(&id("pin-problem"), "verschieden");
        anna.check("pin-problem");
        // Nothing was stored yet: whoever loads the page anew begins anew.
        anna.browser.reload();
        anna.log_in_to_the_pin(user, PASSWORD);
        anna.set_pin(PIN);
        anna.browser.find(&id("shell"));
        if anna.is_shown_the_notice() {
            anna.browser.click(&id("privacy-seen"));
        }
        let settings = if screen == Screen::Phone { "tab-settings" } else { "open-settings" };
        anna.browser.click(&id(settings));
        anna.browser.wait_text(&id("me"), name);
        anna.reload();
        anna.browser.wait_text(&id("me"), name);
        anna.browser.reload();
        anna.browser.wait_text(&id("lock-person"), name);
        anna.check("locked");
        anna.try_pin(WRONG);
        anna.browser.wait_text(&id("unlock-problem"), "Noch 9 Versuche");
        anna.check("locked-wrong");
        assert!(!anna.browser.has(&id("shell")));
        anna.unlock();

        // At any time, and with another PIN, from the settings.
        anna.browser.wait_text(&id("lock-policy"), "nach 5 Minuten ohne Eingabe");
        anna.look("settings-lock");
        anna.browser.click(&id("change-pin"));
        anna.check("change-pin");
        anna.browser.type_into(&id("pin-present"), WRONG);
        anna.browser.type_into(&id("pin-new"), "739164");
        anna.browser.type_into(&id("pin-again"), "739164");
        anna.browser.click(&id("change-pin-submit"));
        anna.browser.wait_text(&id("change-pin-problem"), "Noch 9 Versuche");
        anna.browser.replace_text(&id("pin-present"), PIN);
        anna.browser.click(&id("change-pin-submit"));
        anna.browser.wait_text(&id("toast"), "Die neue PIN gilt.");
        anna.browser.click(&id("lock-now"));
        anna.browser.find(&id("lock-screen"));
        anna.try_pin(PIN);
        anna.browser.wait_text(&id("unlock-problem"), "nicht die richtige");
        anna.try_pin("739164");
        anna.browser.find(&id("shell"));
    }
}

#[test]
fn wrong_tries_are_slowed_down_the_tenth_is_the_last_and_a_copied_profile_has_no_more() {
    let mut server = Server::demo(&dist());
    let mut anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let key = anna.keep_recovery_key();
    anna.write_to("Weber", JONAS);
    anna.say("Vor dem Vergessen");
    anna.sees_state("Vor dem Vergessen", "sent");
    anna.browser.close();
    let at_copy = |what: &str| {
        let browser = Browser::with_copy_of(&anna.browser.profile_dir(), what, Screen::Phone);
        browser.go(&server.url());
        Person::with(browser, what)
    };
    // Copied before, restored after.
    let (mut original, restored, kept) =
        (at_copy("original"), at_copy("restored"), at_copy("kept"));
    for left in ["Noch 9 Versuche", "Noch 8 Versuche"] {
        original.try_pin(WRONG);
        original.browser.wait_text(&id("unlock-problem"), left);
    }
    original.browser.close();
    for left in ["Noch 7 Versuche", "Noch 6 Versuche"] {
        restored.try_pin(WRONG);
        restored.browser.wait_text(&id("unlock-problem"), left);
    }
    assert!(!restored.browser.has(&id("unlock-warning")), "it is early");
    let pauses_s = [30, 60, 5 * 60, 15 * 60, 60 * 60];
    for (left, pause_s) in [5, 4, 3, 2, 1].into_iter().zip(pauses_s) {
        restored.try_pin(WRONG);
        restored.browser.wait_text(&id("unlock-submit"), "Nächster Versuch in ");
        restored.browser.wait_text(&id("unlock-warning"), "Wiederherstellungsschlüssel");
        let disabled = "return document.querySelector(arguments[0]).disabled";
        assert_eq!(restored.browser.script(disabled, &json!([id("unlock-pin")])), true);
        if left == 5 {
            restored.check("locked-waiting");
        }
        let_pass(&mut server, Duration::from_secs(pause_s));
        restored.browser.reload();
        restored.browser.find(&id("lock-screen"));
    }
    restored.browser.wait_text(&id("unlock-last"), "Letzter Versuch");
    restored.check("locked-last");
    restored.try_pin(WRONG);
    restored.browser.wait_text(&id("lock-lost"), "Zehnmal falsch eingegeben");
    restored.check("locked-lost");
    // Nor does the right PIN open any copy, whatever it remembers.
    kept.browser.reload();
    kept.browser.find(&id("lock-lost"));
    assert!(!text(&kept).contains("Vor dem Vergessen"));

    // The way back: sign in and the recovery key, with all history.
    restored.browser.click(&id("lock-forget"));
    restored.browser.find(&id("sign-in"));
    restored.log_in("anna", PASSWORD);
    restored.browser.click(&id("recovery-start"));
    restored.browser.type_into(&id("recovery-input"), &key);
    restored.browser.click(&id("recovery-submit"));
    restored.browser.gone(&id("recovery-input"));
    restored.open(JONAS);
    restored.sees("Vor dem Vergessen");
}

#[test]
fn a_device_whose_account_is_closed_for_the_time_being_stays_closed_and_loses_nothing() {
    let mut server = hospital("");
    let (chief, anna) = (server.register("chief"), server.register("anna"));
    server.stop();
    assert!(server.konsil(&["user", "admin", "chief"]).status.success());
    server.resume();
    let at_desk =
        Person::logged_in(&server.url(), &anna.localpart, &anna.password, Screen::Desktop);
    let lock = format!("/_matrix/client/v1/admin/lock/{}", testkit::matrix::escape(&anna.id));
    chief.put(&lock, &json!({ "locked": true })).ok();
    at_desk.browser.reload();
    at_desk.browser.wait_text(&id("lock-account"), "Auf diesem Gerät geht nichts verloren");
    at_desk.look("locked-account");
    chief.put(&lock, &json!({ "locked": false })).ok();
    at_desk.unlock();

    // Signed out by somebody else it stays closed for good.
    at_desk.browser.reload();
    at_desk.browser.find(&id("lock-screen"));
    let devices = anna.get("/_matrix/client/v3/devices").ok();
    for device in devices["devices"].as_array().expect("a list") {
        let device = device["device_id"].as_str().expect("an id");
        if device != anna.device_id {
            sign_out(&anna, device);
        }
    }
    at_desk.try_pin(PIN);
    at_desk.browser.wait_text(&id("lock-lost"), "wurde abgemeldet");
    at_desk.look("locked-signed-out");
    at_desk.browser.click(&id("lock-forget"));
    at_desk.browser.find(&id("sign-in"));
}

/// Signs out one of the person's devices, as from another one.
fn sign_out(of: &testkit::User, device: &str) {
    let path = format!("/_matrix/client/v3/devices/{device}");
    let session = of.json("DELETE", &path, &json!({})).refused(401, None)["session"].clone();
    let auth = json!({
        "type": "m.login.password", "password": of.password, "session": session,
        "identifier": { "type": "m.id.user", "user": of.id },
    });
    of.json("DELETE", &path, &json!({ "auth": auth })).ok();
}

/// A hospital that lets people change tabs.
fn patient_hospital() -> Server {
    hospital("lock.hidden_seconds = 600")
}

#[test]
fn locking_in_one_tab_locks_the_other_and_only_one_is_open() {
    let server = patient_hospital();
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    let first = anna.browser.new_tab(&server.url());
    anna.browser.find(&id("other-tab"));
    anna.look("other-tab");
    anna.browser.click(&id("lock-others"));
    let second = anna.browser.to_tab(&first);
    anna.browser.find(&id("lock-screen"));
    anna.unlock();

    anna.browser.to_tab(&second);
    anna.browser.find(&id("other-tab"));
    anna.browser.click(&id("use-here"));
    anna.unlock();
    anna.browser.to_tab(&first);
    anna.browser.find(&id("other-tab"));
    assert!(!anna.browser.has(&id("shell")), "what was open here is gone");
    anna.browser.to_tab(&second);
    anna.browser.click(&id("open-settings"));
    anna.browser.click(&id("lock-now"));
    anna.browser.find(&id("lock-screen"));
    anna.browser.to_tab(&first);
    assert!(!anna.browser.has(&id("shell")));
}

#[test]
fn the_app_is_covered_at_once_and_locks_itself_when_idle_or_out_of_sight() {
    let server = patient_hospital();
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    let nothing = json!([]);
    let covered = "return document.documentElement.classList.contains('covered')";
    let is_covered = || anna.browser.script(covered, &nothing) == true;
    let dispatch = "window.dispatchEvent(new Event(arguments[0]))";
    assert!(!is_covered());
    for event in ["blur", "pagehide"] {
        anna.browser.script(dispatch, &json!([event]));
        assert!(is_covered(), "{event}");
        let seen = "return getComputedStyle(document.querySelector(arguments[0])).opacity";
        assert_eq!(anna.browser.script(seen, &json!([".app"])), "0", "{event}");
        anna.browser.script(dispatch, &json!(["focus"]));
        anna.browser.wait_for("the screen to be shown", || (!is_covered()).then_some(()));
    }

    // Out of sight for a moment is not long enough here.
    let first = anna.browser.new_tab("about:blank");
    anna.browser.to_tab(&first);
    anna.browser.wait_for("the screen to be shown", || (!is_covered()).then_some(()));
    assert!(anna.browser.has(&id("shell")));
    let pass = "const now = Date.now.bind(Date); Date.now = () => now() + arguments[0] * 1000;";
    let pick = "const input = document.createElement('input'); input.type = 'file';
        document.body.append(input); input.click(); input.remove();";

    // Five minutes without a touch.
    anna.browser.script(pass, &json!([4 * 60]));
    std::thread::sleep(Duration::from_secs(3));
    assert!(anna.browser.has(&id("shell")), "four are not five");
    anna.browser.script(pass, &json!([70]));
    anna.browser.find(&id("lock-screen"));
    anna.unlock();

    // A minute of the strictest policy: out of sight is locked.
    let strict = hospital("");
    let (user, password) = member_of(&strict, "jonas");
    let jonas = Person::logged_in(&strict.url(), &user, &password, Screen::Desktop);
    let covered_then = jonas.browser.new_tab("about:blank");
    jonas.browser.to_tab(&covered_then);
    jonas.browser.find(&id("lock-screen"));
    assert!(!jonas.browser.has(&id("shell")));
    jonas.unlock();
    // The page is told what a phone tells it when a picker lies before it.
    let see = "Object.defineProperty(document, 'visibilityState', { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));";
    jonas.browser.script(pick, &nothing);
    jonas.browser.script(see, &json!(["hidden"]));
    std::thread::sleep(Duration::from_secs(3));
    jonas.browser.script(see, &json!(["visible"]));
    std::thread::sleep(Duration::from_secs(1));
    assert!(jonas.browser.has(&id("shell")), "the app's own picker was in front of it");
    jonas.browser.script(see, &json!(["hidden"]));
    jonas.browser.find(&id("lock-screen"));
}

const PASSPHRASE: &str = "Aortenbogen-Passphrase-7401";
const MESSAGE: &str = "Aortenbogen-Nachricht-7402";
const DRAFT: &str = "Aortenbogen-Entwurf-7403";

/// Hands out the memory of the app's WebAssembly, now and after each loading.
const KEEP_MEMORY: &str = "for (const name of ['instantiate', 'instantiateStreaming']) {
        const original = WebAssembly[name];
        WebAssembly[name] = async (...all) => {
            const made = await original.apply(WebAssembly, all);
            const exported = (made.instance ?? made).exports;
            if (exported.memory) window.memory_of_the_app = exported.memory;
            return made;
        };
    }";

/// How often each text stands in that memory.
const COUNT_IN_MEMORY: &str = "const bytes = new Uint8Array(window.memory_of_the_app.buffer);
    return [...arguments].map(text => {
        const needle = new TextEncoder().encode(text);
        let found = 0;
        for (let at = bytes.indexOf(needle[0]); at >= 0; at = bytes.indexOf(needle[0], at + 1)) {
            if (needle.every((byte, i) => bytes[at + i] === byte)) found += 1;
        }
        return found;
    });";

fn in_memory(person: &Person) -> Vec<u64> {
    let counted = person.browser.script(COUNT_IN_MEMORY, &json!([MESSAGE, DRAFT, PASSPHRASE]));
    counted.as_array().expect("the app's memory").iter().filter_map(Value::as_u64).collect()
}

#[test]
fn after_locking_nothing_is_left_in_memory_and_never_anything_on_the_disk() {
    let server = patient_hospital();
    let (user, password) = member_of(&server, "anna");
    let (colleague, _) = member_of(&server, "jonas");
    let mut anna = Person::at(&server.url(), "anna", Screen::Desktop);
    anna.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": KEEP_MEMORY }));
    anna.browser.reload();
    anna.log_in_to_the_pin(&user, &password);
    anna.browser.click(&id("pin-keyboard"));
    anna.set_pin(PASSPHRASE);
    anna.browser.find(&id("shell"));
    if anna.is_shown_the_notice() {
        anna.browser.click(&id("privacy-seen"));
    }
    anna.write_to(&colleague, &colleague);
    anna.say(MESSAGE);
    anna.sees_state(MESSAGE, "sent");
    anna.begin(DRAFT);

    // The control: while it is open, all of it is there.
    let open = in_memory(&anna);
    assert!(open[0] > 0 && open[1] > 0, "message and draft are in an open app: {open:?}");
    let heap = anna.browser.heap_snapshot();
    let stands = |heap: &str, text: &str| heap.contains(text);
    assert!(stands(&heap, DRAFT) || stands(&heap, MESSAGE), "the snapshot sees what is open");

    anna.browser.click(&id("open-settings"));
    anna.browser.click(&id("lock-now"));
    anna.browser.find(&id("lock-screen"));
    // The heap first: counting names the texts to the page.
    let heap = anna.browser.heap_snapshot();
    for text in [MESSAGE, DRAFT, PASSPHRASE] {
        assert!(!stands(&heap, text), "{text} is in the heap of a locked app");
    }
    assert_eq!(in_memory(&anna), [0, 0, 0], "locked");
    assert!(!text(&anna).contains(MESSAGE));

    // What was begun is still there behind the PIN.
    anna.try_pin(PASSPHRASE);
    anna.browser.find(&id("shell"));
    anna.browser.click(&id("rail-chats"));
    anna.open(&colleague);
    anna.sees(MESSAGE);
    let composer = "return document.querySelector(arguments[0])?.value";
    anna.browser.wait_for("the draft to be back", || {
        (anna.browser.script(composer, &json!([id("composer")])) == DRAFT).then_some(())
    });

    let console = anna.browser.console().join("\n");
    anna.browser.close();
    let needles = [PASSPHRASE, MESSAGE, DRAFT].map(Needle::text);
    let profile: &Path = &anna.browser.profile_dir();
    let found = search(profile, &needles);
    assert!(found.is_empty(), "{found:?}");
    let found = search(&server.data_dir(), &needles);
    assert!(found.is_empty(), "{found:?}");
    for text in [PASSPHRASE, MESSAGE, DRAFT] {
        assert!(!console.contains(text) && !server.log().contains(text), "{text} was logged");
    }
}
