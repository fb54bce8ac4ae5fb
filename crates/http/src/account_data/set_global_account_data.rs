//! `PUT /_matrix/client/v3/user/{userId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype>

use homeserver::{Session, account_data};
use ruma::api::client::config::set_global_account_data::v3::{Request, Response};

use super::check_own;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_global_account_data(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let content = request.data.json().get().to_owned().into();
    account_data::set_global(&hs, &session, &request.event_type.to_string(), content).await?;
    Ok(Typed(Response::new()))
}
