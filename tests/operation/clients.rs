//! Clients that are slow, silent or many: each costs its own connection for a while, and nobody else anything.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::matrix::{Api, encrypted, room_path, transaction};
use testkit::{Server, Settings, User};

/// Long enough for a busy machine; what is waited for comes much earlier.
const PATIENCE: Duration = Duration::from_secs(60);

fn server(limits: &str) -> Server {
    Server::with(&Settings { node: limits.to_owned(), ..Settings::default() })
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// What the server says until it closes the connection.
fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection was not closed within {PATIENCE:?}: {error}"),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Sockets that the process holds.
fn sockets(server: &Server) -> usize {
    let descriptors = format!("/proc/{}/fd", server.pid().expect("it runs"));
    let links = std::fs::read_dir(descriptors).expect("a process's files").flatten();
    links
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count()
}

fn resident_kib(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.pid().expect("it runs"));
    let status = std::fs::read_to_string(status).expect("a process's status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not happen within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The first byte of the answer to a request, or an error for who was turned away.
fn asked_for_health(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /_konsil/health HTTP/1.1\r\nhost: a\r\n\r\n")?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    Ok(first[0])
}

/// Reads one answer with its body.
fn one_answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut byte).expect("an answer comes");
        assert_eq!(read, 1, "closed after: {}", String::from_utf8_lossy(&said));
        said.extend(byte);
    }
    let head = String::from_utf8_lossy(&said).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.expect("it says its length").trim().parse().expect("a number");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole answer comes");
    head
}

#[test]
fn a_request_that_was_refused_before_its_body_came_leaves_the_connection_usable() {
    let server = server("");
    let mut stream = connect(&server);
    let body = br#"{"preset":"private_chat"}"#;
    for _ in 0..3 {
        let path = "/_matrix/client/v3/createRoom";
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).expect("it is sent");
        let answer = one_answer(&mut stream);
        assert!(answer.starts_with("http/1.1 401"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
        stream.write_all(body).expect("the rest is sent");
        stream
            .write_all(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("the next is sent");
        let answer = one_answer(&mut stream);
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
    }
}

#[test]
fn a_client_that_says_nothing_or_stops_within_a_request_is_let_go() {
    let server = server("limits.silence_seconds = 1");
    let before = sockets(&server);
    let mut silent: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    let mut in_head: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    for stream in &mut in_head {
        stream
            .write_all(b"GET /_konsil/health HTTP/1.1\r\nhost: a\r\nx-more: ")
            .expect("it is sent");
    }
    let mut in_body: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    for stream in &mut in_body {
        let head = "POST /_matrix/client/v3/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"type\":";
        stream.write_all(head.as_bytes()).expect("it is sent");
    }
    // Meanwhile others are served.
    server.user("anna").get("/_matrix/client/v3/account/whoami").ok();
    for stream in &mut in_body {
        let said = until_closed(stream);
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("M_UNKNOWN"), "{said}");
    }
    for stream in silent.iter_mut().chain(&mut in_head) {
        until_closed(stream);
    }
    wait_until("the server letting go of the sockets", || sockets(&server) <= before + 5);
}

#[test]
fn clients_that_never_read_take_no_memory_and_are_let_go() {
    const FILE_BYTES: usize = 20_000_000;
    const CLIENTS: usize = 30;
    let server = server("limits.silence_seconds = 2");
    let anna = server.user("anna");
    let address = anna.upload("application/octet-stream", &vec![0x17; FILE_BYTES]);
    let path = address.strip_prefix("mxc://").expect("an address");
    let token = anna.token().expect("she is signed in");
    let (before, memory) = (sockets(&server), resident_kib(&server));
    let clients: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let mut stream = connect(&server);
            let ask = format!(
                "GET /_matrix/client/v1/media/download/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n"
            );
            stream.write_all(ask.as_bytes()).expect("it is sent");
            stream
        })
        .collect();
    let room = anna.room_with(&[]);
    for _ in 0..20 {
        anna.send_encrypted(&room, "others are served meanwhile");
    }
    let grown = resident_kib(&server).saturating_sub(memory);
    assert!(
        grown < (CLIENTS * FILE_BYTES / 1024 / 8) as u64,
        "{CLIENTS} clients that read nothing cost {grown} KiB"
    );
    wait_until("the server letting go of the sockets", || sockets(&server) <= before + 5);
    for mut stream in clients {
        let mut taken = Vec::new();
        let _ = stream.read_to_end(&mut taken);
        assert!(taken.len() < FILE_BYTES, "what was not read was not kept for the client");
    }
}

#[test]
fn there_are_at_most_as_many_connections_as_configured() {
    let server = server("limits.connections = 8");
    wait_until("an end of the first connections", || sockets(&server) < 8);
    let mut idle: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    let served = idle.iter_mut().filter_map(|stream| asked_for_health(stream).ok()).count();
    // One place may still have been held by the question whether the server is ready.
    assert!((7..=8).contains(&served), "{served} of 20 were served");
    drop(idle);
    wait_until("a place for somebody else", || {
        Api::new(&server.url())
            .try_get("/_konsil/health")
            .is_some_and(|answer| answer.status == 200)
    });
}

#[test]
fn a_stop_finishes_what_was_accepted() {
    let mut server = server("");
    let anna = server.user("anna");
    let room = anna.room_with(&[]);
    let token = anna.token().expect("she is signed in").to_owned();
    let body = vec![0x33; 100_000];
    let mut upload = connect(&server);
    let head = format!(
        "POST /_matrix/media/v3/upload HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    upload.write_all(head.as_bytes()).expect("it is sent");
    upload.write_all(&body[..50_000]).expect("it is sent");
    let since = anna.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    let (sent, answered) = std::thread::scope(|scope| {
        // Somebody waits for news, and somebody sends without end.
        let waiting = anna.clone();
        scope.spawn(move || {
            let path = format!("/_matrix/client/v3/sync?timeout=30000&since={since}");
            let _ = waiting.try_request("GET", &path, &[], &[]);
        });
        let sending = scope.spawn(|| send_until_refused(&anna, &room));
        std::thread::sleep(Duration::from_millis(300));
        server.signal("TERM");
        // The other half comes after the server was told to stop.
        upload.write_all(&body[50_000..]).expect("it is sent");
        let answered = until_closed(&mut upload);
        (sending.join().expect("it ends"), answered)
    });
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    let status = server.ended_within(Duration::from_secs(30)).expect("it stops within 30 s");
    assert!(status.success(), "{status}");
    server.doctor();
    server.resume();
    let address = answered.split("mxc://").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(anna.download(&format!("mxc://{}", address.expect("an address"))).bytes, body);
    let kept: Vec<_> = anna
        .history(&room)
        .iter()
        .filter_map(|event| event["event_id"].as_str().map(str::to_owned))
        .collect();
    assert!(sent.iter().all(|id| kept.contains(id)), "what was acknowledged is there");
}

fn send_until_refused(user: &User, room: &str) -> Vec<String> {
    let mut sent = Vec::new();
    loop {
        let path = room_path(room, &format!("/send/m.room.encrypted/{}", transaction()));
        let body = serde_json::to_vec(&encrypted("text")).expect("it is JSON");
        let headers = [("content-type", "application/json")];
        match user.try_request("PUT", &path, &headers, &body) {
            Ok(answer) if answer.status == 200 => {
                sent.push(answer.value()["event_id"].as_str().expect("an id").to_owned());
            }
            _ => return sent,
        }
    }
}

/// Rate limits as in operation; who asks is told apart by a proxy on this machine.
fn limited() -> Server {
    let node = "limits.trusted_proxies = [\"127.0.0.1\"]\nlimits.devices_per_user = 3".to_owned();
    Server::with(&Settings { rate_limits: true, node, ..Settings::default() })
}

#[test]
fn who_asks_too_often_is_told_when_to_come_again_and_others_are_not() {
    let server = limited();
    let from = |address: &str| {
        let headers = [("x-forwarded-for", address)];
        server.api().request("GET", "/_matrix/client/versions", &headers, &[])
    };
    let refused = (0..5_000).map(|_| from("203.0.113.5")).find(|answer| answer.status != 200);
    let refused = refused.expect("a stranger without end is slowed down");
    let body = refused.refused(429, "M_LIMIT_EXCEEDED");
    assert!(body["retry_after_ms"].as_u64().is_some_and(|delay| delay > 0), "{body}");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(from("203.0.113.6").status, 200, "somebody else");
    assert_eq!(from("not an address").status, 200, "nobody in particular");

    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let make = |user: &User| user.post("/_matrix/client/v3/createRoom", &json!({}));
    let refused = (0..500).map(|_| make(&anna)).find(|answer| answer.status != 200);
    refused.expect("nobody makes rooms without end").refused(429, "M_LIMIT_EXCEEDED");
    make(&jonas).ok();
}

#[test]
fn a_user_has_at_most_as_many_devices_as_configured() {
    let server = limited();
    let anna = server.user("anna");
    let phone = anna.new_device();
    anna.new_device();
    let login = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": anna.localpart },
        "password": anna.password,
    });
    let path = "/_matrix/client/v3/login";
    server.api().post(path, &login).refused(403, "M_FORBIDDEN");
    let mut again = login.clone();
    again["device_id"] = anna.device_id.clone().into();
    server.api().post(path, &again).ok();
    phone.post("/_matrix/client/v3/logout", &json!({})).ok();
    server.api().post(path, &login).ok();
}
