//! `PUT /_matrix/client/v3/room_keys/version/{version}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keysversionversion>

use serde_json::json;

use super::{ALGORITHM, VERSION, create};
use crate::server;

#[test]
fn the_data_of_a_backup_changes_and_nothing_else() {
    let anna = server().user("anna");
    let version = create(&anna);
    let path = format!("{VERSION}/{version}");
    let auth_data =
        json!({ "public_key": "abcdefg", "signatures": { &anna.id: { "ed25519:D": "s" } } });
    let body = json!({ "algorithm": ALGORITHM, "auth_data": auth_data, "version": version });
    anna.put(&path, &body).ok();
    assert_eq!(anna.get(&path).ok()["auth_data"], auth_data);

    let with = |field: &str, value: &str| {
        let mut body = body.clone();
        body[field] = value.into();
        body
    };
    anna.put(&path, &with("algorithm", "another")).refused(400, "M_INVALID_PARAM");
    anna.put(&path, &with("version", "999")).refused(400, "M_INVALID_PARAM");
    anna.put(&path, &with("auth_data", "text")).refused(400, "M_BAD_JSON");
    assert_eq!(anna.get(&path).ok()["auth_data"], auth_data);
}

#[test]
fn a_backup_that_is_not_there_cannot_change() {
    let anna = server().user("anna");
    let body = json!({ "algorithm": ALGORITHM, "auth_data": {} });
    anna.put(&format!("{VERSION}/1"), &body).refused(404, "M_NOT_FOUND");
    let version = create(&anna);
    anna.delete(&format!("{VERSION}/{version}")).ok();
    anna.put(&format!("{VERSION}/{version}"), &body).refused(404, "M_NOT_FOUND");
}
