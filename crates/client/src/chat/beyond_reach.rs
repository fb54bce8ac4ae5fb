//! Members without an identity, as everybody is before their first sign-in: keys go only to devices that an identity vouches for, so
//! that what is written before they have one they will never read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use matrix_sdk::Room;
use ruma::{OwnedUserId, UserId};

use super::{ChatHeader, encrypt};
use crate::session::core::Core;

/// About whom the server was asked, each once; `true` when it has answered.
#[derive(Default)]
pub(crate) struct Asked(Mutex<BTreeMap<OwnedUserId, bool>>);

impl Asked {
    /// Whether it is known what the server knows.
    pub fn is_answered(&self, user: &UserId) -> bool {
        self.0.lock().expect("no panic while held").get(user).copied().unwrap_or_default()
    }

    /// Whether nobody has asked yet; now somebody does.
    fn begin(&self, user: &UserId) -> bool {
        let mut asked = self.0.lock().expect("no panic while held");
        let is_new = !asked.contains_key(user);
        if is_new {
            asked.insert(user.to_owned(), false);
        }
        is_new
    }

    fn end(&self, user: &UserId, answered: bool) {
        let mut asked = self.0.lock().expect("no panic while held");
        if answered {
            asked.insert(user.to_owned(), true);
        } else {
            asked.remove(user);
        }
    }
}

/// Asks about members of whom nothing is known: nobody shall be called out of reach only because nobody has asked.
pub(super) fn ask(core: &Arc<Core>, room: &Room, header: &ChatHeader) {
    let others = header.members.iter().filter(|member| !member.is_me && !member.has_identity);
    let unasked: Vec<OwnedUserId> = others
        .filter_map(|member| UserId::parse(member.person.id.as_str()).ok())
        .filter(|user| core.asked.begin(user))
        .collect();
    if unasked.is_empty() {
        return;
    }
    let (core, room) = (core.clone(), room.room_id().to_owned());
    core.clone().spawn(async move {
        // Without an answer the SDK asks once more with its sync.
        if encrypt::ask_for_devices(&core).await.is_err() {
            tracing::debug!("Devices are asked for later");
        }
        let mut any = false;
        for user in unasked {
            let answered = core.client.encryption().request_user_identity(&user).await.is_ok();
            core.asked.end(&user, answered);
            any |= answered;
        }
        // Without an answer it is asked again with the next news.
        if any {
            core.room_changed(&room);
        }
    });
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn the_server_is_asked_once_and_again_only_without_an_answer() {
        let (asked, jonas) = (Asked::default(), user_id!("@jonas:h"));
        assert!(asked.begin(jonas) && !asked.begin(jonas), "one question is under way");
        asked.end(jonas, false);
        assert!(!asked.is_answered(jonas) && asked.begin(jonas), "no network: again later");
        asked.end(jonas, true);
        assert!(asked.is_answered(jonas) && !asked.begin(jonas));
    }
}
