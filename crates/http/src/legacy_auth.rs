//! Proofs of who one is as clients of before v1.1 write them, and as the manual of matrix-nio still shows them: the user stands
//! in `user`, where today an `identifier` is.
//! <https://spec.matrix.org/v1.19/client-server-api/#password-based>

use serde_json::{Map, Value, json};

/// The body with the identifier that is meant; `None` if there is nothing to add.
pub fn with_identifier(body: &[u8]) -> Option<Vec<u8>> {
    let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let auth = body.get_mut("auth")?.as_object_mut()?;
    if auth.get("type")? != "m.login.password" || auth.contains_key("identifier") {
        return None;
    }
    let identifier = json!({ "type": "m.id.user", "user": auth.get("user")?.as_str()? });
    auth.insert("identifier".to_owned(), identifier);
    serde_json::to_vec(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_added_where_an_old_client_gives_a_user() {
        let old = json!({ "a": 1, "auth": { "type": "m.login.password", "user": "@anna:x" } });
        let new = with_identifier(old.to_string().as_bytes()).expect("something to add");
        let new: Value = serde_json::from_slice(&new).expect("JSON");
        let identifier = json!({ "type": "m.id.user", "user": "@anna:x" });
        assert_eq!((&new["a"], &new["auth"]["identifier"]), (&json!(1), &identifier));
        for other in [
            json!([]),
            json!({}),
            json!({ "auth": 7 }),
            json!({ "auth": { "type": "m.login.password" } }),
            json!({ "auth": { "type": "m.login.dummy", "user": "@anna:x" } }),
            json!({ "auth": { "type": "m.login.password", "user": "@a:x", "identifier": {} } }),
        ] {
            assert_eq!(with_identifier(other.to_string().as_bytes()), None, "{other}");
        }
    }
}
