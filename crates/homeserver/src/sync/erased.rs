//! People who closed their account and wished that what they wrote be erased: who comes into a room after that gets it as deleted.
//! Who could read it before still can.
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate>

use std::{collections::HashMap, sync::Arc};

use base::Pos;
use parking_lot::RwLock;
use ruma::{OwnedUserId, UserId};

type Erasures = HashMap<OwnedUserId, Pos>;

/// These people, and since when. Few enough to keep them all in memory.
#[derive(Debug, Default)]
pub struct Erased(RwLock<Arc<Erasures>>);

impl Erased {
    /// Adds somebody.
    pub fn add(&self, user: OwnedUserId, since: Pos) {
        let mut erasures = self.0.write();
        Arc::make_mut(&mut erasures).insert(user, since);
    }

    /// What somebody does not see who came into a room at this position first; `None` never was there. There is no veil where
    /// nobody is erased.
    pub fn veil(&self, came: Option<Pos>) -> Option<Veil> {
        let erasures = self.0.read();
        (!erasures.is_empty()).then(|| Veil { erasures: erasures.clone(), came })
    }
}

/// What one reader of a room does not see.
#[derive(Clone, Debug)]
pub struct Veil {
    erasures: Arc<Erasures>,
    came: Option<Pos>,
}

impl Veil {
    /// Whether the reader gets what this person wrote as deleted.
    pub fn covers(&self, sender: &UserId) -> bool {
        let since = self.erasures.get(sender);
        since.is_some_and(|since| self.came.is_none_or(|came| came > *since))
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_user_id, user_id};

    use super::*;

    #[test]
    fn who_comes_after_the_erasure_sees_nothing_and_who_was_there_sees_all() {
        let erased = Erased::default();
        assert!(erased.veil(None).is_none());
        erased.add(owned_user_id!("@anna:x"), Pos::new(7));
        let covers = |came: Option<u64>, user| {
            erased.veil(came.map(Pos::new)).expect("somebody is erased").covers(user)
        };
        let anna = user_id!("@anna:x");
        assert!(covers(None, anna) && covers(Some(8), anna));
        assert!(!covers(Some(7), anna) && !covers(Some(1), anna));
        assert!(!covers(None, user_id!("@jonas:x")));
    }
}
