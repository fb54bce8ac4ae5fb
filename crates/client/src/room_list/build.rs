//! Building the rows and keeping them up to date.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::{
    Room, RoomDisplayName, RoomState, notification_settings::RoomNotificationMode, sleep::sleep,
};
use matrix_sdk_ui::{
    eyeball_im::{Vector, VectorDiff},
    room_list_service::filters::new_filter_non_left,
    timeline::{LatestEventValue, LatestEventValueLocalState, RoomExt, TimelineDetails},
};
use ruma::{
    OwnedRoomId, UserId,
    events::receipt::{ReceiptThread, ReceiptType},
};

use super::{LastLine, Membership, Preview, RoomKind, RoomListView, RoomRow};
use crate::{
    chat::{OwnState, SystemLine, preview},
    details,
    ids::ChatId,
    people::{Person, initials, tint},
    session::core::Core,
};

/// How often rows, and what stands above a chat, are built anew at most: each time reads dozens of things from the device's store.
pub(crate) const AT_MOST_EVERY: Duration = Duration::from_millis(80);

/// What stands for a room in the list and above the chat.
pub(crate) struct Face {
    pub kind: RoomKind,
    pub membership: Membership,
    pub title: String,
    pub subtitle: Option<String>,
    pub initials: String,
    pub tint: u8,
}

pub(crate) async fn face(core: &Arc<Core>, room: &Room) -> Face {
    let membership = match room.state() {
        RoomState::Invited => {
            let inviter = room.invite_details().await.ok().and_then(|invite| invite.inviter);
            Membership::Invited {
                by: inviter.map(|member| {
                    core.people.person(core, member.user_id(), member.display_name())
                }),
            }
        }
        _ => Membership::Joined,
    };
    if room.is_direct().await.unwrap_or(false) {
        let other = match &membership {
            Membership::Invited { by } => by.clone(),
            Membership::Joined => other_member(core, room).await,
        };
        if let Some(other) = other {
            return Face {
                title: other.name.clone(),
                subtitle: other.position(),
                initials: other.initials(),
                tint: other.tint(),
                kind: RoomKind::Direct { other: Some(other) },
                membership,
            };
        }
    }
    let encrypted_name = core.details.get(room.room_id()).and_then(|details| details.name);
    let title = match encrypted_name {
        Some(name) => name,
        None => name_of_members(core, room, &membership).await,
    };
    Face {
        initials: initials(&title),
        tint: tint(room.room_id().as_str()),
        subtitle: None,
        kind: RoomKind::Group { members: room.active_members_count() },
        membership,
        title,
    }
}

async fn other_member(core: &Arc<Core>, room: &Room) -> Option<Person> {
    let target =
        room.direct_targets().into_iter().find_map(|target| UserId::parse(target.as_str()).ok())?;
    // Not `Room::get_member_no_sync`, which reads ten things to tell one.
    let profile = core.client.state_store().get_profile(room.room_id(), &target).await;
    let name = profile.ok().flatten().and_then(|profile| profile.content.displayname);
    Some(core.people.person(core, &target, name.as_deref()))
}

/// A group without a name is called by its members, an invitation by whoever sent it.
async fn name_of_members(core: &Arc<Core>, room: &Room, membership: &Membership) -> String {
    if let Membership::Invited { by: Some(person) } = membership {
        return person.name.clone();
    }
    let names: Vec<String> = room
        .heroes()
        .await
        .iter()
        .map(|hero| core.people.person(core, &hero.user_id, hero.display_name.as_deref()).name)
        .collect();
    if !names.is_empty() {
        return names.join(", ");
    }
    match room.display_name().await {
        Ok(RoomDisplayName::EmptyWas(name) | RoomDisplayName::Calculated(name)) => name,
        _ => String::new(),
    }
}

/// Runs as long as the session.
pub(crate) async fn keep_rows(core: Arc<Core>) {
    let service = core.sync.room_list_service();
    let Ok(list) = service.all_rooms().await else { return };
    let (entries, controller) = list.entries_with_dynamic_adapters(usize::MAX);
    controller.set_filter(Box::new(new_filter_non_left()));
    let mut loading = list.loading_state();
    pin_mut!(entries);
    let mut changed = core.rooms_changed.subscribe();
    let mut people = core.people.changed.subscribe();
    let mut connection = core.connection.subscribe();
    let mut rules = core.notifications.subscribe_to_changes();
    let mut rooms: Vector<matrix_sdk_ui::room_list_service::RoomListItem> = Vector::new();
    let mut rows: BTreeMap<OwnedRoomId, Arc<RoomRow>> = BTreeMap::new();
    loop {
        select! {
            diffs = entries.next().fuse() => {
                let Some(mut diffs) = diffs else { return };
                while let Some(Some(more)) = entries.next().now_or_never() {
                    diffs.extend(more);
                }
                for diff in diffs {
                    note_changes(&core, &diff);
                    diff.apply(&mut rooms);
                }
            }
            _ = changed.next().fuse() => {}
            _ = people.next().fuse() => core.all_rooms_changed(),
            // Muted here or on another device.
            _ = rules.recv().fuse() => core.all_rooms_changed(),
            _ = loading.next().fuse() => {}
            _ = connection.next().fuse() => {}
        }
        // One answer of the server changes several things; they are built together.
        sleep(Duration::from_millis(15)).await;
        for id in core.take_changed_rooms() {
            let Some(room) = core.client.get_room(&id) else { continue };
            if matches!(room.state(), RoomState::Left | RoomState::Banned) || room.is_space() {
                rows.remove(&id);
                continue;
            }
            let row = build(&core, &room).await;
            if rows.get(&id).is_none_or(|old| **old != row) {
                rows.insert(id, Arc::new(row));
            }
        }
        rows.retain(|id, _| {
            core.client
                .get_room(id)
                .is_some_and(|it| !matches!(it.state(), RoomState::Left | RoomState::Banned))
        });
        publish(&core, &rows);
        // A message that is sent changes its row a dozen times: all that people would not see one by one becomes one.
        sleep(AT_MOST_EVERY).await;
    }
}

fn note_changes(core: &Core, diff: &VectorDiff<matrix_sdk_ui::room_list_service::RoomListItem>) {
    match diff {
        VectorDiff::Append { values } | VectorDiff::Reset { values } => {
            for room in values {
                core.room_changed(room.room_id());
            }
        }
        VectorDiff::PushFront { value }
        | VectorDiff::PushBack { value }
        | VectorDiff::Insert { value, .. }
        | VectorDiff::Set { value, .. } => core.room_changed(value.room_id()),
        VectorDiff::Clear
        | VectorDiff::PopFront
        | VectorDiff::PopBack
        | VectorDiff::Remove { .. }
        | VectorDiff::Truncate { .. } => {}
    }
}

fn publish(core: &Core, rows: &BTreeMap<OwnedRoomId, Arc<RoomRow>>) {
    let mut sorted: Vec<Arc<RoomRow>> = rows.values().cloned().collect();
    sorted.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)).then_with(|| a.id.cmp(&b.id)));
    let old = core.rooms.get();
    let same = sorted.len() == old.rows.len()
        && sorted.iter().zip(old.rows.iter()).all(|(a, b)| Arc::ptr_eq(a, b));
    let counts = |row: &&Arc<RoomRow>| !row.muted && !row.archived;
    let unread_total = sorted.iter().filter(counts).map(|row| row.unread).sum();
    // Before the first answer an empty list means "not known yet".
    let loading = sorted.is_empty() && core.connection.get() == crate::Connection::Connecting;
    let rows = if same { old.rows.clone() } else { Arc::new(sorted) };
    core.rooms.set_if_not_eq(RoomListView { loading, rows, unread_total });
}

/// Invitations first, then favourites, then the latest on top.
fn sort_key(row: &RoomRow) -> (bool, bool, Reverse<(Option<u64>, u64)>) {
    let is_invitation = matches!(row.membership, Membership::Invited { .. });
    (
        !is_invitation,
        !row.favourite,
        Reverse((row.last.as_ref().and_then(|last| last.at_ms), row.recency)),
    )
}

async fn build(core: &Arc<Core>, room: &Room) -> RoomRow {
    let face = face(core, room).await;
    let is_joined = matches!(face.membership, Membership::Joined);
    if is_joined && matches!(face.kind, RoomKind::Group { .. }) && !core.connection.get().is_down()
    {
        core.spawn(details::search_history(core.clone(), room.clone()));
    }
    let draft = room.load_composer_draft(None).await.ok().flatten().map(|draft| draft.plain_text);
    let last = last_line(core, room).await;
    RoomRow {
        id: ChatId::new(room.room_id()),
        unread: if is_joined { unread(room, last.as_ref()) } else { 0 },
        last,
        recency: room.recency_stamp().map_or(0, u64::from),
        highlights: if is_joined { room.num_unread_mentions() } else { 0 },
        typing: core
            .typing_in(room.room_id())
            .iter()
            .map(|user| core.people.person(core, user, None).name)
            .collect(),
        draft: draft.filter(|text| !text.trim().is_empty()),
        kind: face.kind,
        title: face.title,
        subtitle: face.subtitle,
        initials: face.initials,
        tint: face.tint,
        membership: face.membership,
        favourite: room.is_favourite(),
        muted: is_muted(core, room).await,
        archived: room.is_low_priority(),
    }
}

/// As counted on this device; where what would be counted is no longer here, as the server counts.
fn unread(room: &Room, last: Option<&LastLine>) -> u64 {
    let counted = room.num_unread_messages();
    match last {
        Some(LastLine { preview: Preview::Older, .. }) => {
            counted.max(room.unread_notification_counts().notification_count)
        }
        _ => counted,
    }
}

/// Whether this person has muted the room, by a push rule as every Matrix client does it.
pub(crate) async fn is_muted(core: &Core, room: &Room) -> bool {
    let mode = core.notifications.get_user_defined_room_notification_mode(room.room_id()).await;
    mode == Some(RoomNotificationMode::Mute)
}

async fn last_line(core: &Arc<Core>, room: &Room) -> Option<LastLine> {
    let name = |user: &UserId| core.people.person(core, user, None).name;
    match room.latest_event().await {
        LatestEventValue::None => {
            let at_ms = core.expiry.has_gone(room.room_id())?;
            Some(LastLine { sender: None, preview: Preview::Older, at_ms, own: None })
        }
        LatestEventValue::Remote { timestamp, sender, is_own, profile, content } => {
            let sender_name = match &profile {
                TimelineDetails::Ready(it) => {
                    core.people.person(core, &sender, it.display_name.as_deref()).name
                }
                _ => name(&sender),
            };
            let preview = preview::preview(&content, &sender_name, name)?;
            let is_line = matches!(preview, Preview::System(_));
            let own = if is_own && !is_line { Some(own_state(core, room).await) } else { None };
            Some(LastLine {
                sender: (!is_own && !is_line).then_some(sender_name),
                preview,
                at_ms: Some(timestamp.get().into()),
                own,
            })
        }
        LatestEventValue::RemoteInvite { timestamp, inviter, .. } => Some(LastLine {
            sender: None,
            preview: Preview::System(SystemLine::Invited {
                who: core.me.get().person.name,
                by: inviter.as_deref().map(name).unwrap_or_default(),
            }),
            at_ms: Some(timestamp.get().into()),
            own: None,
        }),
        LatestEventValue::Local { timestamp, content, state, .. } => Some(LastLine {
            sender: None,
            preview: preview::preview(&content, &core.me.get().person.name, name)?,
            at_ms: Some(timestamp.get().into()),
            own: Some(match state {
                LatestEventValueLocalState::IsSending => {
                    OwnState::Queued { progress_percent: None }
                }
                LatestEventValueLocalState::HasBeenSent => OwnState::Sent,
                LatestEventValueLocalState::CannotBeSent => {
                    OwnState::Failed(crate::chat::SendFailure::Other)
                }
            }),
        }),
    }
}

/// Whether our last message was read: receipts lie on it, since nothing newer is there.
async fn own_state(core: &Arc<Core>, room: &Room) -> OwnState {
    let event = match matrix_sdk::BaseRoom::latest_event(room) {
        matrix_sdk::latest_events::LatestEventValue::Remote(event) => {
            event.event_id().map(ToOwned::to_owned)
        }
        _ => None,
    };
    let others =
        usize::try_from(room.joined_members_count().saturating_sub(1)).unwrap_or(usize::MAX).max(1);
    let Some(event) = event else { return OwnState::Sent };
    let mut readers = std::collections::BTreeSet::new();
    for thread in [ReceiptThread::Unthreaded, ReceiptThread::Main] {
        let receipts =
            room.load_event_receipts(ReceiptType::Read, &thread, &event).await.unwrap_or_default();
        readers
            .extend(receipts.into_iter().map(|(user, _)| user).filter(|user| *user != core.own_id));
    }
    match readers.len() {
        0 => OwnState::Sent,
        by => OwnState::Read { by: by.min(others), of: others },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, at_ms: Option<u64>, membership: Membership) -> RoomRow {
        RoomRow {
            id: ChatId::new(id),
            kind: RoomKind::Group { members: 2 },
            title: id.into(),
            subtitle: None,
            initials: String::new(),
            tint: 0,
            membership,
            last: at_ms.map(|at_ms| LastLine {
                sender: None,
                preview: Preview::Deleted,
                at_ms: Some(at_ms),
                own: None,
            }),
            recency: 0,
            unread: 0,
            highlights: 0,
            typing: Vec::new(),
            draft: None,
            favourite: false,
            muted: false,
            archived: false,
        }
    }

    #[test]
    fn invitations_stand_above_favourites_and_the_latest_above_the_older() {
        let mut rows = [
            row("old", Some(1), Membership::Joined),
            row("silent", None, Membership::Joined),
            RoomRow { recency: 7, ..row("silent for a shorter time", None, Membership::Joined) },
            row("new", Some(9), Membership::Joined),
            row("invitation", Some(2), Membership::Invited { by: None }),
            RoomRow { favourite: true, ..row("favourite", Some(3), Membership::Joined) },
        ];
        rows.sort_by_key(sort_key);
        let sorted =
            ["invitation", "favourite", "new", "old", "silent for a shorter time", "silent"];
        assert_eq!(rows.map(|row| row.title), sorted);
    }
}
