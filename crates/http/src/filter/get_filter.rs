//! `GET /_matrix/client/v3/user/{userId}/filter/{filterId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridfilterfilterid>

use homeserver::{Session, filters};
use ruma::api::client::filter::get_filter::v3::{Request, Response};

use crate::{
    account_data::check_own,
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_filter(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let filter = filters::get(&hs, &session, &request.filter_id).await?;
    filter
        .map(|filter| Typed(Response::new(filter)))
        .ok_or_else(|| ApiError::not_found("There is no such filter"))
}
