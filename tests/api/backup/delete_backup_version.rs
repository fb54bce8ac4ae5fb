//! `DELETE /_matrix/client/v3/room_keys/version/{version}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keysversionversion>

use super::{ROOM, VERSION, create, key, keys_path, latest};
use crate::server;

#[test]
fn a_deleted_backup_is_gone_with_its_keys_and_its_number_does_not_come_again() {
    let anna = server().user("anna");
    let older = create(&anna);
    let newer = create(&anna);
    anna.put(&keys_path(&newer, &[ROOM, "session"]), &key(true, 0, 0, "one")).ok();
    let path = format!("{VERSION}/{newer}");
    anna.delete(&path).ok();
    anna.get(&path).refused(404, "M_NOT_FOUND");
    anna.get(&keys_path(&newer, &[])).refused(404, "M_NOT_FOUND");
    anna.get(&keys_path(&newer, &[ROOM, "session"])).refused(404, "M_NOT_FOUND");
    assert_eq!(latest(&anna).0, older, "the one before is the newest again");
    anna.delete(&path).ok();
    assert!(![older, newer].contains(&create(&anna)));
}

#[test]
fn a_backup_that_never_was_cannot_be_deleted() {
    let anna = server().user("anna");
    anna.delete(&format!("{VERSION}/1")).refused(404, "M_NOT_FOUND");
}
