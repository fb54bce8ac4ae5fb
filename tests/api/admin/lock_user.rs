//! `GET` and `PUT /_matrix/client/v1/admin/lock/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid>

use serde_json::json;
use testkit::matrix::escape;

use super::hospital;

const WHOAMI: &str = "/_matrix/client/v3/account/whoami";

fn path(user: &str) -> String {
    format!("/_matrix/client/v1/admin/lock/{}", escape(user))
}

#[test]
fn a_locked_account_only_signs_out_and_is_as_before_when_unlocked() {
    let (server, admin) = hospital();
    let anna = server.user("anna");
    let tablet = anna.new_device();
    assert_eq!(admin.get(&path(&anna.id)).ok(), json!({ "locked": false }));
    anna.get(WHOAMI).ok();
    let locked = json!({ "locked": true });
    assert_eq!(admin.put(&path(&anna.id), &locked).ok(), locked);
    assert_eq!(admin.get(&path(&anna.id)).ok(), locked);

    let refused = anna.get(WHOAMI).refused(401, "M_USER_LOCKED");
    assert_eq!(refused["soft_logout"], json!(true));
    anna.get("/_matrix/client/v3/sync").refused(401, "M_USER_LOCKED");
    let login = json!({
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.id },
    });
    anna.anonymous().post("/_matrix/client/v3/login", &login).refused(401, "M_USER_LOCKED");
    let mut wrong = login.clone();
    wrong["password"] = json!("not the password");
    anna.anonymous().post("/_matrix/client/v3/login", &wrong).refused(403, "M_FORBIDDEN");
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();

    admin.put(&path(&anna.id), &json!({ "locked": false })).ok();
    assert_eq!(anna.get(WHOAMI).ok()["device_id"], json!(anna.device_id));
    tablet.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn only_administrators_lock_and_neither_themselves_nor_strangers() {
    let (server, admin) = hospital();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let body = json!({ "locked": true });
    jonas.put(&path(&anna.id), &body).refused(403, "M_FORBIDDEN");
    jonas.get(&path(&anna.id)).refused(403, "M_FORBIDDEN");
    // Whether somebody is there is nothing that others learn.
    jonas.get(&path("@nobody:klinikum.test")).refused(403, "M_FORBIDDEN");
    admin.put(&path(&admin.id), &body).refused(403, "M_FORBIDDEN");
    admin.put(&path("@nobody:klinikum.test"), &body).refused(404, "M_NOT_FOUND");
    admin.put(&path("@anna:elsewhere.test"), &body).refused(400, "M_INVALID_PARAM");
    admin.put(&path(&anna.id), &json!({})).refused(400, "M_MISSING_PARAM");
}

#[test]
fn the_capability_is_shown_to_administrators_alone() {
    let (server, admin) = hospital();
    let path = "/_matrix/client/v3/capabilities";
    let shown =
        |user: &testkit::User| user.get(path).ok()["capabilities"]["m.account_moderation"].clone();
    assert_eq!(shown(admin), json!({ "lock": true, "suspend": true }));
    assert_eq!(shown(&server.user("anna")), json!(null));
}
