//! Reports to the hospital's administrators. They are read with `konsil report list`, closed with `konsil report close`, and
//! deleted after [`KEPT_DAYS`](store::reports::KEPT_DAYS) days at the latest.
//! <https://spec.matrix.org/v1.19/client-server-api/#reporting-content>

use std::time::Duration;

use base::Timestamp;
use db::{Batch, CommitError, Error};
use ruma::{EventId, RoomId, UserId};
use store::reports::{self as rows, KEPT_DAYS, Report, Subject};

use crate::{
    Homeserver, Session, limits,
    rooms::{self, OpenRoomError, read},
};

/// The longest reason, in bytes.
const MAX_REASON_BYTES: usize = 4_000;

/// Why nothing was reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such message, or the reporter is not in its room: the answer does not tell which.
    #[error("the event is not known, or the user is not in its room")]
    Unknown,
    /// The reason is too long.
    #[error("the reason is too long")]
    TooLong,
    /// Too many reports.
    #[error(transparent)]
    Limited(#[from] limits::Exceeded),
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Reports a message of a room that the reporter has joined.
pub async fn event(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
    reason: &str,
) -> Result<(), ReportError> {
    check(hs, session, reason)?;
    match rooms::room_nid(hs, room_id).await {
        Ok(room) if hs.feeds.is_joined(room, session.user) => {}
        Ok(_) | Err(OpenRoomError::Unknown) => return Err(ReportError::Unknown),
        Err(OpenRoomError::Store(error)) => return Err(error.into()),
    }
    match read::event_row(hs, session, room_id, event_id).await {
        Ok(_) => {}
        Err(read::ReadError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(ReportError::Unknown),
    }
    let subject = Subject {
        room_id: Some(room_id.to_string()),
        event_id: Some(event_id.to_string()),
        user_id: None,
    };
    keep(hs, session, subject, reason).await
}

/// Reports a room, joined or not. One that is not known here is accepted alike and not kept.
pub async fn room(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    reason: &str,
) -> Result<(), ReportError> {
    check(hs, session, reason)?;
    match rooms::room_nid(hs, room_id).await {
        Ok(_) => {}
        Err(OpenRoomError::Unknown) => return Ok(()),
        Err(OpenRoomError::Store(error)) => return Err(error.into()),
    }
    let subject = Subject { room_id: Some(room_id.to_string()), ..Subject::default() };
    keep(hs, session, subject, reason).await
}

/// Reports a person. One who is not known here is accepted alike and not kept.
pub async fn user(
    hs: &Homeserver,
    session: &Session,
    user: &UserId,
    reason: &str,
) -> Result<(), ReportError> {
    check(hs, session, reason)?;
    if store::accounts::user_nid(&hs.db, user).await?.is_none() {
        return Ok(());
    }
    let subject = Subject { user_id: Some(user.to_string()), ..Subject::default() };
    keep(hs, session, subject, reason).await
}

fn check(hs: &Homeserver, session: &Session, reason: &str) -> Result<(), ReportError> {
    hs.count(limits::Subject::Report(session.user))?;
    if reason.len() > MAX_REASON_BYTES || reason.contains('\0') {
        return Err(ReportError::TooLong);
    }
    Ok(())
}

async fn keep(
    hs: &Homeserver,
    session: &Session,
    subject: Subject,
    reason: &str,
) -> Result<(), ReportError> {
    let report = hs.db.nids().next().await?;
    let mut batch = Batch::new();
    let now = hs.clock.now();
    rows::delete_before(&mut batch, oldest_kept(now));
    rows::insert(&mut batch, report, session.user, now, subject, reason);
    hs.db.commit(batch).await?;
    tracing::info!(report.number = report, "A report waits for the administrators");
    Ok(())
}

fn oldest_kept(now: Timestamp) -> Timestamp {
    let kept = Duration::from_secs(u64::from(KEPT_DAYS) * 24 * 60 * 60);
    Timestamp(now.0.saturating_sub(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX)))
}

/// Deletes the reports whose time is over.
pub async fn delete_old(hs: &Homeserver) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    rows::delete_before(&mut batch, oldest_kept(hs.clock.now()));
    hs.db.commit(batch).await.map(drop)
}

/// The reports that wait for the administrators, oldest first.
pub async fn all(hs: &Homeserver) -> Result<Vec<Report>, Error> {
    rows::all(&hs.db).await
}

/// Deletes a report that is dealt with; `false` if there is none of this number.
pub async fn close(hs: &Homeserver, report: i64) -> Result<bool, CommitError> {
    let mut batch = Batch::new();
    rows::close(&mut batch, report);
    match hs.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Ok(false),
        other => other.map(|_| true),
    }
}
