//! Confirming devices and people, and getting old messages back: recovery key, key backup, emoji comparison.

mod key_file;
mod recovery;
mod state;
mod verification;

pub use key_file::{KeyFileError, KeysImported, LEAST_PASSPHRASE, MAX_KEY_FILE_BYTES};
pub(crate) use recovery::{fetch_all_keys, make_identity};
pub(crate) use state::{TrustState, all_keys_backed_up, back_up_soon, keep_view};
pub(crate) use verification::{on_late_request, on_request};

use crate::{
    Live, Session,
    ids::{DeviceId, PersonId},
    people::Person,
};

/// Handle to everything about trust.
#[derive(Clone)]
pub struct Trust {
    pub(crate) session: Session,
}

/// Where this device and account stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustView {
    /// This device.
    pub this_device: DeviceTrust,
    /// The account's recovery key.
    pub recovery: Recovery,
    /// Keys still on their way into the backup; 0 when all are safe. Wait for it before closing.
    pub keys_to_back_up: usize,
    /// A comparison that is under way, begun here or by another device.
    pub verification: Option<Verification>,
}

/// Whether this device is confirmed by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceTrust {
    /// Not known yet.
    Unknown,
    /// Confirmed: it can read and write.
    Confirmed,
    /// Not confirmed: others do not send to it. Compare emoji with another device, or enter the recovery key.
    NotConfirmed,
}

/// State of the account's recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Not known yet.
    Unknown,
    /// Nothing is set up; [`Trust::set_up`] does it. (Done by itself at the first login of an account.)
    NotSetUp,
    /// Set up, but this device lacks the secrets: enter the recovery key or compare emoji.
    NeedsKey,
    /// All in place.
    Ready,
}

/// The recovery key as it is shown and printed: groups of four characters. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(pub(crate) String);

impl RecoveryKey {
    /// The key, to show it to its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryKey([redacted])")
    }
}

/// A comparison of emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Distinguishes one comparison from the next.
    pub flow: String,
    /// With whom; ourselves when it is about another device of ours.
    pub with: Person,
    /// It is about another device of ours.
    pub is_own_device: bool,
    /// The device at the other end, once known.
    pub device: Option<DeviceId>,
    /// Where it stands.
    pub step: VerificationStep,
}

/// Where a comparison stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationStep {
    /// The other side asks: offer [`Trust::accept`] and [`Trust::cancel`].
    AskedByOther,
    /// We asked; waiting for the other side to accept.
    WaitingForOther,
    /// Both show the same seven emoji? [`Trust::confirm`] or [`Trust::mismatch`].
    Compare { emoji: Vec<Emoji> },
    /// We said yes; waiting for the other side.
    WaitingForConfirmation,
    /// Done: both trust each other.
    Done,
    /// Ended without success.
    Ended(VerificationEnd),
}

/// One of the emoji to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji {
    /// The picture.
    pub symbol: String,
    /// Its number in the specification's table (0 to 63), to look the word up in the user's language.
    pub index: u8,
    /// Its English name.
    pub name: String,
}

/// Why a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationEnd {
    /// We cancelled.
    CancelledByUs,
    /// The other side cancelled.
    CancelledByOther,
    /// The emoji differed: somebody may sit in between.
    Mismatch,
    /// It took too long.
    TimedOut,
    /// Answered on another device.
    AcceptedElsewhere,
    /// Something else failed.
    Failed,
}

/// A device of ours, for the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDevice {
    /// Its identifier.
    pub id: DeviceId,
    /// Name given at login.
    pub name: Option<String>,
    /// Confirmed by us.
    pub confirmed: bool,
    /// It is this one.
    pub is_this: bool,
}

/// Whom to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyWith {
    /// Any other device of ours that is at hand.
    MyOtherDevice,
    /// A person, in the chat with them.
    Person(PersonId),
}

/// Why something about trust failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Needs the network.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The password has to be typed once more ([`Trust::set_up`] with a password).
    #[error("the password is needed")]
    PasswordNeeded,
    /// What was typed is not a recovery key at all (typing error).
    #[error("not a recovery key")]
    MalformedKey,
    /// It is a recovery key, but not of this account (any more).
    #[error("not the recovery key of this account")]
    WrongKey,
    /// This device does not hold the secrets itself.
    #[error("this device does not have the secrets")]
    NotAvailableHere,
    /// The comparison is over or was never there.
    #[error("no comparison is under way")]
    NoVerification,
    /// The person has no identity that could be compared (never logged in).
    #[error("the person has no identity yet")]
    NoIdentity,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl Default for TrustView {
    fn default() -> Self {
        Self {
            this_device: DeviceTrust::Unknown,
            recovery: Recovery::Unknown,
            keys_to_back_up: 0,
            verification: None,
        }
    }
}

impl Trust {
    /// Where this device and account stand.
    pub fn view(&self) -> Live<TrustView> {
        Live::of(&self.session.inner.core.trust.view)
    }

    /// The recovery key that was made in this session and that its owner has not yet confirmed to have kept. Show it
    /// full screen until [`Self::recovery_key_kept`] is called; it survives a reload.
    pub fn new_recovery_key(&self) -> Live<Option<RecoveryKey>> {
        Live::of(&self.session.inner.core.trust.new_key)
    }
}
