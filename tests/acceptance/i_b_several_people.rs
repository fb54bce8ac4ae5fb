//! I.b: several people on one device. Each has a store of their own behind their own PIN; changing takes a tap and a PIN, and nobody
//! sees anything of another.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{
    PushDevice, Screen, Server,
    search::{Needle, search},
};

use crate::app::{PIN, Person, dist, hospital, id, member_of};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

const JONAS_PIN: &str = "739164";
const MESSAGE: &str = "Aortenbogen-Nachricht-8101";
const DRAFT: &str = "Aortenbogen-Entwurf-8102";
const JONAS_MESSAGE: &str = "Trommelfell-Nachricht-8103";

/// All that the page shows.
fn text(person: &Person) -> String {
    let all = "return document.body.innerText + document.title + location.href";
    person.browser.script(all, &json!([])).as_str().unwrap_or_default().to_owned()
}

/// Names of the browser's databases.
fn databases(person: &Person) -> Vec<String> {
    let ask = "const done = arguments[arguments.length - 1];
        indexedDB.databases().then(all => done(all.map(it => it.name)), () => done([]));";
    let names = person.browser.async_script(ask, &json!([]));
    let names = names.as_array().cloned().unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn settings(at: &Person, screen: Screen) {
    at.to_list();
    let settings = if screen == Screen::Phone { "tab-settings" } else { "open-settings" };
    at.browser.click(&id(settings));
}

fn lock(at: &Person, screen: Screen) {
    settings(at, screen);
    at.browser.click(&id("lock-now"));
    at.browser.find(&id("lock-screen"));
}

/// A second person signs in on the device, with a PIN of their own.
fn another(at: &Person, user: &str, password: &str, pin: &str) {
    at.browser.click(&id("another-person"));
    at.browser.find(&id("sign-in"));
    at.log_in_to_the_pin(user, password);
    at.set_pin(pin);
    at.browser.find(&id("shell"));
    if at.is_shown_the_notice() {
        at.browser.click(&id("privacy-seen"));
        at.browser.gone(&id("privacy-new"));
    }
}

/// The one with this name comes: a tap and a PIN. Returns how long it took.
fn change_to(at: &Person, name: &str, pin: &str) -> Duration {
    at.browser.wait_text(&id("resident"), name);
    let began = Instant::now();
    at.click_with_text(&id("resident"), name);
    let marked = format!("{}[aria-current]", id("resident"));
    at.browser.wait_text(&marked, name);
    at.try_pin(pin);
    at.browser.find(&id("shell"));
    began.elapsed()
}

fn tiles_are(at: &Person, tiles: &[String]) {
    at.browser.wait_for(&format!("the tiles {tiles:?}"), || {
        (at.browser.texts(&id("resident")) == tiles).then_some(())
    });
}

fn draft_is(at: &Person, draft: &str) {
    let composer = "return document.querySelector(arguments[0])?.value";
    at.browser.wait_for("the draft", || {
        (at.browser.script(composer, &json!([id("composer")])) == draft).then_some(())
    });
}

#[test]
fn each_has_a_store_of_their_own_and_changes_by_a_tap_and_a_pin_and_sees_nothing_of_the_other() {
    for screen in [Screen::Phone, Screen::Desktop] {
        let server = Server::demo(&dist());
        let mut ward = Person::logged_in(&server.url(), "anna", PASSWORD, screen);
        ward.write_to("Şahin", "Dr. Murat Şahin");
        ward.say(MESSAGE);
        ward.sees_state(MESSAGE, "sent");
        ward.begin(DRAFT);
        ward.to_list();
        lock(&ward, screen);
        assert!(!ward.browser.has(&id("resident")), "there is nobody else");
        another(&ward, "jonas", PASSWORD, JONAS_PIN);
        ward.browser.find(&id("no-chats"));
        assert!(!text(&ward).contains("Aortenbogen") && !text(&ward).contains("Şahin"));
        ward.write_to("Krüger", "Lena Krüger");
        ward.say(JONAS_MESSAGE);
        ward.sees_state(JONAS_MESSAGE, "sent");

        // From within, and from the lock screen; each PIN opens the own store alone.
        settings(&ward, screen);
        ward.browser.wait_text(&id("me"), JONAS);
        ward.browser.click(&id("change-person"));
        ward.browser.find(&id("residents-screen"));
        ward.browser.wait_text(&id("resident"), ANNA);
        ward.browser.wait_text(&id("resident"), JONAS);
        ward.check("residents");
        ward.click_with_text(&id("resident"), ANNA);
        ward.browser.wait_text(&id("lock-person"), ANNA);
        ward.try_pin(JONAS_PIN);
        ward.browser.wait_text(&id("unlock-problem"), "Noch 9 Versuche");
        ward.check("locked-residents");
        ward.try_pin(PIN);
        ward.browser.find(&id("shell"));
        settings(&ward, screen);
        ward.browser.wait_text(&id("me"), ANNA);
        ward.browser.click(&id(if screen == Screen::Phone { "tab-chats" } else { "rail-chats" }));
        ward.open("Dr. Murat Şahin");
        ward.sees(MESSAGE);
        draft_is(&ward, DRAFT);
        assert!(!text(&ward).contains("Trommelfell") && !text(&ward).contains("Krüger"));
        ward.browser.reload();
        ward.browser.find(&id("lock-screen"));
        assert!(text(&ward).contains("/chat/"), "Anna comes back to where she was");
        let to_jonas = change_to(&ward, JONAS, JONAS_PIN);
        assert!(to_jonas < Duration::from_secs(5), "changing took {to_jonas:?}");
        println!("changing took {to_jonas:?}");
        ward.browser.wait_text(&id("room-row"), "Lena Krüger");
        assert!(!text(&ward).contains("/chat/"), "Jonas does not come to where Anna was");
        assert!(!text(&ward).contains("Aortenbogen") && !text(&ward).contains("Şahin"));

        // Whoever signs out takes everything along, and the other stays.
        let before = databases(&ward);
        assert!(before.iter().any(|name| name.starts_with("konsil-p-")), "{before:?}");
        settings(&ward, screen);
        ward.browser.click(&id("sign-out"));
        ward.browser.click(&id("question-answer"));
        ward.browser.wait_for("the lock screen", || {
            // Where keys are not safe yet, he insists; the way lies hidden while it is busy.
            let insist = "document.querySelector(arguments[0])?.closest('.buttons:not([hidden])') && document.querySelector(arguments[0]).click()";
            ward.browser.script(insist, &json!([id("sign-out-anyway")]));
            ward.browser.has(&id("lock-screen")).then_some(())
        });
        ward.browser.wait_text(&id("lock-person"), ANNA);
        ward.browser.wait_for("what Jonas had to be gone", || {
            (!databases(&ward).iter().any(|name| name.starts_with("konsil-p-"))).then_some(())
        });
        ward.unlock();
        ward.open("Dr. Murat Şahin");
        ward.sees(MESSAGE);

        ward.browser.close();
        let needles = [MESSAGE, DRAFT, JONAS_MESSAGE, ANNA].map(Needle::text);
        let found = search(&ward.browser.profile_dir(), &needles);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn without_the_hospitals_leave_nobody_is_named_and_a_picture_tells_them_apart() {
    let server = hospital("lock.hidden_seconds = 600");
    for (name, screen) in [("anna", Screen::Phone), ("maria", Screen::Desktop)] {
        let (anna, password) = member_of(&server, name);
        let (jonas, jonas_password) = member_of(&server, "jonas");
        let ward = Person::logged_in(&server.url(), &anna, &password, screen);
        lock(&ward, screen);
        assert!(!ward.browser.has(&id("lock-person")));
        another(&ward, &jonas, &jonas_password, JONAS_PIN);
        lock(&ward, screen);
        ward.browser.wait_text(&id("resident"), "Elefant");
        let shown = text(&ward);
        assert!(!shown.contains(&anna) && !shown.contains(&jonas), "{shown}");
        let tiles = ward.browser.texts(&id("resident"));
        assert!(tiles.len() == 2 && tiles[0] != tiles[1], "{tiles:?}");
        ward.check("residents-unnamed");
        change_to(&ward, "Elefant", PIN);
        settings(&ward, screen);
        ward.browser.wait_text(&id("me"), &anna);
        lock(&ward, screen);
        // Somebody who has a store here and signs in as if not comes to their own.
        ward.browser.click(&id("another-person"));
        ward.browser.type_into(&id("login-user"), &jonas);
        ward.browser.type_into(&id("login-password"), &jonas_password);
        ward.browser.click(&id("login-submit"));
        ward.browser.find(&id("lock-screen"));
        ward.try_pin(JONAS_PIN);
        ward.browser.find(&id("shell"));
        lock(&ward, screen);
        // The lock screen is there a moment before its tiles. Were somebody there twice, they would never be these two.
        tiles_are(&ward, &tiles);
        // Whoever turns back leaves nothing.
        ward.browser.click(&id("another-person"));
        ward.browser.click(&id("back-to-residents"));
        ward.browser.find(&id("residents-screen"));
        tiles_are(&ward, &tiles);
    }
}

#[test]
fn what_a_version_for_one_person_has_stored_opens_as_before_and_others_come_beside_it() {
    let server = hospital("lock.hidden_seconds = 600");
    let (user, password) = member_of(&server, "anna");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    anna.write_to(&jonas, &jonas);
    anna.say(MESSAGE);
    anna.sees_state(MESSAGE, "sent");
    anna.begin(DRAFT);
    lock(&anna, Screen::Desktop);
    // That version knew of no list and of no choice.
    let forget = "for (const name of ['people', 'offline-hours', 'show-names']) localStorage.removeItem('konsil.' + name);
        sessionStorage.clear();";
    anna.browser.script(forget, &json!([]));
    anna.reload();
    anna.browser.click(&id("rail-chats"));
    anna.open(&jonas);
    anna.sees(MESSAGE);
    draft_is(&anna, DRAFT);
    lock(&anna, Screen::Desktop);
    another(&anna, &jonas, &jonas_password, JONAS_PIN);
    lock(&anna, Screen::Desktop);
    change_to(&anna, "Elefant", PIN);
    anna.browser.click(&id("rail-chats"));
    anna.open(&jonas);
    anna.sees(MESSAGE);
    draft_is(&anna, DRAFT);
}

#[test]
fn two_people_are_open_in_two_tabs_and_each_locks_for_themselves() {
    let server = hospital("lock.hidden_seconds = 600");
    let (user, password) = member_of(&server, "anna");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let ward = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    lock(&ward, Screen::Desktop);
    another(&ward, &jonas, &jonas_password, JONAS_PIN);
    let first = ward.browser.new_tab(&server.url());
    ward.browser.find(&id("residents-screen"));
    change_to(&ward, "Elefant", PIN);
    let annas = ward.browser.to_tab(&first);
    assert!(ward.browser.has(&id("shell")), "Jonas is still there");
    ward.browser.to_tab(&annas);
    lock(&ward, Screen::Desktop);
    ward.browser.to_tab(&first);
    std::thread::sleep(Duration::from_secs(1));
    assert!(ward.browser.has(&id("shell")), "Anna has locked for herself");
    settings(&ward, Screen::Desktop);
    ward.browser.wait_text(&id("me"), &jonas);

    // The same person in a second tab: one of the two.
    ward.browser.to_tab(&annas);
    ward.browser.wait_text(&id("resident"), "Elefant");
    let other = "return [...document.querySelectorAll(arguments[0])].find(it => !it.hasAttribute('aria-current')).click()";
    ward.browser.script(other, &json!([id("resident")]));
    ward.browser.find(&id("other-tab"));
    ward.browser.click(&id("other-resident"));
    ward.browser.find(&id("residents-screen"));
    change_to(&ward, "Elefant", PIN);
}

/// Gives each worker's place an address of its own at a push service that nobody has.
const STANDS_IN: &str = "
const keys = KEYS;
const scope_of = async (manager) => (await navigator.serviceWorker.getRegistrations()).find(it => it.pushManager === manager).scope;
const subscription = (scope) => {
  const [p256dh, auth] = keys[new URL(scope).pathname === '/' ? 0 : 1];
  const endpoint = 'https://push.test/' + encodeURIComponent(scope);
  return {
    endpoint, toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
    unsubscribe: async () => { localStorage.removeItem('test.' + scope); return true; },
  };
};
PushManager.prototype.subscribe = async function () {
  const scope = await scope_of(this);
  localStorage.setItem('test.' + scope, 'yes');
  return subscription(scope);
};
PushManager.prototype.getSubscription = async function () {
  const scope = await scope_of(this);
  return localStorage.getItem('test.' + scope) ? subscription(scope) : null;
};";

fn subscribed(at: &Person) -> Vec<String> {
    let keys = "return Object.keys(localStorage).filter(it => it.startsWith('test.')).map(it => new URL(it.slice(5)).pathname).sort()";
    let keys = at.browser.script(keys, &json!([]));
    let keys = keys.as_array().cloned().unwrap_or_default();
    keys.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn each_has_a_push_address_of_their_own() {
    let server = hospital("lock.hidden_seconds = 600\npush.web_push_hosts = [\"*\"]");
    let (user, password) = member_of(&server, "anna");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let ward = Person::at(&server.url(), "ward", Screen::Desktop);
    let keys =
        [PushDevice::new(), PushDevice::new()].map(|device| json!([device.key, device.auth]));
    let source = json!({ "source": STANDS_IN.replace("KEYS", &json!(keys).to_string()) });
    ward.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &source);
    let granted = json!({
        "origin": server.url(), "permission": { "name": "notifications" }, "setting": "granted",
    });
    ward.browser.cdp("Browser.setPermission", &granted);
    ward.browser.reload();
    ward.log_in(&user, &password);
    let is = |states: &str| {
        ward.browser.find(&format!("[data-testid=notifications]:is({states})"));
    };
    settings(&ward, Screen::Desktop);
    is("[data-state=off]");
    ward.browser.click(&id("notifications-on"));
    is("[data-state=checking], [data-state=silent]");
    assert_eq!(subscribed(&ward), ["/"]);
    lock(&ward, Screen::Desktop);
    another(&ward, &jonas, &jonas_password, JONAS_PIN);
    settings(&ward, Screen::Desktop);
    is("[data-state=off]");
    assert_eq!(subscribed(&ward), ["/"], "Anna's is left alone");
    ward.browser.click(&id("notifications-on"));
    is("[data-state=checking], [data-state=silent]");
    let both = subscribed(&ward);
    assert!(both.len() == 2 && both[1].starts_with("/person/"), "{both:?}");
    ward.browser.click(&id("notifications-off"));
    is("[data-state=off]");
    assert_eq!(subscribed(&ward), ["/"]);
    lock(&ward, Screen::Desktop);
    change_to(&ward, "Elefant", PIN);
    settings(&ward, Screen::Desktop);
    is("[data-state=on], [data-state=checking], [data-state=silent]");
}

/// Signs in on a device that shall keep nothing.
fn comes_for_now(at: &Person, user: &str, password: &str) {
    at.browser.find(&id("sign-in"));
    at.browser.click(&id("keep-nothing"));
    at.browser.type_into(&id("login-user"), user);
    at.browser.type_into(&id("login-password"), password);
    at.browser.click(&id("login-submit"));
    at.browser.find(&id("shell"));
    if at.is_shown_the_notice() {
        at.browser.click(&id("privacy-seen"));
        at.browser.gone(&id("privacy-new"));
    }
}

/// Another device of an account asks to be confirmed first.
fn puts_off(at: &Person) {
    at.browser.click(&id("confirm-later"));
    at.browser.gone(&id("confirm-device"));
}

/// How many devices the account has, apart from the one that asks.
fn devices_of(user: &testkit::User) -> usize {
    let devices = user.get("/_matrix/client/v3/devices").ok();
    devices["devices"].as_array().map_or(0, Vec::len) - 1
}

#[track_caller]
fn has_no_device(ward: &Person, user: &testkit::User) {
    ward.browser
        .wait_for("the device to leave the account", || (devices_of(user) == 0).then_some(()));
}

#[test]
fn of_a_session_that_keeps_nothing_nothing_is_left_and_its_device_leaves_the_account() {
    for screen in [Screen::Phone, Screen::Desktop] {
        let mut server = hospital("lock.hidden_seconds = 600");
        let (colleague, _) = member_of(&server, "jonas");
        let anna = server.register("anna");
        let mut ward = Person::at(&server.url(), "ward", screen);
        ward.browser.find(&id("sign-in"));
        ward.check("sign-in-keep-nothing");
        comes_for_now(&ward, &anna.localpart, &anna.password);
        assert_eq!(devices_of(&anna), 1);
        ward.write_to(&colleague, &colleague);
        ward.say(MESSAGE);
        ward.sees_state(MESSAGE, "sent");
        ward.begin(DRAFT);
        assert_eq!(databases(&ward), Vec::<String>::new(), "nothing is stored while it is open");
        settings(&ward, screen);
        ward.browser.find(&id("passing-session"));
        assert!(!ward.browser.has(&id("notifications")) && !ward.browser.has(&id("change-pin")));
        ward.check("settings-passing");

        // Ended by hand.
        ward.browser.click(&id("end-session"));
        ward.browser.wait_text(&id("toast"), "nichts geblieben");
        ward.browser.find(&id("sign-in"));
        has_no_device(&ward, &anna);
        let kept = "return JSON.stringify(localStorage) + JSON.stringify(sessionStorage)";
        ward.browser.wait_for("the token to be gone", || {
            let kept = ward.browser.script(kept, &json!([])).to_string();
            assert!(!kept.contains(&anna.localpart), "{kept}");
            (!kept.contains("ksl_")).then_some(())
        });

        // The page is loaded anew, and the tab closed.
        comes_for_now(&ward, &anna.localpart, &anna.password);
        ward.browser.reload();
        ward.browser.find(&id("sign-in"));
        has_no_device(&ward, &anna);
        comes_for_now(&ward, &anna.localpart, &anna.password);
        ward.browser.go("about:blank");
        has_no_device(&ward, &anna);
        ward.browser.go(&server.url());

        // Closed while the server is away: at the next start the device leaves.
        comes_for_now(&ward, &anna.localpart, &anna.password);
        ward.is_on_the_device();
        server.stop();
        ward.browser.go("about:blank");
        server.resume();
        assert_eq!(devices_of(&anna), 1, "the server could not be told");
        ward.browser.go(&server.url());
        has_no_device(&ward, &anna);
        ward.browser.find(&id("sign-in"));
        assert_eq!(databases(&ward), Vec::<String>::new());

        // Somebody who has a store here is not touched by it.
        ward.log_in(&anna.localpart, &anna.password);
        puts_off(&ward);
        lock(&ward, screen);
        let (maria, maria_password) = member_of(&server, "maria");
        ward.browser.click(&id("another-person"));
        comes_for_now(&ward, &maria, &maria_password);
        settings(&ward, screen);
        ward.browser.click(&id("end-session"));
        ward.browser.find(&id("lock-screen"));
        ward.unlock();
        assert_eq!(devices_of(&anna), 1);

        ward.browser.close();
        let needles = [MESSAGE, DRAFT].map(Needle::text);
        let found = search(&ward.browser.profile_dir(), &needles);
        assert!(found.is_empty(), "{found:?}");
    }
}
