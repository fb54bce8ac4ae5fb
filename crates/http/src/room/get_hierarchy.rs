//! `GET /_matrix/client/v1/rooms/{roomId}/hierarchy`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy>

use homeserver::{
    Session,
    rooms::hierarchy::{self, HierarchyError, Wanted},
};
use ruma::api::client::space::get_hierarchy::v1::Request;
use serde_json::json;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_hierarchy(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let from = request.from.as_deref().map(str::parse).transpose();
    let wanted = Wanted {
        suggested_only: request.suggested_only,
        limit: request.limit.map(u64::from),
        max_depth: request.max_depth.map(u64::from),
        from: from.map_err(|_| ApiError::invalid_param("`from` is not a token"))?,
    };
    if wanted.limit == Some(0) {
        return Err(ApiError::invalid_param("`limit` is greater than zero"));
    }
    let page = hierarchy::hierarchy(&hs, &session, &request.room_id, wanted).await?;
    let mut answer = json!({ "rooms": page.rooms });
    if let Some(next) = page.next {
        answer["next_batch"] = next.to_string().into();
    }
    Ok(Json(answer.to_string().into()))
}

impl From<HierarchyError> for ApiError {
    fn from(error: HierarchyError) -> Self {
        match error {
            HierarchyError::Changed => Self::invalid_param(
                "`suggested_only` and `max_depth` cannot change from page to page",
            ),
            HierarchyError::Read(error) => error.into(),
        }
    }
}
