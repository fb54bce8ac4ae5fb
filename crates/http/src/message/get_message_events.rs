//! `GET /_matrix/client/v3/rooms/{roomId}/messages`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages>

use homeserver::{
    Session,
    rooms::{
        TimelineToken,
        read::{self, Range},
    },
};
use ruma::api::{
    Direction,
    client::{
        filter::{LazyLoadOptions, RoomEventFilter},
        message::get_message_events::v3::Request,
    },
};
use store::rooms::EventRow;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
    room::array,
};

pub async fn get_message_events(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let range = Range {
        from: request.from.as_deref().map(token).transpose()?,
        to: request.to.as_deref().map(token).transpose()?,
        backwards: request.dir == Direction::Backward,
        limit: u64::from(request.limit).try_into().unwrap_or(u32::MAX),
    };
    let filter = request.filter;
    let page =
        read::messages(&hs, &session, &request.room_id, range, |event| admits(&filter, event))
            .await?;
    let mut out = b"{\"chunk\":".to_vec();
    out.extend(array(&page.events));
    out.extend(format!(",\"start\":\"{}\"", page.start).into_bytes());
    if let Some(end) = page.end {
        out.extend(format!(",\"end\":\"{end}\"").into_bytes());
    }
    if matches!(filter.lazy_load_options, LazyLoadOptions::Enabled { .. }) {
        let members = read::members_of(&hs, &session, &request.room_id, &page.senders).await?;
        out.extend_from_slice(b",\"state\":");
        out.extend(array(&members));
    }
    out.push(b'}');
    Ok(Json(out.into()))
}

pub(crate) fn token(text: &str) -> Result<TimelineToken, ApiError> {
    text.parse().map_err(|_| ApiError::invalid_param("This is not a token of this server"))
}

/// Whether a filter lets an event through, by what stands in its row.
pub(crate) fn admits(filter: &RoomEventFilter, event: &EventRow) -> bool {
    let listed = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, &event.kind));
    filter.types.as_ref().is_none_or(|types| listed(types))
        && !listed(&filter.not_types)
        && filter.senders.as_ref().is_none_or(|senders| senders.contains(&event.sender))
        && !filter.not_senders.contains(&event.sender)
}

/// `*` stands for any characters.
fn matches(pattern: &str, kind: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = kind.strip_prefix(first) else { return false };
    let mut ends_open = false;
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        ends_open = true;
    }
    rest.is_empty() || ends_open
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, kind) in [
            ("m.room.*", "m.room.name"),
            ("*", "x"),
            ("m.*.name", "m.room.name"),
            ("a", "a"),
            ("a*", "a"),
        ] {
            assert!(matches(pattern, kind), "{pattern} {kind}");
        }
        for (pattern, kind) in
            [("m.room.*", "m.call"), ("a", "ab"), ("*.name", "m.room.topic"), ("a*a", "a")]
        {
            assert!(!matches(pattern, kind), "{pattern} {kind}");
        }
    }
}
