//! Application services. <https://spec.matrix.org/v1.19/application-service-api/>

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use serde_json::{Value, json};
use testkit::{
    Answer, Api, Peer, Received, Reply, Server, Settings,
    matrix::{escape, transaction},
};

mod identity_assertion;
mod register;
mod request_ping;
mod room_aliases;
mod set_room_visibility;
mod thirdparty;
mod transactions;

pub const AS_TOKEN: &str = "as-token-of-the-bridge";
pub const HS_TOKEN: &str = "hs-token-of-the-bridge";

/// A hospital with a bridge: `_irc_bot`, and the users, aliases and rooms of its namespaces.
pub struct Bridge {
    pub server: Server,
    pub peer: Peer,
    _file: tempfile::TempPath,
}

impl Bridge {
    pub fn new(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::with("", answer)
    }

    /// `more` are lines for the registration.
    pub fn with(more: &str, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let peer = Peer::http(answer);
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
        let url = &peer.url;
        std::io::Write::write_all(
            &mut file,
            format!(
                r##"
id: "IRC Bridge"
url: "{url}"   # on the same machine
as_token: "{AS_TOKEN}"
hs_token: '{HS_TOKEN}'
sender_localpart: "_irc_bot"
namespaces:
  users:
    - exclusive: true
      regex: "@_irc_.*"
  aliases:
    - exclusive: true
      regex: "#_irc_.*"
  rooms: []
protocols: [irc]
{more}
"##
            )
            .as_bytes(),
        )
        .expect("the registration is written");
        let file = file.into_temp_path();
        let path: PathBuf = file.to_path_buf();
        let server = Server::with(&Settings {
            tenant: format!(
                "appservices.registration_files = [{path:?}]\nrooms.require_encryption = false"
            ),
            ..Settings::default()
        });
        Self { server, peer, _file: file }
    }

    /// The bridge as a client.
    pub fn service(&self) -> Api {
        self.server.api().with_token(AS_TOKEN)
    }

    /// Makes a user of the bridge and returns the id.
    #[track_caller]
    pub fn ghost(&self, name: &str) -> String {
        let body = json!({
            "type": "m.login.application_service", "username": format!("_irc_{name}"),
            "inhibit_login": true,
        });
        let answer = self.service().post("/_matrix/client/v3/register", &body).ok();
        answer["user_id"].as_str().expect("an id").to_owned()
    }

    /// The next transaction.
    #[track_caller]
    pub fn transaction(&self) -> Received {
        self.peer.next_where(|request| request.path.starts_with("/_matrix/app/v1/transactions/"))
    }

    /// The next event for which this holds.
    #[track_caller]
    pub fn event(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let body = self.transaction().json();
            let events = body["events"].as_array().expect("a list of events").clone();
            if let Some(found) = events.into_iter().find(|event| wanted(event)) {
                return found;
            }
        }
    }
}

/// The shared bridge, for tests that do not look at what it is told. It takes everything.
fn bridge() -> &'static Bridge {
    static BRIDGE: OnceLock<Bridge> = OnceLock::new();
    BRIDGE.get_or_init(|| Bridge::new(|_| Reply::ok(&json!({}))))
}

/// A request as one of the bridge's users.
pub fn act_as(service: &Api, method: &str, path: &str, user: &str, body: &Value) -> Answer {
    let separator = if path.contains('?') { '&' } else { '?' };
    service.json(method, &format!("{path}{separator}user_id={}", escape(user)), body)
}

/// `/_matrix/client/v3/rooms/{room}/send/{kind}/{txn}`
pub fn send_path(room: &str, kind: &str) -> String {
    testkit::matrix::room_path(room, &format!("/send/{kind}/{}", transaction()))
}

const QUIET: Duration = Duration::from_millis(700);
