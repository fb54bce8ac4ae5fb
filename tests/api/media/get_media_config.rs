//! `GET /_matrix/client/v1/media/config` and `GET /_matrix/media/v3/config`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediaconfig>

use crate::server;

#[test]
fn the_largest_upload_is_announced_at_both_paths() {
    let anna = server().user("anna");
    let limit = anna.get("/_matrix/client/v1/media/config").ok();
    assert!(limit["m.upload.size"].as_u64().is_some_and(|bytes| bytes >= 50_000_000), "{limit}");
    assert_eq!(anna.get("/_matrix/media/v3/config").ok(), limit);
    anna.anonymous().get("/_matrix/client/v1/media/config").refused(401, "M_MISSING_TOKEN");
}
