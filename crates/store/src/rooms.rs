//! Rooms: events, the timeline, versioned state, memberships, aliases and transaction ids.
//!
//! `rooms.head` is raised by every event and is the guard of every write to a room. State is kept as versioned rows (ADR 3):
//! the state at version *v* are the rows with `from_ver <= v < to_ver`.

mod directory;
mod events;
mod members;
mod purge;
mod relations;
mod room;
mod state;

use db::Error;
use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};

pub use self::{directory::*, events::*, members::*, purge::*, relations::*, room::*, state::*};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// `to_ver` of a state row that is still true.
pub const OPEN: i64 = i64::MAX;

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE rooms (
            room_nid BIGINT NOT NULL PRIMARY KEY,
            room_id TEXT NOT NULL UNIQUE,
            version TEXT NOT NULL,
            head BIGINT NOT NULL,
            state_ver BIGINT NOT NULL,
            notifying BIGINT NOT NULL,
            extremities TEXT NOT NULL,
            public BIGINT NOT NULL
        )",
        "CREATE INDEX rooms_public ON rooms (room_nid) WHERE public = 1",
        "CREATE TABLE events (
            event_nid BIGINT NOT NULL PRIMARY KEY,
            room_nid BIGINT NOT NULL,
            event_id TEXT NOT NULL UNIQUE,
            pos BIGINT,
            kind TEXT NOT NULL,
            state_key TEXT,
            membership TEXT,
            sender_nid BIGINT NOT NULL,
            ts BIGINT NOT NULL,
            depth BIGINT NOT NULL,
            state_ver BIGINT NOT NULL,
            notifying BIGINT NOT NULL,
            apart BIGINT,
            redacted_by BIGINT,
            related BIGINT,
            txn_device BIGINT,
            txn_id TEXT,
            client BYTEA NOT NULL
        )",
        "CREATE UNIQUE INDEX events_timeline ON events (room_nid, pos)",
        "CREATE INDEX events_in_clear ON events (room_nid, pos) WHERE kind IN ('m.room.message', 'm.room.name', 'm.room.topic')",
        "CREATE INDEX events_apart ON events (room_nid, pos) WHERE apart IS NOT NULL",
        "CREATE TABLE pdus (event_nid BIGINT NOT NULL PRIMARY KEY, pdu BYTEA NOT NULL)",
        "CREATE TABLE relations (
            target TEXT NOT NULL,
            rel_type TEXT NOT NULL,
            event_nid BIGINT NOT NULL,
            room_nid BIGINT NOT NULL,
            PRIMARY KEY (target, rel_type, event_nid)
        ) WITHOUT ROWID",
        "CREATE INDEX relations_room ON relations (room_nid, rel_type, event_nid)",
        "CREATE TABLE room_state (
            room_nid BIGINT NOT NULL,
            kind TEXT NOT NULL,
            state_key TEXT NOT NULL,
            from_ver BIGINT NOT NULL,
            to_ver BIGINT NOT NULL,
            event_nid BIGINT NOT NULL,
            PRIMARY KEY (room_nid, kind, state_key, from_ver)
        ) WITHOUT ROWID",
        "CREATE INDEX room_state_versions ON room_state (room_nid, from_ver)",
        "CREATE TABLE members (
            room_nid BIGINT NOT NULL,
            user_nid BIGINT NOT NULL,
            membership TEXT NOT NULL,
            event_nid BIGINT NOT NULL,
            pos BIGINT NOT NULL,
            forgotten BIGINT NOT NULL,
            PRIMARY KEY (room_nid, user_nid)
        ) WITHOUT ROWID",
        "CREATE INDEX members_user ON members (user_nid, membership)",
        "CREATE INDEX members_pos ON members (room_nid, pos)",
        "CREATE TABLE aliases (alias TEXT NOT NULL PRIMARY KEY, room_nid BIGINT NOT NULL, creator_nid BIGINT NOT NULL)",
        "CREATE INDEX aliases_room ON aliases (room_nid)",
        "CREATE TABLE transactions (
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            txn_key TEXT NOT NULL,
            event_id TEXT NOT NULL,
            PRIMARY KEY (device_nid, txn_key)
        ) WITHOUT ROWID",
    ],
    columns: &[
        column("rooms.room_nid", "short name of a room", Concerns::Nobody, Period::Room),
        column(
            "rooms.room_id",
            "Matrix room id, to address the room",
            Concerns::Nobody,
            Period::Room,
        ),
        column("rooms.version", "the rules of the room", Concerns::Nobody, Period::Room),
        column("rooms.head", "guard against two writers at once", Concerns::Nobody, Period::Room),
        column(
            "rooms.state_ver",
            "current version of the room's state",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.notifying",
            "running number of messages, for unread counts",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.extremities",
            "the events that the next one follows",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.public",
            "whether the room stands in the hospital's room directory",
            Concerns::Nobody,
            Period::Room,
        ),
        column("events.event_nid", "short name of an event", Concerns::Nobody, Period::Message),
        column("events.room_nid", "the event's room", Concerns::User, Period::Message),
        column(
            "events.event_id",
            "Matrix event id, to address the event",
            Concerns::Nobody,
            Period::Message,
        ),
        column("events.pos", "place in the timeline", Concerns::Nobody, Period::Message),
        column("events.kind", "event type, for the room's rules", Concerns::User, Period::Message),
        column(
            "events.state_key",
            "what part of the state the event sets",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.membership",
            "what a membership event says, for history visibility",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.sender_nid",
            "who sent the event, for the room's rules and to show it",
            Concerns::User,
            Period::Message,
        ),
        column("events.ts", "when it was sent, to show it", Concerns::User, Period::Message),
        column("events.depth", "place in the event graph", Concerns::Nobody, Period::Message),
        column(
            "events.state_ver",
            "version of the room's state at the event, for history visibility",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.notifying",
            "running number of messages, for unread counts",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.apart",
            "in a thread or with mentions, so that unread counts are made for each reader",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.redacted_by",
            "the event that deleted the content",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.related",
            "whether another event refers to it, so that its summary is looked for",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.txn_device",
            "device that sent it, so that it recognises its own message",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.txn_id",
            "the device's own name for the message",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.client",
            "the event as clients get it: message content is ciphertext",
            Concerns::Ciphertext,
            Period::Message,
        ),
        column("pdus.event_nid", "which event", Concerns::Nobody, Period::Message),
        column(
            "pdus.pdu",
            "the signed event as servers exchange it: message content is ciphertext",
            Concerns::Ciphertext,
            Period::Message,
        ),
        column(
            "relations.target",
            "the event that a reply, reaction, edit or thread refers to",
            Concerns::User,
            Period::Message,
        ),
        column("relations.rel_type", "kind of reference", Concerns::User, Period::Message),
        column("relations.event_nid", "the event that refers", Concerns::User, Period::Message),
        column(
            "relations.room_nid",
            "the room, to list its threads",
            Concerns::Nobody,
            Period::Message,
        ),
        column("room_state.room_nid", "the room", Concerns::Nobody, Period::Room),
        column("room_state.kind", "event type of the state", Concerns::Nobody, Period::Room),
        column(
            "room_state.state_key",
            "which part of the state; a user id for memberships",
            Concerns::User,
            Period::Room,
        ),
        column(
            "room_state.from_ver",
            "first version for which it is true",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "room_state.to_ver",
            "first version for which it is no longer true",
            Concerns::Nobody,
            Period::Room,
        ),
        column("room_state.event_nid", "the event that set it", Concerns::Nobody, Period::Room),
        column("members.room_nid", "the room", Concerns::User, Period::Room),
        column("members.user_nid", "who is in the room", Concerns::User, Period::Room),
        column(
            "members.membership",
            "joined, invited, knocking, left or banned",
            Concerns::User,
            Period::Room,
        ),
        column("members.event_nid", "the event that says so", Concerns::Nobody, Period::Room),
        column("members.pos", "since when, in the change log", Concerns::User, Period::Room),
        column(
            "members.forgotten",
            "the person no longer wants to see the room",
            Concerns::User,
            Period::Room,
        ),
        column("aliases.alias", "readable address of a room", Concerns::Nobody, Period::Room),
        column("aliases.room_nid", "the room that it names", Concerns::Nobody, Period::Room),
        column("aliases.creator_nid", "who may remove it", Concerns::User, Period::Room),
        column("transactions.device_nid", "device that sent", Concerns::User, Period::Device),
        column(
            "transactions.txn_key",
            "so that a repeated request sends nothing twice",
            Concerns::User,
            Period::Device,
        ),
        column(
            "transactions.event_id",
            "what the first request made",
            Concerns::User,
            Period::Device,
        ),
        column(
            "purged.room_nid",
            "a room of which messages are gone",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "purged.pos",
            "up to which place in its timeline, for unread counts and to check the chain of events",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "purged.event_id",
            "the last of them, which the next event follows, to check the chain of events",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "purged.events",
            "how many, to check the room's number of events",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "purged.notifying",
            "running number of messages there, for unread counts",
            Concerns::Nobody,
            Period::Room,
        ),
    ],
};

fn event_id(text: String) -> Result<OwnedEventId, Error> {
    EventId::parse(text).map_err(|_| Error::corrupt("events.event_id"))
}

fn room_id(text: String) -> Result<OwnedRoomId, Error> {
    RoomId::parse(text).map_err(|_| Error::corrupt("rooms.room_id"))
}

fn user_id(text: String) -> Result<OwnedUserId, Error> {
    UserId::parse(text).map_err(|_| Error::corrupt("users.user_id"))
}
