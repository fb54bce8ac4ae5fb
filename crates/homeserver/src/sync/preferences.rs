//! What readers have chosen that bears on every answer: whom they ignore, and what notifies them. Kept in memory, as it is
//! asked for with each.

use std::{collections::HashMap, sync::Arc};

use base::UserNid;
use db::Error;
use parking_lot::Mutex;
use ruma::{UserId, push::Ruleset};

use super::ignored::{IGNORED_USERS, INVITE_PERMISSION, Ignored, refuses_invitations};
use crate::{
    Homeserver,
    account_data::PUSH_RULES,
    push_rules::{self, default_of},
};

/// Most readers whose choices are remembered.
const MAX_READERS: usize = 100_000;

/// What a reader has chosen.
#[derive(Clone, Debug, Default)]
pub struct Preferences {
    /// Whose messages and invitations are left out.
    pub ignored: Ignored,
    /// What notifies, where it is not the default.
    pub rules: Option<Ruleset>,
}

impl Preferences {
    /// Whether the room's running number of messages counts for this reader.
    pub fn count_like_everybody(&self) -> bool {
        self.rules.is_none() && self.ignored.is_empty()
    }
}

/// The choices that were read lately.
#[derive(Debug, Default)]
pub struct KnownPreferences(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Raised by each change: what was read before it is not remembered after it.
    version: u64,
    by_reader: HashMap<UserNid, Arc<Preferences>>,
}

impl KnownPreferences {
    /// Forgets choices that may have changed. Called before anybody is woken by the change.
    pub fn forget(&self, reader: UserNid) {
        let mut known = self.0.lock();
        known.version += 1;
        known.by_reader.remove(&reader);
    }

    fn get(&self, reader: UserNid) -> Result<Arc<Preferences>, u64> {
        let known = self.0.lock();
        known.by_reader.get(&reader).cloned().ok_or(known.version)
    }

    fn remember(&self, reader: UserNid, version: u64, preferences: &Arc<Preferences>) {
        let mut known = self.0.lock();
        if known.version != version {
            return;
        }
        if known.by_reader.len() >= MAX_READERS {
            known.by_reader.clear();
        }
        known.by_reader.insert(reader, preferences.clone());
    }
}

/// What a user has chosen.
pub async fn preferences_of(
    hs: &Homeserver,
    user: UserNid,
    user_id: &UserId,
) -> Result<Arc<Preferences>, Error> {
    let memory = &hs.feeds.memory.preferences;
    let version = match memory.get(user) {
        Ok(known) => return Ok(known),
        Err(version) => version,
    };
    let ignored = store::account_data::global(&hs.db, user, IGNORED_USERS).await?;
    let ignored = ignored.map(|entry| Ignored::parse(&entry.content, user_id)).unwrap_or_default();
    let permission = store::account_data::global(&hs.db, user, INVITE_PERMISSION).await?;
    let refuses = permission.is_some_and(|entry| refuses_invitations(&entry.content));
    let ignored = ignored.refusing_invitations(refuses);
    let rules = match store::account_data::global(&hs.db, user, PUSH_RULES).await? {
        Some(entry) => {
            let rules = push_rules::parse(Some(&entry.content), user_id)?;
            Some(rules).filter(|rules| {
                // Rules have no equality of their own.
                push_rules::content_of(rules) != push_rules::content_of(&default_of(user_id))
            })
        }
        None => None,
    };
    let preferences = Arc::new(Preferences { ignored, rules });
    memory.remember(user, version, &preferences);
    Ok(preferences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (memory, anna) = (KnownPreferences::default(), UserNid(1));
        let version = memory.get(anna).expect_err("nothing is known");
        memory.forget(anna);
        memory.remember(anna, version, &Arc::default());
        let version = memory.get(anna).expect_err("the old choice would be believed");
        memory.remember(anna, version, &Arc::default());
        assert!(memory.get(anna).is_ok());
    }
}
