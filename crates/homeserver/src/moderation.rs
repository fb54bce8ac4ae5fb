//! What the hospital's administrators do with accounts: lock them, or let them only read.
//! <https://spec.matrix.org/v1.19/client-server-api/#account-moderation>

use base::UserNid;
use db::{Batch, CommitError, Error, params};
use ruma::UserId;
use store::accounts::{self as rows, Account};

use crate::{Homeserver, Session};

/// Why an administrator's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ModerationError {
    /// Only administrators may, and not with themselves or each other.
    #[error("the user is not allowed to do this")]
    Forbidden,
    /// The account belongs to another server.
    #[error("the user belongs to another server")]
    NotHere,
    /// There is no such account, or it is closed.
    #[error("there is no such account")]
    Unknown,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What an administrator can impose on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nothing works but signing out.
    Lock,
    /// The person may read, and put their own things in order.
    Suspend,
}

impl Measure {
    fn holds_for(self, account: &Account) -> bool {
        match self {
            Self::Lock => account.locked,
            Self::Suspend => account.suspended,
        }
    }
}

/// Whether the session's user administers the server.
pub async fn is_admin(hs: &Homeserver, session: &Session) -> Result<bool, Error> {
    let account = rows::account(&hs.db, &session.user_id).await?;
    Ok(account.is_some_and(|account| account.admin))
}

/// Makes somebody an administrator, or no longer one, as the operator does.
pub async fn set_admin(hs: &Homeserver, user: UserNid, admin: bool) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.exec(&rows::SET_ADMIN, params![user.0, admin]);
    hs.db.commit(batch).await.map(drop)
}

/// The account that an administrator asks about. Whether there is one is looked up last: others learn nothing.
async fn account(
    hs: &Homeserver,
    session: &Session,
    target: &UserId,
) -> Result<Account, ModerationError> {
    if !is_admin(hs, session).await? {
        return Err(ModerationError::Forbidden);
    }
    if target.server_name() != hs.server_name {
        return Err(ModerationError::NotHere);
    }
    let account = rows::account(&hs.db, target).await?;
    let account = account.filter(|account| !account.deactivated).ok_or(ModerationError::Unknown)?;
    if account.admin { Err(ModerationError::Forbidden) } else { Ok(account) }
}

/// Whether a measure holds for somebody.
pub async fn holds(
    hs: &Homeserver,
    session: &Session,
    target: &UserId,
    measure: Measure,
) -> Result<bool, ModerationError> {
    Ok(measure.holds_for(&account(hs, session, target).await?))
}

/// Imposes a measure on somebody, or lifts it.
pub async fn impose(
    hs: &Homeserver,
    session: &Session,
    target: &UserId,
    measure: Measure,
    holds: bool,
) -> Result<(), ModerationError> {
    let account = account(hs, session, target).await?;
    if measure.holds_for(&account) == holds {
        return Ok(());
    }
    let statement = match measure {
        Measure::Lock => &rows::SET_LOCKED,
        Measure::Suspend => &rows::SET_SUSPENDED,
    };
    let mut batch = Batch::new();
    batch.expect_one(statement, params![account.user.0, holds]);
    match hs.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => return Err(ModerationError::Unknown),
        other => other?,
    };
    hs.sessions.forget_user(account.user);
    // A request that waits must notice.
    hs.feeds.feed(account.user).wake();
    Ok(())
}
