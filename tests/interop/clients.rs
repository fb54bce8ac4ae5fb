//! What every client can do, and how one gets an account.

use testkit::Server;

use crate::{native, process};

/// Whose client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    RustSdk,
    JsSdk,
    Nio,
}

impl Kind {
    /// All kinds, this one first.
    pub fn first_of_all(self) -> [Self; 3] {
        match self {
            Self::RustSdk => [Self::RustSdk, Self::JsSdk, Self::Nio],
            Self::JsSdk => [Self::JsSdk, Self::Nio, Self::RustSdk],
            Self::Nio => [Self::Nio, Self::RustSdk, Self::JsSdk],
        }
    }

    /// Beginning of the localparts.
    fn name(self) -> &'static str {
        match self {
            Self::RustSdk => "rust",
            Self::JsSdk => "js",
            Self::Nio => "nio",
        }
    }
}

/// A message as a client read it.
pub struct Text {
    pub sender: String,
    /// The client says that it came encrypted.
    pub encrypted: bool,
}

/// A file as a client read it: downloaded, decrypted, checked by its hash.
pub struct File {
    pub sender: String,
    pub encrypted: bool,
    pub data: Vec<u8>,
}

/// A logged-in device that keeps in sync by itself. Whatever fails panics with the client's words.
pub trait Client {
    fn user_id(&self) -> &str;
    /// A private room with encryption.
    fn create_room(&mut self, name: &str, invite: &[String]) -> String;
    fn join(&mut self, room: &str);
    /// Waits until this client knows that all of them are in the room.
    fn wait_joined(&mut self, room: &str, people: &[String]);
    fn send_text(&mut self, room: &str, body: &str);
    fn send_file(&mut self, room: &str, name: &str, data: &[u8]);
    /// Waits for the message, from the room's beginning on.
    fn read_text(&mut self, room: &str, body: &str) -> Text;
    fn read_file(&mut self, room: &str, name: &str) -> File;
    /// Puts the room keys where a new device can get them; returns what the person has to keep for that: a recovery key, or the file with
    /// the keys.
    fn keep_keys(&mut self) -> String;
    fn restore_keys(&mut self, kept: &str);
}

/// A person with a password, and the client in use.
pub struct Account {
    kind: Kind,
    localpart: String,
    password: String,
}

impl Account {
    pub fn log_in(&self, server: &Server) -> Box<dyn Client> {
        match self.kind {
            Kind::RustSdk => {
                Box::new(native::Device::log_in(&server.url(), &self.localpart, &self.password))
            }
            Kind::JsSdk | Kind::Nio => {
                let mut process = match self.kind {
                    Kind::JsSdk => process::Device::js_sdk(),
                    _ => process::Device::nio(),
                };
                process.log_in(&server.url(), &self.localpart, &self.password);
                Box::new(process)
            }
        }
    }
}

/// A new account and its first device.
pub fn with_account(server: &Server, kind: Kind) -> (Box<dyn Client>, Account) {
    let user = server.user(kind.name());
    let localpart = user.localpart.clone();
    let account = Account { kind, localpart, password: user.password.clone() };
    // The registration made a device without keys, which nobody could encrypt to.
    user.post("/_matrix/client/v3/logout", &serde_json::json!({})).ok();
    (account.log_in(server), account)
}

pub fn newcomer(server: &Server, kind: Kind) -> Box<dyn Client> {
    with_account(server, kind).0
}
