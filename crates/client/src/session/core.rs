//! What the parts of a session share: the SDK's client and the values that change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use eyeball::SharedObservable;
use futures_util::{future::select, pin_mut};
use matrix_sdk::{
    Client, Room, SessionMeta, SessionTokens, ThreadingSupport,
    authentication::matrix::MatrixSession,
    encryption::{BackupDownloadStrategy, EncryptionSettings},
    notification_settings::NotificationSettings,
};
use matrix_sdk_base::{
    BaseClient,
    crypto::{CollectStrategy, DecryptionSettings, TrustRequirement},
};
use matrix_sdk_ui::sync_service::SyncService;
use ruma::{
    OwnedRoomId, OwnedUserId, UserId,
    events::{
        key::verification::request::ToDeviceKeyVerificationRequestEvent,
        receipt::SyncReceiptEvent,
        room::{
            member::OriginalSyncRoomMemberEvent,
            message::{MessageType, OriginalSyncRoomMessageEvent},
        },
        typing::SyncTypingEvent,
    },
};

use super::{Me, SessionEnd, Settings, position, store};
use crate::{
    Connection, broadcast,
    chat::{beyond_reach::Asked, hidden::Hidden, responses::Outbox},
    contacts,
    details::{self, Details},
    expiry::Expiry,
    files,
    ids::{DeviceId, PersonId},
    import, large, network,
    people::{People, Person},
    room_list::RoomListView,
    search::Index,
    sequence::Sequences,
    trust::{self, TrustState},
    urgent::Urgent,
    vault::{OpenVault, Secrets},
    version,
};

pub(crate) struct Core {
    pub client: Client,
    /// The SDK's lower half, which alone gives access to the machine that encrypts. It shares everything with `client`.
    pub base: BaseClient,
    pub sync: SyncService,
    pub own_id: OwnedUserId,
    pub settings: Settings,
    pub secrets: Mutex<Secrets>,
    /// Where the secrets are kept, behind the PIN.
    pub vault: tokio::sync::Mutex<OpenVault>,
    pub me: SharedObservable<Me>,
    pub connection: SharedObservable<Connection>,
    pub ended: SharedObservable<Option<SessionEnd>>,
    /// Whether this device is just leaving the account: that the server no longer knows it is no news then.
    pub is_leaving: AtomicBool,
    /// Whether the session is over: nothing begins anew then, and what is under way ends.
    pub closed: SharedObservable<bool>,
    /// Whether nothing of it is stored.
    pub is_passing: bool,
    /// Counted up to wake those who wait for the next try.
    pub retry: SharedObservable<u64>,
    pub rooms: SharedObservable<RoomListView>,
    pub people: People,
    pub details: Details,
    pub responses: Outbox,
    /// Running numbers of what this device sends.
    pub sequences: Sequences,
    pub broadcasts: broadcast::outbox::Turn,
    /// The person's own address book.
    pub contacts: contacts::Keeping,
    /// Large files on their way out.
    pub large: large::outbox::Outbox,
    /// Files at the server that are to be deleted.
    pub files: files::Deleting,
    /// Messages that were taken over from elsewhere and are on their way out.
    pub imports: import::Waiting,
    pub trust: TrustState,
    /// One change of the quiet hours goes to the server at a time, so that the last one holds.
    pub quiet_hours: tokio::sync::Mutex<()>,
    /// Which chats are muted.
    pub notifications: NotificationSettings,
    /// Messages deleted for this person alone.
    pub hidden: Hidden,
    /// About whom it was asked whether they have ever signed in.
    pub asked: Asked,
    /// What waits for somebody to take it over.
    pub urgent: Urgent,
    /// How old what this device has is.
    pub expiry: Expiry,
    /// What can be searched.
    pub index: Index,
    typing: Mutex<BTreeMap<OwnedRoomId, Vec<OwnedUserId>>>,
    changed_rooms: Mutex<BTreeSet<OwnedRoomId>>,
    /// Counted up when `changed_rooms` gets another entry.
    pub rooms_changed: SharedObservable<u64>,
}

/// What can be done beside everything else: where there are threads, on any of them.
#[cfg(not(target_family = "wasm"))]
pub(crate) trait Task: Future<Output = ()> + Send + 'static {}
#[cfg(not(target_family = "wasm"))]
impl<T: Future<Output = ()> + Send + 'static> Task for T {}
#[cfg(target_family = "wasm")]
pub(crate) trait Task: Future<Output = ()> + 'static {}
#[cfg(target_family = "wasm")]
impl<T: Future<Output = ()> + 'static> Task for T {}

/// Why the client could not be put together.
#[derive(Debug)]
pub(crate) enum OpenError {
    Store(String),
    Failed(String),
}

impl Core {
    pub(super) async fn open(
        settings: &Settings,
        secrets: Secrets,
        vault: OpenVault,
    ) -> Result<Arc<Self>, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Failed(error.to_string());
        let own_id = UserId::parse(&secrets.user_id).map_err(|error| failed(&error))?;
        network::prepare();
        let stores = store::open(&secrets).await.map_err(OpenError::Store)?;
        let mut base = BaseClient::new(stores, ThreadingSupport::Disabled, Default::default());
        // I.g: nothing is encrypted to a device that its owner has not cross-signed, and nothing is accepted from one.
        // "Or legacy" lets through what comes from the key backup, where the proof of the sender's device is missing;
        // such messages carry a mark.
        base.room_key_recipient_strategy = CollectStrategy::IdentityBasedStrategy;
        base.decryption_settings = DecryptionSettings {
            sender_device_trust_requirement: TrustRequirement::CrossSignedOrLegacy,
        };
        let client = version::client(&settings.homeserver)
            .base_client(base.clone())
            .cross_process_store_config(
                matrix_sdk::cross_process_lock::CrossProcessLockConfig::SingleProcess,
            )
            .handle_refresh_tokens()
            .with_enable_share_history_on_invite(false)
            .with_encryption_settings(EncryptionSettings {
                // Both are made by hand at the first login, so that the recovery key reaches its owner.
                auto_enable_cross_signing: false,
                auto_enable_backups: false,
                backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
            })
            .build()
            .await
            .map_err(|error| failed(&error))?;
        let session = MatrixSession {
            meta: SessionMeta {
                user_id: own_id.clone(),
                device_id: secrets.device_id.as_str().into(),
            },
            tokens: SessionTokens {
                access_token: secrets.access_token.clone(),
                refresh_token: secrets.refresh_token.clone(),
            },
        };
        client
            .restore_session(session)
            .await
            .map_err(|error| OpenError::Store(error.to_string()))?;
        position::check(&base, &own_id)
            .await
            .map_err(|error| OpenError::Store(error.to_string()))?;
        // Before anything is shown, and before the event cache reads the store.
        let expiry = Expiry::open(&client).await;
        let sync = SyncService::builder(client.clone())
            .with_room_list_timeline_limit(ROOM_LIST_TIMELINE_LIMIT)
            .build()
            .await
            .map_err(|error| failed(&error))?;
        let notifications = client.notification_settings().await;
        let me = Person::unknown(PersonId::new(&own_id));
        let device = DeviceId::new(&secrets.device_id);
        Ok(Arc::new(Self {
            client,
            base,
            sync,
            own_id,
            settings: settings.clone(),
            is_passing: secrets.database.is_empty(),
            secrets: Mutex::new(secrets),
            vault: tokio::sync::Mutex::new(vault),
            me: SharedObservable::new(Me { person: me, device }),
            connection: SharedObservable::new(Connection::Connecting),
            ended: SharedObservable::new(None),
            is_leaving: AtomicBool::new(false),
            closed: SharedObservable::new(false),
            quiet_hours: tokio::sync::Mutex::default(),
            retry: SharedObservable::new(0),
            rooms: SharedObservable::new(RoomListView::default()),
            people: People::default(),
            details: Details::default(),
            responses: Outbox::default(),
            sequences: Sequences::default(),
            broadcasts: broadcast::outbox::Turn::default(),
            contacts: contacts::Keeping::default(),
            large: large::outbox::Outbox::default(),
            files: files::Deleting::default(),
            imports: import::Waiting::default(),
            trust: TrustState::default(),
            notifications,
            hidden: Hidden::default(),
            asked: Asked::default(),
            urgent: Urgent::default(),
            expiry,
            index: Index::default(),
            typing: Mutex::default(),
            changed_rooms: Mutex::default(),
            rooms_changed: SharedObservable::new(0),
        }))
    }

    /// Does something beside everything else, which ends with the session: what went on would keep the store open, and whoever opens it
    /// next would not be alone with it.
    pub fn spawn(&self, task: impl Task) {
        let mut closing = self.closed.subscribe();
        if self.closed.get() {
            return;
        }
        matrix_sdk::executor::spawn(async move {
            let closed = async { while closing.next().await == Some(false) {} };
            pin_mut!(task, closed);
            select(task, closed).await;
        });
    }

    /// Has the row of this room built again.
    pub fn room_changed(&self, room: &ruma::RoomId) {
        self.changed_rooms.lock().expect("no panic while held").insert(room.to_owned());
        self.rooms_changed.update(|n| *n += 1);
    }

    /// Has all rows built again.
    pub fn all_rooms_changed(&self) {
        let ids = self.client.rooms().into_iter().map(|room| room.room_id().to_owned());
        self.changed_rooms.lock().expect("no panic while held").extend(ids);
        self.rooms_changed.update(|n| *n += 1);
    }

    pub fn take_changed_rooms(&self) -> BTreeSet<OwnedRoomId> {
        std::mem::take(&mut *self.changed_rooms.lock().expect("no panic while held"))
    }
}

/// How many of a room's latest events come with the list of chats: enough to find the last real message below edits and
/// reactions, and most encrypted names.
const ROOM_LIST_TIMELINE_LIMIT: u32 = 10;

impl Core {
    /// Who is writing in a room just now, without us.
    pub fn typing_in(&self, room: &ruma::RoomId) -> Vec<OwnedUserId> {
        self.typing.lock().expect("no panic while held").get(room).cloned().unwrap_or_default()
    }

    /// Without the server nobody says when they stop writing.
    pub fn nobody_types(&self) {
        let typing = std::mem::take(&mut *self.typing.lock().expect("no panic while held"));
        typing.iter().filter(|(_, who)| !who.is_empty()).for_each(|(id, _)| self.room_changed(id));
    }

    /// Listens to what the SDK hands on event by event. The handlers live as long as the client, so they hold it weakly.
    pub fn handle_events(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        self.client.add_event_handler({
            let weak = weak.clone();
            move |event: SyncTypingEvent, room: Room| {
                let core = weak.upgrade();
                async move {
                    let Some(core) = core else { return };
                    let others = event
                        .content
                        .user_ids
                        .into_iter()
                        .filter(|user| *user != core.own_id)
                        .collect();
                    core.typing
                        .lock()
                        .expect("no panic while held")
                        .insert(room.room_id().to_owned(), others);
                    core.room_changed(room.room_id());
                }
            }
        });
        self.client.add_event_handler({
            let weak = weak.clone();
            move |_: SyncReceiptEvent, room: Room| {
                let core = weak.upgrade();
                async move {
                    if let Some(core) = core {
                        core.room_changed(room.room_id());
                    }
                }
            }
        });
        self.client.add_event_handler({
            let weak = weak.clone();
            move |event: OriginalSyncRoomMemberEvent, room: Room| {
                let core = weak.upgrade();
                async move {
                    if let Some(core) = core {
                        core.room_changed(room.room_id());
                        // It waits a moment, and the sync must not.
                        core.spawn(details::on_member(core.clone(), room, event));
                    }
                }
            }
        });
        self.client.add_event_handler({
            let weak = weak.clone();
            move |event: ToDeviceKeyVerificationRequestEvent| {
                let core = weak.upgrade();
                async move {
                    if let Some(core) = core {
                        trust::on_request(
                            core,
                            event.sender,
                            event.content.transaction_id.to_string(),
                        )
                        .await;
                    }
                }
            }
        });
        self.client.add_event_handler(move |event: OriginalSyncRoomMessageEvent| {
            let core = weak.upgrade();
            async move {
                if let Some(core) = core
                    && matches!(event.content.msgtype, MessageType::VerificationRequest(_))
                {
                    trust::on_request(core, event.sender, event.event_id.to_string()).await;
                }
            }
        });
    }
}
