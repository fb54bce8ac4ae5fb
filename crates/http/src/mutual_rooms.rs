//! `GET /_matrix/client/v1/mutual_rooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms>

use homeserver::{
    Session,
    mutual_rooms::{self, MutualRoomsError},
};
use ruma::api::client::membership::get_mutual_rooms::unstable::Request;
use serde_json::json;

use crate::{
    Endpoints,
    endpoint::{Call, Json},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(mutual_rooms).user_at(&["/_matrix/client/v1/mutual_rooms"], mutual_rooms)
}

impl From<MutualRoomsError> for ApiError {
    fn from(error: MutualRoomsError) -> Self {
        match error {
            MutualRoomsError::Oneself => Self::invalid_param("The user is yourself"),
            MutualRoomsError::BadToken => Self::invalid_param("The token is not valid"),
            MutualRoomsError::Store(error) => error.into(),
        }
    }
}

async fn mutual_rooms(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let (other, from) = (&request.user_id, request.from.as_deref());
    let rooms = mutual_rooms::mutual_rooms(&hs, &session, other, from).await?;
    let mut answer = json!({ "joined": rooms.joined, "count": rooms.count });
    if let Some(next) = rooms.next {
        answer["next_batch"] = next.as_str().into();
    }
    Ok(Json(answer.to_string().into()))
}
