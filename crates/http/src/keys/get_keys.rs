//! `POST /_matrix/client/v3/keys/query`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery>

use homeserver::{Session, keys};
use ruma::api::client::keys::get_keys::v3::{Request, Response};

use super::unreachable;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_keys(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let keys = keys::query(&hs, &session, &request.device_keys).await?;
    let mut response = Response::new();
    response.device_keys = keys.device_keys;
    response.master_keys = keys.master_keys;
    response.self_signing_keys = keys.self_signing_keys;
    response.user_signing_keys = keys.user_signing_keys;
    response.failures =
        keys.unreachable.into_iter().map(|server| (server.to_string(), unreachable())).collect();
    Ok(Typed(response))
}
