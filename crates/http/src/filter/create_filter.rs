//! `POST /_matrix/client/v3/user/{userId}/filter`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter>

use homeserver::{Session, filters};
use ruma::api::client::filter::create_filter::v3::{Request, Response};

use crate::{
    account_data::check_own,
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_filter(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    Ok(Typed(Response::new(filters::create(&hs, &session, &request.filter).await?)))
}
