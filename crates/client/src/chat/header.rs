//! What stands above a chat: name, members, who is writing.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, select};
use matrix_sdk::{Room, RoomMemberships};
use ruma::events::room::{member::MembershipState, power_levels::UserPowerLevel};

use super::{ChatHeader, Member, Open};
use crate::{ids::ChatId, live::BoxedForTarget, room_list, session::core::Core};

pub(super) async fn build(core: &Arc<Core>, room: &Room) -> ChatHeader {
    let face = room_list::face(core, room).await;
    let mut members = Vec::new();
    let mut can_manage = false;
    for member in room.members_no_sync(RoomMemberships::ACTIVE).await.unwrap_or_default() {
        let is_me = member.user_id() == core.own_id;
        let manages = match member.normalized_power_level() {
            UserPowerLevel::Infinite => true,
            UserPowerLevel::Int(level) => i64::from(level) >= MODERATOR,
            _ => false,
        };
        can_manage |= is_me && manages && member.can_invite();
        let verified = matches!(
            core.client.encryption().get_user_identity(member.user_id()).await,
            Ok(Some(identity)) if identity.is_verified()
        );
        members.push(Member {
            person: core.people.person(core, member.user_id(), member.display_name()),
            invited: *member.membership() == MembershipState::Invite,
            manages,
            is_me,
            verified,
        });
    }
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
        kind: face.kind,
        encrypted: !matches!(room.encryption_state(), matrix_sdk::EncryptionState::NotEncrypted),
    }
}

/// Matrix's customary level of those who may change a room.
const MODERATOR: i64 = 50;

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
    // Without network the members known so far have to do.
    let mut members = Box::pin(async { open.room.sync_members().await.is_ok() }.fuse());
    loop {
        let header = build(&core, &open.room).await;
        open.header.set_if_not_eq(header);
        select! {
            _ = members => {}
            _ = info.next().fuse() => {}
            _ = people.next().fuse() => {}
            _ = rooms.next().fuse() => {}
            _ = identities.next().fuse() => {}
        }
    }
}
