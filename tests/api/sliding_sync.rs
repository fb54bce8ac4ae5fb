//! `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`, as matrix-sdk's SyncService calls it.
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/4186>

mod connections;
mod extensions;
mod old_events;
mod rooms;

use std::time::Duration;

use serde_json::{Map, Value, json};
use testkit::{
    User,
    matrix::{Answer, escape},
};

/// One connection of a client.
struct Connection<'a> {
    user: &'a User,
    id: &'static str,
    pos: Option<String>,
}

impl<'a> Connection<'a> {
    fn new(user: &'a User, id: &'static str) -> Self {
        Self { user, id, pos: None }
    }

    fn ask(&self, timeout: Duration, body: &Value) -> Answer {
        let pos = self.pos.as_ref().map(|pos| format!("&pos={}", escape(pos))).unwrap_or_default();
        let path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
        let mut body = body.clone();
        body["conn_id"] = json!(self.id);
        self.user.post(&format!("{path}?timeout={}{pos}", timeout.as_millis()), &body)
    }

    /// Asks and goes on from the answer.
    #[track_caller]
    fn sync(&mut self, body: &Value) -> Value {
        self.wait(Duration::ZERO, body)
    }

    #[track_caller]
    fn wait(&mut self, timeout: Duration, body: &Value) -> Value {
        let answer = self.ask(timeout, body).ok();
        self.pos = Some(answer["pos"].as_str().expect("every answer has a position").to_owned());
        answer
    }
}

/// The room list as matrix-sdk asks for it.
fn room_list(end: u32) -> Value {
    json!({
        "lists": { "all_rooms": {
            "ranges": [[0, end]],
            "timeline_limit": 1,
            "required_state": [
                ["m.room.name", ""], ["m.room.encryption", ""], ["m.room.member", "$LAZY"], ["m.room.member", "$ME"],
                ["m.room.topic", ""], ["m.room.create", ""], ["m.room.power_levels", ""], ["m.space.child", "*"],
            ],
            "filters": {},
        } },
        "extensions": {
            "account_data": { "enabled": true },
            "receipts": { "enabled": true, "rooms": ["*"] },
            "typing": { "enabled": true },
        },
    })
}

fn rooms(answer: &Value) -> Map<String, Value> {
    answer["rooms"].as_object().cloned().unwrap_or_default()
}

/// Type and state key of the required state.
fn state(room: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = room["required_state"].as_array().cloned().unwrap_or_default();
    let mut state: Vec<_> =
        events.iter().map(|event| (text(&event["type"]), text(&event["state_key"]))).collect();
    state.sort();
    state
}

fn ciphertexts(room: &Value) -> Vec<&str> {
    let events = room["timeline"].as_array().map(Vec::as_slice).unwrap_or_default();
    events.iter().filter_map(|event| event["content"]["ciphertext"].as_str()).collect()
}
