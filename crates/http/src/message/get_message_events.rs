//! `GET /_matrix/client/v3/rooms/{roomId}/messages`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages>
//!
//! Konsil's own: `from` and `to` may also be the ID of an event of the room, which stands for the place behind it. So an app that has let go of
//! what is old on its device knows where to go on without having kept a token for every place.

use homeserver::{
    Session,
    rooms::{
        TimelineToken,
        read::{self, Range},
    },
};
use ruma::{
    EventId,
    api::{Direction, client::message::get_message_events::v3::Request},
};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
    room::array,
};

pub async fn get_message_events(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let place = async |text: &Option<String>| match text.as_deref() {
        None => Ok(None),
        Some(id) if id.starts_with('$') => {
            let id = <&EventId>::try_from(id).map_err(|_| bad_token())?;
            let place = read::behind(&hs, &session, &request.room_id, id).await?;
            Ok::<_, ApiError>(Some(place))
        }
        Some(text) => Ok(Some(token(text)?)),
    };
    let range = Range {
        from: place(&request.from).await?,
        to: place(&request.to).await?,
        backwards: request.dir == Direction::Backward,
        limit: u64::from(request.limit).try_into().unwrap_or(u32::MAX),
    };
    let page = read::messages(&hs, &session, &request.room_id, range, &request.filter).await?;
    let mut out = b"{\"chunk\":".to_vec();
    out.extend(array(&page.events));
    out.extend_from_slice(b",\"start\":");
    let start = request.from.unwrap_or_else(|| page.start.to_string());
    serde_json::to_writer(&mut out, &start).map_err(ApiError::internal)?;
    if let Some(end) = page.end {
        out.extend(format!(",\"end\":\"{end}\"").into_bytes());
    }
    if !page.state.is_empty() {
        out.extend_from_slice(b",\"state\":");
        out.extend(array(&page.state));
    }
    out.push(b'}');
    Ok(Json(out.into()))
}

pub(crate) fn token(text: &str) -> Result<TimelineToken, ApiError> {
    text.parse().map_err(|_| bad_token())
}

fn bad_token() -> ApiError {
    ApiError::invalid_param("This is not a token of this server")
}
