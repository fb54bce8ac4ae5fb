//! J.9: notifications that carry no content, in real Chromium with the real service worker.
//!
//! What stands in for something else: no push service of Apple, Google or Mozilla can be asked in a test (`pushManager.subscribe`
//! never answers there), so the browser's `PushManager` hands out a subscription at a push service of the test, with keys made by
//! `cryptography`. What the server sends there is decrypted by `http_ece` (both of PyPI) and handed to the worker through the DevTools
//! (`ServiceWorker.deliverPushMessage`), as the browser does after decrypting. A click on a notification is an event that the test
//! dispatches in the worker; opening a window, which browsers allow after a real click alone, is not shown.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Peer, PushDevice, Reply, Screen, Server, Settings, User, axe, peer};

use crate::app::{Person, dist, id};

const ANNA: &str = "Dr. Anna Meyer";
const JONAS: &str = "Jonas Weber";
const PUSHERS: &str = "/_matrix/client/v3/pushers";
const TEXT: &str = "Herr Beispielmann hat Fieber";

/// The browser's border: what `PushManager` gives, and whether it was ever asked.
const STANDS_IN: &str = r#"
const [endpoint, p256dh, auth] = KEYS;
const subscription = {
  endpoint, expirationTime: null, options: { userVisibleOnly: true },
  toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh, auth } }),
  unsubscribe: async () => { localStorage.removeItem('test.subscribed'); return true; },
};
PushManager.prototype.subscribe = async (options) => {
  localStorage.setItem('test.asked', String(Number(localStorage.getItem('test.asked')) + 1));
  localStorage.setItem('test.key', options.applicationServerKey);
  if (Notification.permission !== 'granted') throw new DOMException('', 'NotAllowedError');
  localStorage.setItem('test.subscribed', 'yes');
  return subscription;
};
PushManager.prototype.getSubscription = async () => localStorage.getItem('test.subscribed') ? subscription : null;
"#;

/// The first change of the quiet hours waits until it is let go.
const SLOW_FIRST: &str = "window.asked = window.kept = 0;
    const real = window.fetch, gate = new Promise(open => { window.letGo = open; });
    window.fetch = async (...all) => {
        const [request] = all;
        if (request.method !== 'PUT' || !request.url.includes('quiet_hours')) return real(...all);
        window.asked += 1;
        if (window.asked === 1) await gate;
        const answer = await real(...all);
        window.kept += 1;
        return answer;
    };";

/// A hospital that allows Web Push, or does not, with two people.
fn hospital(allows: bool) -> (Server, String, String) {
    let mut tenant = "display_name = \"Klinikum Musterstadt\"\n".to_owned();
    if allows {
        tenant.push_str("push.web_push_hosts = [\"*\"]\n");
    }
    let node = peer::reachable();
    let server = Server::with(&Settings { web: Some(dist()), tenant, node, ..Settings::default() });
    let add = |name: &str, display_name: &str| {
        let output = server.konsil(&["user", "add", name, "--display-name", display_name]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let password = said.lines().find_map(|line| line.strip_prefix("password: "));
        password.unwrap_or_else(|| panic!("{output:?}")).to_owned()
    };
    let (anna, jonas) = (add("anna", ANNA), add("jonas", JONAS));
    (server, anna, jonas)
}

/// Somebody whose browser has a push service.
struct Woken {
    person: Person,
    device: PushDevice,
    service: Peer,
    origin: String,
}

impl Woken {
    fn logged_in(server: &Server, user: &str, password: &str, screen: Screen) -> Self {
        let (device, service) = (PushDevice::new(), Peer::https(|_| Reply::status(201)));
        let person = Person::at(&server.url(), user, screen);
        let endpoint = format!("{}/wpush/1", service.url);
        let keys = json!([endpoint, device.key, device.auth]).to_string();
        let source = json!({ "source": STANDS_IN.replace("KEYS", &keys) });
        person.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &source);
        person.browser.cdp("ServiceWorker.enable", &json!({}));
        let woken = Self { person, device, service, origin: server.url() };
        woken.permit("granted");
        woken.person.browser.reload();
        woken.person.log_in(user, password);
        woken
    }

    /// What the person answers when the browser asks, or has answered.
    fn permit(&self, answer: &str) {
        let permission = json!({
            "origin": self.origin, "permission": { "name": "notifications" }, "setting": answer,
        });
        self.person.browser.cdp("Browser.setPermission", &permission);
    }

    fn settings(&self) {
        self.person.to_list();
        self.person.browser.click(&id("tab-settings"));
    }

    #[track_caller]
    fn is(&self, state: &str) {
        let here = format!("[data-testid=notifications][data-state={state}]");
        self.person.browser.find(&here);
    }

    /// The next message at the push service, decrypted.
    #[track_caller]
    fn next(&self) -> Value {
        self.device.decrypt(&self.service.next())["message"].clone()
    }

    /// Hands a message to the worker, as the browser does. It is the first worker of this profile.
    fn deliver(&self, message: &Value) {
        let push = json!({
            "origin": self.origin, "registrationId": "0", "data": message.to_string(),
        });
        self.person.browser.cdp("ServiceWorker.deliverPushMessage", &push);
    }

    /// Switches it on, with the push service doing its work.
    fn switch_on(&self) {
        self.settings();
        self.person.browser.click(&id("notifications-on"));
        let asked = self.next();
        assert!(asked["ack_token"].is_string(), "{asked}");
        self.deliver(&asked);
        self.is("arrives");
    }

    /// What is shown outside of the app, oldest first.
    fn notifications(&self) -> Vec<Value> {
        let ask = "const done = arguments[arguments.length - 1];
            navigator.serviceWorker.getRegistration('/').then(it => it.getNotifications()).then(all => done(all.map(it => (
                { title: it.title, body: it.body, tag: it.tag, lang: it.lang, data: it.data, stays: it.requireInteraction }))));";
        let all = self.person.browser.async_script(ask, &json!([]));
        all.as_array().cloned().unwrap_or_default()
    }

    #[track_caller]
    fn shown(&self, title: &str) -> Value {
        self.person.browser.wait_for(&format!("a notification “{title}”"), || {
            self.notifications().into_iter().find(|it| it["title"] == title)
        })
    }

    /// What the worker keeps: the language and the number on the app's icon.
    #[track_caller]
    fn waits_for_unread(&self, unread: u64) {
        let ask = "const done = arguments[arguments.length - 1];
            caches.open('konsil-state').then(it => it.match('./state')).then(it => it?.json()).then(it => done(it ?? null));";
        self.person.browser.wait_for(&format!("{unread} unread at the icon"), || {
            let state = self.person.browser.async_script(ask, &json!([]));
            (state["unread"] == unread).then_some(())
        });
    }

    fn kept(&self, name: &str) -> Value {
        let script = "return localStorage.getItem(arguments[0])";
        self.person.browser.script(script, &json!([name]))
    }

    /// Clicks on the notification of this event.
    fn click(&self, event: &Value) {
        self.person.browser.in_worker(&format!(
            "self.registration.getNotifications({{ tag: {event} }}).then(([notification]) =>
                self.dispatchEvent(new NotificationEvent('notificationclick', {{ notification }})))"
        ));
    }
}

fn pushers(user: &User) -> Value {
    user.get(PUSHERS).ok()["pushers"].clone()
}

#[test]
fn a_message_wakes_the_device_and_says_nothing_outside_of_the_app() {
    let (server, anna_password, jonas_password) = hospital(true);
    let jonas = Woken::logged_in(&server, "jonas", &jonas_password, Screen::Phone);
    let anna = Person::logged_in(&server.url(), "anna", &anna_password, Screen::Desktop);
    let account = server.api().login("jonas", &jonas_password);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.person.open(ANNA);
    jonas.person.sees("Hallo");

    // The hospital allows it, and nobody is asked before the person wants it.
    jonas.settings();
    jonas.is("off");
    assert_eq!(jonas.kept("test.asked"), Value::Null);
    jonas.person.look("notifications-off");
    jonas.switch_on();
    jonas.person.look("notifications-on");
    let capabilities = account.get("/_matrix/client/v3/capabilities").ok();
    let key = &capabilities["capabilities"]["org.matrix.msc4174.webpush"]["vapid"];
    assert_eq!(&jonas.kept("test.key"), key, "subscribed with the hospital's key");
    let known = pushers(&account);
    assert_eq!(known[0]["data"]["activated"], true, "{known}");
    jonas.shown("Mitteilungen kommen an");

    // A message and an urgent one: fixed words, opaque ids.
    jonas.person.browser.click(&id("tab-chats"));
    anna.say(TEXT);
    let push = jonas.next();
    assert_eq!(push["class"], "message");
    jonas.deliver(&push);
    let shown = jonas.shown("Neue Nachricht");
    assert_eq!(
        shown,
        json!({
            "title": "Neue Nachricht", "body": "Zum Lesen Konsil öffnen.", "lang": "de", "stays": false,
            "tag": push["event_id"], "data": { "room_id": push["room_id"], "event_id": push["event_id"] },
        })
    );
    jonas.deliver(&push);
    anna.attach("attach-urgent");
    anna.say("Bitte sofort kommen");
    let urgent = jonas.next();
    jonas.deliver(&urgent);
    assert_eq!(jonas.shown("Dringend")["stays"], true);
    let all = jonas.notifications();
    assert_eq!(all.len(), 3, "the same message is shown once: {all:?}");
    let all = Value::from(all).to_string();
    for word in [TEXT, "Fieber", "sofort", "Meyer", "Anna", "anna"] {
        assert!(!all.contains(word), "{word} is outside of the app: {all}");
    }
    jonas.waits_for_unread(2);

    // A click leads to the chat; what was read needs no notification, and the icon no number.
    jonas.click(&push["event_id"]);
    jonas.person.sees(TEXT);
    jonas.waits_for_unread(0);
    jonas.person.browser.wait_for("the notifications of the chat to go", || {
        let left = jonas.notifications();
        left.iter().all(|it| it["title"] == "Mitteilungen kommen an").then_some(())
    });

    // Switched off, the server knows nothing any more.
    jonas.settings();
    jonas.is("on");
    jonas.person.browser.click(&id("notifications-off"));
    jonas.is("off");
    assert_eq!((pushers(&account), jonas.kept("test.subscribed")), (json!([]), Value::Null));

    // Signing out ends it as well.
    jonas.switch_on();
    jonas.person.browser.click(&id("sign-out"));
    jonas.person.browser.click(&id("question-answer"));
    jonas.person.browser.wait_for("the sign-in", || {
        // Where keys are not safe yet, he insists; the way lies hidden while it is busy.
        let insist = "document.querySelector(arguments[0])?.closest('.buttons:not([hidden])') && document.querySelector(arguments[0]).click()";
        jonas.person.browser.script(insist, &json!([id("sign-out-anyway")]));
        jonas.person.browser.has(&id("login-user")).then_some(())
    });
    assert_eq!((pushers(&account), jonas.kept("test.subscribed")), (json!([]), Value::Null));
    assert_eq!(jonas.notifications(), Vec::<Value>::new());
    // The next person begins with nothing switched on.
    jonas.person.log_in("anna", &anna_password);
    jonas.person.browser.click(&id("confirm-later"));
    jonas.settings();
    jonas.is("off");
}

#[test]
fn without_an_open_page_the_worker_counts_and_the_app_opens_at_the_chat() {
    let (server, anna_password, jonas_password) = hospital(true);
    let jonas = Woken::logged_in(&server, "jonas", &jonas_password, Screen::Phone);
    let anna = Person::logged_in(&server.url(), "anna", &anna_password, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.person.open(ANNA);
    jonas.person.sees("Hallo");
    jonas.switch_on();
    jonas.waits_for_unread(0);
    // A page of the same origin in which nobody is signed in: it hears the worker and cannot answer.
    jonas.person.browser.go(&format!("{}/privacy", server.url()));
    anna.say("Erste");
    let first = jonas.next();
    jonas.deliver(&first);
    anna.say("Zweite");
    jonas.deliver(&jonas.next());
    jonas.shown("Neue Nachricht");
    jonas.waits_for_unread(2);
    // The address that the worker opens leads to the chat, past the start.
    let room = first["room_id"].as_str().expect("a room").to_owned();
    let address = format!("{}/#/chat/{}", server.url(), testkit::matrix::escape(&room));
    jonas.person.browser.go(&address);
    jonas.person.unlock();
    jonas.person.sees("Zweite");
    jonas.waits_for_unread(0);

    // A page that waits for its turn is told where to go.
    jonas.person.browser.go(&format!("{}/privacy", server.url()));
    jonas.deliver(&first);
    jonas.shown("Neue Nachricht");
    jonas.click(&first["event_id"]);
    jonas.person.unlock();
    jonas.person.sees("Zweite");

    // The push service gives the browser another address: with nobody there it says so, and the next start tells the server.
    jonas.person.browser.go(&format!("{}/privacy", server.url()));
    jonas
        .person
        .browser
        .in_worker("self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))");
    jonas.shown("Bitte Konsil öffnen");
}

#[test]
fn the_check_says_when_nothing_arrives_and_the_next_start_asks_again() {
    let (server, _, password) = hospital(true);
    let jonas = Woken::logged_in(&server, "jonas", &password, Screen::Phone);
    let account = server.api().login("jonas", &password);
    jonas.settings();
    jonas.person.browser.click(&id("notifications-on"));
    // The push service takes it and the device never gets it.
    jonas.next();
    jonas.is("checking");
    jonas.is("silent");
    jonas
        .person
        .browser
        .wait_text(&id("notifications-check-result"), "kommen auf diesem Gerät nicht an");
    jonas.person.look("notifications-silent");
    assert_eq!(axe::violations(&jonas.person.browser), Vec::<String>::new());
    jonas.person.browser.click(&id("notifications-check"));
    jonas.deliver(&jonas.next());
    jonas.is("arrives");
    assert_eq!(pushers(&account)[0]["data"]["activated"], true);
    // What has arrived once is asked about all the same, since a phone's settings change.
    jonas.person.browser.click(&id("notifications-check"));
    let asked = jonas.next();
    // The page goes before the token comes: with nobody there it is lost.
    jonas.person.browser.go(&format!("{}/privacy", server.url()));
    jonas.deliver(&asked);
    jonas.shown("Mitteilungen kommen an");
    assert_eq!(pushers(&account)[0]["data"]["activated"], false);
    jonas.person.browser.go(&server.url());
    jonas.person.unlock();
    let again = jonas.next();
    assert_ne!(again["ack_token"], asked["ack_token"]);
    jonas.deliver(&again);
    jonas.person.browser.wait_for("the server to know", || {
        (pushers(&account)[0]["data"]["activated"] == true).then_some(())
    });
}

#[test]
fn it_says_why_it_cannot_be_switched_on_and_asks_nobody() {
    let (strict, _, password) = hospital(false);
    let jonas = Woken::logged_in(&strict, "jonas", &password, Screen::Desktop);
    jonas.person.browser.click(&id("open-settings"));
    jonas.is("hospital");
    jonas.person.browser.wait_text(&id("notifications"), "Die Klinik erlaubt keine Mitteilungen");
    assert!(!jonas.person.browser.has(&id("notifications-on")));
    assert!(!jonas.person.browser.has(&id("quiet-hours")), "nobody is woken anyway");
    jonas.person.look("notifications-hospital");
    assert_eq!(jonas.kept("test.asked"), Value::Null);

    let (server, _, password) = hospital(true);
    let jonas = Woken::logged_in(&server, "jonas", &password, Screen::Desktop);
    jonas.permit("denied");
    jonas.person.browser.click(&id("open-settings"));
    jonas.is("denied");
    jonas.person.browser.wait_text(&id("notifications"), "gesperrt");
    jonas.person.look("notifications-denied");
    assert!(jonas.service.next_within(Duration::from_millis(300)).is_none());
    assert_eq!(jonas.kept("test.asked"), Value::Null);
    // Allowed again in the browser's settings: coming back finds it out.
    jonas.permit("granted");
    let back = "document.dispatchEvent(new Event('visibilitychange'))";
    jonas.person.browser.script(back, &json!([]));
    jonas.is("off");
    jonas.person.browser.click(&id("language-en"));
    jonas.person.browser.click(&id("notifications-on"));
    jonas.deliver(&jonas.next());
    jonas.shown("Notifications arrive");
}

#[test]
fn quiet_hours_keep_silent_and_let_urgent_messages_through() {
    let (server, anna_password, jonas_password) = hospital(true);
    let jonas = Woken::logged_in(&server, "jonas", &jonas_password, Screen::Phone);
    let anna = Person::logged_in(&server.url(), "anna", &anna_password, Screen::Desktop);
    let account = server.api().login("jonas", &jonas_password);
    let hours = || {
        let path =
            format!("/_matrix/client/v3/user/{}/account_data/de.konsil.quiet_hours", account.id);
        account.get(&path)
    };
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.person.open(ANNA);
    jonas.person.sees("Hallo");
    jonas.switch_on();
    assert_eq!(hours().status, 404, "none until somebody wants them");
    jonas.person.browser.click(&id("quiet-on"));
    jonas.person.browser.find(&id("quiet-from"));
    let usual = jonas.person.browser.wait_for("quiet hours at the server", || {
        let answer = hours();
        (answer.status == 200).then(|| answer.value())
    });
    assert_eq!((&usual["from"], &usual["to"]), (&json!("20:00"), &json!("06:30")));
    let set = "const [css, value] = arguments;
        const field = document.querySelector(css);
        field.value = value;
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    // The first change is slow to arrive: the second holds all the same.
    jonas.person.browser.script(SLOW_FIRST, &json!([]));
    for (field, value) in [("quiet-from", "00:00"), ("quiet-to", "23:59")] {
        jonas.person.browser.script(set, &json!([id(field), value]));
    }
    jonas.person.browser.wait_for("the first change to be on its way", || {
        (jonas.person.browser.script("return window.asked", &json!([])) != 0).then_some(())
    });
    // An app that does not wait has asked for the second too when this comes back.
    let there_and_back = "const done = arguments[arguments.length - 1];
        fetch('/_matrix/client/versions').then(() => setTimeout(() => { window.letGo(); done(); }, 100));";
    jonas.person.browser.async_script(there_and_back, &json!([]));
    jonas.person.browser.wait_for("both changes to be kept", || {
        (jonas.person.browser.script("return window.kept", &json!([])) == 2).then_some(())
    });
    let day = hours().value();
    assert_eq!((&day["from"], &day["to"]), (&json!("00:00"), &json!("23:59")));
    let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
    jonas.person.browser.script(scroll, &json!([id("quiet-hours")]));
    jonas.person.browser.gone(&id("toast"));
    jonas.person.look("quiet-hours");
    assert_eq!(axe::violations(&jonas.person.browser), Vec::<String>::new());
    anna.say("Das kann warten");
    anna.sees_state("Das kann warten", "sent");
    anna.attach("attach-urgent");
    anna.say("Das nicht");
    let woken = jonas.next();
    assert_eq!(woken["class"], "urgent", "what can wait wakes nobody: {woken}");
    jonas.person.browser.click(&id("quiet-off"));
    jonas
        .person
        .browser
        .wait_for("no quiet hours", || (hours().value() == json!({})).then_some(()));
    anna.say("Wieder laut");
    assert_eq!(jonas.next()["class"], "message");
}
