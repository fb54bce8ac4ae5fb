//! Whose keys a client must ask for anew, and whose it may forget.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#tracking-the-device-list-for-a-user>
//!
//! The specification speaks of those who share a room. Clients encrypt to those who are only invited, too, and would never learn that they
//! have signed in meanwhile: what is written before they join would be unreadable to them. So whoever is invited to a room, or knocks at it,
//! counts here as in it for its members; not the other way round, since nobody encrypts in a room before joining.

use std::collections::{BTreeSet, HashSet};

use base::{Pos, RoomNid, UserNid};
use db::{ReadSet, params};
use ruma::{OwnedUserId, UserId};
use store::{Touched, accounts, keys as rows, rooms};

use crate::{Homeserver, Session, feeds::Feeds};

/// Up to so many positions the log itself is read, which is exact. Beyond, the present is compared with the positions of
/// what changed, which may name somebody too many and costs the same however far back it goes.
const LOG_SPAN: u64 = 10_000;

/// What a client must do with the keys that it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceListChanges {
    /// Ask for the keys of these anew: they changed, or their owner began to share a room or was invited to one.
    pub changed: Vec<OwnedUserId>,
    /// Forget the keys of these: no room is shared any more.
    pub left: Vec<OwnedUserId>,
}

/// What changed in `(since, upto]` for the user of a session. May also name what changed after `upto`, never less.
pub async fn changed_users(
    hs: &Homeserver,
    session: &Session,
    since: Pos,
    upto: Pos,
) -> Result<DeviceListChanges, db::Error> {
    if since >= upto {
        return Ok(DeviceListChanges::default());
    }
    let log = if upto.get() - since.get() <= LOG_SPAN {
        rows::device_list_log(&hs.db, since, upto).await?
    } else {
        long_ago(hs, session.user, since).await?
    };
    if log.is_empty() {
        return Ok(DeviceListChanges::default());
    }
    let (changed, left) = decide(session.user, &log, &*hs.feeds);
    let ids = user_ids(hs, changed.iter().chain(&left)).await?;
    let (changed_ids, left_ids) = ids.split_at(changed.len());
    Ok(DeviceListChanges {
        changed: changed_ids.iter().flatten().cloned().collect(),
        left: left_ids.iter().flatten().cloned().collect(),
    })
}

/// Who is in which room now.
trait Present {
    /// Who has joined the room or is to come to it.
    fn members(&self, room: RoomNid) -> Vec<UserNid>;
    fn joined(&self, user: UserNid) -> Vec<RoomNid>;
    /// What the user has joined or is to come to.
    fn rooms(&self, user: UserNid) -> Vec<RoomNid>;
}

impl Present for Feeds {
    fn members(&self, room: RoomNid) -> Vec<UserNid> {
        self.local_users_of(room)
    }

    fn joined(&self, user: UserNid) -> Vec<RoomNid> {
        self.joined_rooms(user)
    }

    fn rooms(&self, user: UserNid) -> Vec<RoomNid> {
        self.rooms_of(user)
    }
}

/// From what happened and who is where now: whose keys `me` must ask for, and whose `me` may forget.
fn decide(
    me: UserNid,
    log: &[Touched],
    present: &impl Present,
) -> (BTreeSet<UserNid>, BTreeSet<UserNid>) {
    let my_rooms: HashSet<RoomNid> = present.joined(me).into_iter().collect();
    let shares = |user: UserNid| {
        user == me || present.rooms(user).iter().any(|room| my_rooms.contains(room))
    };
    let i_left: HashSet<RoomNid> = log
        .iter()
        .filter_map(|touched| match touched {
            Touched::Left { room, user } if *user == me => Some(*room),
            _ => None,
        })
        .collect();
    let mut signed = BTreeSet::new();
    let mut maybe_changed = BTreeSet::new();
    let mut maybe_left = BTreeSet::new();
    for touched in log {
        match *touched {
            Touched::DeviceList { user } => {
                maybe_changed.insert(user);
            }
            // My verification holds whether or not we share a room.
            Touched::Signed { user, target } if user == me => {
                signed.insert(target);
            }
            Touched::Joined { room, user } if user == me && my_rooms.contains(&room) => {
                maybe_changed
                    .extend(present.members(room).into_iter().filter(|member| *member != me));
            }
            Touched::Joined { room, user } | Touched::Invited { room, user }
                if user != me && my_rooms.contains(&room) =>
            {
                maybe_changed.insert(user);
            }
            Touched::Left { room, user } if user == me => maybe_left.extend(present.members(room)),
            // Whoever leaves a room in which I never was is none of my business.
            Touched::Left { room, user } if my_rooms.contains(&room) || i_left.contains(&room) => {
                maybe_left.insert(user);
            }
            _ => {}
        }
    }
    let changed = maybe_changed.into_iter().filter(|user| shares(*user)).chain(signed).collect();
    let left = maybe_left.into_iter().filter(|user| !shares(*user)).collect();
    (changed, left)
}

/// What would stand in the log since `since`, put together from what is true now.
async fn long_ago(hs: &Homeserver, me: UserNid, since: Pos) -> Result<Vec<Touched>, db::Error> {
    let set = ReadSet::new()
        .get(&rows::DEVICE_LISTS_AFTER, params![since])
        .get(&rows::SIGNED_AFTER, params![me.0, since])
        .get(&rooms::MEMBERSHIPS, params![me.0]);
    let answer = hs.db.read(set).await?;
    let mut log = Vec::new();
    for row in &answer[0] {
        log.push(Touched::DeviceList { user: UserNid(row.get(0)?) });
    }
    for row in &answer[1] {
        log.push(Touched::Signed { user: me, target: UserNid(row.get(0)?) });
    }
    let mut members = ReadSet::new();
    for row in &answer[2] {
        let (room, membership, pos) =
            (RoomNid(row.get(0)?), row.get::<&str>(2)?, row.get::<Pos>(4)?);
        match membership {
            "join" if pos > since => log.push(Touched::Joined { room, user: me }),
            "leave" | "ban" if pos > since => log.push(Touched::Left { room, user: me }),
            "join" => {}
            _ => continue,
        }
        members.push(&rows::MEMBERS_AFTER, params![room.0, since]);
    }
    for row in hs.db.read(members).await?.iter().flatten() {
        let (room, user, membership) =
            (RoomNid(row.get(0)?), UserNid(row.get(1)?), row.get::<&str>(2)?);
        match membership {
            "join" if user != me => log.push(Touched::Joined { room, user }),
            "invite" | "knock" if user != me => log.push(Touched::Invited { room, user }),
            "leave" | "ban" if user != me => log.push(Touched::Left { room, user }),
            _ => {}
        }
    }
    Ok(log)
}

/// The ids of users, in order; `None` for those who are gone.
async fn user_ids<'a>(
    hs: &Homeserver,
    users: impl Iterator<Item = &'a UserNid>,
) -> Result<Vec<Option<OwnedUserId>>, db::Error> {
    let mut set = ReadSet::new();
    for user in users {
        set.push(&accounts::USER_ID, params![user.0]);
    }
    let id = |rows: &Vec<db::Row>| {
        let Some(row) = rows.first() else { return Ok(None) };
        UserId::parse(row.get::<&str>(0)?)
            .map(Some)
            .map_err(|_| db::Error::corrupt("users.user_id"))
    };
    hs.db.read(set).await?.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: UserNid = UserNid(1);
    const ANNA: UserNid = UserNid(2);
    const JONAS: UserNid = UserNid(3);
    const WARD: RoomNid = RoomNid(10);
    const STROKE: RoomNid = RoomNid(11);

    struct Now<'a> {
        joined: &'a [(RoomNid, UserNid)],
        invited: &'a [(RoomNid, UserNid)],
    }

    impl Present for Now<'_> {
        fn members(&self, room: RoomNid) -> Vec<UserNid> {
            let all = self.joined.iter().chain(self.invited);
            all.filter(|(at, _)| *at == room).map(|(_, user)| *user).collect()
        }
        fn joined(&self, user: UserNid) -> Vec<RoomNid> {
            self.joined.iter().filter(|(_, who)| *who == user).map(|(room, _)| *room).collect()
        }
        fn rooms(&self, user: UserNid) -> Vec<RoomNid> {
            let all = self.joined.iter().chain(self.invited);
            all.filter(|(_, who)| *who == user).map(|(room, _)| *room).collect()
        }
    }

    fn decided(joined: &[(RoomNid, UserNid)], log: &[Touched]) -> (Vec<UserNid>, Vec<UserNid>) {
        decided_with(joined, &[], log)
    }

    fn decided_with(
        joined: &[(RoomNid, UserNid)],
        invited: &[(RoomNid, UserNid)],
        log: &[Touched],
    ) -> (Vec<UserNid>, Vec<UserNid>) {
        let (changed, left) = decide(ME, log, &Now { joined, invited });
        (changed.into_iter().collect(), left.into_iter().collect())
    }

    #[test]
    fn new_keys_concern_those_who_share_a_room_and_their_owner() {
        let log = [ME, ANNA, JONAS].map(|user| Touched::DeviceList { user });
        assert_eq!(
            decided(&[(WARD, ME), (WARD, ANNA), (STROKE, JONAS)], &log),
            (vec![ME, ANNA], vec![])
        );
    }

    #[test]
    fn who_begins_to_share_a_room_counts_as_changed() {
        let now = [(WARD, ME), (WARD, ANNA), (WARD, JONAS)];
        assert_eq!(
            decided(&now, &[Touched::Joined { room: WARD, user: ANNA }]),
            (vec![ANNA], vec![])
        );
        assert_eq!(
            decided(&now, &[Touched::Joined { room: WARD, user: ME }]),
            (vec![ANNA, JONAS], vec![])
        );
    }

    #[test]
    fn who_is_invited_counts_for_the_members_and_the_members_not_for_them() {
        let anna_invited = Touched::Invited { room: WARD, user: ANNA };
        let (mine, theirs) = ([(WARD, ME)], [(WARD, ANNA)]);
        let new_keys = [Touched::DeviceList { user: ANNA }];
        assert_eq!(decided_with(&mine, &theirs, &[anna_invited]), (vec![ANNA], vec![]));
        assert_eq!(decided_with(&mine, &theirs, &new_keys), (vec![ANNA], vec![]));
        let joined = [Touched::Joined { room: WARD, user: ME }];
        assert_eq!(decided_with(&mine, &theirs, &joined), (vec![ANNA], vec![]));
        assert_eq!(
            decided_with(&theirs, &mine, &new_keys),
            (vec![], vec![]),
            "I am the one invited"
        );
        let declined = [anna_invited, Touched::Left { room: WARD, user: ANNA }];
        assert_eq!(decided_with(&mine, &[], &declined), (vec![], vec![ANNA]));
        let left_the_other = [Touched::Left { room: STROKE, user: ANNA }];
        let both_mine = [(WARD, ME), (STROKE, ME)];
        assert_eq!(decided_with(&both_mine, &theirs, &left_the_other), (vec![], vec![]));
    }

    #[test]
    fn who_shares_no_room_any_more_has_left_and_who_shares_another_has_not() {
        let anna_went = [Touched::Left { room: WARD, user: ANNA }];
        assert_eq!(decided(&[(WARD, ME)], &anna_went), (vec![], vec![ANNA]));
        assert_eq!(
            decided(&[(WARD, ME), (STROKE, ME), (STROKE, ANNA)], &anna_went),
            (vec![], vec![])
        );
        let i_went = [Touched::Left { room: WARD, user: ME }];
        assert_eq!(decided(&[(WARD, ANNA), (WARD, JONAS)], &i_went), (vec![], vec![ANNA, JONAS]));
    }

    #[test]
    fn both_may_leave_the_same_room_in_either_order() {
        let (me, anna) =
            (Touched::Left { room: WARD, user: ME }, Touched::Left { room: WARD, user: ANNA });
        assert_eq!(decided(&[], &[me, anna]), (vec![], vec![ANNA]));
        assert_eq!(decided(&[], &[anna, me]), (vec![], vec![ANNA]));
    }

    #[test]
    fn rooms_in_which_i_never_was_tell_me_nothing() {
        let log = [
            Touched::Left { room: STROKE, user: ANNA },
            Touched::Joined { room: STROKE, user: JONAS },
        ];
        assert_eq!(decided(&[(WARD, ME), (STROKE, JONAS)], &log), (vec![], vec![]));
    }

    #[test]
    fn who_left_and_came_back_counts_as_changed_alone() {
        let log =
            [Touched::Left { room: WARD, user: ANNA }, Touched::Joined { room: WARD, user: ANNA }];
        assert_eq!(decided(&[(WARD, ME), (WARD, ANNA)], &log), (vec![ANNA], vec![]));
    }

    #[test]
    fn a_signature_of_mine_on_somebodys_key_concerns_my_devices_alone() {
        let mine = Touched::Signed { user: ME, target: ANNA };
        let theirs = Touched::Signed { user: JONAS, target: ANNA };
        let now = [(WARD, ME), (WARD, ANNA), (WARD, JONAS)];
        assert_eq!(decided(&now, &[mine]), (vec![ANNA], vec![]));
        assert_eq!(decided(&now, &[theirs]), (vec![], vec![]));
    }
}
