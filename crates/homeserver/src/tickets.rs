//! Tokens of a few minutes, in memory only: one signs in another device of the same person, one proves to another service
//! who somebody is.

use std::{collections::HashMap, time::Duration};

use base::{Secret, Timestamp, UserNid};
use parking_lot::Mutex;
use ruma::OwnedUserId;

use crate::{
    Homeserver, Session,
    accounts::{TokenHash, hash_of, new_token},
};

/// How long a token signs in another device.
/// <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token>
pub const SIGN_IN_LIFE: Duration = Duration::from_secs(2 * 60);

/// How long a token proves who somebody is.
/// <https://spec.matrix.org/v1.19/client-server-api/#openid>
pub const IDENTITY_LIFE: Duration = Duration::from_secs(60 * 60);

/// Most tokens that are open at once; the ones that end first go first.
const MAX_OPEN: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    SignIn,
    Identity,
}

#[derive(Clone, Debug)]
struct Ticket {
    purpose: Purpose,
    user: UserNid,
    user_id: OwnedUserId,
    ends: Timestamp,
}

/// The tokens that are open, by their hash.
#[derive(Debug, Default)]
pub struct Tickets {
    open: Mutex<HashMap<TokenHash, Ticket>>,
}

impl Tickets {
    fn insert(&self, token: &str, ticket: Ticket, now: Timestamp) {
        let mut open = self.open.lock();
        open.retain(|_, ticket| ticket.ends > now);
        if open.len() >= MAX_OPEN
            && let Some(first) =
                open.iter().min_by_key(|(_, ticket)| ticket.ends).map(|(id, _)| *id)
        {
            open.remove(&first);
        }
        open.insert(hash_of(token), ticket);
    }

    fn take(&self, token: &str, purpose: Purpose, now: Timestamp) -> Option<Ticket> {
        let (mut open, hash) = (self.open.lock(), hash_of(token));
        open.get(&hash).filter(|ticket| ticket.purpose == purpose)?;
        open.remove(&hash).filter(|ticket| ticket.ends > now)
    }

    fn look(&self, token: &str, purpose: Purpose, now: Timestamp) -> Option<Ticket> {
        let open = self.open.lock();
        open.get(&hash_of(token))
            .filter(|ticket| ticket.purpose == purpose && ticket.ends > now)
            .cloned()
    }

    /// Ends what a user has open.
    pub(crate) fn forget_user(&self, user: UserNid) {
        self.open.lock().retain(|_, ticket| ticket.user != user);
    }
}

fn issue(hs: &Homeserver, session: &Session, purpose: Purpose, life: Duration) -> Secret<String> {
    let token = new_token(match purpose {
        Purpose::SignIn => "ksl",
        Purpose::Identity => "kso",
    });
    let now = hs.clock.now();
    let ticket = Ticket {
        purpose,
        user: session.user,
        user_id: session.user_id.clone(),
        ends: now.after(life),
    };
    hs.tickets.insert(&token, ticket, now);
    Secret::new(token)
}

/// A token that signs in one more device of the session's user.
pub fn for_sign_in(hs: &Homeserver, session: &Session) -> Secret<String> {
    issue(hs, session, Purpose::SignIn, SIGN_IN_LIFE)
}

/// Whom a token signs in. It does so once.
pub fn redeem_sign_in(hs: &Homeserver, token: &str) -> Option<(UserNid, OwnedUserId)> {
    let ticket = hs.tickets.take(token, Purpose::SignIn, hs.clock.now())?;
    Some((ticket.user, ticket.user_id))
}

/// A token by which another service learns who the session's user is, and nothing else.
pub fn for_identity(hs: &Homeserver, session: &Session) -> Secret<String> {
    issue(hs, session, Purpose::Identity, IDENTITY_LIFE)
}

/// Whose identity a token proves.
/// <https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1openiduserinfo>
pub fn identity(hs: &Homeserver, token: &str) -> Option<OwnedUserId> {
    Some(hs.tickets.look(token, Purpose::Identity, hs.clock.now())?.user_id)
}

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;

    use super::*;

    fn ticket(purpose: Purpose, ends: u64) -> Ticket {
        let user_id = owned_user_id!("@anna:klinikum.test");
        Ticket { purpose, user: UserNid(1), user_id, ends: Timestamp(ends) }
    }

    #[test]
    fn a_ticket_to_sign_in_works_once_in_its_time_and_for_nothing_else() {
        let tickets = Tickets::default();
        tickets.insert("a", ticket(Purpose::SignIn, 2_000), Timestamp(1_000));
        assert!(tickets.look("a", Purpose::Identity, Timestamp(1_500)).is_none());
        assert!(tickets.take("a", Purpose::Identity, Timestamp(1_500)).is_none());
        assert!(tickets.take("a", Purpose::SignIn, Timestamp(1_500)).is_some());
        assert!(tickets.take("a", Purpose::SignIn, Timestamp(1_500)).is_none());
        tickets.insert("b", ticket(Purpose::SignIn, 2_000), Timestamp(1_000));
        assert!(tickets.take("b", Purpose::SignIn, Timestamp(2_000)).is_none());
    }

    #[test]
    fn who_closes_the_account_leaves_no_ticket_behind() {
        let tickets = Tickets::default();
        tickets.insert("a", ticket(Purpose::Identity, 2_000), Timestamp(1_000));
        tickets.forget_user(UserNid(1));
        assert!(tickets.look("a", Purpose::Identity, Timestamp(1_500)).is_none());
    }
}
