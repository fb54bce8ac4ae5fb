//! Accounts: admission, passwords, sessions and their tokens.

use std::{collections::HashMap, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base::{DeviceNid, Secret, Timestamp, UserNid};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use db::{Batch, params};
use parking_lot::RwLock;
use rand::{Rng, RngCore};
use ruma::{DeviceId, OwnedDeviceId, OwnedUserId, UserId};
use sha2::{Digest, Sha256};
use store::{Touched, accounts as rows};

use crate::{Homeserver, Session, keys, to_device};

/// How long an access token lives that comes with a refresh token.
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// The longest password that is looked at, in bytes: hashing takes time in proportion.
const MAX_PASSWORD_BYTES: usize = 512;

/// The shortest password that a person may choose, in characters (NIST SP 800-63B, 5.1.1.2).
const MIN_PASSWORD_CHARS: usize = 8;

/// Most sessions that are kept in memory.
const CACHED_SESSIONS: usize = 100_000;

type TokenHash = [u8; 32];

/// Sessions by the hash of their access token, so that a request need not ask the database.
#[derive(Debug, Default)]
pub struct SessionCache {
    sessions: RwLock<HashMap<TokenHash, (Session, Option<Timestamp>)>>,
}

impl SessionCache {
    fn forget_device(&self, device: DeviceNid) {
        self.sessions.write().retain(|_, (session, _)| session.device != device);
    }
}

/// Why a token stands for nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// Never issued, or revoked.
    #[error("the token is not known")]
    Unknown,
    /// Its time is over: the device may refresh it or sign in again and keep its keys.
    #[error("the token has ended")]
    Ended,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown user or wrong password: the answer does not tell which.
    #[error("user or password is wrong")]
    Refused,
    /// The account is closed.
    #[error("the account is closed")]
    Deactivated,
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

fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

fn new_token(prefix: &str) -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn new_device_id() -> OwnedDeviceId {
    let mut rng = rand::rng();
    let id: String = (0..10).map(|_| char::from(rng.random_range(b'A'..=b'Z'))).collect();
    id.into()
}

/// The session behind an access token.
pub async fn authenticate(hs: &Homeserver, token: &str) -> Result<Session, AuthenticateError> {
    let hash = hash_of(token);
    let now = hs.clock.now();
    if let Some((session, expires)) = hs.sessions.sessions.read().get(&hash) {
        return if expires.is_some_and(|end| end <= now) {
            Err(AuthenticateError::Ended)
        } else {
            Ok(session.clone())
        };
    }
    let owner = rows::token_owner(&hs.db, &hash, false).await?.ok_or(AuthenticateError::Unknown)?;
    if owner.expires.is_some_and(|end| end <= now) {
        return Err(AuthenticateError::Ended);
    }
    let session = Session {
        user: owner.user,
        user_id: owner.user_id,
        device: owner.device,
        device_id: owner.device_id,
    };
    let mut sessions = hs.sessions.sessions.write();
    if sessions.len() >= CACHED_SESSIONS {
        sessions.clear();
    }
    sessions.insert(hash, (session.clone(), owner.expires));
    Ok(session)
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
    let (nid, deactivated, stored) = match account {
        Some(account) => (Some(account.user), account.deactivated, account.password_hash),
        None => (None, false, None),
    };
    let password = password.to_owned();
    let verified = blocking(move || verify(&password, stored.as_deref())).await;
    match nid {
        Some(_) if deactivated => Err(LoginError::Deactivated),
        Some(nid) if verified => Ok(nid),
        _ => Err(LoginError::Refused),
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

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("password hashing does not panic")
}

async fn password_hash(password: &str) -> Result<String, AccountError> {
    if password.chars().count() < MIN_PASSWORD_CHARS || password.len() > MAX_PASSWORD_BYTES {
        return Err(AccountError::WeakPassword);
    }
    let password = password.to_owned();
    let hash = blocking(move || {
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
            let device = DeviceNid(hs.db.nids().next().await?);
            let created = i64::from(hs.clock.now());
            let row =
                params![device.0, user.0, device_id.as_str(), wish.display_name.clone(), created];
            batch.exec(&rows::INSERT_DEVICE, row);
            keys::touch_device_list(&mut batch, user);
            device
        }
    };
    let issued = issue(hs, &mut batch, device, wish.refresh);
    hs.db.commit(batch).await?;
    hs.sessions.forget_device(device);
    let (access_token, refresh_token, expires_in) = issued;
    Ok(SignedIn { user_id: user_id.to_owned(), device_id, access_token, refresh_token, expires_in })
}

type Issued = (Secret<String>, Option<Secret<String>>, Option<Duration>);

fn issue(hs: &Homeserver, batch: &mut Batch, device: DeviceNid, refresh: bool) -> Issued {
    let access = new_token("kst");
    let expires = refresh.then(|| hs.clock.now().after(ACCESS_TOKEN_LIFE));
    let row = params![hash_of(&access).to_vec(), device.0, false, expires.map(i64::from)];
    batch.exec(&rows::INSERT_TOKEN, row);
    let refresh = refresh.then(|| {
        let token = new_token("ksr");
        let row = params![hash_of(&token).to_vec(), device.0, true, None::<i64>];
        batch.exec(&rows::INSERT_TOKEN, row);
        Secret::new(token)
    });
    (Secret::new(access), refresh, expires.map(|_| ACCESS_TOKEN_LIFE))
}

/// Exchanges a refresh token for new tokens; the old ones end.
pub async fn refresh(hs: &Homeserver, token: &str) -> Result<SignedIn, LoginError> {
    let hash = hash_of(token);
    let owner = rows::token_owner(&hs.db, &hash, true).await?.ok_or(LoginError::Refused)?;
    let mut batch = Batch::new();
    // Used twice at once, it works once.
    batch.expect_one(&rows::DELETE_TOKEN, params![hash.to_vec()]);
    batch.exec(&rows::DELETE_TOKENS_OF_DEVICE, params![owner.device.0]);
    let (access_token, refresh_token, expires_in) = issue(hs, &mut batch, owner.device, true);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => return Err(LoginError::Refused),
        other => other?,
    };
    hs.sessions.forget_device(owner.device);
    Ok(SignedIn {
        user_id: owner.user_id,
        device_id: owner.device_id,
        access_token,
        refresh_token,
        expires_in,
    })
}

/// Makes an account. `password` may be absent for accounts that sign in another way.
pub async fn create(
    hs: &Homeserver,
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
    let known = rows::user_nid(&hs.db, &user_id).await?;
    let mut batch = Batch::new();
    let user = match known {
        Some(user) => user,
        None => {
            let user = UserNid(hs.db.nids().next().await?);
            rows::insert_user(&mut batch, user, &user_id);
            user
        }
    };
    let created = i64::from(hs.clock.now());
    batch.exec(&rows::INSERT_ACCOUNT, params![user.0, hash, created]);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => Err(AccountError::Taken),
        other => other.map(|_| (user, user_id)).map_err(AccountError::from),
    }
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
    keys::forget_device(&mut batch, user, device);
    to_device::forget_device(&mut batch, device);
    crate::pushers::forget_device(&mut batch, device);
    rows::delete_device(&mut batch, device);
    hs.db.commit(batch).await?;
    hs.sessions.forget_device(device);
    hs.connections.forget_device(device);
    // A request that waits must notice that its session has ended.
    hs.feeds.feed(user).wake();
    Ok(())
}

/// Closes an account for good: all sessions end, no password opens it.
pub async fn deactivate(hs: &Homeserver, user: UserNid) -> Result<(), AccountError> {
    for device in rows::devices(&hs.db, user).await? {
        sign_out(hs, user, device.device).await?;
    }
    let mut batch = Batch::new();
    batch.exec(&rows::DEACTIVATE, params![user.0]);
    batch.change(Touched::DeviceList { user }.into());
    hs.db.commit(batch).await?;
    Ok(())
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
        None if user.server_name() == hs.server_name => return Ok(None),
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
