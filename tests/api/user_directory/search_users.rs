//! `POST /_matrix/client/v3/user_directory/search`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch>

use serde_json::{Value, json};
use testkit::{User, matrix::escape};

use crate::server;

fn search(user: &User, term: &str) -> Value {
    user.post(
        "/_matrix/client/v3/user_directory/search",
        &json!({ "search_term": term, "limit": 50 }),
    )
    .ok()
}

fn found(answer: &Value) -> Vec<&str> {
    answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["user_id"].as_str().unwrap())
        .collect()
}

fn named(name: &str) -> User {
    let user = server().user("person");
    let path = format!("/_matrix/client/v3/profile/{}/displayname", escape(&user.id));
    user.put(&path, &json!({ "displayname": name })).ok();
    user
}

#[test]
fn people_are_found_by_name_whatever_the_keyboard() {
    let anna = server().user("anna");
    let joerg = named("Dr. Jörg Müllenhoff");
    for term in ["müllenhoff", "MUELLENHOFF", "Mullenhoff", "jörg", "joerg mull", "enhof"] {
        assert_eq!(found(&search(&anna, term)), [joerg.id.as_str()], "{term}");
    }
    assert!(found(&search(&anna, "müllenhoff radiologie")).is_empty());
    let answer = search(&anna, "müllenhoff");
    assert_eq!(answer["results"][0]["display_name"], "Dr. Jörg Müllenhoff");
    assert_eq!(answer["limited"], false);
}

#[test]
fn people_without_a_name_are_found_by_their_user_id() {
    let anna = server().user("anna");
    let quiet = server().user("quietperson");
    for term in [quiet.localpart.as_str(), quiet.id.as_str(), "quietpers"] {
        assert!(found(&search(&anna, term)).contains(&quiet.id.as_str()), "{term}");
    }
    assert!(
        !found(&search(&anna, "klinikum.test")).contains(&quiet.id.as_str()),
        "the server's name finds nobody"
    );
}

#[test]
fn who_searches_does_not_find_themselves() {
    let zeno = named("Zeno Zwiebelturm");
    assert!(found(&search(&zeno, "Zwiebelturm")).is_empty());
    assert_eq!(found(&search(&server().user("anna"), "Zwiebelturm")), [zeno.id.as_str()]);
}

#[test]
fn the_best_matches_come_first_and_the_rest_is_announced() {
    let anna = server().user("anna");
    let (second, first) = (named("Petra Qualle"), named("Qualle, Anton"));
    assert_eq!(found(&search(&anna, "qualle")), [first.id.as_str(), second.id.as_str()]);
    let answer = anna
        .post(
            "/_matrix/client/v3/user_directory/search",
            &json!({ "search_term": "qualle", "limit": 1 }),
        )
        .ok();
    assert_eq!((found(&answer), &answer["limited"]), (vec![first.id.as_str()], &json!(true)));
}

#[test]
fn signs_of_the_database_are_only_signs() {
    let anna = server().user("anna");
    let odd = named("100%_Aufnahme!");
    assert_eq!(found(&search(&anna, "100%_auf")), [odd.id.as_str()]);
    assert!(found(&search(&anna, "1%fnahme")).is_empty());
    for term in ["'", "\"; DROP TABLE profiles; --", "\0", "\\", "%%%%%%%%", "!"] {
        search(&anna, term);
    }
    search(&anna, &"x ".repeat(5_000));
}

#[test]
fn closed_accounts_are_not_in_the_directory() {
    let anna = server().user("anna");
    let gone = named("Gerda Gegangen");
    let path = "/_matrix/client/v3/account/deactivate";
    let session = gone.post(path, &json!({})).refused(401, None)["session"].clone();
    let auth = json!({
        "type": "m.login.password", "session": session, "password": gone.password,
        "identifier": { "type": "m.id.user", "user": gone.id },
    });
    gone.post(path, &json!({ "auth": auth })).ok();
    assert!(found(&search(&anna, "Gegangen")).is_empty());
}

#[test]
fn strangers_search_nobody() {
    let api = server().api();
    let body = json!({ "search_term": "a" });
    api.post("/_matrix/client/v3/user_directory/search", &body).refused(401, "M_MISSING_TOKEN");
}

#[test]
fn what_is_no_search_is_refused() {
    let anna = server().user("anna");
    let path = "/_matrix/client/v3/user_directory/search";
    anna.post(path, &json!({})).refused(400, "M_MISSING_PARAM");
    anna.post(path, &json!({ "search_term": 7 })).refused(400, "M_BAD_JSON");
    anna.post(path, &json!({ "search_term": "a", "limit": -1 })).refused(400, "M_BAD_JSON");
}

#[test]
fn a_whole_user_id_finds_its_owner_alone() {
    let anna = server().user("anna");
    let whole = server().register("wholeid");
    server().register("wholeid-too");
    assert_eq!(found(&search(&anna, &whole.id)), [whole.id.as_str()]);
    assert_eq!(found(&search(&anna, "@wholeid")).len(), 2);
    assert!(found(&search(&anna, "@wholeid:elsewhere.test")).is_empty());
}
