//! People who closed their account and wished that what they wrote be erased: who comes into a room after that gets it as deleted.
//! Who could read it before still can.
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate>

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use base::{EventNid, Pos, RoomNid};
use db::{Error, ReadSet, params};
use parking_lot::RwLock;
use ruma::{OwnedUserId, UserId};
use store::timeline::{STATE_HISTORY, StatePart, StateVersion};

use super::{
    event::sender_of,
    sight::{Histories, Sight},
};
use crate::{Homeserver, Session};

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

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    fn contains(&self, user: &UserId) -> bool {
        self.0.read().contains_key(user)
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

/// Which parts of the state of some rooms the reader gets as deleted. A room's sight is that of the timeline beside the state, if
/// there is one.
pub async fn veiled_state<'a>(
    hs: &Homeserver,
    session: &Session,
    rooms: impl Iterator<Item = (RoomNid, Option<&'a Sight>, &'a [StatePart])>,
) -> Result<HashSet<EventNid>, Error> {
    let erased = &hs.feeds.memory.erased;
    let mut veiled = HashSet::new();
    if erased.is_empty() {
        return Ok(veiled);
    }
    let (mut set, mut asked) = (ReadSet::new(), Vec::new());
    for (room, sight, state) in rooms {
        let sent = |part: &'a StatePart| {
            let sender =
                sender_of(&part.client).and_then(|sender| OwnedUserId::try_from(sender).ok())?;
            erased.contains(&sender).then_some((sender, part))
        };
        let concerned: Vec<_> = state.iter().filter_map(sent).collect();
        match sight {
            Some(sight @ Sight::Varying(_)) => veiled.extend(covered(sight, &concerned)),
            // Who was there throughout a timeline, or sees none, may still have come when the state was long there.
            Some(Sight::Member) | None if !concerned.is_empty() => {
                set.push(
                    &STATE_HISTORY,
                    params![room.0, "m.room.member", session.user_id.as_str()],
                );
                asked.push(concerned);
            }
            Some(Sight::Member) | None => {}
        }
    }
    for (rows, concerned) in hs.db.read(set).await?.iter().zip(asked) {
        let membership = rows.iter().map(StateVersion::from_row).collect::<Result<Vec<_>, _>>()?;
        let sight = Sight::Varying(Histories::new(&[], &membership).veiled(erased));
        veiled.extend(covered(&sight, &concerned));
    }
    Ok(veiled)
}

fn covered(sight: &Sight, concerned: &[(OwnedUserId, &StatePart)]) -> Vec<EventNid> {
    let covered = concerned.iter().filter(|(sender, part)| sight.veils(sender, &part.kind));
    covered.map(|(_, part)| part.event).collect()
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
