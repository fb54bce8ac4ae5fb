//! I.b: where the hospital allows it (`lock.biometrics`), finger or face stand in between entries of the PIN. The server decides whether they
//! do; what they open lies in no copy of the browser's profile.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Browser, Screen, Server,
    search::{Needle, search},
};

use crate::app::{HESITATE, PIN, Person, add_authenticator, hospital, id, member_of};
use crate::i_b_app_lock::{database, let_pass};

const WRONG: &str = "482914";
const MESSAGE: &str = "Aortenbogen-Nachricht-7601";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Sets it up from the open settings.
fn set_up(person: &Person) {
    person.browser.click(&id("biometrics-set-up"));
    person.browser.type_into(&id("biometrics-pin"), PIN);
    person.browser.click(&id("biometrics-submit"));
    person.browser.find(&id("biometrics-on"));
    person.browser.gone(&id("biometrics-sheet"));
}

fn open_by_finger(person: &Person) {
    person.browser.click(&id("unlock-biometrics"));
    person.browser.find(&id("shell"));
}

/// Has whoever is asked turn back, as the browser tells it. A virtual authenticator that has once recognised nobody gave nothing out any more.
const TURN_BACK: &str = "navigator.credentials.get = async () => {
        throw new DOMException('turned back', 'NotAllowedError');
    };";

/// Has the hospital think otherwise.
fn turn(server: &mut Server, from: &str, to: &str) {
    server.stop();
    let file = server.config_file();
    let config = std::fs::read_to_string(&file).expect("the configuration");
    assert!(config.contains(from), "{config}");
    std::fs::write(&file, config.replace(from, to)).expect("it is written");
    server.resume();
}

/// Keeps what the authenticator gives out, to look for it.
const LISTEN: &str = "for (const method of ['create', 'get']) {
        const ask = navigator.credentials[method].bind(navigator.credentials);
        navigator.credentials[method] = async options => {
            const answer = await ask(options);
            const first = answer.getClientExtensionResults().prf?.results?.first;
            if (first) window.given = [...new Uint8Array(first)];
            return answer;
        };
    }";

fn has_focus(person: &Person, testid: &str) -> bool {
    let focused = "return document.activeElement?.dataset.testid";
    person.browser.script(focused, &json!([])) == testid
}

#[test]
fn it_opens_by_finger_in_between_entries_of_the_pin_and_from_no_copy() {
    let mut server =
        hospital("lock.biometrics = true\nlock.pin_hours = 8\nlock.hidden_seconds = 600");
    let (colleague, _) = member_of(&server, "jonas");
    for (name, screen) in [("anna", Screen::Phone), ("maria", Screen::Desktop)] {
        let (user, password) = member_of(&server, name);
        let mut anna = Person::logged_in(&server.url(), &user, &password, screen);
        add_authenticator(&anna.browser, true);
        anna.write_to(&colleague, &colleague);
        anna.say(MESSAGE);
        anna.sees_state(MESSAGE, "sent");
        anna.to_settings();
        anna.browser.wait_text(&id("biometrics-setting"), "8 Stunden nach der letzten PIN-Eingabe");
        anna.browser.script(LISTEN, &json!([]));
        anna.browser.click(&id("biometrics-set-up"));
        anna.browser.wait_text(&id("biometrics-sheet"), "auch sein eigener Code");
        anna.check("biometrics-set-up");
        anna.browser.type_into(&id("biometrics-pin"), WRONG);
        anna.browser.click(&id("biometrics-submit"));
        anna.browser.wait_text(&id("biometrics-problem"), "Noch 9 Versuche");
        anna.browser.type_into(&id("biometrics-pin"), PIN);
        anna.browser.click(&id("biometrics-submit"));
        anna.browser.find(&id("biometrics-on"));
        anna.browser.gone(&id("biometrics-sheet"));
        anna.check("settings-biometrics");
        let given = anna.browser.script("return window.given", &json!([]));
        assert_eq!(given.as_array().map(Vec::len), Some(32), "the authenticator's secret: {given}");

        // Offered first; a phone's keyboard stays down.
        anna.browser.click(&id("lock-now"));
        anna.browser.find(&id("unlock-biometrics"));
        anna.browser.wait_for("the finger to be at hand", || {
            has_focus(&anna, "unlock-biometrics").then_some(())
        });
        anna.check("locked-biometrics");
        open_by_finger(&anna);
        anna.browser.click(&id(if screen == Screen::Phone { "tab-chats" } else { "rail-chats" }));
        anna.open(&colleague);
        anna.sees(MESSAGE);

        // Turned back: the PIN, and nothing was counted.
        anna.browser.reload();
        anna.browser.find(&id("unlock-biometrics"));
        anna.browser.script(TURN_BACK, &json!([]));
        anna.browser.click(&id("unlock-biometrics"));
        anna.browser.wait_text(&id("unlock-biometrics-problem"), "zählt nicht als Fehlversuch");
        anna.check("locked-biometrics-refused");
        anna.try_pin(WRONG);
        anna.browser.wait_text(&id("unlock-problem"), "Noch 9 Versuche");
        anna.browser.reload();
        open_by_finger(&anna);
        anna.browser.reload();
        anna.browser.find(&id("unlock-biometrics"));
        anna.try_pin(WRONG);
        anna.browser.wait_text(&id("unlock-problem"), "Noch 8 Versuche");
        anna.try_pin(PIN);
        anna.browser.find(&id("shell"));

        // Eight hours later the PIN is needed, also where the button still stood there, and then the finger will do again.
        anna.browser.reload();
        anna.browser.find(&id("unlock-biometrics"));
        let_pass(&mut server, 8 * HOUR);
        anna.browser.click(&id("unlock-biometrics"));
        anna.browser.wait_text(&id("unlock-biometrics-why"), "seit mehr als 8 Stunden nicht");
        assert!(!anna.browser.has(&id("shell")));
        anna.browser.reload();
        anna.browser.wait_text(&id("unlock-biometrics-why"), "seit mehr als 8 Stunden nicht");
        assert!(!anna.browser.has(&id("unlock-biometrics")));
        anna.check("locked-pin-needed");
        anna.unlock();
        anna.browser.reload();
        open_by_finger(&anna);

        // What lies in the profile opens by no other device's finger, and the secret is not among it.
        anna.browser.close();
        let profile = anna.browser.profile_dir();
        let copy = Person::with(Browser::with_copy_of(&profile, "copy", screen), "copy");
        add_authenticator(&copy.browser, true);
        copy.browser.go(&server.url());
        copy.browser.click(&id("unlock-biometrics"));
        copy.browser.wait_text(&id("unlock-biometrics-problem"), "Nicht erkannt");
        assert!(!copy.browser.has(&id("shell")));
        let numbers = given.as_array().into_iter().flatten().filter_map(Value::as_u64);
        let secret: Vec<u8> = numbers.map(|number| number as u8).collect();
        let needles = [Needle::text(MESSAGE), Needle::secret("what was given out", &secret)];
        for place in [profile, server.data_dir()] {
            let found = search(&place, &needles);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}

#[test]
fn a_hospital_that_takes_it_back_has_every_device_ask_for_the_pin_and_so_does_whoever_ends_it() {
    let mut server = hospital("lock.biometrics = true\nlock.hidden_seconds = 600");
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    add_authenticator(&anna.browser, true);
    anna.to_settings();
    anna.browser.wait_text(&id("biometrics-setting"), "12 Stunden");
    set_up(&anna);
    // Who changes the PIN goes on with the finger.
    anna.browser.click(&id("change-pin"));
    anna.browser.type_into(&id("pin-present"), PIN);
    anna.browser.type_into(&id("pin-new"), "739164");
    anna.browser.type_into(&id("pin-again"), "739164");
    anna.browser.click(&id("change-pin-submit"));
    anna.browser.wait_text(&id("toast"), "Die neue PIN gilt.");
    anna.browser.reload();
    open_by_finger(&anna);
    anna.browser.reload();
    anna.browser.find(&id("unlock-biometrics"));

    turn(&mut server, "biometrics = true", "biometrics = false");
    anna.browser.click(&id("unlock-biometrics"));
    anna.browser.wait_text(
        &id("unlock-biometrics-why"),
        "Die Klinik erlaubt Finger und Gesicht nicht mehr",
    );
    assert!(!anna.browser.has(&id("shell")) && !anna.browser.has(&id("unlock-biometrics")));
    anna.check("locked-biometrics-not-allowed");
    anna.try_pin("739164");
    anna.browser.find(&id("shell"));
    anna.to_settings();
    anna.browser.find(&id("lock-policy"));
    anna.browser.reload();
    anna.browser.find(&id("lock-screen"));

    // The server knows no finger any more: allowed again, it is for each to set up again.
    server.stop();
    let known = "SELECT count(*), count(biometric_verifier_hash) FROM app_locks";
    let known: (i64, i64) = database(&server)
        .query_row(known, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("the locks are read");
    assert_eq!(known, (1, 0), "locks, and those that a finger opens");
    server.resume();
    turn(&mut server, "biometrics = false", "biometrics = true");
    anna.browser.reload();
    anna.try_pin("739164");
    anna.browser.find(&id("shell"));
    anna.to_settings();
    anna.browser.click(&id("biometrics-set-up"));
    anna.browser.type_into(&id("biometrics-pin"), "739164");
    anna.browser.click(&id("biometrics-submit"));
    anna.browser.click(&id("biometrics-end"));
    anna.browser.find(&id("biometrics-set-up"));
    anna.browser.reload();
    anna.browser.find(&id("lock-screen"));
    assert!(!anna.browser.has(&id("unlock-biometrics")));
    anna.try_pin("739164");
    anna.browser.find(&id("shell"));
}

#[test]
fn the_device_asking_is_no_reason_to_lock_and_where_device_or_hospital_cannot_it_is_not_offered() {
    let see = "Object.defineProperty(document, 'visibilityState', { value: arguments[0], configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));";
    let server = hospital("lock.biometrics = true");
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Phone);
    anna.to_settings();
    anna.browser.wait_text(&id("biometrics-unsupported"), "keinen sicheren Speicher");
    assert!(!anna.browser.has(&id("biometrics-set-up")));
    anna.check("settings-biometrics-unsupported");

    // One that recognises its owner and gives nothing out for it.
    let without = add_authenticator(&anna.browser, false);
    anna.browser.click(&id("tab-chats"));
    anna.to_settings();
    anna.browser.click(&id("biometrics-set-up"));
    anna.browser.type_into(&id("biometrics-pin"), PIN);
    anna.browser.click(&id("biometrics-submit"));
    anna.browser.wait_text(&id("biometrics-problem"), "WebAuthn PRF");
    anna.browser.cdp("WebAuthn.removeVirtualAuthenticator", &json!({ "authenticatorId": without }));

    add_authenticator(&anna.browser, true);
    anna.browser.script(HESITATE, &json!([]));
    anna.browser.replace_text(&id("biometrics-pin"), PIN);
    anna.browser.click(&id("biometrics-submit"));
    let is_asked = "return Boolean(window.is_asked)";
    anna.browser.wait_for("the authenticator to ask", || {
        (anna.browser.script(is_asked, &json!([])) == true).then_some(())
    });
    // As on a phone, whose own window lies in front meanwhile. Out of sight is locked here.
    anna.browser.script(see, &json!(["hidden"]));
    std::thread::sleep(Duration::from_secs(3));
    anna.browser.script(see, &json!(["visible"]));
    assert!(anna.browser.has(&id("biometrics-sheet")), "it is still open");
    anna.browser.find(&id("biometrics-on"));
    anna.browser.script(see, &json!(["hidden"]));
    anna.browser.find(&id("lock-screen"));
    open_by_finger(&anna);

    // Each person of a device has their own.
    anna.to_settings();
    anna.browser.click(&id("lock-now"));
    let (colleague, password) = member_of(&server, "jonas");
    anna.browser.click(&id("another-person"));
    anna.log_in(&colleague, &password);
    anna.browser.reload();
    anna.browser.find(&id("lock-screen"));
    assert!(!anna.browser.has(&id("unlock-biometrics")));
    anna.browser.click(&format!("{}:not([aria-current])", id("resident")));
    open_by_finger(&anna);

    let strict = hospital("");
    let (user, password) = member_of(&strict, "lena");
    let lena = Person::logged_in(&strict.url(), &user, &password, Screen::Desktop);
    add_authenticator(&lena.browser, true);
    lena.to_settings();
    lena.browser.wait_text(&id("lock-policy"), "nach 5 Minuten");
    assert!(!lena.browser.has(&id("biometrics-setting")));
}
