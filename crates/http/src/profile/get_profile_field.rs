//! `GET /_matrix/client/v3/profile/{userId}/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuseridkeyname>

use homeserver::profiles;
use ruma::api::client::profile::get_profile_field::v3::Request;
use serde_json::{Map, Value};

use super::check_reader;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_profile_field(
    Call { hs, request, parts }: Call<Request>,
) -> Result<Json, ApiError> {
    check_reader(&hs, &parts).await?;
    let key = request.field.as_str();
    let value = profiles::field(&hs, &request.user_id, key).await?;
    let value =
        value.ok_or_else(|| ApiError::not_found("There is no such user, or no such field"))?;
    let answer = Value::Object(Map::from_iter([(key.to_owned(), value)]));
    Ok(Json(answer.to_string().into()))
}
