//! What stands above a chat: name, members, who is writing.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future::FusedFuture, select};
use matrix_sdk::{Room, RoomMemberships, RoomState, room::RoomMember};
use ruma::{
    events::{
        StateEventType,
        room::{member::MembershipState, power_levels::UserPowerLevel},
    },
    int,
};

use super::{ChatHeader, Member, Open, pins};
use crate::{ids::ChatId, live::BoxedForTarget, room_list, session::core::Core};

pub(super) async fn build(core: &Arc<Core>, room: &Room) -> ChatHeader {
    let face = room_list::face(core, room).await;
    let all = room.members_no_sync(RoomMemberships::ACTIVE).await.unwrap_or_default();
    let me = all.iter().find(|member| member.user_id() == core.own_id);
    let may = |what: fn(&RoomMember) -> bool| me.is_some_and(what);
    let mut members = Vec::new();
    for member in &all {
        let is_me = member.user_id() == core.own_id;
        let verified = matches!(
            core.client.encryption().get_user_identity(member.user_id()).await,
            Ok(Some(identity)) if identity.is_verified()
        );
        let is_below_me = me.is_some_and(|me| is_above(&me.power_level(), &member.power_level()));
        members.push(Member {
            person: core.people.person(core, member.user_id(), member.display_name()),
            invited: *member.membership() == MembershipState::Invite,
            manages: is_above(&member.power_level(), &UserPowerLevel::Int(int!(49))),
            is_me,
            verified,
            can_change: is_below_me && may(|me| me.can_send_state(StateEventType::RoomPowerLevels)),
            can_remove: is_below_me && may(|me| me.can_kick()),
        });
    }
    let manages = members.iter().any(|member| member.is_me && member.manages);
    let can_manage = manages && may(|me| me.can_invite());
    let can_pin = may(|me| me.can_send_state(StateEventType::RoomPinnedEvents));
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
        header.pinned = pins::build(&open).await;
        open.header.set_if_not_eq(header);
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
