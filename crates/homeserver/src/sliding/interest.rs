//! Which rooms a request looks at, and what it wants of each.

use std::collections::{BTreeMap, HashMap, HashSet};

use base::RoomNid;
use ruma::{
    OwnedRoomId, UInt,
    api::client::sync::sync_events::v5::{Request, request::ExtensionRoomConfig},
};

use super::{required_state::RequiredState, room_list::RoomList};
use crate::sync::ignored::Ignored;

/// Most events of one room.
const MAX_TIMELINE: usize = 100;
/// Most ranges of one list.
const MAX_RANGES: usize = 50;
/// Most rooms of one answer; the rest comes with the next.
pub const MAX_ROOMS: usize = 1_000;

/// What is wanted of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Most events.
    pub timeline_limit: usize,
    /// Parts of the state.
    pub required_state: RequiredState,
    /// The lists that show it.
    pub lists: Vec<String>,
    /// It is looked at by name.
    pub subscribed: bool,
}

/// The rooms that a request looks at, and the lengths of its lists.
#[derive(Debug, Default)]
pub struct Interests {
    /// By room.
    pub rooms: HashMap<RoomNid, Interest>,
    /// By list.
    pub counts: BTreeMap<String, u64>,
}

fn limit(wanted: UInt) -> usize {
    usize::try_from(wanted).unwrap_or(MAX_TIMELINE).min(MAX_TIMELINE)
}

/// What a request looks at in a room list. `subscribed` are the rooms that it names.
pub fn interests(
    request: &Request,
    list: &RoomList,
    direct: &HashSet<OwnedRoomId>,
    subscribed: &HashMap<OwnedRoomId, RoomNid>,
    ignored: &Ignored,
) -> Interests {
    let mut interests = Interests::default();
    for (name, wish) in &request.lists {
        let bound = |bound: UInt| usize::try_from(bound).unwrap_or(usize::MAX);
        let ranges: Vec<_> = wish
            .ranges
            .iter()
            .take(MAX_RANGES)
            .map(|(start, end)| (bound(*start), bound(*end)))
            .collect();
        let (count, rooms) = list.window(&ranges, wish.filters.as_ref(), direct, ignored);
        interests.counts.insert(name.clone(), count as u64);
        for room in rooms {
            let interest = interests.rooms.entry(room).or_default();
            let details = &wish.room_details;
            interest.timeline_limit = interest.timeline_limit.max(limit(details.timeline_limit));
            interest.required_state.add(&details.required_state);
            interest.lists.push(name.clone());
        }
    }
    for (room_id, wish) in &request.room_subscriptions {
        let is_seen = |room: &&RoomNid| list.seen(**room, ignored).is_some();
        let Some(room) = subscribed.get(room_id).filter(is_seen) else { continue };
        let interest = interests.rooms.entry(*room).or_default();
        interest.timeline_limit = interest.timeline_limit.max(limit(wish.timeline_limit));
        interest.required_state.add(&wish.required_state);
        interest.subscribed = true;
    }
    interests
}

/// Whether an extension is for a room: that of a list or a subscription, each all of them unless it names some.
pub fn covers(
    interest: &Interest,
    room_id: &OwnedRoomId,
    lists: Option<&[String]>,
    rooms: Option<&[ExtensionRoomConfig]>,
) -> bool {
    let by_list = match lists {
        None => !interest.lists.is_empty(),
        Some(lists) => lists.iter().any(|list| list == "*" || interest.lists.contains(list)),
    };
    let by_room = |config: &ExtensionRoomConfig| match config {
        ExtensionRoomConfig::AllSubscribed => interest.subscribed,
        ExtensionRoomConfig::Room(room) => room == room_id,
        // A later kind of room, which this version does not know.
        _ => false,
    };
    by_list || rooms.map_or(interest.subscribed, |rooms| rooms.iter().any(by_room))
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;

    use super::*;

    #[test]
    fn an_extension_is_for_all_lists_and_subscriptions_unless_it_names_some() {
        let room_id = owned_room_id!("!r:x");
        let listed = Interest { lists: vec!["all".to_owned()], ..Interest::default() };
        let subscribed = Interest { subscribed: true, ..Interest::default() };
        let covers = |interest, lists: Option<&[&str]>, rooms: Option<&[ExtensionRoomConfig]>| {
            let lists: Option<Vec<String>> =
                lists.map(|lists| lists.iter().map(|list| (*list).to_owned()).collect());
            super::covers(interest, &room_id, lists.as_deref(), rooms)
        };
        assert!(covers(&listed, None, None) && covers(&subscribed, None, None));
        assert!(!covers(&listed, Some(&[]), None) && covers(&listed, Some(&["all"]), None));
        assert!(!covers(&subscribed, None, Some(&[])));
        assert!(covers(&subscribed, None, Some(&[ExtensionRoomConfig::AllSubscribed])));
        assert!(covers(&listed, Some(&[]), Some(&[ExtensionRoomConfig::Room(room_id.clone())])));
    }
}
