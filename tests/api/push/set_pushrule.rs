//! `PUT` and `DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}`, `PUT …/enabled`, `PUT …/actions`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid>

use serde_json::json;
use testkit::{User, matrix::escape};

use crate::server;

fn rule(kind: &str, id: &str) -> String {
    format!("/_matrix/client/v3/pushrules/global/{kind}/{}", escape(id))
}

fn content_rules(user: &User) -> Vec<String> {
    let rules = user.get("/_matrix/client/v3/pushrules/").ok();
    let rules = rules["global"]["content"].as_array().cloned().unwrap_or_default();
    let made = rules.iter().filter(|rule| rule["default"] == false);
    made.map(|rule| rule["rule_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rule_is_made_changed_and_deleted() {
    let anna = server().user("anna");
    let path = rule("content", "Stroke");
    anna.put(&path, &json!({ "pattern": "stroke", "actions": ["notify"] })).ok();
    let made = anna.get(&path).ok();
    assert_eq!(
        (&made["pattern"], &made["enabled"], &made["default"]),
        (&json!("stroke"), &json!(true), &json!(false))
    );
    anna.put(&format!("{path}/enabled"), &json!({ "enabled": false })).ok();
    anna.put(
        &format!("{path}/actions"),
        &json!({ "actions": ["notify", { "set_tweak": "sound", "value": "default" }] }),
    )
    .ok();
    let changed = anna.get(&path).ok();
    assert_eq!(changed["enabled"], false);
    assert_eq!(changed["actions"][1]["set_tweak"], "sound");
    anna.delete(&path).ok();
    anna.get(&path).refused(404, "M_NOT_FOUND");
    anna.delete(&path).refused(404, "M_NOT_FOUND");
}

#[test]
fn rules_are_placed_before_and_after_each_other() {
    let anna = server().user("anna");
    let body = json!({ "pattern": "x", "actions": [] });
    for id in ["a", "b", "c"] {
        anna.put(&rule("content", id), &body).ok();
    }
    assert_eq!(content_rules(&anna), ["c", "b", "a"]);
    anna.put(&format!("{}?after=a", rule("content", "c")), &body).ok();
    assert_eq!(content_rules(&anna), ["b", "a", "c"]);
    anna.put(&format!("{}?before=b", rule("content", "d")), &body).ok();
    assert_eq!(content_rules(&anna), ["d", "b", "a", "c"]);
    anna.put(&format!("{}?before=nobody", rule("content", "e")), &body).refused(404, "M_NOT_FOUND");
    anna.put(&format!("{}?after=c", rule("content", "c")), &body).refused(404, "M_NOT_FOUND");
    anna.put(
        &format!("{}?before=.m.rule.master", rule("override", "e")),
        &json!({ "conditions": [], "actions": [] }),
    )
    .refused(400, "M_INVALID_PARAM");
    assert_eq!(content_rules(&anna), ["d", "b", "a", "c"], "what was refused changed nothing");
}

#[test]
fn default_rules_are_switched_off_but_neither_replaced_nor_deleted() {
    let anna = server().user("anna");
    let master = rule("override", ".m.rule.master");
    anna.put(&format!("{master}/enabled"), &json!({ "enabled": true })).ok();
    assert_eq!(anna.get(&master).ok()["enabled"], true);
    anna.put(&master, &json!({ "conditions": [], "actions": [] })).refused(400, "M_INVALID_PARAM");
    anna.delete(&master).refused(400, "M_INVALID_PARAM");
}

#[test]
fn rules_for_rooms_and_senders_are_named_after_them() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    anna.put(&rule("room", &room), &json!({ "actions": [] })).ok();
    anna.put(&rule("sender", "@jonas:klinikum.test"), &json!({ "actions": ["notify"] })).ok();
    assert_eq!(anna.put(&rule("room", "no room"), &json!({ "actions": [] })).status, 400);
    assert_eq!(anna.put(&rule("sender", "nobody"), &json!({ "actions": [] })).status, 400);
}

#[test]
fn what_is_no_rule_is_refused() {
    let anna = server().user("anna");
    anna.put(&rule("content", "x"), &json!({ "actions": [] })).refused(400, "M_MISSING_PARAM");
    anna.put(&rule("content", "x"), &json!({ "pattern": "x", "actions": 7 }))
        .refused(400, "M_BAD_JSON");
    anna.put(&rule("content", "a\\b"), &json!({ "pattern": "x", "actions": [] }))
        .refused(400, "M_INVALID_PARAM");
    anna.put(&rule("content", &"x".repeat(300)), &json!({ "pattern": "x", "actions": [] }))
        .refused(400, "M_INVALID_PARAM");
    assert_eq!(anna.put(&rule("nokind", "x"), &json!({ "actions": [] })).status, 400);
    let unknown = rule("override", "unknown");
    anna.put(&format!("{unknown}/enabled"), &json!({ "enabled": true }))
        .refused(404, "M_NOT_FOUND");
    anna.put(&format!("{unknown}/actions"), &json!({ "actions": [] })).refused(404, "M_NOT_FOUND");
}

#[test]
fn a_changed_rule_reaches_other_devices_by_sync() {
    let anna = server().user("anna");
    let since = anna.sync(None)["next_batch"].as_str().unwrap().to_owned();
    let master = rule("override", ".m.rule.master");
    anna.put(&format!("{master}/enabled"), &json!({ "enabled": true })).ok();
    let events = anna.sync(Some(&since))["account_data"]["events"].clone();
    assert_eq!(events[0]["type"], "m.push_rules", "{events}");
    assert_eq!(events[0]["content"]["global"]["override"][0]["enabled"], true);
}
