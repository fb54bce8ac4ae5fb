//! IV.a: the public cannot use the service. Nobody makes an account by themselves, and strangers are told nothing about the people
//! and rooms inside.

use serde_json::{Value, json};
use testkit::Server;

#[test]
fn nobody_makes_an_account_by_themselves() {
    let server = Server::start();
    let api = server.api();
    let register = "/_matrix/client/v3/register";
    let somebody = json!({ "username": "fremd", "password": "ein langes Passwort 7" });
    let stage = |kind: &str, more: Value| {
        let mut body = somebody.clone();
        body["auth"] = json!({ "type": kind, "session": "x" });
        more.as_object().into_iter().flatten().for_each(|(key, value)| {
            body["auth"][key] = value.clone();
        });
        body
    };
    let tries = [
        somebody.clone(),
        json!({}),
        stage("m.login.dummy", json!({})),
        stage("m.login.registration_token", json!({ "token": "geraten" })),
        stage("m.login.terms", json!({})),
    ];
    for body in &tries {
        let answer = api.post(register, body);
        assert!(matches!(answer.status, 401 | 403), "{body} was answered {}", answer.text());
        assert!(answer.value()["access_token"].is_null(), "{}", answer.text());
    }
    api.post(&format!("{register}?kind=guest"), &json!({})).refused(403, None);
    let login = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": "fremd" },
        "password": "ein langes Passwort 7",
    });
    api.post("/_matrix/client/v3/login", &login).refused(403, "M_FORBIDDEN");
    server.user("anna");
    let listed = server.konsil(&["user", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("anna") && !listed.contains("fremd"), "{listed}");
}

#[test]
fn strangers_learn_nothing_of_people_rooms_and_files() {
    let server = Server::start();
    let (stranger, anna) = (server.api(), server.user("anna"));
    let room = anna.create_room(&json!({ "preset": "public_chat", "visibility": "public" }));
    let id = &anna.id;
    let asked = [
        "/_matrix/client/v3/publicRooms".to_owned(),
        format!("/_matrix/client/v3/profile/{id}"),
        format!("/_matrix/client/v3/presence/{id}/status"),
        format!("/_matrix/client/v3/rooms/{room}/state"),
        format!("/_matrix/client/v3/rooms/{room}/messages?dir=b"),
        format!("/_matrix/client/v1/room_summary/{room}"),
        format!("/_matrix/client/v1/rooms/{room}/hierarchy"),
        "/_matrix/client/v3/sync".to_owned(),
        "/_matrix/client/v1/media/config".to_owned(),
        "/_matrix/federation/v1/publicRooms".to_owned(),
        format!("/_matrix/federation/v1/user/devices/{id}"),
    ];
    for path in &asked {
        let answer = stranger.get(path);
        assert!(matches!(answer.status, 401 | 403 | 404), "{path} was answered {}", answer.text());
    }
    let search = json!({ "search_term": "anna" });
    stranger
        .post("/_matrix/client/v3/user_directory/search", &search)
        .refused(401, "M_MISSING_TOKEN");
    // The same question inside the hospital is answered, so it was not refused for its form.
    assert!(
        anna.post("/_matrix/client/v3/user_directory/search", &search).ok()["results"].is_array()
    );
    assert_eq!(anna.get("/_matrix/client/v3/publicRooms").ok()["chunk"][0]["room_id"], room);
}
