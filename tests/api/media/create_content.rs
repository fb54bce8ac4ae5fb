//! `POST /_matrix/media/v3/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload>

use testkit::{SERVER_NAME, Server, Settings};

use crate::server;

const UPLOAD: &str = "/_matrix/media/v3/upload";

#[test]
fn what_is_uploaded_is_downloaded_again_by_the_byte() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    for size in [0, 1, 300_000, 3_000_000] {
        let bytes: Vec<u8> =
            (0..size).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        let mxc = anna.upload("application/octet-stream", &bytes);
        assert!(mxc.starts_with(&format!("mxc://{SERVER_NAME}/")), "{mxc}");
        let answer = jonas.download(&mxc);
        assert_eq!((answer.status, answer.bytes == bytes), (200, true), "{size} bytes");
        assert_eq!(answer.header("content-length"), size.to_string());
    }
}

#[test]
fn every_upload_has_an_address_of_its_own() {
    let anna = server().user("anna");
    assert_ne!(anna.upload("text/plain", b"same"), anna.upload("text/plain", b"same"));
}

#[test]
fn strangers_upload_nothing() {
    let api = server().api();
    api.request("POST", UPLOAD, &[], b"bytes").refused(401, "M_MISSING_TOKEN");
    api.with_token("invented")
        .request("POST", UPLOAD, &[], b"bytes")
        .refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn what_could_not_stand_in_a_header_is_refused() {
    let anna = server().user("anna");
    let upload = |query: &str, content_type: &str| {
        anna.request("POST", &format!("{UPLOAD}{query}"), &[("content-type", content_type)], b"x")
    };
    upload("?filename=a%0Ab", "text/plain").refused(400, "M_INVALID_PARAM");
    upload("?filename=a%00b", "text/plain").refused(400, "M_INVALID_PARAM");
    upload(&format!("?filename={}", "x".repeat(2_000)), "text/plain")
        .refused(400, "M_INVALID_PARAM");
    upload("", "no type").refused(400, "M_INVALID_PARAM");
    upload("?filename=%FF", "text/plain");
    upload("?filename=R%C3%B6ntgen.png", "image/png").ok();
}

#[test]
fn a_file_over_the_limit_is_refused_and_leaves_nothing() {
    let settings =
        Settings { node: "media.max_upload_bytes = 100000".into(), ..Settings::default() };
    let server = Server::with(&settings);
    let anna = server.user("anna");
    assert_eq!(anna.get("/_matrix/client/v1/media/config").ok()["m.upload.size"], 100_000);
    anna.upload("text/plain", &[7; 100_000]);
    anna.request("POST", UPLOAD, &[], &[7; 100_001]).refused(413, "M_TOO_LARGE");
    let media = server.data_dir().join(SERVER_NAME).join("media");
    let objects = walk(&media);
    assert_eq!(objects, [100_000], "only the file that was allowed is in {}", media.display());
}

/// The sizes of all files below a directory.
fn walk(directory: &std::path::Path) -> Vec<u64> {
    let entries = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut sizes = Vec::new();
    for entry in entries.map(|entry| entry.unwrap()) {
        match entry.file_type().unwrap().is_dir() {
            true => sizes.extend(walk(&entry.path())),
            false => sizes.push(entry.metadata().unwrap().len()),
        }
    }
    sizes
}

#[test]
fn files_survive_a_killed_server() {
    let mut server = Server::start();
    let anna = server.user("anna");
    let mxc = anna.upload("application/octet-stream", &[3; 500_000]);
    server.kill();
    server.resume();
    assert!(anna.download(&mxc).bytes == [3; 500_000]);
}
