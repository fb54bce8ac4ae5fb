//! `POST /_matrix/client/v3/user/{userId}/filter` and `GET …/filter/{filterId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter>

use serde_json::{Value, json};
use testkit::{User, matrix::escape};

use crate::server;

fn filters(user: &User) -> String {
    format!("/_matrix/client/v3/user/{}/filter", escape(&user.id))
}

fn name(answer: &Value) -> String {
    answer["filter_id"].as_str().expect("a filter has a name").to_owned()
}

#[test]
fn a_filter_is_stored_under_a_name() {
    let anna = server().user("anna");
    let filter = json!({ "room": { "timeline": { "limit": 10, "types": ["m.room.*"] } }, "event_fields": ["content.body"] });
    let id = name(&anna.post(&filters(&anna), &filter).ok());
    assert!(!id.starts_with('{'), "a name that looks like a filter would be taken for one");
    assert_eq!(anna.get(&format!("{}/{id}", filters(&anna))).ok(), filter);
    assert_eq!(
        name(&anna.post(&filters(&anna), &filter).ok()),
        id,
        "the same filter has the same name"
    );
    let other = name(&anna.post(&filters(&anna), &json!({})).ok());
    assert_ne!(other, id);
}

#[test]
fn filters_are_nobody_elses() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let id = name(&anna.post(&filters(&anna), &json!({})).ok());
    jonas.get(&format!("{}/{id}", filters(&anna))).refused(403, "M_FORBIDDEN");
    jonas.get(&format!("{}/{id}", filters(&jonas))).refused(404, "M_NOT_FOUND");
    jonas.post(&filters(&anna), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn unknown_names_are_not_found() {
    let anna = server().user("anna");
    for id in ["0", "-1", "99999999999999999999", "abc", "1%20"] {
        anna.get(&format!("{}/{id}", filters(&anna))).refused(404, "M_NOT_FOUND");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let anna = server().user("anna");
    for filter in
        [json!({ "room": 7 }), json!({ "room": { "timeline": { "limit": "ten" } } }), json!([])]
    {
        anna.post(&filters(&anna), &filter).refused(400, "M_BAD_JSON");
    }
    let large = json!({ "event_fields": ["x".repeat(70_000)] });
    anna.post(&filters(&anna), &large).refused(413, "M_TOO_LARGE");
}

#[test]
fn a_user_has_only_so_many_filters() {
    let anna = server().user("anna");
    let store = |limit: u32| {
        anna.post(&filters(&anna), &json!({ "room": { "timeline": { "limit": limit } } }))
    };
    for limit in 1..=100 {
        store(limit).ok();
    }
    store(101).refused(413, "M_TOO_LARGE");
    store(7).ok();
}
