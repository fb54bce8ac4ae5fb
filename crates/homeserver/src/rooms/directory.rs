//! The hospital's directory of rooms.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#published-room-directory>

use std::{fmt, str::FromStr};

use db::{Batch, Error, params};
use room::Refused;
use ruma::{RoomId, ServerName};
use serde_json::{Map, Value};
use store::rooms::{self as rows, List};

use super::{OpenRoomError, WriteError, summary::Outside};
use crate::{Homeserver, Session, appservices::Appservice};

/// Rooms in an answer whose client asked for no number, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

/// Where a page of the directory begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageToken(usize);

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}

impl FromStr for PageToken {
    type Err = super::BadToken;

    fn from_str(text: &str) -> Result<Self, super::BadToken> {
        let number = text.strip_prefix('d').ok_or(super::BadToken)?;
        number.parse().map(Self).map_err(|_| super::BadToken)
    }
}

/// What is wanted of the directory.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Most rooms in the answer.
    pub limit: Option<u64>,
    /// Where to begin.
    pub since: PageToken,
    /// What name, topic or alias hold.
    pub term: Option<String>,
    /// Only rooms of these types; `None` is a room without type.
    pub types: Option<Vec<Option<String>>>,
    /// Whose rooms.
    pub list: List,
}

/// A part of the directory.
#[derive(Debug)]
pub struct Page {
    /// Rooms, the largest first.
    pub rooms: Vec<Map<String, Value>>,
    /// Where the next page begins.
    pub next: Option<PageToken>,
    /// Where the page before begins.
    pub previous: Option<PageToken>,
    /// Rooms that were looked for, on all pages.
    pub total: usize,
}

/// Rooms of the directory.
pub async fn list(hs: &Homeserver, wanted: Wanted) -> Result<Page, Error> {
    let limit = wanted.limit.map_or(DEFAULT_LIMIT, |limit| {
        usize::try_from(limit).unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT)
    });
    let mut listed: Vec<_> = rows::public_rooms(&hs.db, &wanted.list)
        .await?
        .into_iter()
        .map(|room| (room.room, room.room_id))
        .collect();
    let start = wanted.since.0;
    let term = wanted.term.map(|term| term.to_lowercase()).filter(|term| !term.is_empty());
    // Unless all must be looked at, only those of the page are read.
    let (total, page) = if term.is_none() && wanted.types.is_none() {
        let total = listed.len();
        let end = start.saturating_add(limit).min(total);
        let page = listed.drain(start.min(end)..end);
        (total, Outside::read(hs, page).await?)
    } else {
        let mut found = Outside::read(hs, listed).await?;
        found.retain(|room| {
            term.as_ref().is_none_or(|term| room.mentions(term))
                && wanted.types.as_ref().is_none_or(|types| {
                    types.iter().any(|wanted| wanted.as_deref() == room.room_type())
                })
        });
        let total = found.len();
        (total, found.into_iter().skip(start).take(limit).collect())
    };
    let end = start.saturating_add(page.len());
    Ok(Page {
        rooms: page.iter().map(Outside::directory_entry).collect(),
        next: (end < total && !page.is_empty()).then_some(PageToken(end)),
        previous: (start > 0).then(|| PageToken(start.saturating_sub(limit))),
        total,
    })
}

/// Whether the directory lists a room.
pub async fn is_listed(hs: &Homeserver, room_id: &RoomId) -> Result<bool, OpenRoomError> {
    let row = rows::room_by_id(&hs.db, room_id).await?;
    row.map(|row| row.public).ok_or(OpenRoomError::Unknown)
}

/// Puts a room into the directory, or takes it out: members may who may name the room by an alias.
pub async fn set_listed(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    listed: bool,
) -> Result<(), WriteError> {
    let room = super::open(hs, room_id).await?;
    if !room.core.lock().may_set(&room, &session.user_id, "m.room.canonical_alias") {
        let reason = "only members who may set the room's aliases may list it";
        return Err(Refused::Forbidden(reason.to_owned()).into());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::SET_PUBLIC, params![room.room.0, listed]);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Longest name of a network, in bytes.
const MAX_NETWORK: usize = 255;

/// Why a service may not list a room for a network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkListError {
    /// The name of the network is empty or too long.
    #[error("the network is not valid")]
    BadNetwork,
    /// There is no such room.
    #[error(transparent)]
    Room(#[from] OpenRoomError),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Lists a room for a network that a service bridges, or does so no more. The operator trusts the service with it.
///
/// <https://spec.matrix.org/v1.19/application-service-api/#application-service-room-directories>
pub async fn set_listed_for_network(
    hs: &Homeserver,
    service: &Appservice,
    network: &str,
    room_id: &RoomId,
    listed: bool,
) -> Result<(), NetworkListError> {
    if network.is_empty() || network.len() > MAX_NETWORK {
        return Err(NetworkListError::BadNetwork);
    }
    let room = super::room_nid(hs, room_id).await?;
    let mut batch = Batch::new();
    store::appservices::list_room(&mut batch, &service.id, network, room, listed);
    hs.db.commit(batch).await?;
    Ok(())
}

/// The list that clients call by this name, as [`instance_id`] makes it.
pub fn list_of_instance(hs: &Homeserver, instance: &str) -> Option<List> {
    hs.appservices.iter().find_map(|service| {
        let network = instance.strip_prefix(&service.id)?.strip_prefix('|')?;
        Some(List::Network { service: service.id.clone(), network: network.to_owned() })
    })
}

/// The name of a network of a service, among those of all services.
pub fn instance_id(service: &Appservice, network: &str) -> String {
    format!("{}|{network}", service.id)
}

/// Whether a directory is this hospital's own: no other is asked.
pub fn is_own(hs: &Homeserver, server: Option<&ServerName>) -> bool {
    server.is_none_or(|server| server == hs.server_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_wire_and_others_are_refused() {
        assert_eq!(PageToken(100).to_string().parse(), Ok(PageToken(100)));
        for bad in ["", "d", "100", "d-1", "t5"] {
            assert!(bad.parse::<PageToken>().is_err(), "{bad}");
        }
    }
}
