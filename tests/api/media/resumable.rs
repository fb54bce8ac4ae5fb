//! `/_konsil/media/upload`: files in parts.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;
use testkit::{
    SERVER_NAME, Server, Settings,
    matrix::{Answer, User},
};

use super::objects;
use crate::server;

const UPLOAD: &str = "/_konsil/media/upload";

/// Bytes that differ everywhere, so that a shifted part is seen.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn begin(user: &User, size: usize) -> Answer {
    let headers =
        [("upload-length", &*size.to_string()), ("content-type", "application/octet-stream")];
    user.request("POST", UPLOAD, &headers, b"")
}

/// The path of an upload that is begun now.
fn begun(user: &User, size: usize) -> String {
    let answer = begin(user, size);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("upload-offset"), "0");
    answer.header("location").to_owned()
}

fn append(user: &User, path: &str, offset: usize, part: &[u8], is_last: bool) -> Answer {
    let headers = [
        ("upload-offset", &*offset.to_string()),
        ("upload-complete", if is_last { "?1" } else { "?0" }),
        ("content-type", "application/partial-upload"),
    ];
    user.request("PATCH", path, &headers, part)
}

fn offset(user: &User, path: &str) -> u64 {
    user.get(path).ok()["offset"].as_u64().expect("a number")
}

fn mxc(answer: &Value) -> &str {
    answer["content_uri"].as_str().expect("a complete file has an address")
}

#[test]
fn parts_become_one_file_like_any_other() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let content = content(700_001);
    let path = begun(&anna, content.len());
    let first = append(&anna, &path, 0, &content[..300_000], false);
    assert_eq!(first.header("upload-offset"), "300000");
    assert_eq!(first.header("upload-complete"), "?0");
    assert_eq!(first.ok()["complete"], false);
    assert_eq!(append(&anna, &path, 300_000, &content[300_000..300_001], false).status, 200);
    let last = append(&anna, &path, 300_001, &content[300_001..], true);
    assert_eq!(last.header("upload-complete"), "?1");
    let done = last.ok();
    let downloaded = jonas.download(mxc(&done));
    assert!(downloaded.bytes == content, "{}", downloaded.status);
    let by_one_request = anna.upload("application/octet-stream", &content);
    let etag = |mxc: &str| jonas.download(mxc).header("etag").to_owned();
    assert_eq!(etag(mxc(&done)), etag(&by_one_request), "the same hash");
    // Who has not heard of it asks again.
    assert_eq!(anna.get(&path).ok(), done);
    assert_eq!(anna.request("HEAD", &path, &[], b"").header("upload-complete"), "?1");
    append(&anna, &path, content.len(), b"", true).refused(404, "M_NOT_FOUND");
}

#[test]
fn an_empty_file_and_one_whose_end_was_not_told_become_complete() {
    let anna = server().user("anna");
    let path = begun(&anna, 0);
    assert!(anna.download(mxc(&append(&anna, &path, 0, b"", true).ok())).bytes.is_empty());
    let path = begun(&anna, 3);
    assert_eq!(append(&anna, &path, 0, b"abc", false).ok()["complete"], false);
    assert_eq!(anna.download(mxc(&append(&anna, &path, 3, b"", true).ok())).bytes, b"abc");
}

#[test]
fn a_part_that_does_not_follow_is_refused_and_changes_nothing() {
    let anna = server().user("anna");
    let path = begun(&anna, 100);
    append(&anna, &path, 0, &[1; 40], false).ok();
    for wrong in [0, 39, 41, 100] {
        let answer = append(&anna, &path, wrong, &[2; 10], false);
        assert_eq!((answer.status, answer.header("upload-offset")), (409, "40"), "{wrong}");
        answer.refused(409, "DE.KONSIL.UPLOAD_OFFSET");
    }
    // More than was announced, and less at the end.
    append(&anna, &path, 40, &[2; 61], true).refused(400, "M_INVALID_PARAM");
    let offset = usize::try_from(offset(&anna, &path)).expect("small");
    append(&anna, &path, offset, b"", true).refused(400, "M_INVALID_PARAM");
    let rest = vec![1; 100 - offset];
    let done = append(&anna, &path, offset, &rest, true).ok();
    assert_eq!(anna.download(mxc(&done)).bytes, [1; 100]);
}

#[test]
fn what_is_not_a_number_or_no_answer_is_said() {
    let anna = server().user("anna");
    anna.request("POST", UPLOAD, &[], b"").refused(400, "M_MISSING_PARAM");
    for wrong in ["-1", "1.5", "x", "", "99999999999999999999"] {
        let answer = anna.request("POST", UPLOAD, &[("upload-length", wrong)], b"");
        answer.refused(400, "M_INVALID_PARAM");
    }
    let path = begun(&anna, 10);
    anna.request("PATCH", &path, &[], b"x").refused(400, "M_MISSING_PARAM");
    let headers = [("upload-offset", "0"), ("upload-complete", "yes")];
    anna.request("PATCH", &path, &headers, b"x").refused(400, "M_INVALID_PARAM");
    anna.get(&format!("{UPLOAD}/unknown")).refused(404, "M_NOT_FOUND");
    anna.get(&format!("{UPLOAD}/..%2F..")).refused(404, "M_NOT_FOUND");
}

#[test]
fn nobody_else_learns_of_a_file_or_touches_it() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let path = begun(&anna, 20);
    append(&anna, &path, 0, &[1; 10], false).ok();
    jonas.get(&path).refused(404, "M_NOT_FOUND");
    append(&jonas, &path, 10, &[2; 10], true).refused(404, "M_NOT_FOUND");
    jonas.delete(&path).refused(404, "M_NOT_FOUND");
    let stranger = anna.anonymous();
    stranger.get(&path).refused(401, "M_MISSING_TOKEN");
    stranger
        .request("POST", UPLOAD, &[("upload-length", "1")], b"")
        .refused(401, "M_MISSING_TOKEN");
    stranger
        .request("PATCH", &path, &[("upload-offset", "10")], b"x")
        .refused(401, "M_MISSING_TOKEN");
    stranger.delete(&path).refused(401, "M_MISSING_TOKEN");
    // It is no file before it is complete, for its owner neither.
    let id = path.rsplit_once('/').expect("a path").1;
    anna.download(&format!("mxc://{SERVER_NAME}/{id}")).refused(404, "M_NOT_FOUND");
    let done = append(&anna, &path, 10, &[1; 10], true).ok();
    assert_eq!(jonas.download(mxc(&done)).bytes, [1; 20]);
    // Complete, it is still nobody else's upload.
    jonas.get(&path).refused(404, "M_NOT_FOUND");
}

#[test]
fn limits_hold_for_files_in_parts() {
    let settings =
        Settings { node: "media.max_upload_bytes = 100000".into(), ..Settings::default() };
    let server = Server::with(&settings);
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    begin(&anna, 100_001).refused(413, "M_TOO_LARGE");
    assert_eq!(objects(&server), [0; 0]);
    let paths: Vec<String> = (0..20).map(|_| begun(&anna, 100_000)).collect();
    begin(&anna, 1).refused(429, "M_LIMIT_EXCEEDED");
    begun(&jonas, 1);
    assert_eq!(anna.delete(&paths[0]).status, 204);
    begun(&anna, 1);
}

#[test]
fn what_is_cancelled_leaves_nothing() {
    let server = Server::start();
    let anna = server.user("anna");
    let path = begun(&anna, 1_000_000);
    append(&anna, &path, 0, &content(600_000), false).ok();
    assert_eq!(objects(&server), [600_000]);
    assert_eq!(anna.delete(&path).status, 204);
    assert_eq!(objects(&server), [0; 0]);
    anna.get(&path).refused(404, "M_NOT_FOUND");
    append(&anna, &path, 600_000, &[1; 400_000], true).refused(404, "M_NOT_FOUND");
    anna.delete(&path).refused(404, "M_NOT_FOUND");
    server.doctor();
}

/// A connection on which the head of a part was sent, and then this much of it.
fn half_a_part(server: &Server, user: &User, path: &str, offset: usize, part: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("it connects");
    let token = user.token().expect("a token");
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nupload-offset: {offset}\r\ncontent-length: {}\r\n\r\n",
        part.len() + 1_000_000
    );
    stream.write_all(head.as_bytes()).expect("it is sent");
    stream.write_all(part).expect("it is sent");
    stream
}

/// Asks until the server has so much of it.
fn has(user: &User, path: &str, expected: u64) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while offset(user, path) != expected {
        assert!(std::time::Instant::now() < deadline, "{} bytes", offset(user, path));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_came_before_a_connection_broke_is_kept_and_a_dead_one_holds_nobody_up() {
    let server = server();
    let anna = server.user("anna");
    let content = content(2_000_000);
    let path = begun(&anna, content.len());
    let broken = half_a_part(server, &anna, &path, 0, &content[..400_000]);
    std::thread::sleep(Duration::from_millis(300));
    drop(broken);
    has(&anna, &path, 400_000);
    // This one stays open and silent; asking how far it is ends it.
    let mut silent = half_a_part(server, &anna, &path, 400_000, &content[400_000..500_000]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(offset(&anna, &path), 500_000);
    silent.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    let mut answer = [0; 12];
    silent.read_exact(&mut answer).expect("an answer");
    let done = append(&anna, &path, 500_000, &content[500_000..], true).ok();
    assert!(anna.download(mxc(&done)).bytes == content);
}

#[test]
fn a_killed_server_loses_nothing_that_it_has_acknowledged() {
    let mut server = Server::start();
    let anna = server.user("anna");
    let content = content(3_000_000);
    let path = begun(&anna, content.len());
    append(&anna, &path, 0, &content[..1_000_000], false).ok();
    // On its way when the server dies: it may have come or not, but never in part wrong.
    let open = half_a_part(&server, &anna, &path, 1_000_000, &content[1_000_000..1_700_000]);
    std::thread::sleep(Duration::from_millis(300));
    server.kill();
    drop(open);
    server.resume();
    let kept = usize::try_from(offset(&anna, &path)).expect("small");
    assert!((1_000_000..=1_700_000).contains(&kept), "{kept}");
    server.doctor();
    let done = append(&anna, &path, kept, &content[kept..], true).ok();
    server.kill();
    server.resume();
    assert!(anna.download(mxc(&done)).bytes == content);
    server.doctor();
}

#[test]
fn who_is_refused_hears_why_and_keeps_the_connection_though_much_was_still_to_come() {
    let server = server();
    let anna = server.user("anna");
    let path = format!("{UPLOAD}/{}", "a".repeat(32));
    let mut stream = half_a_part(server, &anna, &path, 0, &[]);
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    let mut first = [0; 12];
    stream.read_exact(&mut first).expect("an answer before the part has come");
    assert_eq!(&first, b"HTTP/1.1 404");
    stream.write_all(&[7; 1_000_000]).expect("the part is taken though nobody wants it");
    stream
        .write_all(b"GET /_konsil/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .expect("the next request is taken");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest of the first answer and the second one");
    assert!(rest.contains("HTTP/1.1 200"), "{rest}");
}
