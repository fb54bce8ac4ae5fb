//! What refers to an event, summed up in its `unsigned`: the latest edit, the thread, the references.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events>

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use db::{Error, ReadSet, params};
use ruma::{OwnedEventId, UserId};
use store::rooms::{self as rows, ChildRow, EventRow};

use super::relations::relation_in;
use crate::{
    Homeserver, Session,
    json_writer::{self, Object},
    sync::{
        event::{TimelineEvent, write_event},
        ignored::Ignored,
        live_rooms::with_prev_content,
        preferences::preferences_of,
        sight::Sight,
    },
};

/// Adds to each of these events the summary of what refers to it, as their reader may see it.
pub async fn add(
    hs: &Homeserver,
    session: &Session,
    sight: &Sight,
    events: &mut [Arc<TimelineEvent>],
) -> Result<(), Error> {
    let may_have = |event: &TimelineEvent| event.row.related && event.row.state_key.is_none();
    if !events.iter().any(|event| may_have(event)) {
        return Ok(());
    }
    let preferences = preferences_of(hs, session.user, &session.user_id).await?;
    let targets: Vec<&EventRow> =
        events.iter().filter(|event| may_have(event)).map(|event| &event.row).collect();
    let reader = Reader { hs, session, sight, ignored: &preferences.ignored };
    let mut summaries = reader.summaries(&targets).await?;
    for event in events {
        if let Some(summary) = summaries.remove(&event.row.event_id) {
            Arc::make_mut(event).relations = Some(summary);
        }
    }
    Ok(())
}

/// The summary of one kind of children each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Digest {
    /// The latest valid edit.
    edit: Option<OwnedEventId>,
    thread: Option<Thread>,
    references: Vec<OwnedEventId>,
}

impl Digest {
    /// The events that are shown whole.
    fn shown(&self) -> Vec<&OwnedEventId> {
        self.edit.iter().chain(self.thread.as_ref().map(|thread| &thread.latest)).collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Thread {
    latest: OwnedEventId,
    count: u64,
    participated: bool,
}

/// Sums up what refers to `target`. `children` are oldest first, and only such as the reader may see.
fn digest(target: &EventRow, children: &[ChildRow], me: &UserId) -> Digest {
    let of = |rel_type: &'static str| {
        children
            .iter()
            .filter(move |child| child.rel_type == rel_type && child.event_id != target.event_id)
    };
    let own_relation = relation_in(&target.client);
    let is_edit = own_relation.as_ref().is_some_and(|(_, rel_type)| rel_type == "m.replace");
    // <https://spec.matrix.org/v1.19/client-server-api/#validity-of-replacement-events>
    let edit = of("m.replace")
        .filter(|edit| {
            edit.sender == target.sender
                && edit.kind == target.kind
                && edit.state_key.is_none()
                && target.redacted_because.is_none()
                && !is_edit
        })
        .max_by_key(|edit| (edit.ts, &edit.event_id));
    // An event that itself refers to another is no root of a thread.
    let answers: Vec<_> = of("m.thread").filter(|_| own_relation.is_none()).collect();
    let thread = answers.last().map(|latest| Thread {
        latest: latest.event_id.clone(),
        count: answers.len() as u64,
        participated: target.sender == me || answers.iter().any(|answer| answer.sender == me),
    });
    Digest {
        edit: edit.map(|edit| edit.event_id.clone()),
        thread,
        references: of("m.reference").map(|reference| reference.event_id.clone()).collect(),
    }
}

struct Reader<'a> {
    hs: &'a Homeserver,
    session: &'a Session,
    sight: &'a Sight,
    ignored: &'a Ignored,
}

impl Reader<'_> {
    async fn digests(&self, targets: &[&EventRow]) -> Result<Vec<Digest>, Error> {
        let mut set = ReadSet::new();
        for target in targets {
            set.push(&rows::CHILDREN, params![target.event_id.as_str(), target.room.0]);
        }
        let answers = self.hs.db.read(set).await?;
        targets
            .iter()
            .zip(answers)
            .map(|(target, answer)| {
                let mut children =
                    answer.iter().map(ChildRow::from_row).collect::<Result<Vec<_>, _>>()?;
                children.retain(|child| {
                    !self.ignored.contains(&child.sender)
                        && self.sight.sees_messages_at(child.state_ver)
                });
                Ok(digest(target, &children, &self.session.user_id))
            })
            .collect()
    }

    async fn events(&self, ids: &[&OwnedEventId]) -> Result<Vec<EventRow>, Error> {
        let mut set = ReadSet::new();
        for id in ids {
            set.push(&rows::EVENT_BY_ID, params![id.as_str()]);
        }
        let answers = self.hs.db.read(set).await?;
        answers.iter().filter_map(|answer| answer.first()).map(EventRow::from_row).collect()
    }

    /// The summaries of those events that have one.
    async fn summaries(
        &self,
        targets: &[&EventRow],
    ) -> Result<HashMap<OwnedEventId, Bytes>, Error> {
        let digests = self.digests(targets).await?;
        let shown: Vec<&OwnedEventId> = digests.iter().flat_map(Digest::shown).collect();
        let shown = with_prev_content(self.hs, self.events(&shown).await?).await?;
        // The latest answer in a thread comes with its own edit. It is no root itself, so this ends here.
        let inner: Vec<&EventRow> =
            shown.iter().map(|event| &event.row).filter(|row| row.related).collect();
        let inner_digests = self.digests(&inner).await?;
        let edits: Vec<&OwnedEventId> = inner_digests.iter().flat_map(Digest::shown).collect();
        let edits = with_prev_content(self.hs, self.events(&edits).await?).await?;
        let edits = by_id(edits);
        let mut inner_summaries = HashMap::new();
        for (row, digest) in inner.iter().zip(&inner_digests) {
            if let Some(summary) = self.write(digest, &edits) {
                inner_summaries.insert(row.event_id.clone(), summary);
            }
        }
        let mut shown = by_id(shown);
        for (id, event) in &mut shown {
            event.relations = inner_summaries.remove(id);
        }
        let mut summaries = HashMap::new();
        for (target, digest) in targets.iter().zip(&digests) {
            if let Some(summary) = self.write(digest, &shown) {
                summaries.insert(target.event_id.clone(), summary);
            }
        }
        Ok(summaries)
    }

    /// Writes a summary; `None` if there is nothing in it.
    fn write(
        &self,
        digest: &Digest,
        shown: &HashMap<OwnedEventId, TimelineEvent>,
    ) -> Option<Bytes> {
        let mut json = Vec::new();
        let mut out = Object::new(&mut json);
        let now = self.hs.clock.now();
        if let Some(edit) = digest.edit.as_ref().and_then(|id| shown.get(id)) {
            write_event(out.key("m.replace"), self.session, edit, self.sight, now);
        }
        if let Some(thread) = &digest.thread
            && let Some(latest) = shown.get(&thread.latest)
        {
            let mut block = out.object("m.thread");
            write_event(block.key("latest_event"), self.session, latest, self.sight, now);
            block.number("count", thread.count);
            block.flag("current_user_participated", thread.participated);
        }
        if !digest.references.is_empty() {
            let mut block = out.object("m.reference");
            let mut chunk = block.array("chunk");
            for id in &digest.references {
                let mut entry = Object::new(chunk.item());
                json_writer::string(entry.key("event_id"), id.as_str());
            }
        }
        let is_empty = out.is_empty();
        drop(out);
        (!is_empty).then(|| json.into())
    }
}

fn by_id(events: Vec<TimelineEvent>) -> HashMap<OwnedEventId, TimelineEvent> {
    events.into_iter().map(|event| (event.row.event_id.clone(), event)).collect()
}

#[cfg(test)]
mod tests {
    use base::{EventNid, RoomNid, Timestamp};
    use ruma::{owned_event_id, owned_user_id, user_id};

    use super::*;

    fn target(content: &str) -> EventRow {
        EventRow {
            event: EventNid(1),
            room: RoomNid(1),
            event_id: owned_event_id!("$target"),
            pos: None,
            kind: "m.room.encrypted".to_owned(),
            state_key: None,
            sender: owned_user_id!("@anna:x"),
            ts: Timestamp(0),
            state_ver: 1,
            notifying: 1,
            redacted_because: None,
            transaction: None,
            client: format!("{{\"type\":\"m.room.encrypted\",\"content\":{content}}}").into(),
            related: true,
            apart: None,
        }
    }

    fn child(id: &str, rel_type: &str, sender: &str, ts: u64) -> ChildRow {
        ChildRow {
            rel_type: rel_type.to_owned(),
            event_id: id.try_into().expect("an id"),
            kind: "m.room.encrypted".to_owned(),
            state_key: None,
            sender: sender.try_into().expect("a user id"),
            ts: Timestamp(ts),
            state_ver: 1,
        }
    }

    fn edit_of(target: &EventRow, children: &[ChildRow]) -> Option<OwnedEventId> {
        digest(target, children, user_id!("@anna:x")).edit
    }

    #[test]
    fn the_latest_edit_is_that_of_the_greatest_time_and_then_id() {
        let children = [
            child("$a", "m.replace", "@anna:x", 9),
            child("$c", "m.replace", "@anna:x", 10),
            child("$b", "m.replace", "@anna:x", 10),
            child("$d", "m.replace", "@jonas:x", 11),
        ];
        assert_eq!(edit_of(&target("{}"), &children), Some(owned_event_id!("$c")));
    }

    #[test]
    fn edits_of_another_kind_of_edits_and_of_what_was_deleted_do_not_count() {
        let own = [child("$a", "m.replace", "@anna:x", 9)];
        let edit = r#"{"m.relates_to":{"rel_type":"m.replace","event_id":"$0"}}"#;
        assert_eq!(edit_of(&target(edit), &own), None);
        let answer = r#"{"m.relates_to":{"rel_type":"m.thread","event_id":"$0"}}"#;
        assert!(edit_of(&target(answer), &own).is_some());
        let deleted =
            EventRow { redacted_because: Some(Bytes::from_static(b"{}")), ..target("{}") };
        assert_eq!(edit_of(&deleted, &own), None);
        let other = [ChildRow { kind: "m.sticker".to_owned(), ..own[0].clone() }];
        assert_eq!(edit_of(&target("{}"), &other), None);
    }

    #[test]
    fn a_thread_counts_its_answers_and_knows_who_took_part() {
        let children = [
            child("$a", "m.thread", "@jonas:x", 9),
            child("$b", "m.reference", "@jonas:x", 10),
            child("$c", "m.thread", "@jonas:x", 11),
        ];
        let seen_by = |me| digest(&target("{}"), &children, me);
        let thread = seen_by(user_id!("@lena:x")).thread.expect("a thread");
        assert_eq!((thread.count, thread.participated), (2, false));
        assert_eq!(thread.latest, "$c");
        for me in [user_id!("@anna:x"), user_id!("@jonas:x")] {
            assert!(seen_by(me).thread.expect("a thread").participated, "{me}");
        }
        assert_eq!(seen_by(user_id!("@lena:x")).references, ["$b"]);
        let answer = r#"{"m.relates_to":{"rel_type":"m.thread","event_id":"$0"}}"#;
        assert_eq!(digest(&target(answer), &children, user_id!("@anna:x")).thread, None);
    }
}
