//! `GET /_matrix/client/v3/pushrules/`, `…/global/`, `…/global/{kind}/{ruleId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrules>

use crate::server;

#[test]
fn everybody_starts_with_the_default_rules() {
    let anna = server().user("anna");
    let all = anna.get("/_matrix/client/v3/pushrules/").ok();
    assert_eq!(all["global"], anna.get("/_matrix/client/v3/pushrules/global/").ok());
    let ids = |kind: &str| -> Vec<String> {
        let rules = all["global"][kind].as_array().unwrap_or_else(|| panic!("no {kind} in {all}"));
        rules.iter().map(|rule| rule["rule_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("override")[0], ".m.rule.master");
    for expected in [".m.rule.suppress_notices", ".m.rule.invite_for_me", ".m.rule.is_user_mention"]
    {
        assert!(ids("override").contains(&expected.to_owned()), "{expected}");
    }
    assert!(ids("underride").contains(&".m.rule.encrypted".to_owned()));
    let invite =
        anna.get("/_matrix/client/v3/pushrules/global/override/.m.rule.invite_for_me").ok();
    assert_eq!(
        invite["conditions"].as_array().unwrap().iter().filter(|c| c["pattern"] == anna.id).count()
            + invite["conditions"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|c| c["value"] == anna.id)
                .count(),
        1,
        "{invite}"
    );
}

#[test]
fn rules_are_read_one_by_one() {
    let anna = server().user("anna");
    let rule = "/_matrix/client/v3/pushrules/global/underride/.m.rule.encrypted";
    assert_eq!(anna.get(rule).ok()["default"], true);
    assert_eq!(anna.get(&format!("{rule}/enabled")).ok()["enabled"], true);
    assert!(anna.get(&format!("{rule}/actions")).ok()["actions"].is_array());
}

#[test]
fn unknown_rules_are_not_found() {
    let anna = server().user("anna");
    for rule in ["override/unknown", "nokind/.m.rule.master", "content/.m.rule.master"] {
        for rest in ["", "/enabled", "/actions"] {
            let answer = anna.get(&format!("/_matrix/client/v3/pushrules/global/{rule}{rest}"));
            answer.refused(404, "M_NOT_FOUND");
        }
    }
}
