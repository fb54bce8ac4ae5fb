//! Whom readers ignore: what those write is not sent, but for state. <https://spec.matrix.org/v1.19/client-server-api/#ignoring-users>
//! And whether they take invitations at all. <https://spec.matrix.org/v1.19/client-server-api/#invite-permission>

use std::collections::{BTreeMap, HashSet};

use ruma::{OwnedUserId, UserId};
use serde::Deserialize;

/// Type of the account data.
pub const IGNORED_USERS: &str = "m.ignored_user_list";

/// Type of the account data that says who may invite.
pub const INVITE_PERMISSION: &str = "m.invite_permission_config";

/// Whether the content of [`INVITE_PERMISSION`] refuses all invitations. What is not of its form refuses none.
pub fn refuses_invitations(content: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Config {
        default_action: String,
    }
    serde_json::from_slice::<Config>(content).is_ok_and(|config| config.default_action == "block")
}

/// The people whom a reader ignores, and whether the reader takes invitations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    people: HashSet<OwnedUserId>,
    refuses_invitations: bool,
}

impl Ignored {
    /// The content of the account data `m.ignored_user_list`. What is not of its form ignores nobody, nor can somebody
    /// ignore themselves.
    pub fn parse(content: &[u8], reader: &UserId) -> Self {
        #[derive(Deserialize)]
        struct Content {
            ignored_users: BTreeMap<String, serde_json::Value>,
        }
        let users = serde_json::from_slice::<Content>(content).map(|content| content.ignored_users);
        let users = users.unwrap_or_default().into_keys().filter_map(|id| UserId::parse(id).ok());
        Self { people: users.filter(|user| *user != reader).collect(), refuses_invitations: false }
    }

    /// The same people ignored, and all invitations refused or none.
    pub fn refusing_invitations(self, refuses_invitations: bool) -> Self {
        Self { refuses_invitations, ..self }
    }

    /// Whether nobody is ignored.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whether this person is ignored.
    pub fn contains(&self, user: &UserId) -> bool {
        self.people.contains(user)
    }

    /// Whether every invitation is shown.
    pub fn shows_all_invitations(&self) -> bool {
        !self.refuses_invitations && self.people.is_empty()
    }

    /// Whether an invitation of this person is shown; the id is that of a user, unless the sender of the invitation is lost.
    pub fn shows_invitation_of(&self, inviter: &str) -> bool {
        let is_ignored = || UserId::parse(inviter).is_ok_and(|user| self.people.contains(&user));
        self.shows_all_invitations() || !(self.refuses_invitations || is_ignored())
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
        assert!(ignored.contains(user_id!("@mallory:x")));
        assert!(!ignored.shows_invitation_of("@mallory:x"));
        assert!(!ignored.contains(user_id!("@anna:x")) && ignored.shows_invitation_of("no id"));
        assert!(ignored.shows_invitation_of("@eva:x") && !ignored.shows_all_invitations());
        for nobody in [&b"{}"[..], b"7", b"{\"ignored_users\":[]}"] {
            assert!(Ignored::parse(nobody, user_id!("@anna:x")).is_empty());
        }
    }

    #[test]
    fn who_refuses_invitations_is_shown_none_and_ignores_nobody() {
        let refusing = Ignored::default().refusing_invitations(true);
        assert!(!refusing.shows_invitation_of("@eva:x") && !refusing.shows_all_invitations());
        assert!(refusing.is_empty() && !refusing.contains(user_id!("@eva:x")));
        assert!(refuses_invitations(br#"{"default_action":"block"}"#));
        for open in [&b"{}"[..], b"7", br#"{"default_action":"allow"}"#, br#"{"default_action":7}"#]
        {
            assert!(!refuses_invitations(open));
        }
    }
}
