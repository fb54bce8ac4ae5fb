//! `POST /_konsil/media/file/{serverName}/{mediaId}/copy`

use serde_json::json;
use testkit::{
    SERVER_NAME, Server, Settings,
    matrix::{Answer, User},
};

use super::{file_path, objects, path};
use crate::server;

fn copy(user: &User, mxc: &str) -> Answer {
    user.post(&format!("{}/copy", file_path(mxc)), &json!({}))
}

fn copied(user: &User, mxc: &str) -> String {
    copy(user, mxc).ok()["content_uri"].as_str().expect("an address").to_owned()
}

#[test]
fn a_copy_has_the_same_bytes_and_an_address_of_its_own() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let bytes: Vec<u8> =
        (0..700_001_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let upload = "/_matrix/media/v3/upload?filename=Befund.bin";
    let headers = [("content-type", "application/x-befund")];
    let answer = anna.request("POST", upload, &headers, &bytes).ok();
    let mxc = answer["content_uri"].as_str().expect("an address").to_owned();
    // Whoever may read it may copy it.
    let copies = [copied(&jonas, &mxc), copied(&jonas, &mxc), copied(&anna, &mxc)];
    for (at, copy) in copies.iter().enumerate() {
        assert!(copy.starts_with(&format!("mxc://{SERVER_NAME}/")), "{copy}");
        assert!(*copy != mxc && !copies[..at].contains(copy), "{copies:?}");
        let (first, second) = (anna.download(&mxc), anna.download(copy));
        assert!(second.bytes == bytes, "{}", second.status);
        for header in ["etag", "content-type", "content-disposition", "content-length"] {
            assert_eq!(first.header(header), second.header(header));
        }
    }
    let of_a_copy = copied(&anna, &copies[0]);
    assert_eq!(anna.delete(&file_path(&of_a_copy)).status, 204);
}

#[test]
fn the_first_one_and_its_copies_go_one_by_one() {
    let server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let mxc = anna.upload("application/octet-stream", &[9; 100_000]);
    let (one, two) = (copied(&jonas, &mxc), copied(&anna, &mxc));
    assert_eq!(objects(&server), [100_000; 3]);
    anna.delete(&file_path(&one)).refused(403, "M_FORBIDDEN");
    assert_eq!(anna.delete(&file_path(&mxc)).status, 204);
    anna.download(&mxc).refused(404, "M_NOT_FOUND");
    assert!(anna.download(&one).bytes == [9; 100_000]);
    server.doctor();
    assert_eq!(jonas.delete(&file_path(&one)).status, 204);
    assert!(jonas.download(&two).bytes == [9; 100_000], "the copy of the same file");
    assert_eq!(objects(&server), [100_000]);
    server.doctor();
}

#[test]
fn a_thumbnail_of_a_copy_is_its_own() {
    let server = Server::start();
    let anna = server.user("anna");
    let picture = image::DynamicImage::from(image::RgbImage::new(300, 300));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("it is encoded");
    let mxc = anna.upload("image/png", &bytes.into_inner());
    let copy = copied(&anna, &mxc);
    let thumbnail =
        |mxc: &str| anna.get(&format!("{}?width=96&height=96&method=crop", path("thumbnail", mxc)));
    assert_eq!((thumbnail(&mxc).status, thumbnail(&copy).status), (200, 200));
    assert_eq!(anna.delete(&file_path(&mxc)).status, 204);
    assert_eq!((thumbnail(&copy).status, objects(&server).len()), (200, 2));
}

#[test]
fn a_copy_that_was_acknowledged_is_there_after_the_server_dies() {
    let mut server = Server::start();
    let anna = server.user("anna");
    let mxc = anna.upload("application/octet-stream", &[4; 300_000]);
    let copy = copied(&anna, &mxc);
    assert_eq!(anna.delete(&file_path(&mxc)).status, 204);
    server.kill();
    server.resume();
    assert!(anna.download(&copy).bytes == [4; 300_000]);
    server.doctor();
}

#[test]
fn what_is_not_here_is_not_copied() {
    let anna = server().user("anna");
    let id = anna.upload("text/plain", b"x").rsplit_once('/').expect("an address").1.to_owned();
    for address in [&format!("{SERVER_NAME}/unknown"), &format!("other.test/{id}"), "a/..%2Fb"] {
        let answer = anna.post(&format!("/_konsil/media/file/{address}/copy"), &json!({}));
        answer.refused(404, "M_NOT_FOUND");
    }
    let created = anna.post("/_matrix/media/v1/create", &json!({})).ok();
    let announced = created["content_uri"].as_str().expect("an address");
    copy(&anna, announced).refused(504, "M_NOT_YET_UPLOADED");
}

#[test]
fn strangers_copy_nothing() {
    let anna = server().user("anna");
    let mxc = anna.upload("text/plain", b"bytes");
    let path = format!("{}/copy", file_path(&mxc));
    anna.anonymous().post(&path, &json!({})).refused(401, "M_MISSING_TOKEN");
    anna.with_token("invented").post(&path, &json!({})).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn what_could_not_be_uploaded_any_more_is_not_copied() {
    let limit = |bytes: u64| format!("media.max_upload_bytes = {bytes}");
    let mut server = Server::with(&Settings { node: limit(100_000), ..Settings::default() });
    let anna = server.user("anna");
    let (large, small) =
        (anna.upload("text/plain", &[1; 90_000]), anna.upload("text/plain", &[1; 100]));
    server.stop();
    let settings = std::fs::read_to_string(server.config_file()).expect("the settings");
    std::fs::write(server.config_file(), settings.replace(&limit(100_000), &limit(50_000)))
        .expect("they are written");
    server.resume();
    copy(&anna, &large).refused(413, "M_TOO_LARGE");
    copied(&anna, &small);
    assert_eq!(objects(&server).len(), 3);
}
