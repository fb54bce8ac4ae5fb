//! matrix-rust-sdk, natively, with its SQLite store.

use std::future::Future;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use matrix_sdk::{
    Client as Sdk, Room, RoomMemberships, RoomState,
    attachment::AttachmentConfig,
    config::SyncSettings,
    encryption::{BackupDownloadStrategy, EncryptionSettings},
    media::{MediaFormat, MediaRequestParameters},
    room::MessagesOptions,
    ruma::{
        OwnedUserId, RoomId, UserId,
        api::client::room::create_room::v3::{Request, RoomPreset},
        events::{
            AnySyncMessageLikeEvent, AnySyncTimelineEvent, InitialStateEvent,
            room::{
                encryption::RoomEncryptionEventContent,
                message::{MessageType, OriginalSyncRoomMessageEvent, RoomMessageEventContent},
            },
        },
    },
};
use tempfile::TempDir;
use tokio::{
    runtime::{EnterGuard, Runtime},
    task::JoinHandle,
};

use crate::clients::{Client, File, Text};

const PATIENCE: Duration = Duration::from_secs(60);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    // The SDK's HTTP client brings TLS without a provider. An error means that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Runtime::new().expect("the runtime starts")
});

/// The SDK's store wants the runtime around it also when it is let go: hold this longer than any device.
pub fn enter() -> EnterGuard<'static> {
    RUNTIME.enter()
}

pub struct Device {
    sdk: Sdk,
    syncing: JoinHandle<()>,
    user_id: String,
    _store: TempDir,
}

impl Device {
    pub fn log_in(server: &str, user: &str, password: &str) -> Self {
        let store = tempfile::tempdir().expect("a directory for the store");
        let (sdk, syncing) = RUNTIME.block_on(async {
            let sdk = Sdk::builder()
                .homeserver_url(server)
                .sqlite_store(store.path(), Some("passphrase of the store"))
                .with_encryption_settings(EncryptionSettings {
                    auto_enable_cross_signing: true,
                    auto_enable_backups: false,
                    backup_download_strategy: BackupDownloadStrategy::OneShot,
                })
                .build()
                .await
                .expect("the SDK opens its store");
            sdk.matrix_auth()
                .login_username(user, password)
                .initial_device_display_name("interop")
                .await
                .expect("the login succeeds");
            sdk.encryption().wait_for_e2ee_initialization_tasks().await;
            sdk.sync_once(SyncSettings::default()).await.expect("the first sync succeeds");
            let syncing = tokio::spawn({
                let sdk = sdk.clone();
                async move {
                    // It ends with the device; an error shows in what then does not arrive.
                    if let Err(error) = sdk.sync(SyncSettings::default()).await {
                        eprintln!("matrix-rust-sdk: the sync has ended: {error}");
                    }
                }
            });
            (sdk, syncing)
        });
        let user_id = sdk.user_id().expect("it is logged in").to_string();
        Self { sdk, syncing, user_id, _store: store }
    }

    fn room(&self, room: &str) -> Room {
        let id = RoomId::parse(room).expect("a room ID");
        self.sdk.get_room(&id).unwrap_or_else(|| panic!("{} knows the room", self.user_id))
    }

    async fn message(
        &self,
        room: &str,
        fits: impl Fn(&OriginalSyncRoomMessageEvent) -> bool,
    ) -> (OriginalSyncRoomMessageEvent, bool) {
        let room = self.room(room);
        until("the message", async || {
            let mut from = None;
            loop {
                let mut options = MessagesOptions::backward().from(from.as_deref());
                options.limit = 50_u32.into();
                let page = room.messages(options).await.expect("the room's history is given");
                for event in &page.chunk {
                    let Ok(AnySyncTimelineEvent::MessageLike(
                        AnySyncMessageLikeEvent::RoomMessage(message),
                    )) = event.raw().deserialize()
                    else {
                        continue;
                    };
                    if let Some(message) = message.as_original().filter(|message| fits(message)) {
                        return Some((message.clone(), event.encryption_info().is_some()));
                    }
                }
                from = Some(page.end?);
            }
        })
        .await
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.syncing.abort();
    }
}

/// Asks again and again for a value that is not there yet.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ask().await {
            return value;
        }
        assert!(Instant::now() < deadline, "matrix-rust-sdk: {what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Client for Device {
    fn user_id(&self) -> &str {
        &self.user_id
    }

    fn create_room(&mut self, name: &str, invite: &[String]) -> String {
        let mut request = Request::new();
        request.name = Some(name.to_owned());
        request.preset = Some(RoomPreset::PrivateChat);
        request.invite =
            invite.iter().map(|id| UserId::parse(id).expect("a user ID")).collect::<Vec<_>>();
        let encryption = RoomEncryptionEventContent::with_recommended_defaults();
        request.initial_state =
            vec![InitialStateEvent::with_empty_state_key(encryption).to_raw_any()];
        RUNTIME.block_on(async {
            self.sdk.create_room(request).await.expect("the room is made").room_id().to_string()
        })
    }

    fn join(&mut self, room: &str) {
        let id = RoomId::parse(room).expect("a room ID");
        RUNTIME.block_on(async {
            self.sdk.join_room_by_id(&id).await.expect("the invitation is accepted");
            until("the joined room", async || {
                let room = self.sdk.get_room(&id)?;
                (room.state() == RoomState::Joined && room.encryption_state().is_encrypted())
                    .then_some(())
            })
            .await;
        });
    }

    fn wait_joined(&mut self, room: &str, people: &[String]) {
        let people: Vec<OwnedUserId> =
            people.iter().map(|id| UserId::parse(id).expect("a user ID")).collect();
        let room = self.room(room);
        RUNTIME.block_on(until("the others", async || {
            let members = room.members(RoomMemberships::JOIN).await.expect("members are given");
            people
                .iter()
                .all(|person| members.iter().any(|member| member.user_id() == person))
                .then_some(())
        }));
    }

    fn send_text(&mut self, room: &str, body: &str) {
        let content = RoomMessageEventContent::text_plain(body);
        RUNTIME
            .block_on(async { self.room(room).send(content).await })
            .expect("the message is sent");
    }

    fn send_file(&mut self, room: &str, name: &str, data: &[u8]) {
        let room = self.room(room);
        RUNTIME
            .block_on(async {
                let kind = &mime::APPLICATION_OCTET_STREAM;
                room.send_attachment(name, kind, data.to_vec(), AttachmentConfig::new()).await
            })
            .expect("the file is sent");
    }

    fn read_text(&mut self, room: &str, body: &str) -> Text {
        let (message, encrypted) = RUNTIME.block_on(self.message(room, |message| {
            matches!(&message.content.msgtype, MessageType::Text(text) if text.body == body)
        }));
        Text { sender: message.sender.to_string(), encrypted }
    }

    fn read_file(&mut self, room: &str, name: &str) -> File {
        RUNTIME.block_on(async {
            let (message, encrypted) = self
                .message(room, |message| {
                    matches!(&message.content.msgtype, MessageType::File(file) if file.body == name)
                })
                .await;
            let MessageType::File(file) = message.content.msgtype else {
                unreachable!("just seen")
            };
            let request = MediaRequestParameters { source: file.source, format: MediaFormat::File };
            let data = self
                .sdk
                .media()
                .get_media_content(&request, false)
                .await
                .expect("the file is given");
            File { sender: message.sender.to_string(), encrypted, data }
        })
    }

    fn keep_keys(&mut self) -> String {
        RUNTIME
            .block_on(async {
                self.sdk.encryption().recovery().enable().wait_for_backups_to_upload().await
            })
            .expect("the backup is made")
    }

    fn restore_keys(&mut self, kept: &str) {
        RUNTIME
            .block_on(async { self.sdk.encryption().recovery().recover(kept).await })
            .expect("the recovery key opens the backup");
    }
}
