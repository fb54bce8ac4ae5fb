//! What accepting one encrypted message costs, measured against a bare Ed25519 signature.
//!
//! `cargo run --release -p room --example accept_cost`

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use room::{Content, Facts, Pdu, Proposal, RoomVersion, SigningKey, StateKey, accept, create_room};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedUserId, UInt,
    events::StateEventType,
    server_name,
    signatures::{Ed25519KeyPair, KeyPair},
    user_id,
};
use serde_json::{Value, json};

const ROUNDS: u32 = 2_000;
const REPEATS: usize = 7;

fn main() {
    let pair = Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), "a".to_owned())
        .expect("a generated key");
    let message = [0x61_u8; 600];
    let sign = median(|| {
        black_box(pair.sign(black_box(&message)));
    });
    println!("one Ed25519 signature of 600 bytes      {:>8.1} µs", micros(sign));

    for (members_with_power, ciphertext_bytes) in [(1, 500), (1, 4_000), (50, 500), (500, 500)] {
        let room = Room::new(members_with_power);
        let text = "A".repeat(ciphertext_bytes);
        let body = json!({
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": text, "device_id": "ABCDEFGHIJ",
            "sender_key": "c2VuZGVyIGtleSBvZiB0aGlydHktdHdvIGJ5dGVzISE", "session_id": "c2Vzc2lvbiBpZCBvZiB0aGlydHktdHdvIGJ5dGVz",
        });
        let body = serde_json::to_vec(&body).expect("JSON");
        let cost = median(|| {
            let content = Content::from_json(black_box(&body)).expect("canonical");
            black_box(room.accept(content));
        });
        println!(
            "accept, {ciphertext_bytes:>5} B, {members_with_power:>3} users with a level {:>8.1} µs  = {:.2} signatures",
            micros(cost),
            cost.as_secs_f64() / sign.as_secs_f64(),
        );
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// The median over some repeats of the mean cost of one call.
fn median(mut call: impl FnMut()) -> Duration {
    let mut means: Vec<Duration> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                call();
            }
            start.elapsed() / ROUNDS
        })
        .collect();
    means.sort_unstable();
    means[REPEATS / 2]
}

struct Room {
    key: SigningKey,
    sender: OwnedUserId,
    room_id: ruma::OwnedRoomId,
    head: Vec<room::Extremity>,
    state: HashMap<StateKey, Arc<Pdu>>,
}

impl Room {
    fn new(members_with_power: usize) -> Self {
        let key = SigningKey::from_seed(server_name!("klinikum.test"), "a", [1; 32])
            .expect("a good name");
        let anna = user_id!("@anna:klinikum.test");
        let created = create_room(RoomVersion::V12, anna, &Content::empty(), "", now(), &key)
            .expect("a room");
        let mut room = Self {
            key,
            sender: anna.to_owned(),
            room_id: created.room_id.clone(),
            head: vec![created.extremity()],
            state: HashMap::from([((StateEventType::RoomCreate, String::new()), created.pdu)]),
        };
        room.put("m.room.member", anna.as_str(), &json!({ "membership": "join" }));
        let users: serde_json::Map<String, Value> = (0..members_with_power)
            .map(|n| (format!("@person{n:04}:klinikum.test"), json!(50)))
            .collect();
        let events = json!({
            "m.room.name": 50, "m.room.avatar": 50, "m.room.encryption": 100, "m.room.tombstone": 100,
            "m.room.power_levels": 100, "m.room.history_visibility": 100, "m.room.server_acl": 100,
        });
        room.put("m.room.power_levels", "", &json!({ "users": users, "events": events }));
        room
    }

    fn put(&mut self, kind: &str, state_key: &str, body: &Value) {
        let proposal = Proposal {
            kind: kind.into(),
            state_key: Some(state_key.to_owned()),
            ..self.proposal(Content::from_value(body).expect("canonical"))
        };
        let accepted = self.ask(proposal);
        self.head = vec![accepted.extremity()];
        self.state.insert((kind.into(), state_key.to_owned()), accepted.pdu);
    }

    fn accept(&self, content: Content) -> room::Accepted {
        self.ask(self.proposal(content))
    }

    fn proposal(&self, content: Content) -> Proposal {
        Proposal {
            kind: "m.room.encrypted".into(),
            state_key: None,
            sender: self.sender.clone(),
            content,
            redacts: None,
            origin_server_ts: now(),
        }
    }

    fn ask(&self, proposal: Proposal) -> room::Accepted {
        let state = |kind: &StateEventType, key: &str| {
            self.state.get(&(kind.clone(), key.to_owned())).cloned()
        };
        let facts = Facts {
            version: RoomVersion::V12,
            room_id: &self.room_id,
            prev_events: &self.head,
            state: &state,
        };
        accept(&facts, proposal, &self.key).expect("the creator may send")
    }
}

fn now() -> MilliSecondsSinceUnixEpoch {
    MilliSecondsSinceUnixEpoch(UInt::from(1_000_u32))
}
