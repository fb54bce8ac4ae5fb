//! Endpoints of the app lock: Konsil's own.

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use serde_json::json;
use testkit::{User, matrix::Api};

mod change_pin;
mod get_policy;
mod get_state;
mod set_up;
mod sign_out;
mod unlock;

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
fn try_pin(locked: &Api, pin: u8) -> testkit::matrix::Answer {
    locked.post("/_konsil/lock/unlock", &json!({ "verifier": verifier(pin) }))
}
