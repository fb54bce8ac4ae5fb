//! Sending: messages, state and redactions.

use base::EventNid;
use bytes::Bytes;
use db::params;
use room::{Content, Proposal, Refused};
use ruma::{EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, RoomId};
use store::rooms::{self as rows, EventRow};

use super::{
    WriteError, relations,
    write::{Rows, write},
};
use crate::{Homeserver, Session, policy};

/// Sends a message event. The same transaction id of the same device sends nothing twice. `at` is when an application service says that
/// it was sent.
///
/// # Errors
/// [`WriteError::Unencrypted`] for types that the hospital's policy refuses (II.a).
pub async fn send_message(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    content: Content,
    txn_id: &str,
    at: Option<MilliSecondsSinceUnixEpoch>,
) -> Result<OwnedEventId, WriteError> {
    if kind == "m.room.redaction" {
        let target = content.read::<Redacts>().ok().map(|redacts| redacts.redacts);
        let target = target.ok_or_else(|| {
            Refused::BadEvent("a redaction names the event that it redacts".to_owned())
        })?;
        return redact(hs, session, room_id, &target, content, txn_id).await;
    }
    if !policy::admits_message(&hs.policy, kind) {
        return Err(WriteError::Unencrypted);
    }
    relations::check_tombstone(room_id, kind, &content)?;
    let txn_key = format!("{kind} {txn_id} {room_id}");
    if content.as_str().contains("m.relates_to") {
        let room = super::room_nid(hs, room_id).await?;
        if let Err(refused) = relations::check(hs, session, room, kind, &content).await {
            // A repeated request is not refused for what the first one made.
            return known_transaction(hs, session, &txn_key).await?.ok_or(refused);
        }
    }
    let event = EventNid(hs.db.nids().next().await?);
    let now = at.unwrap_or_else(|| hs.origin_server_ts());
    let written = write(hs, room_id, |core, room, batch| {
        let proposal = Proposal {
            kind: kind.into(),
            state_key: None,
            sender: session.user_id.clone(),
            content: content.clone(),
            redacts: None,
            origin_server_ts: now,
        };
        let rows = Rows {
            event,
            sender: session.user,
            target: None,
            transaction: Some((session.device, txn_id, txn_key.clone())),
        };
        Ok(core.append(room, batch, proposal, rows, &hs.signing_key)?)
    });
    answer_once(hs, session, &txn_key, written.await).await
}

#[derive(serde::Deserialize)]
struct Redacts {
    redacts: OwnedEventId,
}

/// Answers a repeated request with what the first one made.
async fn answer_once(
    hs: &Homeserver,
    session: &Session,
    txn_key: &str,
    written: Result<OwnedEventId, WriteError>,
) -> Result<OwnedEventId, WriteError> {
    match written {
        Err(WriteError::Commit(db::CommitError::Conflict { statement }))
            if statement == rows::CLAIM_TRANSACTION.name =>
        {
            known_transaction(hs, session, txn_key).await?.ok_or(WriteError::UnknownEvent)
        }
        other => other,
    }
}

/// The event that a request of the session's device made before.
async fn known_transaction(
    hs: &Homeserver,
    session: &Session,
    txn_key: &str,
) -> Result<Option<OwnedEventId>, db::Error> {
    let row = hs.db.query_opt(&rows::TRANSACTION, params![session.device.0, txn_key]).await?;
    let Some(row) = row else { return Ok(None) };
    let id = EventId::parse(row.get::<String>(0)?);
    Ok(Some(id.map_err(|_| db::Error::corrupt("transactions.event_id"))?))
}

/// Sets a part of a room's state. Setting what is already there makes no new event.
///
/// # Errors
/// [`WriteError::Unencrypted`] for an `m.room.encryption` that would switch encryption off (II.a).
pub async fn send_state(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    state_key: &str,
    content: Content,
    at: Option<MilliSecondsSinceUnixEpoch>,
) -> Result<OwnedEventId, WriteError> {
    if kind == "m.room.member" {
        return super::membership::from_state(hs, session, room_id, state_key, content, at).await;
    }
    if kind == "m.room.encryption" && !policy::admits_encryption(&hs.policy, &content) {
        return Err(WriteError::Unencrypted);
    }
    match kind {
        "m.room.canonical_alias" => {
            super::aliases::check_canonical(hs, room_id, &content).await?;
        }
        "m.room.third_party_invite" => return Err(third_party_invite().into()),
        _ => relations::check_tombstone(room_id, kind, &content)?,
    }
    let event = EventNid(hs.db.nids().next().await?);
    let now = at.unwrap_or_else(|| hs.origin_server_ts());
    write(hs, room_id, |core, room, batch| {
        if kind == "m.room.power_levels"
            && let Some(power) = core.power(room)
        {
            power.check_levels(&content)?;
        }
        if let Some(entry) = core.entry(kind, state_key)
            && entry.pdu.content.get() == content.as_str()
            && entry.pdu.sender == session.user_id
        {
            return Ok(entry.pdu.event_id.clone());
        }
        let proposal = Proposal {
            kind: kind.into(),
            state_key: Some(state_key.to_owned()),
            sender: session.user_id.clone(),
            content: content.clone(),
            redacts: None,
            origin_server_ts: now,
        };
        let rows = Rows { event, sender: session.user, target: None, transaction: None };
        Ok(core.append(room, batch, proposal, rows, &hs.signing_key)?)
    })
    .await
}

/// Why nobody is invited by an address outside of the hospital: no identity server is asked (II.c).
pub(super) fn third_party_invite() -> Refused {
    let reason = "people are not invited by phone number or address outside the hospital";
    Refused::Forbidden(reason.to_owned())
}

/// Deletes the content of an event, here and in the store: what is redacted is gone from the disk.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#redactions>
pub async fn redact(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    target: &EventId,
    content: Content,
    txn_id: &str,
) -> Result<OwnedEventId, WriteError> {
    let room = super::open(hs, room_id).await?;
    let found = rows::event_by_id(&hs.db, target).await?.filter(|event| event.room == room.room);
    let found = found.ok_or(WriteError::UnknownEvent)?;
    let pdu = rows::pdu(&hs.db, found.event).await?.ok_or(WriteError::UnknownEvent)?;
    let (client, pdu) = redacted_forms(&room, &found, &pdu)?;
    let event = EventNid(hs.db.nids().next().await?);
    let now = hs.origin_server_ts();
    let txn_key = format!("redact {txn_id} {room_id} {target}");
    let written = write(hs, room_id, |core, room, batch| {
        if !core.may_redact(room, &session.user_id, &found.sender)? {
            let reason = "only who sent a message, or a moderator, may delete it";
            return Err(Refused::Forbidden(reason.to_owned()).into());
        }
        let proposal = Proposal {
            kind: "m.room.redaction".into(),
            state_key: None,
            sender: session.user_id.clone(),
            content: content.clone(),
            redacts: Some(target.to_owned()),
            origin_server_ts: now,
        };
        let rows = Rows {
            event,
            sender: session.user,
            target: None,
            transaction: Some((session.device, txn_id, txn_key.clone())),
        };
        let id = core.append(room, batch, proposal, rows, &hs.signing_key)?;
        batch.exec(&rows::REDACT_EVENT, params![found.event.0, client.clone(), event.0]);
        batch.exec(&rows::REDACT_PDU, params![found.event.0, pdu.clone()]);
        if let Some((target, rel_type)) = relations::relation_in(&found.client) {
            batch.exec(&rows::DROP_RELATION, params![target, rel_type, found.event.0]);
        }
        core.redact_state(&found, &pdu)?;
        Ok(id)
    });
    answer_once(hs, session, &txn_key, written.await).await
}

fn redacted_forms(
    room: &super::Room,
    event: &EventRow,
    pdu: &[u8],
) -> Result<(Bytes, Bytes), Refused> {
    let pdu = room::redact(room.version, pdu)?;
    let client = room::redact(room.version, &event.client)?;
    Ok((client.into(), pdu.into()))
}
