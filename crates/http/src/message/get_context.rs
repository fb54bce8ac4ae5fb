//! `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid>

use homeserver::{Session, rooms::read};
use ruma::api::client::context::get_context::v3::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
    room::array,
};

pub async fn get_context(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let limit = u64::from(request.limit).try_into().unwrap_or(u32::MAX).min(read::MAX_PAGE);
    let filter = &request.filter;
    let context =
        read::context(&hs, &session, &request.room_id, &request.event_id, limit, filter).await?;
    let mut out = b"{\"event\":".to_vec();
    out.extend_from_slice(&context.event);
    for (name, events) in [
        ("events_before", &context.before),
        ("events_after", &context.after),
        ("state", &context.state),
    ] {
        out.extend(format!(",\"{name}\":").into_bytes());
        out.extend(array(events));
    }
    let (start, end) = (context.start, context.end);
    out.extend(format!(",\"start\":\"{start}\",\"end\":\"{end}\"}}").into_bytes());
    Ok(Json(out.into()))
}
