//! I.b, M.7: where the hospital allows it (`lock.offline_hours`), a device opens without the server for so long, with the PIN and with a
//! secret of its own authenticator, which no copy of the browser's profile holds.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Browser, Screen};

use crate::app::{HESITATE, PIN, Person, add_authenticator, hospital, id, member_of};

const WRONG: &str = "482914";

/// Sets the clock of the device from the next start on; returns what takes it back.
fn set_clock(person: &Person, by: i64) -> Value {
    let source =
        format!("{{ const now = Date.now.bind(Date); Date.now = () => now() + {by} * 3600e3; }}");
    let added =
        person.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source }));
    added["identifier"].clone()
}

fn set_clock_right(person: &Person, set: &Value) {
    let script = json!({ "identifier": set });
    person.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", &script);
}

fn is_asked_for_the_pin(person: &Person) -> bool {
    let shown = "return document.querySelector(arguments[0])?.offsetParent != null";
    person.browser.script(shown, &json!([id("unlock-pin")])) == true
}

#[test]
fn it_opens_for_the_allowed_hours_with_pin_and_authenticator_and_not_from_a_copy() {
    let mut server = hospital("lock.offline_hours = 12\nlock.hidden_seconds = 600");
    let (colleague, _) = member_of(&server, "jonas");
    for (name, screen) in [("anna", Screen::Phone), ("maria", Screen::Desktop)] {
        let (user, password) = member_of(&server, name);
        let mut anna = Person::logged_in(&server.url(), &user, &password, screen);
        add_authenticator(&anna.browser, true);
        anna.write_to(&colleague, &colleague);
        anna.say("Vor dem Ausfall");
        anna.sees_state("Vor dem Ausfall", "sent");
        anna.to_list();
        anna.to_settings();
        anna.browser.wait_text(&id("offline-setting"), "12 Stunden");
        anna.browser.click(&id("offline-set-up"));
        anna.check("offline-set-up");
        anna.browser.type_into(&id("offline-pin"), WRONG);
        anna.browser.click(&id("offline-submit"));
        anna.browser.wait_text(&id("offline-problem"), "Noch 9 Versuche");
        anna.browser.type_into(&id("offline-pin"), PIN);
        anna.browser.click(&id("offline-submit"));
        anna.browser.wait_text(&id("offline-until"), "auch ohne den Server: bis");
        anna.browser.gone(&id("offline-sheet"));
        anna.check("settings-offline");

        anna.is_on_the_device();
        server.stop();
        anna.browser.reload();
        anna.browser.wait_text(&id("lock-offline"), "antwortet nicht");
        anna.browser.wait_text(&id("lock-offline-how"), "auch ohne den Server: bis");
        anna.check("locked-offline-allowed");
        anna.try_pin(WRONG);
        anna.browser.wait_text(&id("unlock-problem"), "Noch 4 Versuche");
        anna.unlock();
        anna.browser.find(&id("offline-banner"));
        anna.browser.click(&id(if screen == Screen::Phone { "tab-chats" } else { "rail-chats" }));
        anna.open(&colleague);
        anna.sees("Vor dem Ausfall");
        anna.say("Während des Ausfalls");
        anna.sees_state("Während des Ausfalls", "queued");

        // Thirteen hours later, and with the clock set back.
        for (hours, words) in [(13, "vorbei"), (-2, "zurückgestellt")] {
            let set = set_clock(&anna, hours);
            anna.browser.reload();
            anna.browser.wait_text(&id("lock-offline-how"), words);
            assert!(!is_asked_for_the_pin(&anna), "{words}");
            anna.look(if hours > 0 { "locked-offline-over" } else { "locked-offline-clock" });
            set_clock_right(&anna, &set);
        }
        // Five wrong ones are the last until the server is back.
        anna.browser.reload();
        for left in [
            "Noch 4 Versuche",
            "Noch 3 Versuche",
            "Noch 2 Versuche",
            "Noch ein Versuch",
            "Fünfmal falsch",
        ] {
            anna.try_pin(WRONG);
            anna.browser.wait_text(&id("unlock-problem"), left);
        }
        anna.browser.wait_text(&id("lock-offline-how"), "Fünfmal falsch");
        assert!(!is_asked_for_the_pin(&anna));
        server.resume();
        anna.browser.gone(&id("lock-offline"));
        anna.unlock();
        anna.sees_state("Während des Ausfalls", "sent");

        // What lies in the profile opens on no other device.
        anna.browser.close();
        server.stop();
        let profile = anna.browser.profile_dir();
        let copy = Person::with(Browser::with_copy_of(&profile, "copy", screen), "copy");
        add_authenticator(&copy.browser, true);
        copy.browser.go(&server.url());
        copy.browser.wait_text(&id("lock-offline-how"), "auch ohne den Server: bis");
        copy.try_pin(PIN);
        copy.browser.wait_text(&id("unlock-problem"), "nicht erkannt");
        assert!(!copy.browser.has(&id("shell")));
        server.resume();
    }
}

#[test]
fn a_blocked_device_does_not_open_without_the_server_once_it_has_met_it() {
    let mut server = hospital("lock.offline_hours = 1\nlock.hidden_seconds = 600");
    let (chief, anna) = (server.register("chief"), server.register("anna"));
    server.stop();
    assert!(server.konsil(&["user", "admin", "chief"]).status.success());
    server.resume();
    let at_desk =
        Person::logged_in(&server.url(), &anna.localpart, &anna.password, Screen::Desktop);
    add_authenticator(&at_desk.browser, true);
    at_desk.browser.click(&id("open-settings"));
    at_desk.browser.click(&id("offline-set-up"));
    at_desk.browser.type_into(&id("offline-pin"), PIN);
    at_desk.browser.click(&id("offline-submit"));
    at_desk.browser.find(&id("offline-until"));
    at_desk.is_on_the_device();

    // Opened without the server, and blocked meanwhile: it closes as soon as it meets the server.
    server.stop();
    at_desk.browser.reload();
    at_desk.browser.wait_text(&id("lock-offline-how"), "auch ohne den Server: bis");
    at_desk.unlock();
    server.resume();
    let lock = format!("/_matrix/client/v1/admin/lock/{}", testkit::matrix::escape(&anna.id));
    chief.put(&lock, &json!({ "locked": true })).ok();
    at_desk.browser.find(&id("lock-account"));
    assert!(!at_desk.browser.has(&id("shell")));
    server.stop();
    at_desk.browser.reload();
    at_desk.browser.wait_text(&id("lock-offline-how"), "nicht eingerichtet");
    assert!(!is_asked_for_the_pin(&at_desk));

    // Nothing is lost, and nothing has to be set up again.
    server.resume();
    chief.put(&lock, &json!({ "locked": false })).ok();
    at_desk.unlock();
    server.stop();
    at_desk.browser.reload();
    at_desk.browser.wait_text(&id("lock-offline-how"), "auch ohne den Server: bis");
    at_desk.unlock();
    // Whoever does not want it any more.
    at_desk.browser.click(&id("open-settings"));
    at_desk.browser.click(&id("offline-end"));
    at_desk.browser.find(&id("offline-set-up"));
    at_desk.browser.reload();
    at_desk.browser.wait_text(&id("lock-offline-how"), "nicht eingerichtet");
}

#[test]
fn the_authenticator_asking_is_no_reason_to_lock_and_by_default_nothing_opens_without_the_server() {
    let see = "Object.defineProperty(document, 'visibilityState', { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));";
    let server = hospital("lock.offline_hours = 12");
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Phone);
    add_authenticator(&anna.browser, true);
    anna.browser.script(HESITATE, &json!([]));
    anna.browser.click(&id("tab-settings"));
    anna.browser.click(&id("offline-set-up"));
    anna.browser.type_into(&id("offline-pin"), PIN);
    anna.browser.click(&id("offline-submit"));
    let is_asked = "return Boolean(window.is_asked)";
    anna.browser.wait_for("the authenticator to ask", || {
        (anna.browser.script(is_asked, &json!([])) == true).then_some(())
    });
    // As on a phone, whose own window lies in front meanwhile. Out of sight is locked here.
    anna.browser.script(see, &json!(["hidden"]));
    std::thread::sleep(Duration::from_secs(3));
    anna.browser.script(see, &json!(["visible"]));
    assert!(anna.browser.has(&id("offline-sheet")), "it is still open");
    anna.browser.find(&id("offline-until"));
    anna.browser.script(see, &json!(["hidden"]));
    anna.browser.find(&id("lock-screen"));

    let mut strict = hospital("");
    let (user, password) = member_of(&strict, "jonas");
    let jonas = Person::logged_in(&strict.url(), &user, &password, Screen::Desktop);
    jonas.browser.click(&id("open-settings"));
    jonas.browser.wait_text(&id("lock-policy"), "nach 5 Minuten");
    assert!(!jonas.browser.has(&id("offline-setting")));
    jonas.is_on_the_device();
    strict.stop();
    jonas.browser.reload();
    jonas.browser.wait_text(&id("lock-offline-how"), "erlaubt die Klinik nicht");
    assert!(!is_asked_for_the_pin(&jonas));
}
