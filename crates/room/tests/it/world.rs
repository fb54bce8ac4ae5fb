//! A room in memory whose events come from the real builder.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use room::{
    Accepted, Content, Extremity, Facts, Pdu, Proposal, Refused, RoomVersion, SigningKey, StateKey,
};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, UInt, UserId, events::StateEventType,
    server_name,
};
use serde_json::{Value, json};

pub const ANNA: &str = "@anna:klinikum.test";
pub const JONAS: &str = "@jonas:klinikum.test";
pub const MIRA: &str = "@mira:klinikum.test";

pub fn key() -> SigningKey {
    SigningKey::from_seed(server_name!("klinikum.test"), "a1", [7; 32]).expect("a good name")
}

pub fn content(value: &Value) -> Content {
    Content::from_value(value).expect("canonical")
}

pub fn ts(ms: u32) -> MilliSecondsSinceUnixEpoch {
    MilliSecondsSinceUnixEpoch(UInt::from(ms))
}

/// A room whose events follow each other in one line.
pub struct Room {
    pub version: RoomVersion,
    pub room_id: OwnedRoomId,
    pub key: SigningKey,
    pub state: HashMap<StateKey, Arc<Pdu>>,
    pub head: Vec<Extremity>,
    pub events: Vec<Accepted>,
    clock: RefCell<u32>,
}

impl Room {
    /// A room just created by Anna, without a member yet.
    pub fn created(version: RoomVersion, create_content: &Value) -> Self {
        let key = key();
        let creator = <&UserId>::try_from(ANNA).expect("an ID");
        let created =
            room::create_room(version, creator, &content(create_content), "abc", ts(1), &key)
                .expect("a room");
        let mut room = Self {
            version,
            room_id: created.room_id.clone(),
            key,
            state: HashMap::new(),
            head: Vec::new(),
            events: Vec::new(),
            clock: RefCell::new(1),
        };
        room.keep(created);
        room
    }

    /// A room with Anna in it, open to all, with default power levels.
    pub fn public(version: RoomVersion) -> Self {
        let mut room = Self::created(version, &json!({}));
        room.state(ANNA, "m.room.member", ANNA, json!({ "membership": "join" })).expect("join");
        let users = if version == RoomVersion::V12 { json!({}) } else { json!({ ANNA: 100 }) };
        room.state(ANNA, "m.room.power_levels", "", json!({ "users": users })).expect("levels");
        room.state(ANNA, "m.room.join_rules", "", json!({ "join_rule": "public" })).expect("rules");
        room
    }

    fn keep(&mut self, accepted: Accepted) {
        self.head = vec![accepted.extremity()];
        if let Some(key) = accepted.pdu.key() {
            self.state.insert(key, accepted.pdu.clone());
        }
        self.events.push(accepted);
    }

    pub fn proposal(
        &self,
        sender: &str,
        kind: &str,
        state_key: Option<&str>,
        body: &Value,
    ) -> Proposal {
        *self.clock.borrow_mut() += 1;
        Proposal {
            kind: kind.into(),
            state_key: state_key.map(ToOwned::to_owned),
            sender: sender.try_into().expect("an ID"),
            content: content(body),
            redacts: None,
            origin_server_ts: ts(*self.clock.borrow()),
        }
    }

    /// Asks without keeping the answer.
    pub fn ask(&self, proposal: Proposal) -> Result<Accepted, Refused> {
        let state = |kind: &StateEventType, key: &str| {
            self.state.get(&(kind.clone(), key.to_owned())).cloned()
        };
        let facts = Facts {
            version: self.version,
            room_id: &self.room_id,
            prev_events: &self.head,
            state: &state,
        };
        room::accept(&facts, proposal, &self.key)
    }

    pub fn put(&mut self, proposal: Proposal) -> Result<OwnedEventId, Refused> {
        let accepted = self.ask(proposal)?;
        let id = accepted.event_id().clone();
        self.keep(accepted);
        Ok(id)
    }

    pub fn state(
        &mut self,
        sender: &str,
        kind: &str,
        state_key: &str,
        body: Value,
    ) -> Result<OwnedEventId, Refused> {
        let proposal = self.proposal(sender, kind, Some(state_key), &body);
        self.put(proposal)
    }

    /// Whether the rules would let this state event in.
    pub fn allows(&self, sender: &str, kind: &str, state_key: &str, body: Value) -> bool {
        match self.ask(self.proposal(sender, kind, Some(state_key), &body)) {
            Ok(_) => true,
            Err(Refused::Forbidden(_)) => false,
            Err(other) => panic!("neither allowed nor forbidden: {other}"),
        }
    }

    /// Lets people in, whatever the join rule.
    pub fn join(&mut self, people: &[&str]) {
        for person in people {
            self.state(person, "m.room.member", person, json!({ "membership": "join" }))
                .expect("the room is public");
        }
    }

    /// Sets the power levels, in every version so that Anna stays above all.
    pub fn levels(&mut self, levels: &Value) {
        let mut levels = levels.clone();
        if self.version != RoomVersion::V12 {
            levels["users"][ANNA] = json!(100);
        }
        self.state(ANNA, "m.room.power_levels", "", levels).expect("Anna may");
    }

    pub fn message(&mut self, sender: &str, body: Value) -> Result<OwnedEventId, Refused> {
        let proposal = self.proposal(sender, "m.room.encrypted", None, &body);
        self.put(proposal)
    }

    pub fn last(&self) -> &Accepted {
        self.events.last().expect("a room has a create event")
    }
}
