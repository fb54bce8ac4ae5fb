//! `GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid>

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::path;
use crate::server;

fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture =
        RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    let mut bytes = Vec::new();
    DynamicImage::from(picture).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

fn dimensions(bytes: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(bytes).expect("a thumbnail is a picture");
    (picture.width(), picture.height())
}

#[test]
fn a_picture_becomes_smaller() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mxc = anna.upload("image/png", &photo(1000, 500));
    let get = |query: &str| jonas.get(&format!("{}?{query}", path("thumbnail", &mxc)));
    let scaled = get("width=300&height=200&method=scale");
    assert_eq!((scaled.status, scaled.header("content-type")), (200, "image/jpeg"));
    assert_eq!(dimensions(&scaled.bytes), (320, 160));
    assert_eq!(dimensions(&get("width=96&height=96&method=crop").bytes), (96, 96));
    assert_eq!(
        get("width=96&height=96&method=crop").bytes,
        get("width=90&height=90&method=crop").bytes
    );
    assert_eq!(
        dimensions(&get("width=4000&height=4000").bytes),
        (1000, 500),
        "never larger than the picture"
    );
    assert!(scaled.header("content-security-policy").contains("sandbox"));
}

#[test]
fn ciphertext_has_no_thumbnail() {
    let anna = server().user("anna");
    let mxc = anna.upload("application/octet-stream", &[0x5a; 10_000]);
    anna.get(&format!("{}?width=32&height=32", path("thumbnail", &mxc))).refused(400, "M_UNKNOWN");
    let named_a_picture = anna.upload("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    anna.get(&format!("{}?width=32&height=32", path("thumbnail", &named_a_picture)))
        .refused(400, "M_UNKNOWN");
}

#[test]
fn a_thumbnail_has_a_size() {
    let anna = server().user("anna");
    let mxc = anna.upload("image/png", &photo(10, 10));
    for query in
        ["width=0&height=10", "width=10&height=-1", "width=ten&height=10", "width=10.5&height=10"]
    {
        let answer = anna.get(&format!("{}?{query}", path("thumbnail", &mxc)));
        answer.refused(400, "M_INVALID_PARAM");
    }
    anna.get(&path("thumbnail", &mxc)).refused(400, "M_MISSING_PARAM");
    anna.get("/_matrix/client/v1/media/thumbnail/klinikum.test/unknown?width=32&height=32")
        .refused(404, "M_NOT_FOUND");
}
