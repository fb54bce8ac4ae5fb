//! What people keep of an upgraded room when they enter the new one: tags, push rules, and that it is a direct chat.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-19>

use bytes::Bytes;
use ruma::{
    RoomId,
    push::{
        EventMatchConditionData, NewConditionalPushRule, NewPushRule, NewSimplePushRule,
        PushCondition, Ruleset,
    },
};
use serde_json::{Value, json};

use super::WriteError;
use crate::{
    Homeserver, Session, account_data,
    push_rules::{self, RuleError},
};

const TAG: &str = "m.tag";
const DIRECT: &str = "m.direct";

/// Takes the user's settings of a room over to the one that replaces it, for who comes by its tombstone.
pub(super) async fn follow_upgrade(
    hs: &Homeserver,
    session: &Session,
    old: &RoomId,
    new: &RoomId,
) -> Result<(), WriteError> {
    let known = match super::open(hs, old).await {
        Ok(room) => room.core.lock().replacement(),
        Err(super::OpenRoomError::Unknown) => None,
        Err(super::OpenRoomError::Store(error)) => return Err(error.into()),
    };
    // A room that only says so of itself inherits nothing.
    if known.as_deref() == Some(new) { take_over(hs, session, old, new).await } else { Ok(()) }
}

/// Takes the user's settings of a room over to another.
pub(super) async fn take_over(
    hs: &Homeserver,
    session: &Session,
    old: &RoomId,
    new: &RoomId,
) -> Result<(), WriteError> {
    let Ok(old_room) = super::room_nid(hs, old).await else { return Ok(()) };
    let new_room = super::room_nid(hs, new).await?;
    if let Some(tags) = account_data::in_room(hs, session.user, old_room, TAG).await?
        && account_data::in_room(hs, session.user, new_room, TAG).await?.is_none()
    {
        account_data::set_in_room(hs, session.user, new_room, TAG, tags).await?;
    }
    let direct = account_data::global(hs, session, DIRECT).await?;
    if direct.is_some_and(|content| with_direct(Some(&content), old, new).is_some()) {
        account_data::edit_global(hs, session.user, DIRECT, |content| {
            let known = || Bytes::copy_from_slice(content.unwrap_or(b"{}"));
            Ok::<_, WriteError>(with_direct(content, old, new).unwrap_or_else(known))
        })
        .await?;
    }
    for (rule, enabled) in rules_for(&push_rules::ruleset(hs, session).await?, old, new) {
        let (kind, rule_id) = (rule.kind(), rule.rule_id().to_owned());
        put_rule(push_rules::put(hs, session, rule, None, None).await)?;
        if !enabled {
            put_rule(push_rules::set_enabled(hs, session, kind, &rule_id, false).await)?;
        }
    }
    Ok(())
}

/// A rule for which there is no place is left behind.
fn put_rule(done: Result<(), RuleError>) -> Result<(), WriteError> {
    match done {
        Ok(()) => Ok(()),
        Err(RuleError::Store(error)) => Err(error.into()),
        Err(RuleError::Commit(error)) => Err(error.into()),
        Err(
            RuleError::NotFound
            | RuleError::Default
            | RuleError::Invalid
            | RuleError::UnknownNeighbour
            | RuleError::TooMany,
        ) => Ok(()),
    }
}

/// The rules that are named after the old room, for the new one, where there are none yet; and whether they are on.
fn rules_for(rules: &Ruleset, old: &RoomId, new: &RoomId) -> Vec<(NewPushRule, bool)> {
    let mut taken = Vec::new();
    if let Some(rule) = rules.room.get(old.as_str())
        && rules.room.get(new.as_str()).is_none()
    {
        let copy = NewSimplePushRule::new(new.to_owned(), rule.actions.clone());
        taken.push((NewPushRule::Room(copy), rule.enabled));
    }
    // Clients silence a room by an override with a condition on it.
    if let Some(rule) = rules.override_.get(old.as_str())
        && rules.override_.get(new.as_str()).is_none()
    {
        let conditions = rule.conditions.iter().map(|condition| match condition {
            PushCondition::EventMatch(matched)
                if matched.key == "room_id" && matched.pattern == old.as_str() =>
            {
                let key = matched.key.clone();
                PushCondition::EventMatch(EventMatchConditionData::new(key, new.to_string()))
            }
            other => other.clone(),
        });
        let copy = NewConditionalPushRule::new(
            new.to_string(),
            conditions.collect(),
            rule.actions.clone(),
        );
        taken.push((NewPushRule::Override(copy), rule.enabled));
    }
    taken
}

/// The direct chats with the new room beside the old one; `None` if the old one is none, or the new one is there.
fn with_direct(content: Option<&[u8]>, old: &RoomId, new: &RoomId) -> Option<Bytes> {
    let mut direct: Value = serde_json::from_slice(content?).ok()?;
    let mut changed = false;
    for rooms in direct.as_object_mut()?.values_mut().filter_map(Value::as_array_mut) {
        let names = |room: &RoomId| rooms.iter().any(|known| known.as_str() == Some(room.as_str()));
        if names(old) && !names(new) {
            rooms.push(json!(new));
            changed = true;
        }
    }
    changed.then(|| direct.to_string().into())
}

#[cfg(test)]
mod tests {
    use ruma::room_id;

    use super::*;

    #[test]
    fn rules_are_taken_over_once_and_say_of_the_new_room_what_they_said_of_the_old() {
        let (old, new) = (room_id!("!old:x"), room_id!("!new:x"));
        let mut rules = push_rules::default_of(ruma::user_id!("@anna:x"));
        let silence = NewConditionalPushRule::new(
            old.to_string(),
            vec![PushCondition::EventMatch(EventMatchConditionData::new(
                "room_id".to_owned(),
                old.to_string(),
            ))],
            vec![],
        );
        rules.insert(NewPushRule::Override(silence), None, None).expect("a rule");
        let room = NewSimplePushRule::new(old.to_owned(), vec![]);
        rules.insert(NewPushRule::Room(room), None, None).expect("a rule");
        let taken = rules_for(&rules, old, new);
        assert_eq!(taken.len(), 2);
        for (rule, _) in taken {
            assert_eq!(rule.rule_id(), new.as_str());
            rules.insert(rule, None, None).expect("a rule");
        }
        let copied = rules.override_.get(new.as_str()).expect("a rule");
        assert!(matches!(
            &copied.conditions[..],
            [PushCondition::EventMatch(matched)] if matched.pattern == new.as_str()
        ));
        assert!(rules_for(&rules, old, new).is_empty());
    }

    #[test]
    fn a_direct_chat_stays_one() {
        let (old, new) = (room_id!("!old:x"), room_id!("!new:x"));
        let content = br#"{"@jonas:x":["!old:x"],"@lena:x":["!other:x"],"odd":7}"#;
        let with = with_direct(Some(content), old, new).expect("a change");
        let direct: Value = serde_json::from_slice(&with).expect("JSON");
        assert_eq!(direct["@jonas:x"], json!(["!old:x", "!new:x"]));
        assert_eq!(direct["@lena:x"], json!(["!other:x"]));
        assert_eq!(with_direct(Some(&with), old, new), None);
        assert_eq!(with_direct(None, old, new), None);
    }
}
