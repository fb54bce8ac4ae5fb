//! `GET /_matrix/client/v3/rooms/{roomId}/members`, `…/joined_members`

use testkit::matrix::room_path;

use crate::server;

#[test]
fn members_are_listed_by_membership_for_members_alone() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    jonas.leave(&room);
    let count = |query: &str| {
        let answer = anna.get(&room_path(&room, &format!("/members{query}"))).ok();
        answer["chunk"].as_array().map(Vec::len)
    };
    assert_eq!(count(""), Some(2));
    assert_eq!(count("?membership=join"), Some(1));
    assert_eq!(count("?not_membership=join"), Some(1));
    mallory.get(&room_path(&room, "/members")).refused(403, "M_FORBIDDEN");
    let joined = anna.get(&room_path(&room, "/joined_members")).ok();
    assert_eq!(joined["joined"].as_object().map(|joined| joined.len()), Some(1));
    jonas.get(&room_path(&room, "/joined_members")).refused(403, "M_FORBIDDEN");
}
