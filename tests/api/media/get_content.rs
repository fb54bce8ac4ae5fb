//! `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`, and with `/{fileName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid>

use super::path;
use crate::server;

#[test]
fn a_part_of_a_file_is_served() {
    let anna = server().user("anna");
    let mxc = anna.upload("video/mp4", b"0123456789");
    let get = |range: &str| anna.request("GET", &path("download", &mxc), &[("range", range)], &[]);
    for (range, bytes, content_range) in [
        ("bytes=2-4", &b"234"[..], "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-1000", b"56789", "bytes 5-9/10"),
    ] {
        let answer = get(range);
        assert_eq!((answer.status, answer.bytes.as_slice()), (206, bytes), "{range}");
        assert_eq!(answer.header("content-range"), content_range);
    }
    let behind = get("bytes=10-");
    behind.refused(416, None);
    assert_eq!(behind.header("content-range"), "bytes */10");
    assert_eq!((get("bytes=x").status, get("bytes=0-1,3-4").status), (200, 200));
}

#[test]
fn a_file_is_fetched_once_and_kept() {
    let anna = server().user("anna");
    let mxc = anna.upload("image/png", b"bytes");
    let first = anna.download(&mxc);
    let etag = first.header("etag").to_owned();
    assert!(first.header("cache-control").contains("immutable"));
    assert!(first.header("cache-control").contains("private"), "shared caches keep nothing");
    let again = anna.request("GET", &path("download", &mxc), &[("if-none-match", &etag)], &[]);
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    let other = [("range", "bytes=1-2"), ("if-range", "\"other\"")];
    assert_eq!(anna.request("GET", &path("download", &mxc), &other, &[]).status, 200);
}

#[test]
fn the_head_of_a_file_has_its_size_and_no_bytes() {
    let anna = server().user("anna");
    let mxc = anna.upload("image/png", &[5; 1234]);
    let head = anna.request("HEAD", &path("download", &mxc), &[], &[]);
    assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, "1234", 0));
    assert_eq!(head.header("content-type"), "image/png");
}

#[test]
fn a_browser_runs_nothing_of_what_is_uploaded() {
    let anna = server().user("anna");
    for (content_type, disposition) in [
        ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/pdf", "attachment"),
        ("image/png", "inline"),
        ("text/plain; charset=utf-8", "inline"),
    ] {
        let answer = anna.download(&anna.upload(content_type, b"<script>alert(1)</script>"));
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("content-disposition"), disposition, "{content_type}");
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    }
}

#[test]
fn a_given_name_is_given_again_or_replaced() {
    let anna = server().user("anna");
    let upload = "/_matrix/media/v3/upload?filename=R%C3%B6ntgen%20Thorax.png";
    let answer = anna.request("POST", upload, &[("content-type", "image/png")], b"x").ok();
    let mxc = answer["content_uri"].as_str().unwrap();
    let disposition = anna.download(mxc).header("content-disposition").to_owned();
    assert_eq!(disposition, "inline; filename*=utf-8''R%C3%B6ntgen%20Thorax.png");
    let renamed = anna.get(&format!("{}/befund.png", path("download", mxc)));
    assert_eq!(renamed.header("content-disposition"), "inline; filename=befund.png");
}

#[test]
fn strangers_read_nothing_by_any_path() {
    let anna = server().user("anna");
    let mxc = anna.upload("image/png", b"bytes");
    let api = anna.anonymous();
    api.get(&path("download", &mxc)).refused(401, "M_MISSING_TOKEN");
    api.get(&path("thumbnail", &mxc)).refused(401, "M_MISSING_TOKEN");
    let address = mxc.strip_prefix("mxc://").unwrap();
    for version in ["v3", "r0"] {
        for rest in [
            format!("download/{address}"),
            format!("download/{address}/a.png"),
            format!("thumbnail/{address}?width=32&height=32"),
        ] {
            api.get(&format!("/_matrix/media/{version}/{rest}")).refused(404, "M_NOT_FOUND");
        }
    }
}

#[test]
fn unknown_and_strange_addresses_are_not_found() {
    let anna = server().user("anna");
    for address in [
        "klinikum.test/unknown",
        "elsewhere.example/abc",
        "klinikum.test/..%2F..%2Fkonsil.toml",
        "klinikum.test/%C3%BC",
    ] {
        let answer = anna.get(&format!("/_matrix/client/v1/media/download/{address}?timeout_ms=0"));
        answer.refused(404, "M_NOT_FOUND");
    }
    assert_eq!(anna.get("/_matrix/client/v1/media/download/%20/abc").status, 400);
}

#[test]
fn previews_of_web_pages_do_not_exist() {
    let anna = server().user("anna");
    for path in ["/_matrix/client/v1/media/preview_url", "/_matrix/media/v3/preview_url"] {
        anna.get(&format!("{path}?url=https%3A%2F%2Fexample.org")).refused(403, "M_FORBIDDEN");
    }
}
