//! Which thread an event is in, from its relations, which stand in clear beside the ciphertext.
//! <https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts>

use db::{Error, ReadSet, params};
use ruma::{EventId, OwnedEventId};
use serde::Deserialize;
use store::rooms::{EVENT_BY_ID, EventRow};

use crate::Homeserver;

/// How far relations are followed, as the specification recommends.
const MAX_HOPS: usize = 3;
const THREAD: &str = "m.thread";

/// What an event refers to, nearest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The root of the thread that it is in; `None` is the main timeline.
    pub thread: Option<OwnedEventId>,
    /// The events that it refers to, directly or by others.
    pub related: Vec<OwnedEventId>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct Relation {
    rel_type: String,
    event_id: OwnedEventId,
}

fn relation_of(client: &[u8]) -> Option<Relation> {
    #[derive(Deserialize)]
    struct Event {
        content: Content,
    }
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "m.relates_to")]
        relates_to: Relation,
    }
    serde_json::from_slice::<Event>(client).ok().map(|event| event.content.relates_to)
}

impl Lineage {
    /// Takes in a step; says where the next one begins.
    fn follow(&mut self, relation: Relation) -> Option<OwnedEventId> {
        self.related.push(relation.event_id.clone());
        if relation.rel_type == THREAD {
            self.thread = Some(relation.event_id);
            return None;
        }
        Some(relation.event_id)
    }

    /// Whether a receipt on `event` may be for the thread with this root. The root, and what refers to it otherwise, may be
    /// read as a part of either timeline.
    pub fn is_of_thread(&self, event: &EventId, root: &EventId) -> bool {
        event == root
            || self.thread.as_deref() == Some(root)
            || (self.thread.is_none() && self.related.iter().any(|related| related == root))
    }
}

/// The lineages of events, in the order of the question.
pub async fn lineages(hs: &Homeserver, events: &[&EventRow]) -> Result<Vec<Lineage>, Error> {
    let mut lineages = vec![Lineage::default(); events.len()];
    let mut open: Vec<(usize, OwnedEventId)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let next = relation_of(&event.client).and_then(|it| lineages[index].follow(it));
        open.extend(next.map(|next| (index, next)));
    }
    for _ in 1..MAX_HOPS {
        let mut set = ReadSet::new();
        open.iter().for_each(|(_, event)| set.push(&EVENT_BY_ID, params![event.as_str()]));
        let mut next = Vec::new();
        for ((index, _), rows) in open.iter().zip(hs.db.read(set).await?) {
            let Some(row) = rows.first().map(EventRow::from_row).transpose()? else { continue };
            if row.room == events[*index].room {
                let step = relation_of(&row.client).and_then(|it| lineages[*index].follow(it));
                next.extend(step.map(|step| (*index, step)));
            }
        }
        open = next;
    }
    Ok(lineages)
}

#[cfg(test)]
mod tests {
    use ruma::{event_id, owned_event_id};

    use super::*;

    #[test]
    fn relations_are_read_beside_the_ciphertext() {
        let client = br#"{"content":{"ciphertext":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$a"}}}"#;
        let relation = relation_of(client).expect("a relation");
        assert_eq!((relation.rel_type.as_str(), relation.event_id.as_str()), ("m.thread", "$a"));
        for none in
            [&b"{}"[..], br#"{"content":{"m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}}"#]
        {
            assert_eq!(relation_of(none), None);
        }
    }

    #[test]
    fn a_receipt_fits_the_thread_of_its_event_and_the_root_fits_both() {
        let (root, other) = (event_id!("$root"), event_id!("$other"));
        let relation = |rel_type: &str| Relation {
            rel_type: rel_type.to_owned(),
            event_id: owned_event_id!("$root"),
        };
        let mut inside = Lineage::default();
        assert_eq!(inside.follow(relation("m.thread")), None, "a thread is the end of the way");
        assert!(inside.thread.is_some() && inside.is_of_thread(event_id!("$a"), root));
        assert!(!inside.is_of_thread(event_id!("$a"), other));
        let mut beside = Lineage::default();
        assert!(beside.follow(relation("m.annotation")).is_some());
        assert!(beside.thread.is_none() && beside.is_of_thread(event_id!("$a"), root));
        assert!(Lineage::default().is_of_thread(root, root));
        assert!(!Lineage::default().is_of_thread(other, root));
    }
}
