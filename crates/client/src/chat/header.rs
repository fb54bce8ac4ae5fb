//! What stands above a chat: name, members, who is writing.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future::FusedFuture, select};
use matrix_sdk::{Room, RoomState, sleep::sleep};
use ruma::{
    UserId,
    events::{
        StateEventType,
        room::power_levels::{RoomPowerLevels, UserPowerLevel},
    },
    int,
};

use super::{ChatHeader, Member, Open, beyond_reach, pins};
use crate::{ids::ChatId, live::BoxedForTarget, members, room_list, session::core::Core};

pub(super) async fn build(core: &Arc<Core>, room: &Room) -> ChatHeader {
    let face = room_list::face(core, room).await;
    let all = members::active(core, room).await;
    // Unknown as long as we are only invited.
    let levels = room.power_levels().await.ok();
    let level = |user: &UserId| {
        levels.as_ref().map_or(UserPowerLevel::Int(int!(0)), |levels| levels.for_user(user))
    };
    let am_in = all.iter().any(|member| member.id == core.own_id && !member.invited);
    let may = |what: &dyn Fn(&RoomPowerLevels) -> bool| am_in && levels.as_ref().is_some_and(what);
    let me = &*core.own_id;
    let may_set =
        |part: StateEventType| may(&|levels| levels.user_can_send_state(me, part.clone()));
    let mut members = Vec::new();
    for member in &all {
        let is_me = member.id == core.own_id;
        let identity = core.client.encryption().get_user_identity(&member.id).await;
        let verified = matches!(&identity, Ok(Some(identity)) if identity.is_verified());
        let has_identity = matches!(identity, Ok(Some(_)));
        let is_below_me = is_above(&level(me), &level(&member.id));
        members.push(Member {
            person: core.people.person(core, &member.id, member.name.as_deref()),
            invited: member.invited,
            manages: is_above(&level(&member.id), &UserPowerLevel::Int(int!(49))),
            is_me,
            verified,
            has_identity,
            beyond_reach: !is_me && !has_identity && core.asked.is_answered(&member.id),
            can_change: is_below_me && may_set(StateEventType::RoomPowerLevels),
            can_remove: is_below_me && may(&|levels| levels.user_can_kick(me)),
        });
    }
    let manages = members.iter().any(|member| member.is_me && member.manages);
    let can_manage = manages && may(&|levels| levels.user_can_invite(me));
    let can_pin = may_set(StateEventType::RoomPinnedEvents);
    members.sort_by_key(|member| (member.person.name.to_lowercase(), member.person.id.clone()));
    let typing = core.typing_in(room.room_id());
    ChatHeader {
        id: ChatId::new(room.room_id()),
        membership: face.membership,
        title: face.title,
        topic: core.details.get(room.room_id()).and_then(|details| details.topic),
        subtitle: face.subtitle,
        initials: face.initials,
        tint: face.tint,
        members,
        typing: typing.iter().map(|user| core.people.person(core, user, None)).collect(),
        can_manage: can_manage && matches!(face.kind, room_list::RoomKind::Group { .. }),
        can_pin,
        pinned: Arc::default(),
        favourite: room.is_favourite(),
        muted: room_list::is_muted(core, room).await,
        archived: room.is_low_priority(),
        kept_days: core.expiry.server_days(),
        kind: face.kind,
        encrypted: !matches!(room.encryption_state(), matrix_sdk::EncryptionState::NotEncrypted),
    }
}

/// Creators of newer rooms stand above every number.
fn is_above(one: &UserPowerLevel, other: &UserPowerLevel) -> bool {
    match (one, other) {
        (UserPowerLevel::Int(one), UserPowerLevel::Int(other)) => one > other,
        (UserPowerLevel::Infinite, UserPowerLevel::Int(_)) => true,
        _ => false,
    }
}

/// Runs as long as the chat is open.
pub(super) async fn keep(open: Arc<Open>) {
    let core = open.core.clone();
    let mut rooms = core.rooms_changed.subscribe();
    let mut people = core.people.changed.subscribe();
    let mut info = open.room.subscribe_info();
    // Who is verified changes after a comparison, here or on another device of ours.
    let mut identities = match core.client.encryption().user_identities_stream().await {
        Ok(changes) => changes.map(drop).boxed_for_target(),
        Err(_) => futures_util::stream::pending().boxed_for_target(),
    };
    let all_members = || Box::pin(open.room.sync_members().fuse());
    let mut members = all_members();
    loop {
        let mut header = build(&core, &open.room).await;
        beyond_reach::ask(&core, &open.room, &header);
        header.pinned = pins::build(&open).await;
        open.header.set_if_not_eq(header);
        sleep(room_list::AT_MOST_EVERY).await;
        while let Some(Some(())) = identities.next().now_or_never() {}
        let news = select! {
            // Without network the members known so far have to do.
            _ = members => false,
            _ = info.next().fuse() => true,
            _ = people.next().fuse() => false,
            _ = rooms.next().fuse() => true,
            _ = identities.next().fuse() => false,
        };
        // A chat may have been opened as an invitation, when nobody tells us its members, or before a gap in what we were told.
        let are_missing = open.room.state() == RoomState::Joined && !open.room.are_members_synced();
        if news && are_missing && members.is_terminated() {
            members = all_members();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_made_the_room_stands_above_every_number() {
        let level = |level| UserPowerLevel::Int(level);
        assert!(is_above(&level(int!(100)), &level(int!(50))));
        assert!(!is_above(&level(int!(100)), &level(int!(100))));
        assert!(is_above(&UserPowerLevel::Infinite, &level(int!(100))));
        assert!(!is_above(&level(int!(100)), &UserPowerLevel::Infinite));
        assert!(!is_above(&UserPowerLevel::Infinite, &UserPowerLevel::Infinite));
    }
}
