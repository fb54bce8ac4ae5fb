//! `DELETE /_konsil/media/file/{serverName}/{mediaId}`

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use testkit::{SERVER_NAME, Server};

use super::{file_path, objects, path};
use crate::server;

fn picture() -> Vec<u8> {
    let picture = DynamicImage::from(RgbImage::from_pixel(500, 400, Rgb([20, 90, 160])));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it is encoded");
    bytes.into_inner()
}

#[test]
fn a_file_goes_with_its_thumbnails_and_its_bytes() {
    let server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let (mxc, other) = (anna.upload("image/png", &picture()), anna.upload("text/plain", b"stays"));
    for size in ["width=32&height=32&method=crop", "width=320&height=240"] {
        assert_eq!(jonas.get(&format!("{}?{size}", path("thumbnail", &mxc))).status, 200);
    }
    assert_eq!(objects(&server).len(), 4, "two files, two thumbnails");
    let deleted = anna.delete(&file_path(&mxc));
    assert_eq!((deleted.status, deleted.bytes.len()), (204, 0), "{}", deleted.text());
    assert_eq!(objects(&server), [5]);
    for user in [&anna, &jonas] {
        user.download(&mxc).refused(404, "M_NOT_FOUND");
        let thumbnail = format!("{}?width=32&height=32&method=crop", path("thumbnail", &mxc));
        user.get(&thumbnail).refused(404, "M_NOT_FOUND");
    }
    anna.delete(&file_path(&mxc)).refused(404, "M_NOT_FOUND");
    assert_eq!(jonas.download(&other).bytes, b"stays");
    server.doctor();
}

#[test]
fn nobody_deletes_the_file_of_another() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    // The manager of a room in which the file stands neither: the server cannot know that it does.
    let room = jonas.room_with(&[&anna]);
    let mxc = anna.upload("application/octet-stream", b"of Anna");
    anna.send_encrypted(&room, "the message with it");
    jonas.delete(&file_path(&mxc)).refused(403, "M_FORBIDDEN");
    jonas.anonymous().delete(&file_path(&mxc)).refused(401, "M_MISSING_TOKEN");
    assert_eq!(jonas.download(&mxc).bytes, b"of Anna");
    assert_eq!(anna.new_device().delete(&file_path(&mxc)).status, 204, "on any device of hers");
}

#[test]
fn what_is_no_file_here_is_not_found() {
    let anna = server().user("anna");
    let mxc = anna.upload("text/plain", b"here");
    let id = mxc.rsplit_once('/').expect("an address").1;
    for address in [
        &format!("{SERVER_NAME}/unknown"),
        &format!("other.test/{id}"),
        "no%20server/x",
        "a/..%2Fb",
    ] {
        anna.delete(&format!("/_konsil/media/file/{address}")).refused(404, "M_NOT_FOUND");
    }
    assert_eq!(anna.download(&mxc).bytes, b"here");
}

#[test]
fn an_announced_address_is_given_back() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let created = anna.post("/_matrix/media/v1/create", &serde_json::json!({})).ok();
    let mxc = created["content_uri"].as_str().expect("an address").to_owned();
    jonas.delete(&file_path(&mxc)).refused(403, "M_FORBIDDEN");
    assert_eq!(anna.delete(&file_path(&mxc)).status, 204);
    let upload = mxc.replace("mxc://", "/_matrix/media/v3/upload/");
    anna.request("PUT", &upload, &[], b"late").refused(404, "M_NOT_FOUND");
}

#[test]
fn what_is_deleted_stays_deleted_when_the_server_dies() {
    let mut server = Server::start();
    let anna = server.user("anna");
    let mxc = anna.upload("application/octet-stream", &[3; 300_000]);
    assert_eq!(anna.delete(&file_path(&mxc)).status, 204);
    server.kill();
    server.resume();
    anna.download(&mxc).refused(404, "M_NOT_FOUND");
    assert_eq!(objects(&server), [0; 0]);
    server.doctor();
}
