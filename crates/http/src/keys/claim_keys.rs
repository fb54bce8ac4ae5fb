//! `POST /_matrix/client/v3/keys/claim`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim>

use homeserver::{Session, keys};
use ruma::api::client::keys::claim_keys::v3::{Request, Response};

use super::unreachable;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn claim_keys(
    Call { hs, request, .. }: Call<Request>,
    _session: Session,
) -> Result<Typed<Response>, ApiError> {
    let claimed = keys::claim(&hs, &request.one_time_keys).await?;
    let mut response = Response::new(claimed.one_time_keys);
    response.failures =
        claimed.unreachable.into_iter().map(|server| (server.to_string(), unreachable())).collect();
    Ok(Typed(response))
}
