//! Registration files: who a service is and what is its own.
//! <https://spec.matrix.org/v1.19/application-service-api/#registration>

use base::Secret;
use http::Uri;
use regex::Regex;
use ruma::{OwnedServerName, UserId};
use serde::Deserialize;

use super::{Appservice, hash_of};

/// A registration file.
#[derive(Deserialize)]
pub struct Registration {
    id: String,
    url: Option<String>,
    as_token: String,
    hs_token: String,
    sender_localpart: String,
    namespaces: NamespaceLists,
    #[serde(default)]
    receive_ephemeral: bool,
    rate_limited: Option<bool>,
    #[serde(default)]
    protocols: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
struct NamespaceLists {
    #[serde(default)]
    users: Option<Vec<Entry>>,
    #[serde(default)]
    aliases: Option<Vec<Entry>>,
    #[serde(default)]
    rooms: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    regex: String,
    exclusive: bool,
}

/// What is wrong with a registration.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// Two services of one id.
    #[error("there are two application services with the id {0}")]
    SameId(String),
    /// Two services of one token.
    #[error("the as_token of the application service {0} is that of another one")]
    SameToken(String),
    /// A part that cannot be used.
    #[error("the application service {id} has no valid {part}")]
    Invalid { id: String, part: &'static str },
}

struct Namespace {
    regex: Regex,
    exclusive: bool,
}

/// The names that are a service's own.
pub(super) struct Namespaces {
    users: Vec<Namespace>,
    aliases: Vec<Namespace>,
    rooms: Vec<Namespace>,
}

fn covers(namespaces: &[Namespace], name: &str) -> bool {
    namespaces.iter().any(|namespace| namespace.regex.is_match(name))
}

fn covers_alone(namespaces: &[Namespace], name: &str) -> bool {
    namespaces.iter().any(|namespace| namespace.exclusive && namespace.regex.is_match(name))
}

impl Namespaces {
    pub(super) fn has_user(&self, user: &str) -> bool {
        covers(&self.users, user)
    }

    pub(super) fn has_user_to_itself(&self, user: &str) -> bool {
        covers_alone(&self.users, user)
    }

    pub(super) fn has_alias(&self, alias: &str) -> bool {
        covers(&self.aliases, alias)
    }

    pub(super) fn has_alias_to_itself(&self, alias: &str) -> bool {
        covers_alone(&self.aliases, alias)
    }

    pub(super) fn has_room(&self, room: &str) -> bool {
        covers(&self.rooms, room)
    }
}

impl Registration {
    pub(super) fn read(
        self,
        server_name: &OwnedServerName,
    ) -> Result<Appservice, RegistrationError> {
        let id = self.id;
        let invalid = |part| RegistrationError::Invalid { id: id.clone(), part };
        let namespaces = |entries: Option<Vec<Entry>>, part| {
            let namespace = |entry: Entry| {
                // A name matches from its beginning on, as bridges' files expect it.
                let regex = Regex::new(&format!("^(?:{})", entry.regex)).ok()?;
                Some(Namespace { regex, exclusive: entry.exclusive })
            };
            let read = entries.unwrap_or_default().into_iter().map(namespace);
            read.collect::<Option<Vec<_>>>().ok_or_else(|| invalid(part))
        };
        if id.is_empty() || id.len() > 255 || id.chars().any(char::is_control) {
            return Err(invalid("id"));
        }
        if self.as_token.is_empty() || self.hs_token.is_empty() {
            return Err(invalid("token"));
        }
        let url = match self.url.as_deref() {
            None | Some("") => None,
            Some(url) => Some(url.parse::<Uri>().map_err(|_| invalid("url"))?),
        };
        if url.as_ref().is_some_and(|url| url.scheme().is_none() || url.query().is_some()) {
            return Err(invalid("url"));
        }
        let sender = UserId::parse_with_server_name(self.sender_localpart.as_str(), server_name)
            .map_err(|_| invalid("sender_localpart"))?;
        Ok(Appservice {
            url,
            sender,
            protocols: self.protocols.unwrap_or_default(),
            receive_ephemeral: self.receive_ephemeral,
            rate_limited: self.rate_limited.unwrap_or(true),
            as_token_hash: hash_of(&self.as_token),
            hs_token: Secret::new(self.hs_token),
            server_name: server_name.clone(),
            namespaces: Namespaces {
                users: namespaces(self.namespaces.users, "users")?,
                aliases: namespaces(self.namespaces.aliases, "aliases")?,
                rooms: namespaces(self.namespaces.rooms, "rooms")?,
            },
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_server_name, room_alias_id, user_id};
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::appservices::Appservices;

    fn bridge() -> Value {
        json!({
            "id": "irc", "url": "http://127.0.0.1:1234", "as_token": "a", "hs_token": "h",
            "sender_localpart": "_irc_bot",
            "namespaces": {
                "users": [{ "exclusive": true, "regex": "@_irc_.*" }],
                "aliases": [{ "exclusive": false, "regex": "#_irc_.*" }],
                "rooms": [],
            },
        })
    }

    fn services(files: &[Value]) -> Result<Appservices, RegistrationError> {
        let files = files.iter().map(|file| from_value(file.clone()).expect("a registration"));
        Appservices::new(&owned_server_name!("x"), files.collect())
    }

    fn changed(path: &str, value: Value) -> Value {
        let mut file = bridge();
        *file.pointer_mut(path).expect("it is there") = value;
        file
    }

    #[test]
    fn what_is_exclusive_is_left_to_nobody_else() {
        let services = services(&[bridge()]).expect("valid");
        let service = services.iter().next().expect("one").clone();
        for (user, own) in [
            (user_id!("@_irc_anna:x"), true),
            (user_id!("@_irc_bot:x"), true),
            (user_id!("@anna:x"), false),
            (user_id!("@x_irc_anna:x"), false),
        ] {
            assert_eq!(service.is_its_user(user), own, "{user}");
            assert_eq!(services.leaves_user_to(user, None), !own, "{user}");
            assert!(services.leaves_user_to(user, Some(&service)), "{user}");
        }
        assert!(!service.is_its_user(user_id!("@_irc_anna:elsewhere")));
        let alias = room_alias_id!("#_irc_ward:x");
        assert!(service.is_its_alias(alias) && services.leaves_alias_to(alias, None));
    }

    #[test]
    fn a_service_is_known_by_its_token_and_shows_no_secret() {
        let services = services(&[bridge()]).expect("valid");
        assert!(services.by_token("a").is_some() && services.by_token("h").is_none());
        assert_eq!(
            format!("{services:?}"),
            r#"Appservices { all: [Appservice { id: "irc", .. }] }"#
        );
    }

    #[test]
    fn a_registration_that_cannot_hold_is_refused() {
        let other = changed("/as_token", json!("b"));
        assert!(matches!(services(&[bridge(), other]), Err(RegistrationError::SameId(_))));
        let other = changed("/id", json!("other"));
        assert!(matches!(services(&[bridge(), other]), Err(RegistrationError::SameToken(_))));
        for (path, value) in [
            ("/namespaces/users/0/regex", json!("(")),
            ("/url", json!("not a url")),
            ("/hs_token", json!("")),
            ("/id", json!("")),
        ] {
            let refused = services(&[changed(path, value)]);
            assert!(matches!(refused, Err(RegistrationError::Invalid { .. })), "{path}");
        }
        assert!(services(&[changed("/url", Value::Null)]).is_ok());
    }
}
