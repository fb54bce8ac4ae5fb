//! Somebody with a device, as the tests need them.

use std::{fmt::Debug, path::Path, process::Command, sync::Arc, time::Duration};

use konsil_client::{
    Chat, ChatId, Live, PersonId, Session, Settings,
    chat::{Body, Message, OwnState, Row, RowKind, TextToSend},
    lock::{LockedSession, SignedIn, Stored},
    session::Credentials,
    trust::{DeviceTrust, Recovery},
};
use serde_json::json;
use tempfile::TempDir;
use testkit::Api;

use crate::{line::Line, page::Page};

/// What everybody here locks their app with.
pub const PIN: &str = "482913";
/// The hospital's shortest.
pub const MIN_LENGTH: u32 = 6;

/// Longer than anything takes on a busy machine with two cores.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The server under test: started for the test, or the one that `KONSIL_TEST_HOMESERVER` names.
pub struct Hospital {
    server: Option<testkit::Server>,
    url: String,
}

impl Hospital {
    pub fn open() -> Self {
        log_on_request();
        match std::env::var("KONSIL_TEST_HOMESERVER") {
            Ok(url) => Self { server: None, url },
            Err(_) => {
                let server = testkit::Server::start();
                Self { url: server.url(), server: Some(server) }
            }
        }
    }

    /// One of its own, with these settings.
    pub fn with(tenant: &str) -> Self {
        log_on_request();
        let settings = testkit::Settings { tenant: tenant.to_owned(), ..Default::default() };
        let server = testkit::Server::with(&settings);
        Self { url: server.url(), server: Some(server) }
    }

    /// The process, for tests that stop it. Only where the test has started it.
    pub fn server(&mut self) -> Option<&mut testkit::Server> {
        self.server.as_mut()
    }

    /// A new account whose user ID begins with `name`.
    pub fn account(&self, name: &str) -> Account {
        let localpart = format!("{name}-{:08x}", rand::random::<u32>());
        let password = format!("password of {localpart}");
        let api = Api::new(&self.url);
        let path = "/_matrix/client/v3/register";
        let mut body = json!({ "username": localpart, "password": password });
        let session = api.post(path, &body).refused(401, None)["session"].clone();
        body["auth"] = json!({
            "type": "m.login.registration_token",
            "token": testkit::server::REGISTRATION_TOKEN,
            "session": session,
        });
        let mut answer = api.post(path, &body);
        if answer.status == 401 {
            // A server may ask for one more stage that needs nothing.
            body["auth"] = json!({ "type": "m.login.dummy", "session": session });
            answer = api.post(path, &body);
        }
        let answer = answer.ok();
        let id = answer["user_id"].as_str().expect("a user ID").to_owned();
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        // The registration made a device without keys. It has to go, or nobody would know whom it belongs to.
        let account = Account { url: self.url.clone(), id, localpart, password };
        api.with_token(&token).post("/_matrix/client/v3/logout", &json!({})).ok();
        account
    }
}

/// What the clients say, where `RUST_LOG` asks for it.
fn log_on_request() {
    if std::env::var_os("RUST_LOG").is_some() {
        // Every test asks; the first one is heard.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(std::io::stderr)
            .try_init();
    }
}

#[derive(Clone)]
pub struct Account {
    url: String,
    pub id: String,
    pub localpart: String,
    pub password: String,
}

impl Account {
    /// A device on which nobody has signed in.
    pub fn new_device(&self) -> (Settings, TempDir) {
        let directory = tempfile::tempdir().expect("a directory for the device");
        let settings = Settings {
            homeserver: self.url.clone(),
            store: directory.path().join("konsil").to_str().expect("a readable path").to_owned(),
            device_name: format!("{}'s test device", self.localpart),
        };
        (settings, directory)
    }

    /// Logs in on a new device and waits until it is up to date.
    pub async fn device(&self) -> Device {
        let (settings, directory) = self.new_device();
        let credentials =
            Credentials { user: self.localpart.clone(), password: self.password.clone() };
        let page = Page::new();
        let session = signed_in(&page, &settings, &credentials).await;
        online(&session).await;
        Device { session: Some(session), page, settings, directory }
    }

    /// Logs in on the first device of the account: identity and recovery key are made.
    pub async fn first_device(&self) -> Device {
        let device = self.device().await;
        let mut trust = device.session().trust().view();
        until("the device is set up", &mut trust, |trust| {
            trust.this_device == DeviceTrust::Confirmed && trust.recovery == Recovery::Ready
        })
        .await;
        device
    }

    /// A plain client with a token of its own, to look at what the server has.
    pub fn plain(&self) -> Api {
        let api = Api::new(&self.url);
        let body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": self.localpart },
            "password": self.password,
        });
        let answer = api.post("/_matrix/client/v3/login", &body).ok();
        api.with_token(answer["access_token"].as_str().expect("a token"))
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same account, reached another way.
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    pub fn person(&self) -> PersonId {
        PersonId::new(&self.id)
    }
}

pub struct Device {
    session: Option<Session>,
    settings: Settings,
    /// Where the session lives, and where the next one will.
    page: Page,
    directory: TempDir,
}

impl Device {
    pub fn session(&self) -> &Session {
        self.session.as_ref().expect("the device is on")
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything that lies in the device's directory, by path.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut open = vec![self.directory.path().to_owned()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).expect("it can be listed").flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    _ => {
                        let bytes = std::fs::read(entry.path()).unwrap_or_default();
                        found.push((entry.path().display().to_string(), bytes));
                    }
                }
            }
        }
        found
    }

    /// What lies on the device at this moment, as after a power failure.
    pub fn image(&self) -> TempDir {
        let image = tempfile::tempdir().expect("a directory for the image");
        copy(self.directory.path(), image.path());
        image
    }

    /// Puts back what lay on the device; the app has to be closed.
    pub fn restore(&self, image: &TempDir) {
        for entry in std::fs::read_dir(self.directory.path()).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            }
            .expect("it can be removed");
        }
        copy(image.path(), self.directory.path());
    }

    /// Closes the app without logging out.
    pub async fn close(&mut self) {
        let session = self.session.take();
        self.page.run(async move { drop(session) }).await;
        // Whoever opened it before it is over would have two sessions at one store, which the app never has: a tab holds a lock, and a
        // locked app is a page that was loaded anew.
        std::mem::replace(&mut self.page, Page::new()).close().await;
    }

    /// What the closed app finds.
    pub async fn locked(&self) -> LockedSession {
        match Session::stored(&self.settings).await.expect("nothing is damaged") {
            Stored::Locked(locked) => locked,
            _ => panic!("nothing is locked here"),
        }
    }

    /// A device on which somebody has signed in.
    pub async fn of(signed_in: SignedIn, settings: Settings, directory: TempDir) -> Self {
        let page = Page::new();
        let session = page.run(opened(signed_in)).await;
        online(&session).await;
        Self { session: Some(session), page, settings, directory }
    }

    /// Opens the app again, with the PIN.
    pub async fn reopen(&mut self) -> &Session {
        let locked = self.locked().await;
        let opened = self.page.run(async move { locked.unlock(PIN).await }).await;
        self.session.insert(opened.expect("the PIN opens it"))
    }

    /// Waits for an invitation and accepts it.
    pub async fn accept_invitation(&self) -> ChatId {
        use konsil_client::room_list::Membership;
        let rooms = self.session().rooms();
        let mut view = rooms.view();
        let is_invitation = |row: &konsil_client::room_list::RoomRow| {
            matches!(row.membership, Membership::Invited { .. })
        };
        let list = until("an invitation arrives", &mut view, |list| {
            list.rows.iter().any(|row| is_invitation(row))
        })
        .await;
        let id = list.rows.iter().find(|row| is_invitation(row)).expect("just seen").id.clone();
        rooms.accept(&id).await.expect("the invitation can be accepted");
        until("the chat is joined", &mut view, |list| {
            list.rows.iter().any(|row| row.id == id && row.membership == Membership::Joined)
        })
        .await;
        id
    }

    /// Logs in once more on this device, as after a soft logout.
    pub async fn log_in_again(&mut self, account: &Account) -> &Session {
        self.close().await;
        let credentials =
            Credentials { user: account.localpart.clone(), password: account.password.clone() };
        let session = signed_in(&self.page, &self.settings, &credentials).await;
        online(&session).await;
        self.session.insert(session)
    }

    pub async fn open(&self, chat: &ChatId) -> Chat {
        let mut view = self.session().rooms().view();
        until("the chat is in the list", &mut view, |list| {
            list.rows.iter().any(|row| row.id == *chat)
        })
        .await;
        let (session, chat) = (self.session().clone(), chat.clone());
        self.page.run(async move { session.open(&chat).await }).await.expect("the chat opens")
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} is copied", from.display());
}

/// Logs in, and sets the PIN or opens with it what the device has.
async fn signed_in(page: &Page, settings: &Settings, credentials: &Credentials) -> Session {
    let (settings, credentials) = (settings.clone(), credentials.clone());
    let signing_in = async move {
        opened(Session::login(&settings, &credentials).await.expect("the login succeeds")).await
    };
    page.run(signing_in).await
}

/// Sets the PIN or opens with it what the device has.
pub async fn opened(signed_in: SignedIn) -> Session {
    match signed_in {
        SignedIn::New(unprotected) => unprotected.protect(PIN, MIN_LENGTH).await,
        SignedIn::Again(locked) => locked.unlock(PIN).await,
    }
    .expect("the session opens")
}

pub async fn online(session: &Session) {
    let mut connection = session.connection();
    until("the server answers", &mut connection, |it| *it == konsil_client::Connection::Online)
        .await;
}

/// Waits until a value is as it should be, and panics with the last value otherwise.
pub async fn until<T: Clone + Debug + 'static>(
    what: &str,
    live: &mut Live<T>,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let mut value = live.get();
    let waiting = async {
        while !is_so(&value) {
            value = live.next().await.unwrap_or_else(|| panic!("{what}: the source has ended"));
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("{what}: not within {PATIENCE:?}. The last value: {value:#?}");
    }
    value
}

/// Waits for a message that fits, anywhere in the chat.
pub async fn message(what: &str, chat: &Chat, fits: impl Fn(&Message) -> bool) -> Message {
    let mut rows = chat.rows();
    let rows = until(what, &mut rows, |rows| find(rows, &fits).is_some()).await;
    find(&rows, &fits).expect("just seen")
}

pub fn find(rows: &[Arc<Row>], fits: impl Fn(&Message) -> bool) -> Option<Message> {
    rows.iter().find_map(|row| match &row.kind {
        RowKind::Message(message) if fits(message) => Some((**message).clone()),
        _ => None,
    })
}

/// The texts in the order in which they stand.
pub fn texts(rows: &[Arc<Row>]) -> Vec<String> {
    let text = |row: &Arc<Row>| match &row.kind {
        RowKind::Message(message) => match &message.body {
            Body::Text { text, .. } => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    rows.iter().filter_map(text).collect()
}

pub fn says(message: &Message, expected: &str) -> bool {
    matches!(&message.body, Body::Text { text, .. } if text == expected)
}

/// Text and nothing else.
pub fn plain(text: &str) -> TextToSend {
    TextToSend { text: text.into(), ..TextToSend::default() }
}

pub async fn say(chat: &Chat, text: &str) {
    chat.send_text(&plain(text)).await.expect("it is queued");
}

/// On the server at least.
pub fn is_sent(message: &Message) -> bool {
    matches!(message.own, Some(OwnState::Sent | OwnState::Delivered { .. } | OwnState::Read { .. }))
}

pub async fn text(chat: &Chat, expected: &str) -> Message {
    message(&format!("the message «{expected}»"), chat, |message| says(message, expected)).await
}

/// Two people with a device each, in a chat between the two.
pub struct Pair {
    pub hospital: Hospital,
    pub anna: Account,
    pub jonas: Account,
    pub annas: Device,
    pub jonass: Device,
    pub chat: ChatId,
}

impl Pair {
    pub async fn meet() -> Self {
        let hospital = Hospital::open();
        let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
        Self::of(hospital, anna, jonas).await
    }

    /// The two have these accounts.
    /// Two in a hospital, Anna over a line that can be cut.
    pub async fn over_a_line() -> (Self, Line) {
        let hospital = Hospital::open();
        let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
        let line = Line::to(anna.url()).await;
        let anna = anna.at(line.url());
        (Self::of(hospital, anna, jonas).await, line)
    }

    pub async fn of(hospital: Hospital, anna: Account, jonas: Account) -> Self {
        let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
        let chat =
            annas.session().rooms().direct(&jonas.person()).await.expect("the chat can be created");
        assert_eq!(jonass.accept_invitation().await, chat);
        Self { hospital, anna, jonas, annas, jonass, chat }
    }
}
