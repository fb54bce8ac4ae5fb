//! `GET /_matrix/client/v3/account/3pid`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3account3pid>

use homeserver::Session;
use ruma::api::client::account::get_3pids::v3::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

/// No account is bound to a phone number or address outside the hospital. The empty list is written: clients look for it.
pub async fn get_3pids(_: Call<Request>, _: Session) -> Result<Json, ApiError> {
    Ok(Json(r#"{"threepids":[]}"#.into()))
}
