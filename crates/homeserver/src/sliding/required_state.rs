//! Which parts of a room's state a client wants: pairs of type and state key, with `*`, `$ME` and `$LAZY`.

use std::collections::BTreeSet;

use ruma::events::StateEventType;

const MEMBER: &str = "m.room.member";
/// Most pairs that are looked at.
const MAX_PAIRS: usize = 200;

/// Which parts of a room's state are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredState {
    /// Type and state key.
    pub pairs: BTreeSet<(String, String)>,
}

impl RequiredState {
    /// Adds what one list or subscription wants.
    pub fn add(&mut self, pairs: &[(StateEventType, String)]) {
        for (kind, key) in pairs.iter().take(MAX_PAIRS) {
            self.pairs.insert((kind.to_string(), key.clone()));
        }
    }

    /// Whether a part of the state is wanted by name or by `*`. Lazily loaded members are another matter.
    pub fn wants(&self, kind: &str, state_key: &str, me: &str) -> bool {
        self.pairs.iter().any(|(wanted_kind, wanted_key)| {
            (wanted_kind == "*" || wanted_kind == kind)
                && match wanted_key.as_str() {
                    "*" => true,
                    "$ME" => state_key == me,
                    "$LAZY" => false,
                    key => key == state_key,
                }
        })
    }

    /// Whether the members that show up in the timeline are wanted.
    pub fn is_lazy(&self) -> bool {
        self.pairs.contains(&(MEMBER.to_owned(), "$LAZY".to_owned()))
    }

    /// Whether all members are wanted.
    pub fn wants_all_members(&self) -> bool {
        self.pairs.iter().any(|(kind, key)| (kind == "*" || kind == MEMBER) && key == "*")
    }

    /// The members that are wanted by name.
    pub fn named_members<'a>(&'a self, me: &'a str) -> impl Iterator<Item = &'a str> {
        let members = self.pairs.iter().filter(|(kind, _)| kind == MEMBER || kind == "*");
        members.filter_map(move |(_, key)| match key.as_str() {
            "*" | "$LAZY" | "" => None,
            "$ME" => Some(me),
            key => Some(key),
        })
    }

    /// Whether anything but members may be wanted.
    pub fn wants_more_than_members(&self) -> bool {
        self.pairs.iter().any(|(kind, _)| kind != MEMBER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pairs: &[(&str, &str)]) -> RequiredState {
        let mut required = RequiredState::default();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(kind, key)| (StateEventType::from(*kind), (*key).to_owned()))
            .collect();
        required.add(&pairs);
        required
    }

    #[test]
    fn stars_and_me_stand_for_what_they_say() {
        let required = required(&[("m.room.name", ""), (MEMBER, "$ME"), ("m.space.child", "*")]);
        assert!(required.wants("m.room.name", "", "@me:x"));
        assert!(!required.wants("m.room.topic", "", "@me:x"));
        assert!(
            required.wants(MEMBER, "@me:x", "@me:x") && !required.wants(MEMBER, "@you:x", "@me:x")
        );
        assert!(required.wants("m.space.child", "!r:x", "@me:x"));
        assert_eq!(required.named_members("@me:x").collect::<Vec<_>>(), ["@me:x"]);
        assert!(!required.is_lazy() && !required.wants_all_members());
    }

    #[test]
    fn everything_holds_all_members_and_lazy_holds_none_by_name() {
        let everything = required(&[("*", "*")]);
        assert!(everything.wants("de.konsil.case", "7", "@me:x") && everything.wants_all_members());
        let lazy = required(&[(MEMBER, "$LAZY")]);
        assert!(
            lazy.is_lazy() && !lazy.wants(MEMBER, "@you:x", "@me:x") && !lazy.wants_all_members()
        );
        assert!(!lazy.wants_more_than_members());
    }
}
