//! Whom readers ignore: what those write is not sent, but for state. <https://spec.matrix.org/v1.19/client-server-api/#ignoring-users>

use std::collections::{BTreeMap, HashSet};

use ruma::{OwnedUserId, UserId};
use serde::Deserialize;

/// Type of the account data.
pub const IGNORED_USERS: &str = "m.ignored_user_list";

/// The people whom a reader ignores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored(HashSet<OwnedUserId>);

impl Ignored {
    /// The content of the account data `m.ignored_user_list`. What is not of its form ignores nobody, nor can somebody
    /// ignore themselves.
    pub fn parse(content: &[u8], reader: &UserId) -> Self {
        #[derive(Deserialize)]
        struct Content {
            ignored_users: BTreeMap<String, serde_json::Value>,
        }
        let users = serde_json::from_slice::<Content>(content).map(|content| content.ignored_users);
        let users = users.unwrap_or_default().into_keys();
        Self(users.filter_map(|id| UserId::parse(id).ok()).filter(|user| *user != reader).collect())
    }

    /// Whether nobody is ignored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this person is ignored.
    pub fn contains(&self, user: &UserId) -> bool {
        self.0.contains(user)
    }

    /// As [`Ignored::contains`], for an id as text.
    pub fn names(&self, user: &str) -> bool {
        !self.0.is_empty() && UserId::parse(user).is_ok_and(|user| self.0.contains(&user))
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn others_are_ignored_and_not_oneself() {
        let content = br#"{"ignored_users":{"@mallory:x":{},"@anna:x":{},"no id":{}}}"#;
        let ignored = Ignored::parse(content, user_id!("@anna:x"));
        assert!(ignored.contains(user_id!("@mallory:x")) && ignored.names("@mallory:x"));
        assert!(!ignored.contains(user_id!("@anna:x")) && !ignored.names("no id"));
        for nobody in [&b"{}"[..], b"7", b"{\"ignored_users\":[]}"] {
            assert!(Ignored::parse(nobody, user_id!("@anna:x")).is_empty());
        }
    }
}
