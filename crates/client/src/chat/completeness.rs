//! What is missing between the messages of an open chat (II.b): see [`vocabulary::sequence`].
//!
//! A gap in a device's running numbers is explained by what its sender says was never sent, by what stands there deleted or unreadable, and
//! by our own absence. What is left is said, before the next message of that device.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use matrix_sdk::{
    deserialized_responses::{TimelineEvent, TimelineEventKind},
    sleep::sleep,
};
use ruma::{OwnedEventId, OwnedUserId, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use vocabulary::sequence::{SEQUENCE, Sequence};

use super::{Open, Row, RowKind, responses::TAKEN_BACK};
use crate::{people::Person, sequence};

/// What comes in pieces is looked at once it has come: a sync, a page of the history, the keys.
const SETTLED: Duration = Duration::from_secs(2);

/// A finding stands before the next one of so many events that has a row.
const BEHIND: usize = 200;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    /// The events from there on, the next one first.
    before: Vec<OwnedEventId>,
    sender: OwnedUserId,
    kind: FindingKind,
}

/// Types of events that had a number before they were deleted: as the server has them, and as they were read.
const WITH_NUMBER: [&str; 4] =
    ["m.room.encrypted", "m.room.message", "org.matrix.msc3381.poll.start", SEQUENCE];

impl Finding {
    pub fn kind(&self) -> FindingKind {
        self.kind
    }

    pub fn sender(&self) -> &UserId {
        &self.sender
    }
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// So many messages are not here.
    Missing(u64),
    /// A message is not what its sender's device says it has sent.
    Altered,
}

/// What an event says about completeness.
#[derive(Clone, Debug, PartialEq)]
enum Trace {
    Nothing,
    Numbered {
        sender: OwnedUserId,
        sequence: Sequence,
        sha256: Option<String>,
    },
    /// Deleted or unreadable: its number is not known.
    Blank {
        sender: OwnedUserId,
    },
    /// We came (back) here.
    Joined,
}

/// Runs as long as the chat is open.
pub(super) async fn keep(open: Arc<Open>) {
    let Ok((cache, _keeps_it)) = open.room.event_cache().await else { return };
    let Ok((_, mut news)) = cache.subscribe().await else { return };
    loop {
        sleep(SETTLED).await;
        while !matches!(news.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        if let Ok(events) = cache.events().await {
            open.findings.set_if_not_eq(Arc::new(findings_in(&events, &open.core.own_id)));
        }
        match news.recv().await {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What does not fit in these events, oldest first.
pub(super) fn findings_in(events: &[TimelineEvent], own: &UserId) -> Vec<Finding> {
    let traces = events.iter().map(|event| trace(event, own)).collect();
    let ids = |at: usize| {
        let next = events[at..].iter().take(BEHIND);
        next.filter_map(|event| event.event_id().map(ToOwned::to_owned)).collect()
    };
    findings(traces, ids)
}

fn trace(event: &TimelineEvent, own: &UserId) -> Trace {
    #[derive(Deserialize)]
    struct Event<'a> {
        sender: OwnedUserId,
        #[serde(rename = "type")]
        kind: String,
        state_key: Option<String>,
        #[serde(borrow)]
        content: &'a RawValue,
        #[serde(default)]
        unsigned: Unsigned,
    }
    #[derive(Default, Deserialize)]
    struct Unsigned {
        redacted_because: Option<Redaction>,
    }
    #[derive(Deserialize)]
    struct Redaction {
        #[serde(default)]
        content: Reason,
    }
    #[derive(Default, Deserialize)]
    struct Reason {
        reason: Option<String>,
        membership: Option<String>,
    }
    let json = event.raw().json().get();
    let is_unreadable = matches!(event.kind, TimelineEventKind::UnableToDecrypt { .. });
    let is_decrypted = matches!(event.kind, TimelineEventKind::Decrypted(_));
    let is_of_interest = is_unreadable
        || (is_decrypted && json.contains(SEQUENCE))
        || json.contains("redacted_because")
        || (json.contains("m.room.member") && json.contains(own.as_str()));
    let Some(event) =
        is_of_interest.then(|| serde_json::from_str::<Event<'_>>(json).ok()).flatten()
    else {
        return Trace::Nothing;
    };
    let sender = event.sender;
    if let Some(redaction) = event.unsigned.redacted_because {
        // A reaction or vote had no number.
        let was_taken_back = redaction.content.reason.as_deref() == Some(TAKEN_BACK);
        let was_message = WITH_NUMBER.contains(&event.kind.as_str())
            && event.state_key.is_none()
            && !was_taken_back;
        return if was_message { Trace::Blank { sender } } else { Trace::Nothing };
    }
    if is_unreadable {
        return Trace::Blank { sender };
    }
    if event.kind == "m.room.member" {
        let content: Reason = serde_json::from_str(event.content.get()).unwrap_or_default();
        let is_our_coming = event.state_key.as_deref() == Some(own.as_str())
            && content.membership.as_deref() == Some("join");
        return if is_our_coming { Trace::Joined } else { Trace::Nothing };
    }
    // What the server could have written itself proves nothing.
    match sequence::of_content(event.content.get()).filter(|_| is_decrypted) {
        Some(sequence) => {
            let sha256 = sequence::hash(event.content.get());
            Trace::Numbered { sender, sequence, sha256 }
        }
        None => Trace::Nothing,
    }
}

/// Where a numbered event stands.
struct Place {
    at: usize,
    sha256: BTreeSet<Option<String>>,
}

/// What does not fit in these events, oldest first. `ids` tells what follows from a place on.
fn findings(traces: Vec<Trace>, ids: impl Fn(usize) -> Vec<OwnedEventId>) -> Vec<Finding> {
    let mut chains: HashMap<(&UserId, &str), BTreeMap<u64, Place>> = HashMap::new();
    let mut void: HashMap<(&UserId, &str), BTreeSet<u64>> = HashMap::new();
    let mut blank: HashMap<&UserId, BTreeSet<usize>> = HashMap::new();
    let mut joined = BTreeSet::new();
    for (at, trace) in traces.iter().enumerate() {
        match trace {
            Trace::Nothing => {}
            Trace::Blank { sender } => {
                blank.entry(sender).or_default().insert(at);
            }
            Trace::Joined => {
                joined.insert(at);
            }
            Trace::Numbered { sender, sequence, sha256 } => {
                let chain = (&**sender, sequence.chain.as_str());
                void.entry(chain).or_default().extend(&sequence.void);
                let places = chains.entry(chain).or_default();
                // Twice under one number is twice the same message, or the device does not know better.
                let place = places
                    .entry(sequence.number)
                    .or_insert_with(|| Place { at, sha256: BTreeSet::new() });
                place.sha256.insert(sha256.clone());
            }
        }
    }
    let mut found = Vec::new();
    for ((sender, chain), places) in &chains {
        let void = &void[&(*sender, *chain)];
        for ((earlier, from), (later, to)) in places.iter().zip(places.iter().skip(1)) {
            let missing = (earlier + 1..*later).take(MAX_GAP);
            let missing = missing.filter(|number| !void.contains(number)).count();
            if missing == 0 {
                continue;
            }
            let between = from.at.min(to.at)..from.at.max(to.at);
            if joined.range(between.clone()).next().is_some() {
                continue;
            }
            let blanks = blank.get_mut(*sender).map(|blanks| {
                let explains: Vec<usize> = blanks.range(between).take(missing).copied().collect();
                // Each explains one message, of whichever device.
                blanks.retain(|at| !explains.contains(at));
                explains.len()
            });
            let missing = missing - blanks.unwrap_or_default();
            if missing > 0 {
                found.push((to.at, *sender, FindingKind::Missing(missing as u64)));
            }
        }
    }
    for (at, trace) in traces.iter().enumerate() {
        let Trace::Numbered { sender, sequence, .. } = trace else { continue };
        let Some(previous) = &sequence.previous else { continue };
        let chain = &chains[&(&**sender, sequence.chain.as_str())];
        let is_other = chain.get(&previous.number).is_some_and(|place| {
            !place.sha256.iter().any(|it| it.as_ref().is_none_or(|it| *it == previous.sha256))
        });
        let is_new = |found: &(usize, &UserId, FindingKind)| found.1 != &**sender;
        if is_other && found.iter().filter(|it| it.2 == FindingKind::Altered).all(is_new) {
            found.push((at, sender, FindingKind::Altered));
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    let finding = |(at, sender, kind): (usize, &UserId, FindingKind)| Finding {
        before: ids(at),
        sender: sender.to_owned(),
        kind,
    };
    found.into_iter().map(finding).collect()
}

/// Numbers can be claimed at will; more than this are not looked through one by one.
const MAX_GAP: usize = 10_000;

/// Puts the findings among the rows.
pub(super) fn put_in(open: &Open, rows: &mut Vec<Row>) {
    for finding in open.findings.get().iter() {
        let is_behind = |row: &Row| match &row.kind {
            RowKind::Message(message) => message
                .id
                .event_id()
                .is_some_and(|id| finding.before.iter().any(|it| it.as_str() == id)),
            _ => false,
        };
        let at = rows.iter().position(is_behind).unwrap_or(rows.len());
        if let Some(RowKind::Message(message)) = rows.get_mut(at).map(|row| &mut row.kind) {
            message.continues = false;
        }
        let next = finding.before.first().map(|id| id.as_str()).unwrap_or_default();
        let who: Person = open.core.people.person(&open.core, &finding.sender, None);
        let key = format!("finding {next} {}", finding.sender);
        rows.insert(at, Row { key, kind: RowKind::Finding { who, kind: finding.kind } });
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::sequence::Previous;

    use super::*;

    fn user(name: &str) -> OwnedUserId {
        UserId::parse(format!("@{name}:klinikum.example")).expect("a user")
    }

    fn numbered(sender: &str, number: u64) -> Trace {
        let sequence =
            Sequence { chain: "c".into(), number, previous: None, void: BTreeSet::new() };
        Trace::Numbered { sender: user(sender), sequence, sha256: Some(format!("{number}")) }
    }

    fn with_void(sender: &str, number: u64, void: &[u64]) -> Trace {
        let mut trace = numbered(sender, number);
        if let Trace::Numbered { sequence, .. } = &mut trace {
            sequence.void = void.iter().copied().collect();
        }
        trace
    }

    fn after(sender: &str, number: u64, previous: u64, sha256: &str) -> Trace {
        let mut trace = numbered(sender, number);
        if let Trace::Numbered { sequence, .. } = &mut trace {
            sequence.previous = Some(Previous { number: previous, sha256: sha256.into() });
        }
        trace
    }

    fn blank(sender: &str) -> Trace {
        Trace::Blank { sender: user(sender) }
    }

    /// Place, sender and kind of what is found.
    fn found(traces: Vec<Trace>) -> Vec<(usize, String, FindingKind)> {
        let ids = |at: usize| vec![OwnedEventId::try_from(format!("${at}")).expect("an id")];
        let place = |finding: &Finding| finding.before[0].as_str()[1..].parse().expect("a place");
        findings(traces, ids)
            .iter()
            .map(|it| (place(it), it.sender.localpart().to_owned(), it.kind))
            .collect()
    }

    #[test]
    fn what_is_missing_is_counted_before_the_next_message_of_that_device() {
        assert_eq!(found(vec![numbered("meyer", 1), numbered("meyer", 2)]), []);
        let traces = vec![numbered("meyer", 1), numbered("weber", 9), numbered("meyer", 4)];
        assert_eq!(found(traces), [(2, "meyer".into(), FindingKind::Missing(2))]);
        // What was before the first one that we see is not ours to know.
        assert_eq!(found(vec![numbered("meyer", 17)]), []);
        // In another order nothing is missing.
        let traces = vec![numbered("meyer", 1), numbered("meyer", 3), numbered("meyer", 2)];
        assert_eq!(found(traces), []);
    }

    #[test]
    fn what_was_never_sent_is_not_missing() {
        let traces = vec![numbered("meyer", 1), numbered("meyer", 3), with_void("meyer", 4, &[2])];
        assert_eq!(found(traces), []);
        let traces = vec![numbered("meyer", 1), with_void("meyer", 4, &[2])];
        assert_eq!(found(traces), [(1, "meyer".into(), FindingKind::Missing(1))]);
        // Somebody else's word does not count.
        let traces = vec![numbered("meyer", 1), with_void("weber", 4, &[2]), numbered("meyer", 3)];
        assert_eq!(found(traces), [(2, "meyer".into(), FindingKind::Missing(1))]);
    }

    #[test]
    fn what_stands_there_deleted_or_unreadable_explains_one_each() {
        let one = vec![numbered("meyer", 1), blank("meyer"), numbered("meyer", 3)];
        assert_eq!(found(one), []);
        let two = vec![numbered("meyer", 1), blank("meyer"), numbered("meyer", 4)];
        assert_eq!(found(two), [(2, "meyer".into(), FindingKind::Missing(1))]);
        let others = vec![numbered("meyer", 1), blank("weber"), numbered("meyer", 3)];
        assert_eq!(found(others), [(2, "meyer".into(), FindingKind::Missing(1))]);
        let elsewhere = vec![blank("meyer"), numbered("meyer", 1), numbered("meyer", 3)];
        assert_eq!(found(elsewhere), [(2, "meyer".into(), FindingKind::Missing(1))]);
        let once =
            vec![numbered("meyer", 1), blank("meyer"), numbered("meyer", 3), numbered("meyer", 5)];
        assert_eq!(found(once), [(3, "meyer".into(), FindingKind::Missing(1))]);
    }

    #[test]
    fn what_was_written_while_we_were_not_there_is_not_missing() {
        let traces = vec![numbered("meyer", 1), Trace::Joined, numbered("meyer", 6)];
        assert_eq!(found(traces), []);
        let traces = vec![Trace::Joined, numbered("meyer", 1), numbered("meyer", 3)];
        assert_eq!(found(traces), [(2, "meyer".into(), FindingKind::Missing(1))]);
    }

    #[test]
    fn another_message_under_a_number_than_its_device_has_sent_shows_once() {
        let fits = vec![numbered("meyer", 1), after("meyer", 2, 1, "1")];
        assert_eq!(found(fits), []);
        let other =
            vec![numbered("meyer", 1), after("meyer", 2, 1, "ab"), after("meyer", 3, 1, "ab")];
        assert_eq!(found(other), [(1, "meyer".into(), FindingKind::Altered)]);
        let gone = vec![numbered("meyer", 2), after("meyer", 3, 1, "ab")];
        assert_eq!(found(gone), [], "what is not here cannot differ");
    }

    #[test]
    fn a_claimed_number_costs_no_time() {
        let traces = vec![numbered("meyer", 1), numbered("meyer", u64::MAX)];
        assert_eq!(found(traces), [(1, "meyer".into(), FindingKind::Missing(10_000))]);
    }
}
