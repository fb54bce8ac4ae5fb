//! What goes out, and what does not, against web servers of the test.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use net::{Allowance, Error, Options, Outbound};
use testkit::{Peer, Reply, peer};

const ALLOWANCE: Allowance = Allowance { time: Duration::from_secs(5), body_bytes: 1_000 };

fn outbound(allow_private_addresses: bool) -> Outbound {
    let extra_ca_files = vec![peer::authority_file().clone()];
    Outbound::new(&Options { extra_ca_files, allow_private_addresses }).expect("a valid authority")
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("a valid request")
}

#[tokio::test]
async fn a_request_arrives_and_its_answer_comes_back() {
    let peer = Peer::https(|_| Reply::json(418, &"tea".into()).with("x-pot", "blue"));
    let request = Request::post(format!("{}/brew?cups=2", peer.url))
        .header("content-type", "text/plain")
        .body(Bytes::from_static(b"green"))
        .expect("a valid request");
    let answer = outbound(true).by_others.send(request, ALLOWANCE).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (418, &b"\"tea\""[..]));
    assert_eq!(answer.headers()["x-pot"], "blue");
    let received = peer.next();
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/brew?cups=2"));
    assert_eq!(
        (received.header("content-type"), &received.body[..]),
        ("text/plain", &b"green"[..])
    );
    assert!(received.header("user-agent").starts_with("Konsil/"), "{received:?}");
}

#[tokio::test]
async fn others_name_no_private_address_and_the_operator_may() {
    let peer = Peer::http(|_| Reply::status(200));
    let strict = outbound(false);
    for url in [
        peer.url.clone(),
        format!("http://127.0.0.1:{}/", peer.port()),
        format!("http://[::1]:{}/", peer.port()),
    ] {
        let error = strict.by_others.send(get(&url), ALLOWANCE).await.expect_err("refused");
        assert!(matches!(error, Error::NotPublic), "{url}: {error:?}");
    }
    assert!(peer.next_within(Duration::from_millis(100)).is_none(), "nobody was asked");
    strict.by_operator.send(get(&peer.url), ALLOWANCE).await.expect("the operator named it");
    // The connection that is open now is not lent to others.
    let error = strict.by_others.send(get(&peer.url), ALLOWANCE).await.expect_err("refused");
    assert!(matches!(error, Error::NotPublic), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Peer::http(|_| Reply::status(200));
    let url = target.url.clone();
    let peer = Peer::http(move |_| Reply::status(302).with("location", &url));
    let answer = outbound(true).by_others.send(get(&peer.url), ALLOWANCE).await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 302);
    assert!(target.next_within(Duration::from_millis(100)).is_none());
}

#[tokio::test]
async fn a_large_answer_is_given_up() {
    let peer = Peer::http(|_| Reply::ok(&"x".repeat(2_000).into()));
    let error =
        outbound(true).by_others.send(get(&peer.url), ALLOWANCE).await.expect_err("too large");
    assert!(matches!(error, Error::TooLarge), "{error:?}");
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let peer = Peer::http(|_| {
        std::thread::sleep(Duration::from_secs(3));
        Reply::status(200)
    });
    let started = Instant::now();
    let allowance = Allowance { time: Duration::from_millis(200), ..ALLOWANCE };
    let error =
        outbound(true).by_others.send(get(&peer.url), allowance).await.expect_err("too slow");
    assert!(matches!(error, Error::TimedOut), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_believed() {
    let peer = Peer::https(|_| Reply::status(200));
    let options = Options { extra_ca_files: Vec::new(), allow_private_addresses: true };
    let outbound = Outbound::new(&options).expect("the system's authorities");
    let error = outbound.by_others.send(get(&peer.url), ALLOWANCE).await.expect_err("not believed");
    assert!(matches!(error, Error::Unreachable), "{error:?}");
}

#[tokio::test]
async fn what_is_no_web_address_is_refused() {
    for url in ["ftp://localhost/", "localhost:80", "/path"] {
        let error = outbound(true).by_others.send(get(url), ALLOWANCE).await.expect_err("refused");
        assert!(matches!(error, Error::BadAddress), "{url}: {error:?}");
    }
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let extra_ca_files = vec![file.path().to_owned()];
    let error = Outbound::new(&Options { extra_ca_files, ..Options::default() }).err();
    let error = error.expect("refused").to_string();
    assert!(error.contains(&file.path().display().to_string()), "{error}");
}
