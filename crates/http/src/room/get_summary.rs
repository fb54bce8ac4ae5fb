//! `GET /_matrix/client/v1/room_summary/{roomIdOrAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias>

use homeserver::{Session, rooms::summary};
use ruma::api::client::room::get_summary::v1::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_summary(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let room_id = super::super::alias::room_of(&hs, &request.room_id_or_alias).await?;
    let summary = summary::summary(&hs, &session, &room_id).await?;
    let summary = summary.ok_or_else(|| ApiError::not_found("The room is not known here"))?;
    Ok(Json(summary.to_string().into()))
}
