//! `GET /_konsil/lock/policy`: Konsil's own.

use serde_json::json;
use testkit::{Server, Settings};

use crate::server;

const PATH: &str = "/_konsil/lock/policy";

#[test]
fn everybody_is_told_the_strict_defaults() {
    let strict = json!({
        "idle_minutes": 5, "hidden_seconds": 0, "min_length": 6, "offline_hours": 0, "biometrics": false,
        "pin_hours": 12, "show_names": false,
    });
    assert_eq!(server().api().get(PATH).ok(), strict);
}

#[test]
fn what_the_hospital_has_set_is_told() {
    let tenant = "lock.idle_minutes = 30\nlock.hidden_seconds = 60\nlock.min_length = 8\nlock.show_names = true\nlock.biometrics = true\nlock.pin_hours = 4".to_owned();
    let server = Server::with(&Settings { tenant, ..Settings::default() });
    let policy = server.api().get(PATH).ok();
    let told = [&policy["idle_minutes"], &policy["hidden_seconds"], &policy["min_length"]];
    assert_eq!(told, [30, 60, 8]);
    assert_eq!(policy["show_names"], true);
    assert_eq!((&policy["biometrics"], &policy["pin_hours"]), (&json!(true), &json!(4)));
}
