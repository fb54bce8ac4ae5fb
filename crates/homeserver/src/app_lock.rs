//! The app lock (I.b): a part of the key to what is stored on a device lies with the hospital's server, and is given out only for
//! the right PIN, after few tries, and to nobody who is blocked.
//!
//! The device derives two values from PIN and salt: one stays with it, the other (the *verifier*) goes to the server, which
//! lacks the salt and so cannot guess the PIN from it. What opens the device's store is made of the first and of the server's
//! *share*. A copied device has no more tries than the original: they are counted here, and before anything is compared.
//!
//! The device asks with a token of its own, which is good for nothing else and outlives the access token.

pub mod biometrics;

use std::time::Duration;

use base::{Secret, Timestamp};
use db::{Batch, CommitError, Error, params};
use rand::RngCore;
use sha2::{Digest, Sha256};
use store::app_locks::{self as rows, Lock};

use crate::{
    Homeserver, Session,
    accounts::{self, hash_of, new_token},
};
use biometrics::PinNeeded;

/// With this many wrong tries in a row the share is destroyed.
pub const MAX_WRONG_TRIES: u64 = 10;

/// Length of a verifier and of a share, in bytes.
pub const SECRET_BYTES: usize = 32;

/// The policy of a hospital. Every default is the strict one (I.p).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    /// `lock.idle_minutes`: the app locks itself when nobody has touched it for so long.
    pub idle_minutes: u32,
    /// `lock.hidden_seconds`: the app locks itself when nobody could see it for so long; 0: at once.
    pub hidden_seconds: u32,
    /// `lock.min_length`: characters of a PIN or passphrase at least.
    pub min_length: u32,
    /// `lock.offline_hours`: how long a device that cannot reach the server may be unlocked without it.
    pub offline_hours: u32,
    /// `lock.biometrics`: whether fingerprint or face may stand in between entries of the PIN.
    pub biometrics: bool,
    /// `lock.pin_hours`: how long after the PIN they may.
    pub pin_hours: u32,
    /// `lock.show_names`: whether the locked app says whose it is.
    pub show_names: bool,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self {
            idle_minutes: 5,
            hidden_seconds: 0,
            min_length: 6,
            offline_hours: 0,
            biometrics: false,
            pin_hours: 12,
            show_names: false,
        }
    }
}

/// What a device gets when it sets up its lock.
#[derive(Debug)]
pub struct SetUp {
    /// By which the locked device is known.
    pub token: Secret<String>,
    /// The server's share. Given out now, and later for the right verifier alone.
    pub share: Secret<[u8; SECRET_BYTES]>,
}

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How often the PIN was set.
    pub generation: u64,
    /// How many wrong tries destroy the share.
    pub tries_left: u64,
    /// How long no try is taken.
    pub retry_after: Option<Duration>,
    /// Until when fingerprint or face may stand in for the PIN; `None` where they may not at all.
    pub biometrics: Option<Allowance>,
}

/// Something that is allowed for a time, by the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Now.
    pub now: Timestamp,
    /// Until then, unless it is allowed anew before.
    pub until: Timestamp,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What a device that may be unlocked now is told for the time without the server; `None` where the hospital does not allow it.
pub fn offline(hs: &Homeserver) -> Option<Allowance> {
    let hours = hs.policy.lock.offline_hours;
    let now = hs.clock.now();
    (hours > 0).then(|| Allowance { now, until: now.after(HOUR * hours) })
}

/// Why a lock was not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The verifier has not its length, or the request comes from no device.
    #[error("{0}")]
    Invalid(&'static str),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Why a share was not given out, or a PIN not changed.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The device was signed out, or has never had a lock.
    #[error("the token is not known")]
    Unknown,
    /// An administrator has locked the account: the share waits until it is opened again.
    #[error("the account is locked")]
    AccountLocked,
    /// There were too many wrong tries: the share is gone for good.
    #[error("the share was destroyed")]
    Destroyed,
    /// Too early after wrong tries. This try was not counted.
    #[error("too many wrong tries")]
    TooSoon(Duration),
    /// The PIN is wrong, or what the authenticator has answered.
    #[error("the PIN is wrong")]
    Wrong(Standing),
    /// Fingerprint or face may not stand in for the PIN now. This was no try.
    #[error("the PIN is needed")]
    PinNeeded(PinNeeded),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How long nothing is taken after so many wrong tries in a row.
fn pause_after(wrong_tries: u64) -> Duration {
    let seconds = match wrong_tries {
        0..=4 => 0,
        5 => 30,
        6 => 60,
        7 => 5 * 60,
        8 => 15 * 60,
        _ => 60 * 60,
    };
    Duration::from_secs(seconds)
}

/// How it stands after so many tries, the last of them at `last_try`.
fn standing(generation: u64, wrong_tries: u64, last_try: Timestamp, now: Timestamp) -> Standing {
    let pause = pause_after(wrong_tries);
    // A clock that was set back makes nobody wait longer than the pause.
    let waited = Duration::from_millis(now.0.saturating_sub(last_try.0));
    let rest = pause.saturating_sub(waited);
    Standing {
        generation,
        tries_left: MAX_WRONG_TRIES.saturating_sub(wrong_tries),
        retry_after: (!rest.is_zero()).then_some(rest),
        biometrics: None,
    }
}

/// The server's share of a lock that may be tried now.
fn admit(lock: &Lock, now: Timestamp) -> Result<(Standing, [u8; SECRET_BYTES]), UnlockError> {
    if lock.account_locked {
        return Err(UnlockError::AccountLocked);
    }
    let share = lock.share.as_deref().and_then(|share| share.try_into().ok());
    let standing = standing(lock.generation, lock.wrong_tries, lock.last_try, now);
    match share {
        Some(share) if standing.tries_left > 0 => Ok((standing, share)),
        _ => Err(UnlockError::Destroyed),
    }
}

/// Sets up the lock of the session's device, instead of an earlier one.
pub async fn set_up(
    hs: &Homeserver,
    session: &Session,
    verifier: &[u8],
) -> Result<SetUp, SetUpError> {
    if session.appservice.is_some() {
        return Err(SetUpError::Invalid("Application services have no app to lock"));
    }
    if verifier.len() != SECRET_BYTES {
        return Err(SetUpError::Invalid("The verifier has 32 bytes"));
    }
    let token = new_token("ksl");
    let mut share = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut share);
    let mut batch = Batch::new();
    let row = params![
        session.device.0,
        hash_of(&token).to_vec(),
        Sha256::digest(verifier).to_vec(),
        share.to_vec()
    ];
    batch.exec(&rows::PUT, row);
    hs.db.commit(batch).await?;
    Ok(SetUp { token: Secret::new(token), share: Secret::new(share) })
}

/// How it stands with the lock of this token. Asking is no try.
pub async fn state(hs: &Homeserver, token: &str) -> Result<Standing, UnlockError> {
    let lock = rows::lock(&hs.db, &hash_of(token)).await?.ok_or(UnlockError::Unknown)?;
    let (standing, _) = admit(&lock, hs.clock.now())?;
    Ok(Standing { biometrics: biometrics::allowance(hs, lock.pin_typed), ..standing })
}

/// What the right verifier is answered.
#[derive(Debug)]
pub struct Unlocked {
    /// The server's share.
    pub share: Secret<[u8; SECRET_BYTES]>,
    /// Until when fingerprint or face may stand in for the PIN from now on; `None` where they may not at all.
    pub biometrics: Option<Allowance>,
}

/// Gives out the share for the right verifier.
pub async fn unlock(
    hs: &Homeserver,
    token: &str,
    verifier: &[u8],
) -> Result<Unlocked, UnlockError> {
    let proved = prove(hs, token, verifier).await?;
    let mut batch = Batch::new();
    batch.exec(&rows::FORGET_TRIES, params![proved.token_hash.to_vec()]);
    biometrics::pin_typed(&mut batch, &proved);
    hs.db.commit(batch).await?;
    let pin_typed = proved.has_biometrics.then_some(proved.at);
    Ok(Unlocked { share: proved.share, biometrics: biometrics::allowance(hs, pin_typed) })
}

/// Changes the verifier, for the right earlier one. The share stays. Tells the new generation.
pub async fn change(
    hs: &Homeserver,
    token: &str,
    verifier: &[u8],
    new_verifier: &[u8],
) -> Result<u64, UnlockError> {
    let proved = prove(hs, token, verifier).await?;
    let mut batch = Batch::new();
    let new = Sha256::digest(new_verifier).to_vec();
    batch.expect_one(
        &rows::CHANGE_VERIFIER,
        params![proved.token_hash.to_vec(), proved.generation, new],
    );
    biometrics::pin_typed(&mut batch, &proved);
    hs.db.commit(batch).await?;
    Ok(proved.generation + 1)
}

/// Signs out the device of this token, whose owner has given up its store.
pub async fn sign_out(hs: &Homeserver, token: &str) -> Result<(), UnlockError> {
    let lock = rows::lock(&hs.db, &hash_of(token)).await?.ok_or(UnlockError::Unknown)?;
    Ok(accounts::sign_out(hs, lock.user, lock.device).await?)
}

/// The right PIN was typed.
struct Proved {
    token_hash: [u8; 32],
    generation: u64,
    share: Secret<[u8; SECRET_BYTES]>,
    /// When.
    at: Timestamp,
    has_biometrics: bool,
}

async fn prove(hs: &Homeserver, token: &str, verifier: &[u8]) -> Result<Proved, UnlockError> {
    let token_hash = hash_of(token);
    let lock = rows::lock(&hs.db, &token_hash).await?.ok_or(UnlockError::Unknown)?;
    let counted = count(hs, &token_hash, &lock).await?;
    let at = counted.at;
    let share = compare(hs, &token_hash, &lock, counted, verifier, &lock.verifier_hash).await?;
    let has_biometrics = lock.biometric_verifier_hash.is_some();
    Ok(Proved { token_hash, generation: lock.generation, share, at, has_biometrics })
}

/// A try that was counted and not yet compared.
struct Counted {
    at: Timestamp,
    share: [u8; SECRET_BYTES],
}

/// Counts a try of whatever opens this lock.
async fn count(hs: &Homeserver, token_hash: &[u8], lock: &Lock) -> Result<Counted, UnlockError> {
    let now = hs.clock.now();
    let admitted = admit(lock, now);
    if matches!(admitted, Err(UnlockError::Destroyed)) && lock.share.is_some() {
        // The process ended between the tenth try and its consequence.
        destroy(hs, token_hash).await?;
    }
    let (before, share) = admitted?;
    if let Some(rest) = before.retry_after {
        return Err(UnlockError::TooSoon(rest));
    }
    let mut batch = Batch::new();
    batch.expect_one(
        &rows::COUNT_TRY,
        params![
            token_hash.to_vec(),
            lock.generation,
            lock.wrong_tries,
            i64::from(lock.last_try),
            i64::from(now)
        ],
    );
    match hs.db.commit(batch).await {
        // Another try came first, or the account was locked meanwhile: nothing was compared, and the next try will see.
        Err(CommitError::Conflict { .. }) => Err(UnlockError::TooSoon(Duration::from_secs(1))),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Counted { at: now, share }),
    }
}

/// The share, for the right verifier; the tenth wrong one destroys it.
async fn compare(
    hs: &Homeserver,
    token_hash: &[u8],
    lock: &Lock,
    counted: Counted,
    verifier: &[u8],
    right_hash: &[u8],
) -> Result<Secret<[u8; SECRET_BYTES]>, UnlockError> {
    // Hashes of long random values: how long it takes to compare them helps nobody.
    if Sha256::digest(verifier).as_slice() == right_hash {
        return Ok(Secret::new(counted.share));
    }
    let after = standing(lock.generation, lock.wrong_tries + 1, counted.at, counted.at);
    if after.tries_left > 0 {
        return Err(UnlockError::Wrong(after));
    }
    destroy(hs, token_hash).await?;
    Err(UnlockError::Destroyed)
}

/// Erases the share, also from the write-ahead log.
async fn destroy(hs: &Homeserver, token_hash: &[u8]) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.exec(&rows::DESTROY_SHARE, params![token_hash.to_vec()]);
    hs.db.commit(batch).await?;
    if let Err(error) = hs.db.empty_write_ahead_log().await {
        tracing::warn!(%error, "A destroyed share may still stand in the write-ahead log");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_wrong_tries_cost_nothing_and_from_the_fifth_on_the_pauses_grow() {
        let pauses: Vec<u64> = (0..=9).map(|tries| pause_after(tries).as_secs()).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 0, 30, 60, 300, 900, 3600]);
    }

    #[test]
    fn a_pause_counts_from_the_last_try_and_a_clock_set_back_does_not_stretch_it() {
        let rest = |now: u64| {
            let standing = standing(1, 5, Timestamp(100_000), Timestamp(now));
            standing.retry_after.map(|rest| rest.as_millis())
        };
        assert_eq!(rest(100_000), Some(30_000));
        assert_eq!(rest(129_999), Some(1));
        assert_eq!(rest(130_000), None);
        assert_eq!(rest(0), Some(30_000));
        assert_eq!(standing(1, 10, Timestamp(0), Timestamp(0)).tries_left, 0);
    }
}
