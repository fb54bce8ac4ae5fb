//! `GET /_konsil/lock/state`: Konsil's own.

use testkit::{Server, Settings};

use super::{lock_of, try_pin};
use crate::server;

const PATH: &str = "/_konsil/lock/state";

#[test]
fn it_tells_what_is_left_and_how_long_to_wait_and_is_no_try() {
    let anna = server().user("anna");
    let (locked, _) = lock_of(&anna);
    for _ in 0..3 {
        let state = locked.get(PATH).ok();
        assert_eq!(
            (state["generation"].as_u64(), state["tries_left"].as_u64()),
            (Some(1), Some(10))
        );
        assert!(state.get("retry_after_ms").is_none());
    }
    for _ in 0..5 {
        try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN");
    }
    let state = locked.get(PATH).ok();
    assert_eq!(state["tries_left"], 5);
    assert!(state["retry_after_ms"].as_u64().is_some_and(|ms| ms > 20_000), "{state}");
    anna.anonymous().get(PATH).refused(401, "M_MISSING_TOKEN");
    anna.get(PATH).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn how_long_a_device_may_do_without_the_server_is_told_where_the_hospital_allows_it_and_to_nobody_blocked()
 {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let (locked, _) = lock_of(&server().user("anna"));
    assert!(locked.get(PATH).ok()["offline"].is_null(), "the strict default");
    assert!(try_pin(&locked, 1).ok()["offline"].is_null());

    let tenant = "lock.offline_hours = 12".to_owned();
    let mut server = Server::with(&Settings { tenant, ..Settings::default() });
    let (chief, anna) = (server.user("chief"), server.user("anna"));
    server.stop();
    assert!(server.konsil(&["user", "admin", &chief.localpart]).status.success());
    server.resume();
    let (locked, _) = lock_of(&anna);
    for answer in [locked.get(PATH).ok(), try_pin(&locked, 1).ok()] {
        let time = |name: &str| answer["offline"][name].as_u64().expect("a time");
        assert_eq!(time("until_ts") - time("now_ts"), 12 * HOUR_MS);
    }
    assert!(try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN").get("offline").is_none());
    let lock = format!("/_matrix/client/v1/admin/lock/{}", testkit::matrix::escape(&anna.id));
    chief.put(&lock, &serde_json::json!({ "locked": true })).ok();
    assert!(locked.get(PATH).refused(401, "M_USER_LOCKED").get("offline").is_none());
}
