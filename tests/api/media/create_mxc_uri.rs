//! `POST /_matrix/media/v1/create` and `PUT /_matrix/media/v3/upload/{serverName}/{mediaId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create>

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::User;

use super::path;
use crate::server;

fn announce(user: &User) -> String {
    let answer = user.post("/_matrix/media/v1/create", &json!({})).ok();
    assert!(
        answer["unused_expires_at"].as_u64().is_some_and(|until| until > 1_700_000_000_000),
        "{answer}"
    );
    answer["content_uri"].as_str().unwrap().to_owned()
}

fn fill(user: &User, mxc: &str, bytes: &[u8]) -> testkit::Answer {
    let path = format!("/_matrix/media/v3/upload/{}", mxc.strip_prefix("mxc://").unwrap());
    user.request("PUT", &path, &[("content-type", "text/plain")], bytes)
}

#[test]
fn an_announced_address_is_filled_once() {
    let anna = server().user("anna");
    let mxc = announce(&anna);
    fill(&anna, &mxc, b"first").ok();
    fill(&anna, &mxc, b"second").refused(409, "M_CANNOT_OVERWRITE_MEDIA");
    assert_eq!(anna.download(&mxc).bytes, b"first");
}

#[test]
fn nobody_fills_what_another_announced() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mxc = announce(&anna);
    fill(&jonas, &mxc, b"not mine").refused(403, "M_FORBIDDEN");
    fill(&anna, "mxc://klinikum.test/unknown", b"x").refused(404, "M_NOT_FOUND");
    fill(&anna, "mxc://elsewhere.example/abc", b"x").refused(404, "M_NOT_FOUND");
}

#[test]
fn a_reader_waits_for_the_file() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mxc = announce(&anna);
    let soon = format!("{}?timeout_ms=100", path("download", &mxc));
    jonas.get(&soon).refused(504, "M_NOT_YET_UPLOADED");
    std::thread::scope(|scope| {
        let started = Instant::now();
        let waiting =
            scope.spawn(|| jonas.get(&format!("{}?timeout_ms=20000", path("download", &mxc))));
        std::thread::sleep(Duration::from_millis(300));
        fill(&anna, &mxc, b"there it is").ok();
        assert_eq!(waiting.join().unwrap().bytes, b"there it is");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    });
}

#[test]
fn only_so_many_addresses_are_announced_at_once() {
    let anna = server().user("anna");
    let announced: Vec<_> = (0..10).map(|_| announce(&anna)).collect();
    anna.post("/_matrix/media/v1/create", &json!({})).refused(429, "M_LIMIT_EXCEEDED");
    fill(&anna, &announced[0], b"x").ok();
    announce(&anna);
}
