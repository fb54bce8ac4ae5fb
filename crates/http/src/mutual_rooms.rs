//! `GET /_matrix/client/v1/mutual_rooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms>

use axum::extract::Query;
use homeserver::{
    Session,
    mutual_rooms::{self, MutualRooms, MutualRoomsError},
};
use ruma::api::client::membership::get_mutual_rooms::{unstable, v1};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Endpoints,
    endpoint::{Call, Json},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(mutual_rooms).user(mutual_rooms_of_the_draft)
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
    Call { hs, request, .. }: Call<v1::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let (other, from) = (&request.user_id, request.from.as_deref());
    let page = mutual_rooms::mutual_rooms(&hs, &session, other, from).await?;
    Ok(Json(answer(&page).to_string().into()))
}

fn answer(page: &MutualRooms) -> Value {
    let mut answer = json!({ "joined": page.joined, "count": page.count });
    if let Some(next) = &page.next {
        answer["next_batch"] = next.as_str().into();
    }
    answer
}

/// What MSC2666 called `from` before, as matrix-js-sdk does.
#[derive(Deserialize)]
struct Draft {
    batch_token: Option<String>,
}

/// `GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms`: clients in the field know the tokens by their earlier names,
/// and would take the first page for all.
async fn mutual_rooms_of_the_draft(
    Call { hs, request, parts }: Call<unstable::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let Query(Draft { batch_token }) = Query::try_from_uri(&parts.uri)
        .map_err(|_| ApiError::invalid_param("The query is not valid"))?;
    let from = request.from.or(batch_token);
    let page = mutual_rooms::mutual_rooms(&hs, &session, &request.user_id, from.as_deref()).await?;
    let mut answer = answer(&page);
    if let Some(next) = &page.next {
        answer["next_batch_token"] = next.as_str().into();
    }
    Ok(Json(answer.to_string().into()))
}
