//! Fingerprint or face in between entries of the PIN, where the hospital allows it (`lock.biometrics`, ADR 21).
//!
//! The device's authenticator gives out a secret once it has recognised its owner; the device derives a verifier of it, as it does of
//! the PIN, and the right one gets the same share. All conditions are checked here and not on the device: that the hospital allows it, that
//! the PIN was typed on this device less than `lock.pin_hours` ago, and whatever holds for the PIN. Tries of both are counted together.
//! What finger and face look like is known to the authenticator alone.

use base::Timestamp;
use db::{Batch, params};
use sha2::{Digest, Sha256};
use store::app_locks as rows;

use super::{
    Allowance, HOUR, Homeserver, Proved, SECRET_BYTES, UnlockError, Unlocked, compare, count,
    hash_of, prove,
};

/// Why fingerprint or face may not stand in for the PIN now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinNeeded {
    /// The hospital does not allow it.
    NotAllowed,
    /// It was not set up on this device, or has ended.
    NotSetUp,
    /// The PIN was typed too long ago.
    TooLong,
}

/// Until when fingerprint or face may stand in, if the right PIN was typed then; `None` where they may not at all.
pub(super) fn allowance(hs: &Homeserver, pin_typed: Option<Timestamp>) -> Option<Allowance> {
    let policy = &hs.policy.lock;
    let until = pin_typed.filter(|_| policy.biometrics)?.after(HOUR * policy.pin_hours);
    let now = hs.clock.now();
    Some(Allowance { now, until })
}

/// Adds to the batch when the right PIN was typed, if anything asks for it.
pub(super) fn pin_typed(batch: &mut Batch, proved: &Proved) {
    if proved.has_biometrics {
        batch.exec(&rows::PIN_TYPED, params![proved.token_hash.to_vec(), i64::from(proved.at)]);
    }
}

/// Has this verifier open from now on too, for the right one of the PIN. Gives out the share, which the device closes its store with.
pub async fn set_up(
    hs: &Homeserver,
    token: &str,
    verifier: &[u8],
    biometric_verifier: &[u8; SECRET_BYTES],
) -> Result<Unlocked, UnlockError> {
    if !hs.policy.lock.biometrics {
        return Err(UnlockError::PinNeeded(PinNeeded::NotAllowed));
    }
    let proved = prove(hs, token, verifier).await?;
    let hash = Sha256::digest(biometric_verifier).to_vec();
    let mut batch = Batch::new();
    batch.expect_one(
        &rows::SET_BIOMETRICS,
        params![proved.token_hash.to_vec(), proved.generation, hash, i64::from(proved.at)],
    );
    hs.db.commit(batch).await?;
    Ok(Unlocked { share: proved.share, biometrics: allowance(hs, Some(proved.at)) })
}

/// Gives out the share for what the authenticator has answered.
pub async fn unlock(
    hs: &Homeserver,
    token: &str,
    biometric_verifier: &[u8],
) -> Result<Unlocked, UnlockError> {
    let token_hash = hash_of(token);
    let lock = rows::lock(&hs.db, &token_hash).await?.ok_or(UnlockError::Unknown)?;
    // Whoever is blocked hears that, and nothing about the PIN.
    super::admit(&lock, hs.clock.now())?;
    let needed = |why| Err(UnlockError::PinNeeded(why));
    if !hs.policy.lock.biometrics {
        return needed(PinNeeded::NotAllowed);
    }
    let (Some(right_hash), Some(pin_typed)) = (&lock.biometric_verifier_hash, lock.pin_typed)
    else {
        return needed(PinNeeded::NotSetUp);
    };
    let allowance = allowance(hs, lock.pin_typed);
    // A PIN of the future was typed before the clock was set back: how long ago is not known.
    if !allowance.is_some_and(|it| pin_typed <= it.now && it.now < it.until) {
        return needed(PinNeeded::TooLong);
    }
    let counted = count(hs, &token_hash, &lock).await?;
    let at = counted.at;
    let share = compare(hs, &token_hash, &lock, counted, biometric_verifier, right_hash).await?;
    // Wrong PINs stay counted: whoever opens with the phone's own code must not gain tries at the PIN by it.
    let mut batch = Batch::new();
    batch.exec(
        &rows::TAKE_TRY_BACK,
        params![token_hash.to_vec(), lock.wrong_tries, i64::from(lock.last_try), i64::from(at)],
    );
    hs.db.commit(batch).await?;
    Ok(Unlocked { share, biometrics: allowance })
}

/// From now on only the PIN opens. Asks for none: it takes a way in, and opens nothing.
pub async fn end(hs: &Homeserver, token: &str) -> Result<(), UnlockError> {
    let token_hash = hash_of(token);
    rows::lock(&hs.db, &token_hash).await?.ok_or(UnlockError::Unknown)?;
    let mut batch = Batch::new();
    batch.exec(&rows::FORGET_BIOMETRICS, params![token_hash.to_vec()]);
    Ok(hs.db.commit(batch).await.map(drop)?)
}

/// Where the hospital does not allow it, what was set up while it did ends for good.
pub(crate) async fn enforce(hs: &Homeserver) -> Result<(), db::CommitError> {
    if hs.policy.lock.biometrics {
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::FORGET_ALL_BIOMETRICS, params![]);
    hs.db.commit(batch).await.map(drop)
}
