//! What was read of users, kept in memory until the log says that it changed.

use std::collections::HashMap;

use base::UserNid;
use parking_lot::Mutex;

/// A value for each of at most `MOST` users. Values are forgotten when the log says that they changed, before whoever changed
/// them is answered; on another node a moment later.
#[derive(Debug)]
pub struct OfUsers<T, const MOST: usize>(Mutex<Known<T>>);

#[derive(Debug)]
struct Known<T> {
    /// Raised by each change: what was read before it is not remembered after it.
    version: u64,
    users: HashMap<UserNid, T>,
}

/// What is known of some users.
pub struct Lookup<T> {
    /// In the order of the question.
    pub found: Vec<Option<T>>,
    /// Who is to be read, with their place in the question.
    pub missing: Vec<(usize, UserNid)>,
    /// Of which moment this is, for [`OfUsers::keep`].
    pub version: u64,
}

impl<T, const MOST: usize> Default for OfUsers<T, MOST> {
    fn default() -> Self {
        Self(Mutex::new(Known { version: 0, users: HashMap::new() }))
    }
}

impl<T: Clone, const MOST: usize> OfUsers<T, MOST> {
    /// What is known of these users. Users without a number are neither found nor missing.
    pub fn look_up(&self, users: &[Option<UserNid>]) -> Lookup<T> {
        let known = self.0.lock();
        let of = |nid: &Option<UserNid>| known.users.get(nid.as_ref()?).cloned();
        let found: Vec<Option<T>> = users.iter().map(of).collect();
        let places = users.iter().enumerate().filter(|(place, _)| found[*place].is_none());
        let missing = places.filter_map(|(place, nid)| Some((place, (*nid)?))).collect();
        Lookup { found, missing, version: known.version }
    }

    /// Remembers what was read after a look-up, unless something changed meanwhile.
    pub fn keep(&self, version: u64, user: UserNid, value: T) {
        let mut known = self.0.lock();
        if known.version != version {
            return;
        }
        if known.users.len() >= MOST {
            known.users.clear();
        }
        known.users.insert(user, value);
    }

    /// Something of a user changed.
    pub fn forget(&self, user: UserNid) {
        let mut known = self.0.lock();
        known.version += 1;
        known.users.remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserNid = UserNid(1);
    const JONAS: UserNid = UserNid(2);

    #[test]
    fn who_is_known_is_found_and_who_has_no_number_is_not_missed() {
        let memory = OfUsers::<&str, 2>::default();
        let asked = [Some(ANNA), None, Some(JONAS)];
        let lookup = memory.look_up(&asked);
        assert_eq!(lookup.missing, [(0, ANNA), (2, JONAS)]);
        memory.keep(lookup.version, JONAS, "jonas");
        let lookup = memory.look_up(&asked);
        assert_eq!(
            (lookup.found, lookup.missing),
            (vec![None, None, Some("jonas")], vec![(0, ANNA)])
        );
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let memory = OfUsers::<&str, 2>::default();
        let before = memory.look_up(&[Some(ANNA)]).version;
        memory.forget(ANNA);
        memory.keep(before, ANNA, "old");
        let now = memory.look_up(&[Some(ANNA)]);
        assert_eq!(now.found, [None], "what changed meanwhile would be hidden");
        memory.keep(now.version, ANNA, "new");
        assert_eq!(memory.look_up(&[Some(ANNA)]).found, [Some("new")]);
        memory.forget(ANNA);
        assert_eq!(memory.look_up(&[Some(ANNA)]).found, [None]);
    }

    #[test]
    fn a_full_memory_begins_anew() {
        let memory = OfUsers::<i64, 2>::default();
        for user in 1..=3 {
            memory.keep(0, UserNid(user), user);
        }
        assert_eq!(memory.look_up(&[Some(UserNid(1)), Some(UserNid(3))]).found, [None, Some(3)]);
    }
}
