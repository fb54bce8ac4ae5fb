//! Endpoints of the app lock: Konsil's own.

use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use serde_json::json;
use testkit::{
    Server, Settings, User,
    matrix::{Answer, Api},
};

mod change_pin;
mod end_biometrics;
mod get_policy;
mod get_state;
mod set_up;
mod set_up_biometrics;
mod sign_out;
mod unlock;
mod unlock_by_biometrics;

/// What a device would derive from its PIN.
fn verifier(pin: u8) -> String {
    BASE64_STANDARD_NO_PAD.encode([pin; 32])
}

/// The lock of a device whose PIN is 1: as who is locked it asks, and the share.
fn lock_of(user: &User) -> (Api, String) {
    let answer = user.post("/_konsil/lock/setup", &json!({ "verifier": verifier(1) })).ok();
    let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
    (user.with_token(&text("token")), text("share"))
}

/// Tries a PIN.
fn try_pin(locked: &Api, pin: u8) -> Answer {
    locked.post("/_konsil/lock/unlock", &json!({ "verifier": verifier(pin) }))
}

/// A hospital that allows fingerprint and face, shared by the tests that change nothing of it.
fn allows_biometrics() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let tenant = "lock.biometrics = true\nlock.pin_hours = 8".to_owned();
        Server::with(&Settings { tenant, ..Settings::default() })
    })
}

/// Has fingerprint or face open too, as whoever has typed this PIN.
fn set_up_biometrics(locked: &Api, pin: u8, finger: u8) -> Answer {
    let body = json!({ "verifier": verifier(pin), "biometric_verifier": verifier(finger) });
    locked.post("/_konsil/lock/biometrics/setup", &body)
}

/// Tries what the authenticator has given out.
fn try_finger(locked: &Api, finger: u8) -> Answer {
    let body = json!({ "biometric_verifier": verifier(finger) });
    locked.post("/_konsil/lock/biometrics/unlock", &body)
}
