//! `listen.metrics`: what Prometheus is told.

use testkit::matrix::{Api, escape};
use testkit::{Server, Settings};

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// The number that a line of the page tells.
fn number(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is told:\n{page}")).parse().expect("a number")
}

#[test]
fn requests_are_counted_by_route_and_status_and_nobody_can_be_found_in_the_numbers() {
    let port = free_port();
    let node = format!("listen.metrics = [\"127.0.0.1:{port}\"]");
    let server = Server::with(&Settings { node, ..Settings::default() });
    let anna = server.user("anna");
    let room = anna.create_room(&serde_json::json!({}));
    let path = format!("/_matrix/client/v3/profile/{}", escape(&anna.id));
    for _ in 0..3 {
        anna.get(&path).ok();
    }
    anna.get("/_matrix/client/v3/profile/%40nobody%3Aklinikum.test").refused(404, "M_NOT_FOUND");
    anna.get("/_matrix/client/v3/nonsense").refused(404, "M_UNRECOGNIZED");

    let page = Api::new(&format!("http://127.0.0.1:{port}")).get("/metrics").bytes;
    let page = String::from_utf8(page).expect("text");
    let route = r#"route="/_matrix/client/v3/profile/{user_id}",method="GET""#;
    assert_eq!(number(&page, &format!("konsil_requests_total{{{route},status=\"200\"}}")), 3.0);
    assert_eq!(number(&page, &format!("konsil_requests_total{{{route},status=\"404\"}}")), 1.0);
    assert_eq!(number(&page, &format!("konsil_request_seconds_count{{{route}}}")), 4.0);
    assert_eq!(
        number(&page, &format!("konsil_request_seconds_bucket{{{route},le=\"+Inf\"}}")),
        4.0
    );
    assert!(number(&page, &format!("konsil_request_seconds_sum{{{route}}}")) > 0.0);
    assert!(number(&page, r#"konsil_requests_total{route="*",method="*",status="404"}"#) >= 1.0);
    for name in [anna.id.as_str(), "nobody", room.as_str(), "nonsense"] {
        assert!(!page.contains(name), "{name} stands in the numbers:\n{page}");
    }
}
