//! `POST /_matrix/client/v3/pushers/set`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset>
//!
//! Pushers are kept and listed. No push gateway is called yet: nothing leaves the hospital.

use homeserver::{Session, pushers};
use ruma::api::client::push::set_pusher::v3::{PusherAction, Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_pusher(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    match request.action {
        PusherAction::Post(data) => pushers::set(&hs, &session, &data.pusher, data.append).await?,
        PusherAction::Delete(ids) => pushers::delete(&hs, &session, &ids).await?,
        _ => return Err(ApiError::bad_json("This is neither a pusher nor the end of one")),
    }
    Ok(Typed(Response::new()))
}
