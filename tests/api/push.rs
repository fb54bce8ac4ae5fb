//! Endpoints of the chapter “push”, and what the server tells others.

use std::sync::OnceLock;

use serde_json::{Value, json};
use testkit::{Peer, Server, Settings, User, peer};

mod activate_pusher;
mod get_notifications;
mod get_pushrules;
mod notify;
mod set_pusher;
mod set_pushrule;
mod web_push;

const SET: &str = "/_matrix/client/v3/pushers/set";
const PUSHERS: &str = "/_matrix/client/v3/pushers";

/// A server of a hospital that allows push, with everything else strict.
fn pushing() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let tenant = "push.allowed_gateways = [\"*\"]\npush.web_push_hosts = [\"*\"]";
        Server::with(&Settings {
            node: peer::reachable(),
            tenant: tenant.to_owned(),
            ..Settings::default()
        })
    })
}

/// A pusher with a gateway.
fn pusher(gateway: &str, pushkey: &str) -> Value {
    json!({
        "app_id": "de.konsil.app", "pushkey": pushkey, "kind": "http", "lang": "de",
        "app_display_name": "Konsil", "device_display_name": "Telefon",
        "data": { "url": format!("{gateway}/_matrix/push/v1/notify"), "custom": 7 },
    })
}

/// Two people in a room, one of whom is woken through a gateway of the test.
fn woken(server: &Server, gateway: &Peer) -> (User, User, String) {
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.post(SET, &pusher(&gateway.url, &format!("key of {}", jonas.id))).ok();
    (anna, jonas, room)
}
