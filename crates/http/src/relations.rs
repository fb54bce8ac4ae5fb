//! `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}[/{relType}[/{eventType}]]`, `GET …/threads`
//! <https://spec.matrix.org/v1.19/client-server-api/#relationships-api>

use homeserver::{
    Session,
    rooms::{
        read::ReadError,
        relations::{self, Related, Wanted},
    },
};
use ruma::{
    EventId, RoomId, UInt,
    api::{
        Direction,
        client::{
            relations::{
                get_relating_events, get_relating_events_with_rel_type,
                get_relating_events_with_rel_type_and_event_type,
            },
            threads::get_threads::{self, v1::IncludeThreads},
        },
    },
};

use crate::{
    Endpoints,
    endpoint::{Call, Json},
    error::ApiError,
    message::get_message_events::token,
    room::array,
};

/// Events in an answer whose client asked for no number.
const DEFAULT_LIMIT: u32 = 50;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(all).user(of_type).user(of_type_and_event_type).user(threads)
}

/// What the three paths have in common.
struct Asked<'a> {
    room_id: &'a RoomId,
    event_id: &'a EventId,
    rel_type: Option<&'a str>,
    kind: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    dir: Direction,
    limit: Option<UInt>,
    recurse: bool,
}

async fn answer(
    hs: &homeserver::Homeserver,
    session: &Session,
    asked: Asked<'_>,
) -> Result<Json, ApiError> {
    let wanted = Wanted {
        rel_type: asked.rel_type,
        kind: asked.kind,
        forwards: asked.dir == Direction::Forward,
        from: asked.from.map(token).transpose()?,
        to: asked.to.map(token).transpose()?,
        limit: limit(asked.limit)?,
        recurse: asked.recurse,
    };
    let related = relations::relations(hs, session, asked.room_id, asked.event_id, wanted).await;
    // That a room is none of the reader's looks like an event that is not there.
    let related = related.map_err(|error| match error {
        ReadError::UnknownRoom | ReadError::NotInRoom => ReadError::UnknownEvent,
        other => other,
    })?;
    Ok(chunk(&related, asked.from))
}

fn limit(limit: Option<UInt>) -> Result<u32, ApiError> {
    match limit.map(u64::from) {
        None => Ok(DEFAULT_LIMIT),
        Some(0) => Err(ApiError::invalid_param("`limit` is greater than zero")),
        Some(limit) => Ok(limit.try_into().unwrap_or(u32::MAX)),
    }
}

fn chunk(related: &Related, from: Option<&str>) -> Json {
    let mut out = b"{\"chunk\":".to_vec();
    out.extend(array(&related.events));
    if let Some(next) = related.next {
        out.extend(format!(",\"next_batch\":\"{next}\"").into_bytes());
    }
    if let Some(from) = from.and_then(|from| token(from).ok()) {
        out.extend(format!(",\"prev_batch\":\"{from}\"").into_bytes());
    }
    if let Some(depth) = related.depth {
        out.extend(format!(",\"recursion_depth\":{depth}").into_bytes());
    }
    out.push(b'}');
    Json(out.into())
}

async fn all(
    Call { hs, request, .. }: Call<get_relating_events::v1::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let asked = Asked {
        room_id: &request.room_id,
        event_id: &request.event_id,
        rel_type: None,
        kind: None,
        from: request.from.as_deref(),
        to: request.to.as_deref(),
        dir: request.dir,
        limit: request.limit,
        recurse: request.recurse,
    };
    answer(&hs, &session, asked).await
}

async fn of_type(
    Call { hs, request, .. }: Call<get_relating_events_with_rel_type::v1::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let rel_type = request.rel_type.to_string();
    let asked = Asked {
        room_id: &request.room_id,
        event_id: &request.event_id,
        rel_type: Some(&rel_type),
        kind: None,
        from: request.from.as_deref(),
        to: request.to.as_deref(),
        dir: request.dir,
        limit: request.limit,
        recurse: request.recurse,
    };
    answer(&hs, &session, asked).await
}

async fn of_type_and_event_type(
    Call { hs, request, .. }: Call<get_relating_events_with_rel_type_and_event_type::v1::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let (rel_type, kind) = (request.rel_type.to_string(), request.event_type.to_string());
    let asked = Asked {
        room_id: &request.room_id,
        event_id: &request.event_id,
        rel_type: Some(&rel_type),
        kind: Some(&kind),
        from: request.from.as_deref(),
        to: request.to.as_deref(),
        dir: request.dir,
        limit: request.limit,
        recurse: request.recurse,
    };
    answer(&hs, &session, asked).await
}

async fn threads(
    Call { hs, request, .. }: Call<get_threads::v1::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let from = request.from.as_deref().map(token).transpose()?;
    let participated = request.include == IncludeThreads::Participated;
    let limit = limit(request.limit)?;
    let roots =
        relations::threads(&hs, &session, &request.room_id, from, limit, participated).await?;
    Ok(chunk(&roots, None))
}
