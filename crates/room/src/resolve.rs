//! State resolution, worked out on the keys in which the forks differ.
//!
//! Spec: <https://spec.matrix.org/latest/rooms/v2/#state-resolution>; version 12 amends it
//! (<https://spec.matrix.org/latest/rooms/v12/#state-resolution>). The algorithm is ruma's. What is
//! ours is the cut: a room of thousands of members is not handed over whole when two forks differ
//! in three keys.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ruma::{
    EventId, OwnedEventId,
    state_res::{self, StateMap, auth_types_for_event, utils::event_id_set::EventIdSet},
};

use crate::{Pdu, RoomVersion};

/// Why forks could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// These events are needed, and `fetch` has not got them: load them with their auth chains and
    /// ask again.
    #[error("{} events are missing from the auth chains", .0.len())]
    Missing(Vec<OwnedEventId>),
    /// An event in the room's state cannot be read by the algorithm.
    #[error("the state of the room cannot be resolved: {0}")]
    Malformed(String),
}

/// Resolves forks of a room's state.
///
/// * `agreed`: what all forks have under the same key, the whole of it;
/// * `forks`: per fork what it has under the other keys (a key may be absent from some);
/// * `fetch`: finds events of the room, among them the auth chains of all the above.
///
/// Gives back the resolved state under the keys that are not in `agreed`; under the agreed keys
/// resolution changes nothing.
///
/// # Errors
///
/// See [`ResolveError`].
pub fn resolve(
    version: RoomVersion,
    agreed: &StateMap<OwnedEventId>,
    forks: &[StateMap<OwnedEventId>],
    fetch: &dyn Fn(&EventId) -> Option<Arc<Pdu>>,
) -> Result<StateMap<OwnedEventId>, ResolveError> {
    let rules = version.rules();
    let algorithm = rules.state_res.v2_rules().expect("versions from 10 on resolve by v2 rules");
    let mut chains = AuthChains { fetch, loaded: HashMap::new(), missing: Vec::new() };

    let conflicted: HashSet<OwnedEventId> =
        forks.iter().flat_map(|fork| fork.values().cloned()).collect();
    if conflicted.is_empty() {
        return Ok(StateMap::new());
    }
    let difference = chains.difference(agreed, forks);
    let subgraph = if algorithm.consider_conflicted_state_subgraph {
        chains.between(&conflicted)
    } else {
        HashSet::new()
    };

    // The rules look the state up under these keys only, so only these of the agreed ones are
    // handed over.
    let mut looked_up = StateMap::new();
    for id in conflicted.iter().chain(&difference).chain(&subgraph) {
        let Some(event) = chains.load(id) else { continue };
        let keys = auth_types_for_event(
            &event.kind,
            &event.sender,
            event.state_key.as_deref(),
            &event.content,
            &rules.authorization,
        );
        // A malformed event fails its own authorisation later; it needs no state.
        for key in keys.unwrap_or_default() {
            if let Some(id) = agreed.get(&key) {
                chains.load(id);
                looked_up.insert(key, id.clone());
            }
        }
    }
    if !chains.missing.is_empty() {
        chains.missing.sort_unstable();
        chains.missing.dedup();
        return Err(ResolveError::Missing(chains.missing));
    }

    let maps: Vec<StateMap<OwnedEventId>> = forks
        .iter()
        .map(|fork| {
            let mut map = looked_up.clone();
            map.extend(fork.iter().map(|(key, id)| (key.clone(), id.clone())));
            map
        })
        .collect();
    let resolved = state_res::resolve(
        &rules.authorization,
        algorithm,
        maps.iter(),
        // The difference is known; against an empty chain it comes out as itself.
        vec![difference.into_iter().collect(), EventIdSet::new()],
        |id| (chains.fetch)(id),
        |_| Some(subgraph.iter().cloned().collect()),
    )
    .map_err(|error| ResolveError::Malformed(error.to_string()))?;
    Ok(resolved.into_iter().filter(|(key, _)| !agreed.contains_key(key)).collect())
}

/// Walks along auth events, and notes what is missing on the way.
struct AuthChains<'a> {
    fetch: &'a dyn Fn(&EventId) -> Option<Arc<Pdu>>,
    loaded: HashMap<OwnedEventId, Arc<Pdu>>,
    missing: Vec<OwnedEventId>,
}

impl AuthChains<'_> {
    fn load(&mut self, id: &EventId) -> Option<Arc<Pdu>> {
        if let Some(event) = self.loaded.get(id) {
            return Some(event.clone());
        }
        let found = (self.fetch)(id);
        match &found {
            Some(event) => {
                self.loaded.insert(id.to_owned(), event.clone());
            }
            None => self.missing.push(id.to_owned()),
        }
        found
    }

    /// All events that authorise these, directly or not; stops early once `enough`.
    fn above<'e>(
        &mut self,
        events: impl Iterator<Item = &'e OwnedEventId>,
        mut enough: impl FnMut(&EventId) -> bool,
    ) -> HashSet<OwnedEventId> {
        let mut chain = HashSet::new();
        let mut open: Vec<OwnedEventId> = events.cloned().collect();
        while let Some(id) = open.pop() {
            let Some(event) = self.load(&id) else { continue };
            for above in &event.auth_events {
                if chain.insert(above.clone()) {
                    if enough(above) {
                        return chain;
                    }
                    open.push(above.clone());
                }
            }
        }
        chain
    }

    /// The auth difference of the whole states, though only their differing parts are walked first:
    /// what also authorises an agreed event is in every fork's chain, hence in no difference.
    fn difference(
        &mut self,
        agreed: &StateMap<OwnedEventId>,
        forks: &[StateMap<OwnedEventId>],
    ) -> HashSet<OwnedEventId> {
        let mut counts: HashMap<OwnedEventId, usize> = HashMap::new();
        for fork in forks {
            for id in self.above(fork.values(), |_| false) {
                *counts.entry(id).or_default() += 1;
            }
        }
        let mut difference: HashSet<OwnedEventId> = counts
            .into_iter()
            .filter_map(|(id, count)| (count < forks.len()).then_some(id))
            .collect();
        if !difference.is_empty() {
            self.above(agreed.values(), |id| {
                difference.remove(id);
                difference.is_empty()
            });
        }
        difference
    }

    /// The conflicted state subgraph of version 12: all events on a path of auth events from one
    /// conflicted event to another, both included.
    fn between(&mut self, conflicted: &HashSet<OwnedEventId>) -> HashSet<OwnedEventId> {
        // Depth first without recursion, since chains are as long as others make them. An event is
        // decided after all that authorise it.
        let mut leads: HashMap<OwnedEventId, bool> = HashMap::new();
        let mut open: Vec<(OwnedEventId, bool)> =
            conflicted.iter().map(|id| (id.clone(), false)).collect();
        while let Some((id, children_done)) = open.pop() {
            if leads.contains_key(&id) && !children_done {
                continue;
            }
            let Some(event) = self.load(&id) else { continue };
            if children_done {
                let reaches = event.auth_events.iter().any(|above| {
                    conflicted.contains(above) || leads.get(above).copied().unwrap_or(false)
                });
                leads.insert(id, reaches);
            } else {
                // Set before its children, so that a (forged) cycle ends.
                leads.insert(id.clone(), false);
                open.push((id, true));
                open.extend(
                    event
                        .auth_events
                        .iter()
                        .filter(|above| !leads.contains_key(*above))
                        .map(|above| (above.clone(), false)),
                );
            }
        }
        let mut subgraph: HashSet<OwnedEventId> =
            leads.into_iter().filter_map(|(id, reaches)| reaches.then_some(id)).collect();
        subgraph.extend(conflicted.iter().cloned());
        subgraph
    }
}
