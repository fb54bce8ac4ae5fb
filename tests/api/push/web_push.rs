//! Web Push (RFC 8030, 8291, 8292; MSC4174): what arrives at a browser's push service, decrypted by other people's code.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testkit::{Peer, PushDevice, Received, Reply, User, matrix::encrypted, python};

use super::{PUSHERS, SET, pushing};
use crate::server;

pub const ACKNOWLEDGE: &str = "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack";

/// A browser as far as its push service sees it.
pub struct Browser {
    device: PushDevice,
    pub service: Peer,
}

impl Browser {
    pub fn new(service: Peer) -> Self {
        Self { device: PushDevice::new(), service }
    }

    pub fn pusher(&self) -> Value {
        json!({
            "app_id": "de.konsil.web", "pushkey": self.device.key, "kind": "webpush", "lang": "de",
            "app_display_name": "Konsil", "device_display_name": "Firefox",
            "data": { "url": format!("{}/wpush/1", self.service.url), "auth": self.device.auth },
        })
    }

    pub fn decrypt(&self, received: &Received) -> Value {
        self.device.decrypt(received)
    }

    /// Sets the pusher and shows that messages arrive.
    pub fn subscribe(&self, user: &User) {
        assert_eq!(user.post(SET, &self.pusher()).status, 201);
        let asked = self.decrypt(&self.service.next())["message"].clone();
        assert_eq!(asked["app_id"], "de.konsil.web");
        user.post(ACKNOWLEDGE, &asked).ok();
    }
}

pub fn service() -> Peer {
    Peer::https(|_| Reply::status(201))
}

#[test]
fn a_message_wakes_a_browser_and_its_push_service_learns_nothing() {
    let browser = Browser::new(service());
    let (anna, jonas) = (pushing().user("anna"), pushing().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    browser.subscribe(&jonas);
    let event = anna.send_encrypted(&room, "x");
    let ordinary = browser.service.next();
    assert_eq!((ordinary.method.as_str(), ordinary.path.as_str()), ("POST", "/wpush/1"));
    assert_eq!(
        (ordinary.header("content-encoding"), ordinary.header("urgency")),
        ("aes128gcm", "normal")
    );
    assert!(ordinary.header("ttl").parse::<u64>().is_ok_and(|ttl| ttl > 0), "{ordinary:?}");
    let plain = browser.decrypt(&ordinary);
    assert_eq!(plain["message"], json!({ "class": "message", "room_id": room, "event_id": event }));
    let mut urgent = encrypted("y");
    urgent["de.konsil.urgency"] = json!("urgent");
    let event = anna.send(&room, "m.room.encrypted", &urgent);
    let urgent = browser.service.next();
    assert_eq!(urgent.header("urgency"), "high");
    let plain_urgent = browser.decrypt(&urgent);
    assert_eq!(
        plain_urgent["message"],
        json!({ "class": "urgent", "room_id": room, "event_id": event })
    );
    // As the app writes it: matrix-sdk leaves nothing but the relation in clear.
    let mut related = encrypted("z");
    related["m.relates_to"] = json!({ "de.konsil.urgency": "urgent" });
    anna.send(&room, "m.room.encrypted", &related);
    assert_eq!(browser.service.next().header("urgency"), "high");
    assert_eq!(plain["length"], plain_urgent["length"]);
    assert_eq!(ordinary.body.len(), urgent.body.len(), "all messages are of one length");
}

#[test]
fn the_hospital_signs_with_the_key_that_browsers_subscribe_with() {
    let browser = Browser::new(service());
    let jonas = pushing().user("jonas");
    let offered = jonas.get("/_matrix/client/v3/capabilities").ok()["capabilities"]
        ["org.matrix.msc4174.webpush"]
        .clone();
    assert_eq!(offered["enabled"], true);
    jonas.post(SET, &browser.pusher());
    let received = browser.service.next();
    let (token, key) = received
        .header("authorization")
        .strip_prefix("vapid t=")
        .and_then(|rest| rest.split_once(", k="))
        .expect("the form of RFC 8292");
    assert_eq!(key, offered["vapid"]);
    // Verified by `cryptography`; the claims name this push service.
    let claims = python::run(
        r#"
import base64, json, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
given = json.load(sys.stdin)
raw = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
head, claims, signature = given["token"].split(".")
key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(given["key"]))
both = raw(signature)
assert len(both) == 64 and json.loads(raw(head)) == {"typ": "JWT", "alg": "ES256"}
der = utils.encode_dss_signature(int.from_bytes(both[:32], "big"), int.from_bytes(both[32:], "big"))
key.verify(der, (head + "." + claims).encode(), ec.ECDSA(hashes.SHA256()))
print(raw(claims).decode())
"#,
        &json!({ "token": token, "key": key }),
    );
    assert_eq!(claims["aud"], browser.service.url);
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.starts_with("https://")), "{claims}");
    assert_eq!(URL_SAFE_NO_PAD.decode(key).expect("Base64").len(), 65);
}

#[test]
fn a_subscription_that_has_ended_is_removed() {
    let browser = Browser::new(Peer::https({
        let seen = std::sync::atomic::AtomicUsize::new(0);
        move |_| match seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::status(201),
            _ => Reply::status(410),
        }
    }));
    let (anna, jonas) = (pushing().user("anna"), pushing().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    browser.subscribe(&jonas);
    anna.send_encrypted(&room, "x");
    browser.service.next();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while jonas.get(PUSHERS).ok() != json!({ "pushers": [] }) {
        assert!(std::time::Instant::now() < deadline, "the pusher is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_is_sent_before_the_browser_has_shown_that_it_hears() {
    let browser = Browser::new(service());
    let (anna, jonas) = (pushing().user("anna"), pushing().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.post(SET, &browser.pusher());
    browser.service.next();
    anna.send_encrypted(&room, "x");
    assert!(browser.service.next_within(Duration::from_millis(700)).is_none());
}

#[test]
fn a_strict_hospital_offers_no_web_push() {
    let jonas = server().user("jonas");
    let capabilities = jonas.get("/_matrix/client/v3/capabilities").ok();
    assert!(capabilities["capabilities"].get("org.matrix.msc4174.webpush").is_none());
    let pusher = json!({
        "app_id": "de.konsil.web", "kind": "webpush", "lang": "de", "pushkey": URL_SAFE_NO_PAD.encode([4; 65]),
        "app_display_name": "Konsil", "device_display_name": "Firefox",
        "data": { "url": "https://push.example/1", "auth": URL_SAFE_NO_PAD.encode([7; 16]) },
    });
    jonas.post(SET, &pusher).refused(403, "M_FORBIDDEN");
    assert_eq!(jonas.get(PUSHERS).ok(), json!({ "pushers": [] }));
}
