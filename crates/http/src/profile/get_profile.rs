//! `GET /_matrix/client/v3/profile/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid>

use homeserver::profiles;
use ruma::api::client::profile::get_profile::v3::Request;

use super::check_reader;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_profile(Call { hs, request, parts }: Call<Request>) -> Result<Json, ApiError> {
    check_reader(&hs, &parts).await?;
    let profile = profiles::profile(&hs, &request.user_id).await?;
    profile.map(Json).ok_or_else(|| ApiError::not_found("There is no such user"))
}
