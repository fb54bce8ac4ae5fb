//! The end of an account. <https://spec.matrix.org/v1.19/client-server-api/#account-deactivation>

use db::{Batch, params};
use ruma::OwnedRoomId;
use store::{Touched, accounts as rows};

use super::{forget_device, signed_out};
use crate::{
    Homeserver, Session,
    rooms::{
        WriteError,
        membership::{self, Step},
    },
};

/// Why an account was not closed.
#[derive(Debug, thiserror::Error)]
pub enum DeactivateError {
    /// A room could not be left.
    #[error(transparent)]
    Leave(#[from] WriteError),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Closes the session's account for good. The person leaves all rooms; devices, keys, key backups, account data, filters and
/// receipts are deleted (II.c), and with `erase` the profile too, and what they wrote is deleted for who comes later. What remains
/// is the name, so that nobody gets it again.
///
/// The rooms come first: if that breaks off, the account is still there to try it again.
pub async fn deactivate(
    hs: &Homeserver,
    session: &Session,
    erase: bool,
) -> Result<(), DeactivateError> {
    for room in rooms_to_leave(hs, session).await? {
        let left = membership::step(hs, session, &room, &session.user_id, Step::Leave, None).await;
        match left {
            // Already out of it, by another's doing.
            Ok(()) | Err(WriteError::Refused(_) | WriteError::UnknownRoom) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let user = session.user;
    let devices = rows::devices(&hs.db, user).await?;
    let mut batch = Batch::new();
    for device in &devices {
        forget_device(&mut batch, user, device.device);
    }
    store::keys::forget_account(&mut batch, user);
    store::backup::forget_account(&mut batch, user);
    store::account_data::forget_account(&mut batch, user);
    store::filters::forget_account(&mut batch, user);
    store::receipts::forget_account(&mut batch, user);
    batch.exec(&rows::DEACTIVATE, params![user.0]);
    let pos = batch.change(Touched::DeviceList { user }.into());
    if erase {
        store::profiles::forget_account(&mut batch, user);
        batch.exec(&rows::ERASE, params![user.0, pos]);
    }
    let committed = hs.db.commit(batch).await?;
    if erase {
        hs.feeds.memory.erased.add(session.user_id.clone(), committed.pos(pos));
    }
    hs.tickets.forget_user(user);
    hs.feeds.memory.presence.forget_user(user);
    for device in devices {
        signed_out(hs, user, device.device);
    }
    Ok(())
}

async fn rooms_to_leave(hs: &Homeserver, session: &Session) -> Result<Vec<OwnedRoomId>, db::Error> {
    let memberships = store::rooms::memberships(&hs.db, session.user).await?;
    Ok(memberships
        .into_iter()
        .filter(|(.., member)| matches!(member.membership.as_str(), "join" | "invite" | "knock"))
        .map(|(_, room_id, _)| room_id)
        .collect())
}
