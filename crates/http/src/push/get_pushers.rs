//! `GET /_matrix/client/v3/pushers`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushers>

use homeserver::{Session, pushers};
use ruma::api::client::push::get_pushers::v3::Request;
use serde_json::json;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_pushers(
    Call { hs, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let pushers = pushers::all(&hs, &session).await?;
    Ok(Json(json!({ "pushers": pushers }).to_string().into()))
}
