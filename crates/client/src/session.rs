//! Logging in, coming back, logging out.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use matrix_sdk::executor::{AbortOnDrop, JoinHandleExt, spawn};
use matrix_sdk_base::crypto::types::SecretsBundle;
use ruma::api::client::{discovery::get_capabilities, session::login::v3::LoginInfo};

pub(crate) mod core;
mod login;
mod position;
mod queued_media;
mod store;
mod sync;

use self::core::{Core, OpenError};
use crate::{
    Backup, Broadcasts, Chat, Connection, Contacts, Directory, Live, OpenUrgent, Push, RoomList,
    Search, Trust, contacts, details, expiry, files,
    ids::ChatId,
    large,
    lock::{self, LockedSession, SignedIn, Stored, Unprotected},
    people::Person,
    room_list::{self, RoomError},
    sequence,
    trouble::{Trouble, kind_of},
    trust, urgent,
    vault::{self, Kept, OpenVault, Secrets},
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

/// With what somebody has signed in, for the first opening of the session.
#[derive(Clone)]
pub(crate) enum Arrival {
    Password(String),
    /// What another device of the account has handed over.
    Secrets(Arc<SecretsBundle>),
}

/// A session: somebody is logged in on this device. Clone it freely.
///
/// Dropping the last clone stops syncing; the session stays on the device, behind its PIN, and [`Session::stored`] finds it.
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
    /// The hospital has locked the account. What is stored stays, behind the PIN.
    AccountLocked,
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

/// Keeps the tasks of the session alive; with it they end.
pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    _tasks: Vec<AbortOnDrop<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The SDK's own tasks keep its client, and with it the store, alive until they are told to stop.
        let core = self.core.clone();
        core.closed.set(true);
        core.trust.close();
        let stop = async move { core.sync.stop().await };
        #[cfg(target_family = "wasm")]
        spawn(stop);
        #[cfg(not(target_family = "wasm"))]
        if let Ok(runtime) = matrix_sdk::executor::Handle::try_current() {
            runtime.spawn(stop);
        }
    }
}

impl Session {
    /// What is stored on this device. Works without network, and opens nothing.
    pub async fn stored(settings: &Settings) -> Result<Stored, RestoreError> {
        let kept = vault::read(&settings.store)
            .await
            .map_err(|error| RestoreError::Store(error.to_string()))?;
        // What an earlier session left is unreadable without its vault; it goes as soon as nobody has it open any more.
        #[cfg(target_family = "wasm")]
        vault::delete_databases(
            &format!("{}-store", settings.store),
            kept.as_ref().map(|kept| match kept {
                Kept::Locked(locked) => locked.header.database.as_str(),
                Kept::Unprotected(secrets) => secrets.database.as_str(),
            }),
        )
        .await;
        Ok(match kept {
            None => Stored::Nothing,
            Some(Kept::Locked(locked)) => {
                Stored::Locked(LockedSession::new(settings, locked, None))
            }
            Some(Kept::Unprotected(secrets)) => {
                Stored::Unprotected(Unprotected::new(settings, secrets, None))
            }
        })
    }

    /// Logs in. Nothing is opened or stored yet: that takes a PIN ([`SignedIn`]).
    pub async fn login(
        settings: &Settings,
        credentials: &Credentials,
    ) -> Result<SignedIn, LoginError> {
        let arrival = Arrival::Password(credentials.password.clone());
        Self::sign_in(settings, &credentials.user, login::by_password(credentials), arrival).await
    }

    pub(crate) async fn sign_in(
        settings: &Settings,
        user: &str,
        login: LoginInfo,
        arrival: Arrival,
    ) -> Result<SignedIn, LoginError> {
        let kept = vault::read(&settings.store).await.unwrap_or_default();
        // After a soft logout the device is still there: whoever had it goes on with it.
        let earlier = kept.as_ref().map(|kept| match kept {
            Kept::Locked(locked) => (&locked.header.user_id, &locked.header.device_id),
            Kept::Unprotected(secrets) => (&secrets.user_id, &secrets.device_id),
        });
        let earlier = earlier.map(|(user, device)| (user.as_str(), device.as_str()));
        let (secrets, is_earlier) = login::request_session(settings, user, login, earlier).await?;
        Ok(match kept {
            Some(Kept::Locked(locked)) if is_earlier => {
                let tokens = Some((secrets.access_token, secrets.refresh_token));
                SignedIn::Again(LockedSession::new(settings, locked, tokens))
            }
            Some(Kept::Unprotected(earlier)) if is_earlier => {
                let Secrets { access_token, refresh_token, .. } = secrets;
                let secrets = Secrets { access_token, refresh_token, ..earlier };
                vault::write(&settings.store, &Kept::Unprotected(secrets.clone()))
                    .await
                    .map_err(|error| LoginError::Store(error.to_string()))?;
                SignedIn::New(Unprotected::new(settings, secrets, None))
            }
            _ => SignedIn::New(Unprotected::new(settings, secrets, Some(arrival))),
        })
    }

    /// Logs in for as long as this page (or process) lives: nothing is stored, there is no PIN, and whoever lets go of the session
    /// without [`Session::logout`] has the device leave by [`lock::leave`].
    pub async fn login_passing(
        settings: &Settings,
        credentials: &Credentials,
    ) -> Result<Self, LoginError> {
        let login = login::by_password(credentials);
        let (secrets, _) = login::request_session(settings, &credentials.user, login, None).await?;
        lock::open_passing(settings, secrets, &credentials.password).await.map_err(|error| {
            match error {
                lock::UnlockError::NoConnection => LoginError::NoConnection,
                lock::UnlockError::Store(code) => LoginError::Store(code),
                error => LoginError::Failed(error.to_string()),
            }
        })
    }

    /// Whether nothing of the session is stored.
    pub fn is_passing(&self) -> bool {
        self.inner.core.is_passing
    }

    /// By which a device leaves the account that nobody can sign out any more, see [`lock::leave`]. Good for nothing else.
    pub async fn leaving_token(&self) -> String {
        self.inner.core.vault.lock().await.header().token.clone()
    }

    /// Name for the stores of a new session.
    pub(crate) async fn new_database(settings: &Settings) -> String {
        // What an earlier session left behind is unreadable without its vault, but takes space.
        #[cfg(target_family = "wasm")]
        vault::delete_databases(&format!("{}-store", settings.store), None).await;
        store::new_name(&settings.store)
    }

    /// Opens the store and starts syncing. With the password of a first login of an account it also makes the account's
    /// identity, key backup and recovery key ([`Trust::new_recovery_key`] hands it out).
    pub(crate) async fn enter(
        settings: &Settings,
        secrets: Secrets,
        vault: OpenVault,
        arrival: Option<&Arrival>,
    ) -> Result<Self, RestoreError> {
        let core = Core::open(settings, secrets, vault).await.map_err(|error| match error {
            OpenError::Store(code) => RestoreError::Store(code),
            OpenError::Failed(code) => RestoreError::Failed(code),
        })?;
        let password = match arrival {
            None => return Ok(Self::start(core).await),
            Some(Arrival::Secrets(secrets)) => {
                // Without them the device is confirmed by comparing or by the recovery key, like any other.
                if let Err(error) = core.client.encryption().import_secrets_bundle(secrets).await {
                    tracing::warn!(
                        kind = kind_of(&error),
                        "The other device's secrets are of no use"
                    );
                }
                return Ok(Self::start(core).await);
            }
            Some(Arrival::Password(password)) => password,
        };
        let first_login = trust::make_identity(&core, Some(password)).await;
        let session = Self::start(core).await;
        match first_login {
            // The recovery key is made in the background: it takes several requests and is not needed to begin.
            Ok(true) => {
                let trust = session.trust();
                let task = spawn(async move {
                    if let Err(error) = trust.set_up(None).await {
                        tracing::warn!(%error, "The recovery key could not be made yet");
                    }
                });
                drop(task);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "The account's identity could not be made"),
        }
        Ok(session)
    }

    /// Deletes everything that is stored on this device, without asking the server. For a store that cannot be opened
    /// and after [`SessionEnd::LoggedOutByServer`]; drop all clones of the session first.
    pub async fn forget(settings: &Settings) -> Result<(), LogoutError> {
        let failed = |error: String| LogoutError::Store(error);
        #[cfg_attr(target_family = "wasm", allow(unused))]
        let kept = vault::read(&settings.store).await.unwrap_or_default();
        vault::destroy(&settings.store).await.map_err(|error| failed(error.to_string()))?;
        #[cfg(target_family = "wasm")]
        vault::delete_databases(&format!("{}-store", settings.store), None).await;
        #[cfg(not(target_family = "wasm"))]
        if let Some(kept) = kept {
            let database = match kept {
                Kept::Locked(locked) => locked.header.database,
                Kept::Unprotected(secrets) => secrets.database,
            };
            std::fs::remove_dir_all(&database).map_err(|error| failed(error.kind().to_string()))?;
        }
        Ok(())
    }

    /// Logs this device out and deletes its store.
    pub async fn logout(&self, mode: LogoutMode) -> Result<(), LogoutError> {
        let core = &self.inner.core;
        if mode == LogoutMode::KeepKeys && !trust::all_keys_backed_up(core).await {
            return Err(LogoutError::KeysNotSafe);
        }
        // The sync may hear of it before the answer is here.
        core.is_leaving.store(true, Ordering::SeqCst);
        match core.client.matrix_auth().logout().await {
            Ok(_) => {}
            Err(error) if Trouble::of_http(&error) == Trouble::LoggedOut => {}
            Err(_) if mode == LogoutMode::LoseKeys => {}
            Err(_) => {
                core.is_leaving.store(false, Ordering::SeqCst);
                return Err(LogoutError::NoConnection);
            }
        }
        core.sync.stop().await;
        if core.is_passing {
            return Ok(());
        }
        Self::forget(&core.settings).await
    }

    /// Who is logged in.
    pub fn me(&self) -> Live<Me> {
        Live::of(&self.inner.core.me)
    }

    /// Whether the server can be reached.
    pub fn connection(&self) -> Live<Connection> {
        Live::of(&self.inner.core.connection)
    }

    /// Tries at once instead of waiting for the next try ("try now" in the banner).
    pub fn retry_now(&self) {
        self.inner.core.retry.update(|n| *n += 1);
    }

    /// Becomes `Some` when the session ended without our doing.
    pub fn ended(&self) -> Live<Option<SessionEnd>> {
        Live::of(&self.inner.core.ended)
    }

    /// The list of chats.
    pub fn rooms(&self) -> RoomList {
        RoomList { session: self.clone() }
    }

    /// Opens a chat; its rows are there at once as far as the device has them.
    pub async fn open(&self, chat: &ChatId) -> Result<Chat, RoomError> {
        Chat::open(self, chat).await
    }

    /// The directory.
    pub fn directory(&self) -> Directory {
        Directory { session: self.clone() }
    }

    /// Lists of people to whom one often writes the same.
    pub fn broadcasts(&self) -> Broadcasts {
        Broadcasts { session: self.clone() }
    }

    /// The person's own address book.
    pub fn contacts(&self) -> Contacts {
        Contacts { session: self.clone() }
    }

    /// Searching what was written.
    pub fn search(&self) -> Search {
        Search { session: self.clone() }
    }

    /// A backup of one's own, as a file.
    pub fn backup(&self) -> Backup {
        Backup { session: self.clone() }
    }

    /// Waking this device when the app is closed.
    pub fn push(&self) -> Push {
        Push { session: self.clone() }
    }

    /// What others have sent as urgent and nobody has taken over yet, the oldest first.
    pub fn urgent(&self) -> Live<Arc<Vec<OpenUrgent>>> {
        Live::of(&self.inner.core.urgent.view)
    }

    /// Devices, recovery key, comparison of emoji.
    pub fn trust(&self) -> Trust {
        Trust { session: self.clone() }
    }

    /// Whether the hospital lets attachments be saved on the device, outside of the app's own store (I.e). What nobody has allowed is not.
    pub async fn may_save(&self) -> bool {
        let request = get_capabilities::v3::Request::new();
        let answer = self.inner.core.client.send(request).await;
        answer.is_ok_and(|answer| {
            let allowed = answer.capabilities.get("de.konsil.save_to_device");
            allowed.is_some_and(|it| it["enabled"] == true)
        })
    }

    async fn start(core: Arc<Core>) -> Self {
        // A failure here means that the event cache was started before, which is as good.
        let _ = core.client.event_cache().subscribe();
        core.people.load(&core.client).await;
        core.details.load(&core.client).await;
        core.responses.load(&core.client).await;
        core.hidden.load(&core.client).await;
        core.contacts.load(&core.client).await;
        large::outbox::load(&core).await;
        files::load(&core).await;
        core.handle_events();
        contacts::handle_events(&core);
        core.client.send_queue().enable_upload_progress(true);
        let updates = core.client.subscribe_to_all_room_updates();
        let expiring = core.client.subscribe_to_all_room_updates();
        let queued = sequence::Updates::subscribe(&core).await;
        let tasks = vec![
            spawn(position::keep(core.clone(), updates)).abort_on_drop(),
            spawn(expiry::follow(core.clone(), expiring)).abort_on_drop(),
            spawn(expiry::keep_policy(core.clone())).abort_on_drop(),
            spawn(sync::keep_in_sync(core.clone())).abort_on_drop(),
            spawn(sync::keep_sending(core.clone())).abort_on_drop(),
            spawn(sequence::follow(core.clone(), queued)).abort_on_drop(),
            spawn(large::sending::keep_sending(core.clone())).abort_on_drop(),
            spawn(files::keep_deleting(core.clone())).abort_on_drop(),
            spawn(sync::watch_token(core.clone())).abort_on_drop(),
            spawn(room_list::keep_rows(core.clone())).abort_on_drop(),
            spawn(details::keep_known(core.clone())).abort_on_drop(),
            spawn(details::keep_sent(core.clone())).abort_on_drop(),
            spawn(trust::keep_view(core.clone())).abort_on_drop(),
            spawn(urgent::keep_view(core.clone())).abort_on_drop(),
            spawn(contacts::keep(core.clone())).abort_on_drop(),
            spawn(lock::keep_name(core.clone())).abort_on_drop(),
            spawn(lock::keep_allowances(core.clone())).abort_on_drop(),
        ];
        // Messages that were written before the last reload go out as soon as the server answers.
        core.client.send_queue().respawn_tasks_for_rooms_with_unsent_requests().await;
        Self { inner: Arc::new(Inner { core, _tasks: tasks }) }
    }
}
