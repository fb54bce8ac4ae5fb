//! `GET /_konsil/lock/state`: Konsil's own.

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
