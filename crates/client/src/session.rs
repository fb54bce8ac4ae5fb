//! Logging in, coming back, logging out.

use std::{fmt, sync::Arc};

use crate::{
    Chat, Connection, Directory, Live, RoomList, Trust, ids::ChatId, people::Person,
    room_list::RoomError,
};

/// Where the server is and what the store on this device is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address of the server; in the browser the page's own origin.
    pub homeserver: String,
    /// Name of the database in the browser; natively a directory. One per app, for example `konsil`.
    pub store: String,
    /// Name of this device as its owner sees it in the list of devices, such as `Chrome, Windows`.
    pub device_name: String,
}

/// What is typed at the login. Prints without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name or full Matrix ID.
    pub user: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// A session: somebody is logged in on this device. Clone it freely.
///
/// Dropping the last clone stops syncing; the session stays on the device and [`Session::restore`] brings it back.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

/// Why the session ended without our doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The server logged this device out. The store is of no use any more: offer the login.
    LoggedOutByServer,
    /// The server wants a new login, but what is stored stays valid (soft logout).
    LoginNeededAgain,
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// User name or password is wrong.
    #[error("user name or password is wrong")]
    WrongCredentials,
    /// The account is closed or blocked.
    #[error("the account is blocked")]
    Blocked,
    /// Too many tries; wait that long.
    #[error("too many tries")]
    TooManyTries { retry_after_ms: Option<u64> },
    /// No network or no answer.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The store on this device cannot be opened or written (private window, disk full).
    #[error("the store on this device cannot be used: {0}")]
    Store(String),
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

/// Why a stored session could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The store is damaged or its key is gone. [`Session::forget`] clears it, then log in anew.
    #[error("the store on this device cannot be opened: {0}")]
    Store(String),
    /// The server's address is not one.
    #[error("failed: {0}")]
    Failed(String),
}

/// Why logging out did not finish.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoutError {
    /// Keys are not in the backup yet; logging out now would make messages unreadable. Force it with
    /// [`LogoutMode::LoseKeys`].
    #[error("keys are not backed up yet")]
    KeysNotSafe,
    /// The server cannot be reached. Nothing was deleted.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The store on this device could not be deleted.
    #[error("the store on this device cannot be deleted: {0}")]
    Store(String),
}

/// How carefully to log out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutMode {
    /// Wait until all keys are in the backup and refuse otherwise.
    KeepKeys,
    /// Log out and delete the store in any case, also offline.
    LoseKeys,
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The person, with role and department once the server has told.
    pub person: Person,
    /// This device.
    pub device: crate::ids::DeviceId,
}

pub(crate) struct Inner {}

impl Session {
    /// Opens the session stored on this device, if there is one. Works without network. Starts syncing at once.
    pub async fn restore(settings: &Settings) -> Result<Option<Self>, RestoreError> {
        let _ = settings;
        crate::later().await
    }

    /// Logs in, opens the store, starts syncing. At the first login of an account it also makes the account's identity,
    /// key backup and recovery key ([`Trust::new_recovery_key`](crate::Trust::new_recovery_key) hands it out).
    pub async fn login(settings: &Settings, credentials: &Credentials) -> Result<Self, LoginError> {
        let _ = (settings, credentials);
        crate::later().await
    }

    /// Deletes everything that is stored on this device, without asking the server. For a store that cannot be opened
    /// and after [`SessionEnd::LoggedOutByServer`]; drop all clones of the session first.
    pub async fn forget(settings: &Settings) -> Result<(), LogoutError> {
        let _ = settings;
        crate::later().await
    }

    /// Logs this device out and deletes its store.
    pub async fn logout(&self, mode: LogoutMode) -> Result<(), LogoutError> {
        let _ = mode;
        crate::later().await
    }

    /// Who is logged in.
    pub fn me(&self) -> Live<Me> {
        unreachable!("no session exists before the API is filled in")
    }

    /// Whether the server can be reached.
    pub fn connection(&self) -> Live<Connection> {
        unreachable!("no session exists before the API is filled in")
    }

    /// Tries at once instead of waiting for the next try ("try now" in the banner).
    pub fn retry_now(&self) {}

    /// Becomes `Some` when the session ended without our doing.
    pub fn ended(&self) -> Live<Option<SessionEnd>> {
        unreachable!("no session exists before the API is filled in")
    }

    /// The list of chats.
    pub fn rooms(&self) -> RoomList {
        RoomList { session: self.clone() }
    }

    /// Opens a chat; its rows are there at once as far as the device has them.
    pub async fn open(&self, chat: &ChatId) -> Result<Chat, RoomError> {
        let _ = chat;
        crate::later().await
    }

    /// The directory.
    pub fn directory(&self) -> Directory {
        Directory { session: self.clone() }
    }

    /// Devices, recovery key, comparison of emoji.
    pub fn trust(&self) -> Trust {
        Trust { session: self.clone() }
    }
}
