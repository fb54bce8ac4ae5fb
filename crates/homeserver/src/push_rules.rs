//! Push rules: what notifies a person. <https://spec.matrix.org/v1.19/client-server-api/#push-rules>
//!
//! They are stored as the account data `m.push_rules` once a person changes one; until then everybody has the defaults. The
//! server asks them when it wakes devices ([`crate::push`]) and lists notifications; with encryption the client asks them again.

use base::UserNid;
use bytes::Bytes;
use db::{CommitError, Error};
use ruma::{
    UserId,
    push::{
        Action, AnyPushRuleRef, InsertPushRuleError, NewPushRule, RemovePushRuleError, RuleKind,
        Ruleset,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    Homeserver, Session,
    account_data::{self, PUSH_RULES},
};

/// Most rules that a user may have made, of all kinds together.
pub const MAX_RULES: usize = 1_000;
/// Largest ruleset, in bytes of JSON.
pub const MAX_BYTES: usize = 256 * 1024;
/// Longest rule id, in bytes.
pub const MAX_RULE_ID_BYTES: usize = 255;

/// Why a rule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// There is no such rule.
    #[error("the push rule is not known")]
    NotFound,
    /// A default rule can be switched off or changed, but neither replaced nor deleted.
    #[error("a default rule cannot be replaced or deleted")]
    Default,
    /// The rule's id, or its place before or after another rule, is not valid.
    #[error("the rule or its place is not valid")]
    Invalid,
    /// `before` or `after` names a rule that is not there.
    #[error("the rule to be placed beside is not known")]
    UnknownNeighbour,
    /// Too many rules.
    #[error("there are too many push rules")]
    TooMany,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

#[derive(Deserialize, Serialize)]
struct Content {
    global: Ruleset,
}

/// The rules of somebody who changed none.
pub fn default_of(user: &UserId) -> Ruleset {
    Ruleset::server_default(user)
}

/// The rules as content of `m.push_rules`.
pub fn content_of(rules: &Ruleset) -> Bytes {
    serde_json::to_vec(&Content { global: rules.clone() }).expect("a ruleset serialises").into()
}

/// The rules of a user.
pub async fn ruleset(hs: &Homeserver, session: &Session) -> Result<Ruleset, Error> {
    of_user(hs, session.user, &session.user_id).await
}

/// The rules of a user who need not be signed in.
pub async fn of_user(hs: &Homeserver, user: UserNid, user_id: &UserId) -> Result<Ruleset, Error> {
    let stored = store::account_data::global(&hs.db, user, PUSH_RULES).await?;
    parse(stored.as_ref().map(|entry| &entry.content[..]), user_id)
}

/// Stored rules, with the defaults that were added since.
pub(crate) fn parse(stored: Option<&[u8]>, user: &UserId) -> Result<Ruleset, Error> {
    let Some(stored) = stored else { return Ok(default_of(user)) };
    let Content { mut global } = serde_json::from_slice(stored)
        .map_err(|_| Error::corrupt("account_data.content of m.push_rules"))?;
    global.update_with_server_default(default_of(user));
    Ok(global)
}

/// Adds or replaces a rule that the user made.
pub async fn put(
    hs: &Homeserver,
    session: &Session,
    rule: NewPushRule,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), RuleError> {
    edit(hs, session, |rules| insert(rules, rule.clone(), before, after)).await
}

/// Deletes a rule that the user made.
pub async fn delete(
    hs: &Homeserver,
    session: &Session,
    kind: RuleKind,
    rule_id: &str,
) -> Result<(), RuleError> {
    edit(hs, session, |rules| {
        rules.remove(kind.clone(), rule_id).map_err(|error| match error {
            RemovePushRuleError::ServerDefault => RuleError::Default,
            _ => RuleError::NotFound,
        })
    })
    .await
}

/// Switches a rule on or off.
pub async fn set_enabled(
    hs: &Homeserver,
    session: &Session,
    kind: RuleKind,
    rule_id: &str,
    enabled: bool,
) -> Result<(), RuleError> {
    edit(hs, session, |rules| {
        rules.set_enabled(kind.clone(), rule_id, enabled).map_err(|_| RuleError::NotFound)
    })
    .await
}

/// Changes what a rule does.
pub async fn set_actions(
    hs: &Homeserver,
    session: &Session,
    kind: RuleKind,
    rule_id: &str,
    actions: &[Action],
) -> Result<(), RuleError> {
    edit(hs, session, |rules| {
        rules.set_actions(kind.clone(), rule_id, actions.to_vec()).map_err(|_| RuleError::NotFound)
    })
    .await
}

async fn edit(
    hs: &Homeserver,
    session: &Session,
    change: impl Fn(&mut Ruleset) -> Result<(), RuleError>,
) -> Result<(), RuleError> {
    account_data::edit_global(hs, session.user, PUSH_RULES, |stored| {
        let mut rules = parse(stored, &session.user_id)?;
        change(&mut rules)?;
        let content = content_of(&rules);
        if content.len() > MAX_BYTES { Err(RuleError::TooMany) } else { Ok(content) }
    })
    .await
}

/// Puts a rule into the set, beside another one if asked.
fn insert(
    rules: &mut Ruleset,
    rule: NewPushRule,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), RuleError> {
    let (kind, rule_id) = (rule.kind(), rule.rule_id().to_owned());
    if rule_id.is_empty()
        || rule_id.len() > MAX_RULE_ID_BYTES
        || rule_id.chars().any(char::is_control)
    {
        return Err(RuleError::Invalid);
    }
    let made = rules.iter().filter(|rule| !rule.is_server_default()).count();
    let known = rules.get(kind.clone(), &rule_id).map(AnyPushRuleRef::enabled);
    if known.is_none() && made >= MAX_RULES {
        return Err(RuleError::TooMany);
    }
    // ruma 0.17 would put a rule that is placed after itself, or moved after the last one, behind the end of its list, and
    // panic. The first is refused, and a rule that moves is taken out before.
    if [before, after].contains(&Some(rule_id.as_str())) {
        return Err(RuleError::UnknownNeighbour);
    }
    if known.is_some() && (before.is_some() || after.is_some()) && !rule_id.starts_with('.') {
        rules.remove(kind.clone(), &rule_id).map_err(|_| RuleError::Default)?;
    }
    rules.insert(rule, after, before).map_err(|error| match error {
        InsertPushRuleError::ServerDefaultRuleId => RuleError::Default,
        InsertPushRuleError::UnknownRuleId => RuleError::UnknownNeighbour,
        _ => RuleError::Invalid,
    })?;
    if known == Some(false) {
        rules.set_enabled(kind, &rule_id, false).map_err(|_| RuleError::NotFound)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ruma::{
        push::{NewConditionalPushRule, NewPatternedPushRule},
        user_id,
    };

    use super::*;

    fn anna() -> Ruleset {
        default_of(user_id!("@anna:klinikum.test"))
    }

    fn content(rule_id: &str) -> NewPushRule {
        NewPushRule::Content(NewPatternedPushRule::new(
            rule_id.into(),
            "Stroke".into(),
            vec![Action::Notify],
        ))
    }

    fn order(rules: &Ruleset) -> Vec<&str> {
        rules
            .content
            .iter()
            .filter(|rule| !rule.default)
            .map(|rule| rule.rule_id.as_str())
            .collect()
    }

    #[test]
    fn rules_survive_storage() {
        let mut rules = anna();
        insert(&mut rules, content("stroke"), None, None).unwrap();
        let again = parse(Some(&content_of(&rules)), user_id!("@anna:klinikum.test")).unwrap();
        assert_eq!(content_of(&again), content_of(&rules));
        assert!(parse(Some(b"{\"global\":7}"), user_id!("@anna:klinikum.test")).is_err());
    }

    #[test]
    fn a_rule_is_placed_before_or_after_another() {
        let mut rules = anna();
        for id in ["a", "b", "c"] {
            insert(&mut rules, content(id), None, None).unwrap();
        }
        assert_eq!(order(&rules), ["c", "b", "a"], "the newest counts most");
        insert(&mut rules, content("c"), None, Some("a")).unwrap();
        assert_eq!(order(&rules), ["b", "a", "c"], "a rule can be moved behind the last one");
        insert(&mut rules, content("c"), Some("a"), None).unwrap();
        assert_eq!(order(&rules), ["b", "c", "a"]);
        insert(&mut rules, content("d"), Some("a"), Some("b")).unwrap();
        assert_eq!(order(&rules), ["b", "c", "d", "a"]);
    }

    #[test]
    fn a_rule_is_not_placed_beside_itself_a_default_or_a_stranger() {
        let place =
            |before, after| insert(&mut anna_with("a"), content("a"), before, after).unwrap_err();
        assert!(matches!(place(None, Some("a")), RuleError::UnknownNeighbour));
        assert!(matches!(place(Some("a"), None), RuleError::UnknownNeighbour));
        assert!(matches!(place(Some(".m.rule.contains_user_name"), None), RuleError::Invalid));
        assert!(matches!(place(Some("nobody"), None), RuleError::UnknownNeighbour));
    }

    fn anna_with(rule_id: &str) -> Ruleset {
        let mut rules = anna();
        insert(&mut rules, content(rule_id), None, None).unwrap();
        rules
    }

    #[test]
    fn a_replaced_rule_stays_switched_off() {
        let mut rules = anna_with("a");
        insert(&mut rules, content("b"), None, None).unwrap();
        rules.set_enabled(RuleKind::Content, "a", false).unwrap();
        insert(&mut rules, content("a"), None, None).unwrap();
        insert(&mut rules, content("a"), Some("b"), None).unwrap();
        assert!(!rules.get(RuleKind::Content, "a").unwrap().enabled());
    }

    #[test]
    fn default_rules_are_neither_replaced_nor_given_strange_names() {
        let mut rules = anna();
        let named = |id: &str| {
            NewPushRule::Override(NewConditionalPushRule::new(id.into(), vec![], vec![]))
        };
        assert!(matches!(
            insert(&mut rules, named(".m.rule.master"), None, None),
            Err(RuleError::Default)
        ));
        for id in ["", "a/b", "a\\b", "a\0b", &"x".repeat(300)] {
            assert!(
                matches!(insert(&mut rules, named(id), None, None), Err(RuleError::Invalid)),
                "{id:?}"
            );
        }
    }

    #[test]
    fn a_user_has_only_so_many_rules() {
        let mut rules = anna();
        for number in 0..MAX_RULES {
            insert(&mut rules, content(&number.to_string()), None, None).unwrap();
        }
        assert!(matches!(insert(&mut rules, content("more"), None, None), Err(RuleError::TooMany)));
        assert!(
            insert(&mut rules, content("7"), None, None).is_ok(),
            "a known rule can still be replaced"
        );
    }
}
