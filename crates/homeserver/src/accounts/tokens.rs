//! Access and refresh tokens: issued in pairs, each pair a generation of its device.
//!
//! A pair ends when a token of a later generation is used for the first time, not when that is issued: a client that never
//! got the answer refreshes once more. <https://spec.matrix.org/v1.19/client-server-api/#refreshing-access-tokens>

use std::{collections::HashMap, time::Duration};

use base::{DeviceNid, Secret, Timestamp, UserNid};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use db::{Batch, params};
use parking_lot::RwLock;
use rand::RngCore;
use ruma::{OwnedDeviceId, OwnedUserId};
use sha2::{Digest, Sha256};
use store::accounts::{self as rows, TokenOwner};

use super::{LoginError, SignedIn};
use crate::{Homeserver, Session};

/// How long an access token lives that comes with a refresh token.
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// Most sessions that are kept in memory.
const CACHED_SESSIONS: usize = 100_000;

/// What is kept of a token.
pub(crate) type TokenHash = [u8; 32];

#[derive(Clone, Debug)]
struct Known {
    session: Session,
    expires: Option<Timestamp>,
    locked: bool,
}

/// Sessions by the hash of their access token, so that a request need not ask the database.
#[derive(Debug, Default)]
pub struct SessionCache {
    cache: RwLock<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    sessions: HashMap<TokenHash, Known>,
    /// How often something was forgotten: what was read before that may be forgotten too, and is not kept.
    forgotten: u64,
}

impl SessionCache {
    pub(super) fn forget_device(&self, device: DeviceNid) {
        self.forget(|session| session.device == device);
    }

    /// For when what holds for an account changes.
    pub(crate) fn forget_user(&self, user: UserNid) {
        self.forget(|session| session.user == user);
    }

    fn forget(&self, which: impl Fn(&Session) -> bool) {
        let mut cache = self.cache.write();
        cache.forgotten += 1;
        cache.sessions.retain(|_, known| !which(&known.session));
    }

    /// The session of a token, or how often had been forgotten when it was looked for.
    fn get(&self, hash: &TokenHash) -> Result<Known, u64> {
        let cache = self.cache.read();
        cache.sessions.get(hash).cloned().ok_or(cache.forgotten)
    }

    fn insert(&self, hash: TokenHash, known: Known, forgotten: u64) {
        let mut cache = self.cache.write();
        if cache.forgotten != forgotten {
            return;
        }
        if cache.sessions.len() >= CACHED_SESSIONS {
            cache.sessions.clear();
        }
        cache.sessions.insert(hash, known);
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
    /// An administrator has closed the account for the time being.
    #[error("the account is locked")]
    Locked,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// The hash under which a token is kept.
pub(crate) fn hash_of(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// A token that nobody can guess.
pub(crate) fn new_token(prefix: &str) -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The session behind an access token.
pub async fn authenticate(hs: &Homeserver, token: &str) -> Result<Session, AuthenticateError> {
    let known = known(hs, token).await?;
    if known.locked { Err(AuthenticateError::Locked) } else { Ok(known.session) }
}

/// As [`authenticate`], also for an account that is locked: for signing out.
pub async fn authenticate_even_locked(
    hs: &Homeserver,
    token: &str,
) -> Result<Session, AuthenticateError> {
    Ok(known(hs, token).await?.session)
}

async fn known(hs: &Homeserver, token: &str) -> Result<Known, AuthenticateError> {
    let hash = hash_of(token);
    let has_ended = |known: &Known| known.expires.is_some_and(|end| end <= hs.clock.now());
    let forgotten = match hs.sessions.get(&hash) {
        Ok(known) if has_ended(&known) => return Err(AuthenticateError::Ended),
        Ok(known) => return Ok(known),
        Err(forgotten) => forgotten,
    };
    let owner = rows::token_owner(&hs.db, &hash, false).await?.ok_or(AuthenticateError::Unknown)?;
    let known = known_of(&owner);
    if has_ended(&known) {
        return Err(AuthenticateError::Ended);
    }
    end_predecessors(hs, &owner).await?;
    hs.sessions.insert(hash, known.clone(), forgotten);
    Ok(known)
}

fn known_of(owner: &TokenOwner) -> Known {
    let session = Session {
        user: owner.user,
        user_id: owner.user_id.clone(),
        device: owner.device,
        device_id: owner.device_id.clone(),
        appservice: None,
        suspended: owner.suspended,
    };
    Known { session, expires: owner.expires, locked: owner.locked }
}

/// The client has this token: those that it replaces are no longer needed.
async fn end_predecessors(hs: &Homeserver, owner: &TokenOwner) -> Result<(), db::CommitError> {
    if owner.oldest_generation == owner.generation {
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::DELETE_TOKENS_BEFORE, params![owner.device.0, owner.generation]);
    hs.db.commit(batch).await?;
    hs.sessions.forget_device(owner.device);
    Ok(())
}

/// Tokens that were just made.
pub(super) struct Issued {
    access_token: Secret<String>,
    refresh_token: Option<Secret<String>>,
    expires_in: Option<Duration>,
}

impl Issued {
    pub(super) fn for_device(self, user_id: OwnedUserId, device_id: OwnedDeviceId) -> SignedIn {
        let Self { access_token, refresh_token, expires_in } = self;
        SignedIn { user_id, device_id, access_token, refresh_token, expires_in }
    }
}

/// Adds new tokens of a device to the batch.
pub(super) fn issue(
    hs: &Homeserver,
    batch: &mut Batch,
    device: DeviceNid,
    generation: i64,
    refresh: bool,
) -> Issued {
    let access = new_token("kst");
    let expires = refresh.then(|| hs.clock.now().after(ACCESS_TOKEN_LIFE));
    let ends = expires.map(i64::from);
    let row = params![hash_of(&access).to_vec(), device.0, false, generation, ends];
    batch.exec(&rows::INSERT_TOKEN, row);
    let refresh = refresh.then(|| {
        let token = new_token("ksr");
        let row = params![hash_of(&token).to_vec(), device.0, true, generation, None::<i64>];
        batch.exec(&rows::INSERT_TOKEN, row);
        Secret::new(token)
    });
    Issued {
        access_token: Secret::new(access),
        refresh_token: refresh,
        expires_in: expires.map(|_| ACCESS_TOKEN_LIFE),
    }
}

/// Exchanges a refresh token for new tokens. The old ones end when one of the new is used.
pub async fn refresh(hs: &Homeserver, token: &str) -> Result<SignedIn, LoginError> {
    let hash = hash_of(token);
    let owner = rows::token_owner(&hs.db, &hash, true).await?.ok_or(LoginError::Refused)?;
    if owner.locked {
        return Err(LoginError::Locked);
    }
    let mut batch = Batch::new();
    batch.expect_one(&rows::TOKEN_IS_THERE, params![hash.to_vec()]);
    // A refresh whose answer was lost is repeated: what it made is of no use to anybody.
    batch.exec(&rows::DELETE_TOKENS_AFTER, params![owner.device.0, owner.generation]);
    batch.exec(&rows::DELETE_TOKENS_BEFORE, params![owner.device.0, owner.generation]);
    let issued = issue(hs, &mut batch, owner.device, owner.generation + 1, true);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => return Err(LoginError::Refused),
        other => other?,
    };
    hs.sessions.forget_device(owner.device);
    Ok(issued.for_device(owner.user_id, owner.device_id))
}
