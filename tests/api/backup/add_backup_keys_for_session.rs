//! `PUT /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}`: which of two keys is kept
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomidsessionid>

use super::{ROOM, create, key, keys_path};
use crate::server;

#[test]
fn a_key_is_replaced_by_a_better_one_alone() {
    let anna = server().user("anna");
    let version = create(&anna);
    let path = keys_path(&version, &[ROOM, "session/with+signs="]);
    // In the order in which they are uploaded: what is kept, and what then does not replace it.
    for (kept, refused) in [
        (
            key(false, 10, 5, "first"),
            vec![
                key(false, 11, 5, "later"),
                key(false, 10, 6, "more hands"),
                key(false, 11, 0, "later"),
            ],
        ),
        (key(false, 10, 4, "fewer hands"), vec![key(false, 10, 5, "more hands")]),
        (key(false, 9, 9, "earlier"), vec![key(false, 10, 0, "later")]),
        (
            key(true, 20, 9, "verified"),
            vec![
                key(false, 0, 0, "not verified"),
                key(true, 21, 0, "later"),
                key(true, 20, 10, "more hands"),
            ],
        ),
        (key(true, 0, 9, "earlier"), vec![key(true, 0, 9, "no better")]),
    ] {
        anna.put(&path, &kept).ok();
        assert_eq!(anna.get(&path).ok(), kept);
        for worse in refused {
            assert_eq!(anna.put(&path, &worse).ok()["count"], 1);
            assert_eq!(anna.get(&path).ok(), kept, "{worse} is no better");
        }
    }
}
