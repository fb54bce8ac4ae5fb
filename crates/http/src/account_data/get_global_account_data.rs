//! `GET /_matrix/client/v3/user/{userId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridaccount_datatype>

use homeserver::{Session, account_data};
use ruma::api::client::config::get_global_account_data::v3::Request;

use super::check_own;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_global_account_data(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    check_own(&session, &request.user_id)?;
    let content = account_data::global(&hs, &session, &request.event_type.to_string()).await?;
    content.map(Json).ok_or_else(|| ApiError::not_found("There is no account data of this type"))
}
