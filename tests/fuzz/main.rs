//! Bad input: whatever a client sends, the server answers with an error of the client's, and lives.
//!
//! Requests are made from valid ones: parts of path, query and body are replaced by what hurts parsers (wrong types, deep
//! nesting, numbers without end, halves of characters, NUL). proptest shrinks what it finds to the smallest such request.
//! `KONSIL_FUZZ_SECONDS` (15) bounds the time, `KONSIL_FUZZ_SEED` (printed) repeats a run.

mod endpoints;
mod json;
mod request;

use std::{
    cell::Cell,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use endpoints::ENDPOINTS;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use request::{Bad, Facts, bad_request};
use serde_json::{Value, json};
use testkit::{Server, User, matrix::room_path};

/// Senders at the same time.
const THREADS: u64 = 3;
/// Requests to one room, before the next one is made: bad ones may well ruin it.
const CASES_PER_ROOM: u32 = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn no_input_brings_a_5xx_or_the_end_of_the_process() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let seed = setting("KONSIL_FUZZ_SEED", now as u64);
    eprintln!("KONSIL_FUZZ_SEED={seed}");
    let mut server = Server::start();
    let until = Instant::now() + Duration::from_secs(setting("KONSIL_FUZZ_SECONDS", 15));
    let pid = server.pid();
    let sent: u64 = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn({
                    let server = &server;
                    move || send_until(server, until, seed + number)
                })
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .sum()
    });
    eprintln!("{sent} bad requests to {} endpoints", ENDPOINTS.len());
    let one_round = THREADS * u64::from(CASES_PER_ROOM);
    assert!(sent > 2 * one_round, "only {sent} requests were sent: that shows nothing");
    assert_eq!(server.pid(), pid);
    let panics: Vec<_> =
        server.log().lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect();
    assert!(panics.is_empty(), "a task of the server ended: {panics:?}");
    server.user("after").get("/_matrix/client/v3/account/whoami").ok();
    server.stop();
    server.doctor();
}

/// Sends bad requests until the time is over, and says how many.
fn send_until(server: &Server, until: Instant, seed: u64) -> u64 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: CASES_PER_ROOM,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let sent = Cell::new(0);
    while Instant::now() < until {
        let facts = facts(&anna, &jonas);
        // A runner is done for good after its cases: the next one goes on with other numbers.
        runner = TestRunner::new_with_rng(config.clone(), runner.new_rng());
        let result = runner.run(&bad_request(), |bad| {
            if Instant::now() > until + Duration::from_secs(60) {
                // Shrinking, too, comes to an end.
                return Ok(());
            }
            sent.set(sent.get() + 1);
            check(&anna, &bad, &facts)
        });
        match result {
            Ok(()) => {}
            Err(TestError::Fail(reason, bad)) => {
                panic!(
                    "{reason}\nsmallest request found: {}\nKONSIL_FUZZ_SEED={seed}",
                    bad.describe(&facts)
                )
            }
            Err(TestError::Abort(reason)) => panic!("the requests could not be made: {reason}"),
        }
    }
    sent.get()
}

/// A room of both, with an event, and what else a request can name.
fn facts(anna: &User, jonas: &User) -> Facts {
    let room = anna.room_with(&[jonas]);
    let event = anna.send_encrypted(&room, "ciphertext");
    let mxc = anna.upload("image/png", b"no picture");
    anna.put(&room_path(&room, "/typing/nobody"), &json!({}));
    Facts {
        room,
        event,
        user: anna.id.clone(),
        other: jonas.id.clone(),
        device: anna.device_id.clone(),
        media: mxc.trim_start_matches("mxc://").to_owned(),
        since: anna.sync(None)["next_batch"].as_str().expect("sync gives a token").to_owned(),
    }
}

/// From here on a body does not fit into what the system keeps of it while the server refuses the request without reading on.
const LARGE_BODY: usize = 64 * 1024;

fn check(anna: &User, bad: &Bad, facts: &Facts) -> Result<(), TestCaseError> {
    let (method, path, body) = bad.write(facts);
    let mut headers = vec![("content-type", "application/json")];
    // The first of two headers counts.
    headers.extend(bad.authorization.as_deref().map(|value| ("authorization", value)));
    let answer = anna
        .try_request(method, &path, &headers, &body)
        .or_else(|_| {
            // Whoever was refused before all of the body had been read finds the connection closed: at once if the body was large, with
            // the next request if not. Sent again, that one is answered.
            if body.len() < LARGE_BODY {
                anna.try_request(method, &path, &headers, &body)
            } else {
                anna.try_request("GET", "/_matrix/client/v3/account/whoami", &[], &[])
            }
        })
        .map_err(|error| TestCaseError::fail(format!("no answer: {error}")))?;
    let error: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    let errcode = error["errcode"].as_str().unwrap_or_default();
    // The one 5xx that is the client's own doing: the file was announced, and nobody has uploaded it yet.
    if answer.status >= 500 && (answer.status, errcode) != (504, "M_NOT_YET_UPLOADED") {
        return Err(TestCaseError::fail(format!("answered {}: {}", answer.status, answer.text())));
    }
    if answer.status >= 400 && !errcode.starts_with("M_") && answer.status != 401 {
        return Err(TestCaseError::fail(format!(
            "an error without errcode: {} {}",
            answer.status,
            answer.text()
        )));
    }
    Ok(())
}
