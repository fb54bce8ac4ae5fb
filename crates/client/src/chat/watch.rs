//! Keeping the rows of an open chat up to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use eyeball::SharedObservable;
use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::sleep::sleep;
use matrix_sdk_ui::{
    eyeball_im::Vector,
    timeline::{TimelineDetails, TimelineItem, TimelineItemContent, default_event_filter},
};
use ruma::{
    events::{
        AnySyncMessageLikeEvent, AnySyncStateEvent, AnySyncTimelineEvent, SyncMessageLikeEvent,
        room::message::Relation,
    },
    room_version_rules::RoomVersionRules,
};
use vocabulary::ROOM_DETAILS;

use super::{
    MessageId, Open, PAGE, Row, RowKind, ScrollBack, completeness,
    convert::{self, Context},
    repeats, responses, timeline,
};
use crate::trouble::kind_of;

/// What an open chat shows, oldest first.
type Rows = Arc<Vec<Arc<Row>>>;

/// What gets a row at all. Receipts of what gets none count for the row before it.
pub(super) fn is_shown(event: &AnySyncTimelineEvent, rules: &RoomVersionRules) -> bool {
    match event {
        AnySyncTimelineEvent::MessageLike(message) if responses::is_taken_back(message) => false,
        // Also of kinds that the SDK does not know: our own, and those of others show their text.
        AnySyncTimelineEvent::MessageLike(AnySyncMessageLikeEvent::RoomMessage(
            SyncMessageLikeEvent::Original(message),
        )) => !matches!(message.content.relates_to, Some(Relation::Replacement(_))),
        AnySyncTimelineEvent::MessageLike(AnySyncMessageLikeEvent::_Custom(_)) => {
            event.event_type().to_string() == ROOM_DETAILS
        }
        AnySyncTimelineEvent::State(state) => {
            matches!(state, AnySyncStateEvent::RoomMember(_) | AnySyncStateEvent::RoomCreate(_))
        }
        message => default_event_filter(message, rules),
    }
}

/// The rows of now. What is published may be older again a moment later: who keeps it may not have heard yet.
pub(super) async fn build_rows_once(open: &Arc<Open>) -> Rows {
    let items = open.timeline().items().await;
    rebuild(open, &items)
}

/// Whether this message has a row now.
pub(super) async fn has(open: &Arc<Open>, message: &MessageId) -> bool {
    let is_it = |row: &Arc<Row>| matches!(&row.kind, RowKind::Message(it) if it.is(message));
    build_rows_once(open).await.iter().any(is_it)
}

/// Whether this message gets a row soon: the SDK says that the last page is there before it makes rows of it.
pub(super) async fn comes(open: &Arc<Open>, message: &MessageId) -> bool {
    const SOON: Duration = Duration::from_secs(2);
    let late = sleep(SOON).fuse();
    pin_mut!(late);
    let mut rows = open.rows.subscribe();
    loop {
        if has(open, message).await {
            return true;
        }
        select! {
            changed = rows.next().fuse() => if changed.is_none() {
                return false;
            },
            _ = late => return false,
        }
    }
}

/// A sync that skips something lets go of what was loaded: then there is more above the oldest row again.
pub(super) async fn notice_gap(open: &Open) {
    if open.scroll_back.get() != ScrollBack::Beginning {
        return;
    }
    let items = open.timeline().items().await;
    if !items.front().is_some_and(|item| item.is_timeline_start()) {
        open.scroll_back.set(ScrollBack::More);
    }
}

/// Runs as long as the chat is open.
pub(super) async fn keep_rows(open: Arc<Open>) {
    let mut may_renew = true;
    while let Some(shown) = keep_rows_of_timeline(&open, &mut may_renew).await {
        match timeline::anew(&open.room, shown).await {
            Ok(timeline) => {
                tracing::info!("The timeline of the open chat was out of step and is made anew");
                open.timeline.set(Arc::new(timeline));
            }
            Err(error) => {
                tracing::warn!(error = kind_of(&error), "A timeline could not be made anew");
            }
        }
        may_renew = false;
    }
}

/// Runs until the timeline is out of step, if it may be made anew then, and tells how many items it has shown; `None` at its
/// end. It may again as soon as it was in step.
async fn keep_rows_of_timeline(open: &Arc<Open>, may_renew: &mut bool) -> Option<usize> {
    let (mut items, changes) = open.timeline().subscribe().await;
    pin_mut!(changes);
    let mut people = open.core.people.changed.subscribe();
    let mut waiting = open.core.responses.changed.subscribe();
    let mut header = open.header.subscribe();
    let mut delivered = open.delivered.subscribe();
    let mut hidden = open.core.hidden.changed.subscribe();
    let mut findings = open.findings.subscribe();
    let mut large = open.core.large.changed.subscribe();
    loop {
        let is_out_of_step = timeline::is_out_of_step(&items);
        if is_out_of_step && *may_renew {
            return Some(items.len());
        }
        *may_renew |= !is_out_of_step;
        rebuild(open, &items);
        notice_gap(open).await;
        fetch_reply_targets(open, &items);
        select! {
            diffs = changes.next().fuse() => for diff in diffs? {
                diff.apply(&mut items);
            },
            _ = people.next().fuse() => {}
            _ = waiting.next().fuse() => {}
            _ = header.next().fuse() => {}
            _ = delivered.next().fuse() => {}
            _ = hidden.next().fuse() => {}
            _ = findings.next().fuse() => {}
            _ = large.next().fuse() => {}
        }
    }
}

fn rebuild(open: &Arc<Open>, items: &Vector<Arc<TimelineItem>>) -> Rows {
    let header = open.header.get();
    let waiting = open.core.responses.in_room(open.room.room_id());
    let delivered = open.delivered.get();
    let context = Context {
        core: &open.core,
        members: &header.members,
        room: open.room.room_id(),
        waiting: &waiting,
        delivered: &delivered,
        pinned: &open.room.pinned_event_ids().unwrap_or_default(),
        read_up_to: open.read_up_to.as_ref(),
    };
    let mut rows = repeats::latest_of_each(convert::rows(items.iter(), &context));
    repeats::keep_keys(&mut rows, &mut open.keys.lock().expect("no panic while held"));
    let hidden = open.core.hidden.in_room(open.room.room_id());
    if !hidden.is_empty() {
        rows.retain(|row| !is_hidden(row, &hidden));
    }
    completeness::put_in(open, &mut rows);
    // What is large comes after the texts that overtake it.
    open.core.large.put_in(&open.core, open.room.room_id(), &mut rows);
    publish(&open.rows, rows)
}

fn is_hidden(row: &Row, hidden: &BTreeSet<String>) -> bool {
    let RowKind::Message(message) = &row.kind else { return false };
    message.id.event_id().is_some_and(|id| hidden.contains(id))
}

/// Unchanged rows keep their `Arc`, and nobody is woken for nothing.
fn publish(target: &SharedObservable<Rows>, rows: Vec<Row>) -> Rows {
    let old = target.get();
    let by_key: BTreeMap<&str, &Arc<Row>> = old.iter().map(|row| (row.key.as_str(), row)).collect();
    let rows: Vec<Arc<Row>> = rows
        .into_iter()
        .map(|row| match by_key.get(row.key.as_str()) {
            Some(same) if ***same == row => (*same).clone(),
            _ => Arc::new(row),
        })
        .collect();
    let unchanged = rows.len() == old.len()
        && rows.iter().zip(old.iter()).all(|(new, old)| Arc::ptr_eq(new, old));
    if unchanged {
        return old;
    }
    let rows = Arc::new(rows);
    target.set(rows.clone());
    rows
}

/// Messages that answer something further up than what is loaded: has it fetched, once each.
fn fetch_reply_targets(open: &Arc<Open>, items: &Vector<Arc<TimelineItem>>) {
    for event in items.iter().filter_map(|item| item.as_event()) {
        let TimelineItemContent::MsgLike(content) = event.content() else { continue };
        let is_missing = content
            .in_reply_to
            .as_ref()
            .is_some_and(|it| matches!(it.event, TimelineDetails::Unavailable));
        let Some(id) = event.event_id().filter(|_| is_missing) else { continue };
        if !open.asked_for.lock().expect("no panic while held").insert(id.to_owned()) {
            continue;
        }
        let (open, id) = (open.clone(), id.to_owned());
        open.core.clone().spawn(async move {
            // A failure shows in the quote itself.
            let _ = open.timeline().fetch_details_for_event(&id).await;
        });
    }
}

/// A chat that shows less than a screen loads more by itself.
pub(super) async fn first_page(open: Arc<Open>) {
    if open.rows.read().len() < usize::from(PAGE) / 2 {
        load_older(&open).await;
    }
}

pub(super) async fn load_older(open: &Arc<Open>) {
    if matches!(open.scroll_back.get(), ScrollBack::Loading | ScrollBack::Beginning) {
        return;
    }
    open.scroll_back.set(ScrollBack::Loading);
    // How old what comes will be is not known yet.
    open.core.expiry.comes(&open.core.client, open.room.room_id(), 0).await;
    let state = match open.timeline().paginate_backwards(PAGE).await {
        Ok(true) => ScrollBack::Beginning,
        Ok(false) => ScrollBack::More,
        Err(error) => {
            tracing::warn!(error = kind_of(&error), "Older messages could not be loaded");
            ScrollBack::Failed
        }
    };
    open.scroll_back.set(state);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, at_ms: u64) -> Row {
        Row { key: key.into(), kind: RowKind::Day { at_ms } }
    }

    #[test]
    fn unchanged_rows_keep_their_place_in_memory_and_wake_nobody() {
        let target =
            SharedObservable::new(Arc::new(vec![Arc::new(row("a", 1)), Arc::new(row("b", 2))]));
        let before = target.get();
        let subscriber = target.subscribe();
        publish(&target, vec![row("a", 1), row("b", 2)]);
        assert!(Arc::ptr_eq(&before, &target.get()));
        publish(&target, vec![row("a", 1), row("b", 3)]);
        let after = target.get();
        assert!(Arc::ptr_eq(&before[0], &after[0]) && !Arc::ptr_eq(&before[1], &after[1]));
        drop(subscriber);
    }
}
