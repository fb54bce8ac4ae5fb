//! Accounts: admission, passwords, sessions and their tokens.

mod deactivate;
mod hashing;
mod tokens;

use std::{collections::HashMap, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base::{DeviceNid, Secret, UserNid};
use db::{Batch, params};
use parking_lot::RwLock;
use rand::Rng;
use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId};
use store::accounts as rows;

pub use deactivate::{DeactivateError, deactivate};
pub use tokens::{
    AuthenticateError, SessionCache, authenticate, authenticate_even_locked, refresh,
};
pub(crate) use tokens::{TokenHash, hash_of, new_token};

use hashing::hashing;

use crate::{Homeserver, Session, appservices, keys, to_device};

/// The longest password that is looked at, in bytes: hashing takes time in proportion.
const MAX_PASSWORD_BYTES: usize = 512;

/// The shortest password that a person may choose, in characters (NIST SP 800-63B, 5.1.1.2).
const MIN_PASSWORD_CHARS: usize = 8;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown user or wrong password: the answer does not tell which.
    #[error("user or password is wrong")]
    Refused,
    /// The account is closed.
    #[error("the account is closed")]
    Deactivated,
    /// An administrator has closed the account for the time being.
    #[error("the account is locked")]
    Locked,
    /// The user has as many devices as the hospital allows.
    #[error("the user has too many devices")]
    TooManyDevices,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Not a localpart of the specification's grammar, or too long.
    #[error("the user name is not allowed")]
    BadName,
    /// The name is taken.
    #[error("the user name is taken")]
    Taken,
    /// Too short.
    #[error("the password is too weak")]
    WeakPassword,
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// A new session as its client learns of it.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose.
    pub user_id: OwnedUserId,
    /// On which device.
    pub device_id: OwnedDeviceId,
    /// Bearer of all rights of the session.
    pub access_token: Secret<String>,
    /// Makes the next access token.
    pub refresh_token: Option<Secret<String>>,
    /// How long the access token lives, if it ends.
    pub expires_in: Option<Duration>,
}

/// What a client says of its device when it signs in.
#[derive(Debug, Default)]
pub struct DeviceWish {
    /// An id that it had before.
    pub device_id: Option<OwnedDeviceId>,
    /// A name for a device that is new.
    pub display_name: Option<String>,
    /// Whether it can refresh tokens.
    pub refresh: bool,
}

fn new_device_id() -> OwnedDeviceId {
    let mut rng = rand::rng();
    let id: String = (0..10).map(|_| char::from(rng.random_range(b'A'..=b'Z'))).collect();
    id.into()
}

/// The user that a login names: a whole user id, or the part before the colon.
pub fn user_of_identifier(hs: &Homeserver, identifier: &str) -> Option<OwnedUserId> {
    let user = UserId::parse_with_server_name(identifier.to_lowercase(), &hs.server_name).ok()?;
    (user.server_name() == hs.server_name).then_some(user)
}

/// Checks a password. Takes as long for an unknown user as for a known one.
pub async fn check_password(
    hs: &Homeserver,
    user: &UserId,
    password: &str,
) -> Result<UserNid, LoginError> {
    let account = rows::account(&hs.db, user).await?;
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let password = password.to_owned();
    let verified = hashing(move || verify(&password, stored.as_deref())).await;
    match account {
        Some(account) if account.deactivated => Err(LoginError::Deactivated),
        // Only who knows the password learns that the account is locked.
        Some(account) if verified && account.locked => Err(LoginError::Locked),
        Some(account) if verified => Ok(account.user),
        _ => Err(LoginError::Refused),
    }
}

/// Whether an account is open, for who proved in another way than by password whose it is.
pub async fn check_may_sign_in(hs: &Homeserver, user: &UserId) -> Result<(), LoginError> {
    match rows::account(&hs.db, user).await? {
        Some(account) if account.deactivated => Err(LoginError::Deactivated),
        Some(account) if account.locked => Err(LoginError::Locked),
        Some(_) => Ok(()),
        None => Err(LoginError::Refused),
    }
}

fn verify(password: &str, stored: Option<&str>) -> bool {
    if password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    match stored.and_then(|hash| PasswordHash::new(hash).ok()) {
        Some(hash) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        None => {
            // The same work, so that the time does not tell who has an account.
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    }
}

async fn password_hash(password: &str) -> Result<String, AccountError> {
    if password.chars().count() < MIN_PASSWORD_CHARS || password.len() > MAX_PASSWORD_BYTES {
        return Err(AccountError::WeakPassword);
    }
    let password = password.to_owned();
    let hash = hashing(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
    });
    hash.await.map_err(|_| AccountError::WeakPassword)
}

/// Signs a user in on a new device, or anew on one of theirs. The caller has checked who it is.
pub async fn sign_in(
    hs: &Homeserver,
    user: UserNid,
    user_id: &UserId,
    wish: DeviceWish,
) -> Result<SignedIn, LoginError> {
    let known = match &wish.device_id {
        Some(device_id) => rows::device(&hs.db, user, device_id).await?,
        None => None,
    };
    let device_id = wish.device_id.unwrap_or_else(new_device_id);
    let mut batch = Batch::new();
    let device = match &known {
        Some(device) => {
            // The id goes on, the old session does not.
            batch.exec(&rows::DELETE_TOKENS_OF_DEVICE, params![device.device.0]);
            device.device
        }
        None => {
            if rows::count_devices(&hs.db, user).await? >= hs.policy.max_devices {
                return Err(LoginError::TooManyDevices);
            }
            let device = DeviceNid(hs.db.nids().next().await?);
            let created = i64::from(hs.clock.now());
            let row =
                params![device.0, user.0, device_id.as_str(), wish.display_name.clone(), created];
            batch.exec(&rows::INSERT_DEVICE, row);
            keys::touch_device_list(&mut batch, user);
            device
        }
    };
    let issued = tokens::issue(hs, &mut batch, device, 0, wish.refresh);
    hs.db.commit(batch).await?;
    hs.sessions.forget_device(device);
    Ok(issued.for_device(user_id.to_owned(), device_id))
}

/// Makes an account. `password` may be absent for accounts that sign in another way.
pub async fn create(
    hs: &Homeserver,
    localpart: &str,
    password: Option<&str>,
) -> Result<(UserNid, OwnedUserId), AccountError> {
    let mut batch = Batch::new();
    let made = add(hs, &mut batch, localpart, password).await?;
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => Err(AccountError::Taken),
        other => other.map(|_| made).map_err(AccountError::from),
    }
}

/// Adds an account to the batch; if somebody else gets the name meanwhile, the batch conflicts.
pub(crate) async fn add(
    hs: &Homeserver,
    batch: &mut Batch,
    localpart: &str,
    password: Option<&str>,
) -> Result<(UserNid, OwnedUserId), AccountError> {
    let user_id = check_name(hs, localpart)?;
    if rows::account(&hs.db, &user_id).await?.is_some() {
        return Err(AccountError::Taken);
    }
    let hash = match password {
        Some(password) => Some(password_hash(password).await?),
        None => None,
    };
    let user = match rows::user_nid(&hs.db, &user_id).await? {
        Some(user) => user,
        None => {
            let user = UserNid(hs.db.nids().next().await?);
            rows::insert_user(batch, user, &user_id);
            user
        }
    };
    let created = i64::from(hs.clock.now());
    batch.exec(&rows::INSERT_ACCOUNT, params![user.0, hash, created]);
    Ok((user, user_id))
}

/// The user id that a new account of this name would have.
///
/// <https://spec.matrix.org/v1.19/appendices/#user-identifiers>
pub fn check_name(hs: &Homeserver, localpart: &str) -> Result<OwnedUserId, AccountError> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._=-/+".contains(&byte);
    if localpart.is_empty() || !localpart.bytes().all(allowed) {
        return Err(AccountError::BadName);
    }
    let id = format!("@{localpart}:{}", hs.server_name);
    if id.len() > 255 {
        return Err(AccountError::BadName);
    }
    UserId::parse(id).map_err(|_| AccountError::BadName)
}

/// A name for somebody who gave none.
pub fn random_localpart() -> String {
    let mut rng = rand::rng();
    (0..12).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

/// Sets a new password; every other device is signed out if `logout_devices`.
pub async fn change_password(
    hs: &Homeserver,
    session: &Session,
    password: &str,
    logout_devices: bool,
) -> Result<(), AccountError> {
    set_password(hs, session.user, password).await?;
    if logout_devices {
        for device in rows::devices(&hs.db, session.user).await? {
            if device.device != session.device {
                sign_out(hs, session.user, device.device).await?;
            }
        }
    }
    Ok(())
}

/// Sets a password, as the operator does.
pub async fn set_password(
    hs: &Homeserver,
    user: UserNid,
    password: &str,
) -> Result<(), AccountError> {
    let hash = password_hash(password).await?;
    let mut batch = Batch::new();
    batch.expect_one(&rows::SET_PASSWORD, params![user.0, hash]);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => Err(AccountError::Unknown),
        other => other.map(drop).map_err(AccountError::from),
    }
}

/// Ends a session: tokens, keys and waiting messages of the device are gone.
pub async fn sign_out(
    hs: &Homeserver,
    user: UserNid,
    device: DeviceNid,
) -> Result<(), db::CommitError> {
    let mut batch = Batch::new();
    forget_device(&mut batch, user, device);
    hs.db.commit(batch).await?;
    signed_out(hs, user, device);
    Ok(())
}

/// Adds to the batch that a device is gone with its tokens, its keys and what waits for it.
pub(crate) fn forget_device(batch: &mut Batch, user: UserNid, device: DeviceNid) {
    keys::forget_device(batch, user, device);
    to_device::forget_device(batch, device);
    crate::pushers::forget_device(batch, device);
    store::app_locks::forget_device(batch, device);
    rows::delete_device(batch, device);
}

/// Forgets in memory too that a device was there.
fn signed_out(hs: &Homeserver, user: UserNid, device: DeviceNid) {
    hs.sessions.forget_device(device);
    hs.connections.forget_device(device);
    // A request that waits must notice that its session has ended.
    hs.feeds.feed(user).wake();
}

/// Why nobody was admitted with this token.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Anybody may come in.
    Open,
    /// Whoever knows one of the operator's tokens.
    Token,
    /// Nobody: the operator makes the accounts (IV.b).
    Closed,
}

/// How a stranger gets an account here.
pub fn admission(hs: &Homeserver) -> Admission {
    if hs.policy.registration_open {
        Admission::Open
    } else if hs.policy.registration_tokens.is_empty() {
        Admission::Closed
    } else {
        Admission::Token
    }
}

/// Whether the operator gave out this registration token. Takes the same time for each wrong one.
pub fn is_registration_token(hs: &Homeserver, token: &str) -> bool {
    let given = hash_of(token);
    hs.policy
        .registration_tokens
        .iter()
        .fold(false, |found, known| found | (hash_of(known) == given))
}

/// Row numbers of users, remembered for ever: they never change.
#[derive(Debug, Default)]
pub struct UserNids {
    known: RwLock<HashMap<OwnedUserId, UserNid>>,
}

/// The row number of a user; remote users are entered when first met, local ones must have an account.
pub async fn user_nid(hs: &Homeserver, user: &UserId) -> Result<Option<UserNid>, AccountError> {
    if let Some(nid) = hs.user_nids.known.read().get(user) {
        return Ok(Some(*nid));
    }
    let nid = match rows::user_nid(&hs.db, user).await? {
        Some(nid) => nid,
        None if user.server_name() == hs.server_name => {
            // Perhaps a bridge makes it now that it is asked for.
            let found = Box::pin(appservices::query::user(hs, user)).await;
            match rows::user_nid(&hs.db, user).await? {
                Some(nid) if found == appservices::query::Found::Yes => nid,
                _ => return Ok(None),
            }
        }
        None => {
            let nid = UserNid(hs.db.nids().next().await?);
            let mut batch = Batch::new();
            rows::insert_user(&mut batch, nid, user);
            match hs.db.commit(batch).await {
                Ok(_) => nid,
                Err(db::CommitError::Conflict { .. }) => {
                    rows::user_nid(&hs.db, user).await?.ok_or(AccountError::Unknown)?
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    hs.user_nids.known.write().insert(user.to_owned(), nid);
    Ok(Some(nid))
}

/// The row numbers of users; `None` for who is not known here.
pub async fn known_nids(
    hs: &Homeserver,
    users: &[&UserId],
) -> Result<Vec<Option<UserNid>>, db::Error> {
    let mut nids: Vec<Option<UserNid>> = {
        let known = hs.user_nids.known.read();
        users.iter().map(|user| known.get(*user).copied()).collect()
    };
    let mut set = db::ReadSet::new();
    let missing: Vec<usize> = (0..users.len()).filter(|index| nids[*index].is_none()).collect();
    for index in &missing {
        set.push(&rows::USER_NID, params![users[*index].as_str()]);
    }
    for (index, found) in missing.into_iter().zip(hs.db.read(set).await?) {
        if let Some(row) = found.first() {
            let nid = UserNid(row.get(0)?);
            hs.user_nids.known.write().insert(users[index].to_owned(), nid);
            nids[index] = Some(nid);
        }
    }
    Ok(nids)
}

/// Whether there is or was an account of this id: names are never given out twice.
pub async fn is_taken(hs: &Homeserver, user: &UserId) -> Result<bool, db::Error> {
    Ok(rows::account(&hs.db, user).await?.is_some())
}

/// Whether a local account of this id exists and is open.
pub async fn is_open(hs: &Homeserver, user: &UserId) -> Result<bool, db::Error> {
    Ok(rows::account(&hs.db, user).await?.is_some_and(|account| !account.deactivated))
}

/// A device id that fits the column and the wire.
pub fn is_device_id(id: &DeviceId) -> bool {
    !id.as_str().is_empty() && id.as_str().len() <= 255
}
