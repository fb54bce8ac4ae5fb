//! The app lock (I.b): what is stored on this device opens only with a PIN or passphrase of its own, and with the hospital's server.
//!
//! Whoever has signed in sets a PIN ([`Unprotected::protect`]) before anything is stored. From then on each start finds
//! [`LockedSession`]; locking again is forgetting everything in memory, for a page: being loaded anew. The key is made of the
//! PIN and of a share that the server gives out for the right PIN alone ([`keys`]).

pub(crate) mod biometrics;
pub(crate) mod keys;
mod locked;
pub(crate) mod offline;
mod open_session;
mod pin;
mod requests;
mod resident;
mod unprotected;
mod upkeep;

pub use biometrics::{Biometrics, PinNeeded};
pub use locked::{LockedSession, Standing};
pub use offline::{Authenticator, Offline};
pub use pin::{Weakness, weakness};
pub use resident::Resident;
pub use unprotected::Unprotected;
pub(crate) use unprotected::open_passing;
pub(crate) use upkeep::{keep_allowances, keep_name};

use matrix_sdk::Client;
use ruma::MilliSecondsSinceUnixEpoch;
use serde::Deserialize;

use crate::{
    network,
    session::{Arrival, RestoreError, Session, Settings},
    vault::{OpenVault, Secrets, VaultError},
    version,
};

/// When the app locks itself, and what opens it. The default is the strict one, for as long as the hospital has not been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct LockPolicy {
    /// Minutes without a touch after which the app locks itself.
    pub idle_minutes: u32,
    /// Seconds out of sight after which the app locks itself; 0: at once.
    pub hidden_seconds: u32,
    /// Characters of a PIN or passphrase at least.
    pub min_length: u32,
    /// Hours for which it may open without the server; 0: never.
    #[serde(default)]
    pub offline_hours: u32,
    /// Whether finger or face may stand in between entries of the PIN.
    #[serde(default)]
    pub biometrics: bool,
    /// How many hours after the PIN they may.
    #[serde(default)]
    pub pin_hours: u32,
    /// Whether a locked app says whose it is.
    #[serde(default)]
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

/// What is stored on this device.
pub enum Stored {
    /// Nobody is signed in.
    Nothing,
    /// Somebody is, and the PIN opens it.
    Locked(LockedSession),
    /// Somebody is, from before there was an app lock: they have to set a PIN.
    Unprotected(Unprotected),
}

/// Who has just signed in.
pub enum SignedIn {
    /// On a new device: a PIN has to be set.
    New(Unprotected),
    /// Again on this one: the PIN opens what is stored.
    Again(LockedSession),
}

impl SignedIn {
    /// Matrix ID of the device.
    pub(crate) fn device_id(&self) -> &str {
        match self {
            Self::New(unprotected) => unprotected.device_id(),
            Self::Again(locked) => locked.device_id(),
        }
    }
}

/// Why something did not open, or a PIN was not set or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The PIN is wrong.
    #[error("the PIN is wrong")]
    Wrong { tries_left: u64, retry_after_ms: Option<u64> },
    /// Too early after wrong tries. This one was not counted.
    #[error("too many wrong tries")]
    TooSoon { retry_after_ms: u64 },
    /// There were too many wrong tries: nothing opens what is stored any more. [`LockedSession::forget`], then log in anew.
    #[error("too many wrong tries, what is stored stays closed")]
    Destroyed,
    /// The device was signed out: as [`Self::Destroyed`].
    #[error("the device was signed out")]
    SignedOut,
    /// The hospital has locked the account. Nothing is lost.
    #[error("the account is locked")]
    AccountLocked,
    /// The server cannot be reached, and without it nothing opens.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The PIN is wrong, or the authenticator another one, and the server was not there to say so.
    #[error("the PIN is wrong")]
    WrongOffline { tries_left: u32 },
    /// Nothing opens without the server.
    #[error("nothing opens without the server")]
    NotOffline(Offline),
    /// Finger or face may not stand in for the PIN now. This was not counted.
    #[error("the PIN is needed")]
    PinNeeded(PinNeeded),
    /// The new PIN is too weak.
    #[error("the PIN is too weak")]
    Weak(Weakness),
    /// The store on this device cannot be read or written.
    #[error("the store on this device cannot be used: {0}")]
    Store(String),
    /// Something else; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl UnlockError {
    /// Whether the server lets nothing of this device be opened any more.
    fn is_closed_by_server(&self) -> bool {
        matches!(self, Self::AccountLocked | Self::Destroyed | Self::SignedOut)
    }
}

impl From<VaultError> for UnlockError {
    fn from(error: VaultError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Asks for the hospital's policy; works without a session.
pub async fn policy(settings: &Settings) -> Result<LockPolicy, UnlockError> {
    requests::policy(&plain_client(settings).await?).await
}

/// A client that knows nobody: the lock's requests carry the lock's own token.
pub(crate) async fn plain_client(settings: &Settings) -> Result<Client, UnlockError> {
    network::prepare();
    let client = version::client(&settings.homeserver).build().await;
    client.map_err(|error| UnlockError::Failed(error.to_string()))
}

/// Has a device leave its account whose session has gone with its page. Tells whether it is out.
pub async fn leave(settings: &Settings, token: &str) -> bool {
    let Ok(client) = plain_client(settings).await else { return false };
    matches!(requests::sign_out(&client, token).await, Ok(()) | Err(UnlockError::SignedOut))
}

/// What the clock of this device shows.
pub(crate) fn now_ms() -> u64 {
    MilliSecondsSinceUnixEpoch::now().get().into()
}

/// Opens what the vault has opened.
async fn open(
    settings: &Settings,
    secrets: Secrets,
    vault: OpenVault,
    arrival: Option<&Arrival>,
) -> Result<Session, UnlockError> {
    Session::enter(settings, secrets, vault, arrival).await.map_err(|error| match error {
        RestoreError::Store(code) => UnlockError::Store(code),
        RestoreError::Failed(code) => UnlockError::Failed(code),
    })
}
