//! `POST /_matrix/client/v3/room_keys/version`, `GET` of it and of `/room_keys/version/{version}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3room_keysversion>

use serde_json::json;

use super::{ALGORITHM, VERSION, create, keys_path, latest, wish};
use crate::server;

#[test]
fn without_a_backup_there_is_none() {
    let anna = server().user("anna");
    anna.get(VERSION).refused(404, "M_NOT_FOUND");
    for version in ["1", "0", "-1", "nonsense", "99999999999999999999"] {
        anna.get(&format!("{VERSION}/{version}")).refused(404, "M_NOT_FOUND");
        anna.get(&keys_path(version, &[])).refused(404, "M_NOT_FOUND");
    }
}

#[test]
fn a_new_backup_is_empty_and_the_newest_and_older_ones_stay_readable() {
    let anna = server().user("anna");
    let first = create(&anna);
    let second = create(&anna);
    assert_ne!(first, second);
    assert_eq!(latest(&anna).0, second);
    for version in [&first, &second] {
        let info = anna.get(&format!("{VERSION}/{version}")).ok();
        assert_eq!(info["version"], json!(version));
        assert_eq!(info["algorithm"], ALGORITHM);
        assert_eq!(info["auth_data"], wish()["auth_data"]);
        assert_eq!(info["count"], 0);
        assert!(info["etag"].is_string());
    }
}

#[test]
fn a_backup_is_its_owners_alone() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let version = create(&anna);
    jonas.get(&format!("{VERSION}/{version}")).refused(404, "M_NOT_FOUND");
    jonas.get(&keys_path(&version, &[])).refused(404, "M_NOT_FOUND");
    server().api().get(VERSION).refused(401, "M_MISSING_TOKEN");
}

#[test]
fn a_backup_without_algorithm_or_with_malformed_data_is_refused() {
    let anna = server().user("anna");
    anna.post(VERSION, &json!({ "auth_data": {} })).refused(400, "M_MISSING_PARAM");
    anna.post(VERSION, &json!({ "algorithm": ALGORITHM })).refused(400, "M_MISSING_PARAM");
    anna.post(VERSION, &json!({ "algorithm": ALGORITHM, "auth_data": 7 }))
        .refused(400, "M_BAD_JSON");
    anna.post(VERSION, &json!({ "algorithm": 7, "auth_data": {} })).refused(400, "M_BAD_JSON");
    let large = json!({ "algorithm": ALGORITHM, "auth_data": { "x": "x".repeat(70_000) } });
    anna.post(VERSION, &large).refused(413, "M_TOO_LARGE");
    anna.get(VERSION).refused(404, "M_NOT_FOUND");
}
