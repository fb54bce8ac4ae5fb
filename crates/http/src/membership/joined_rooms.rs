//! `GET /_matrix/client/v3/joined_rooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms>

use homeserver::{Session, rooms::membership};
use ruma::api::client::membership::joined_rooms::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn joined_rooms(
    Call { hs, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    Ok(Typed(Response::new(membership::joined_rooms(&hs, &session).await?)))
}
