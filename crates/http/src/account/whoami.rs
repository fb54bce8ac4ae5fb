//! `GET /_matrix/client/v3/account/whoami`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami>

use homeserver::Session;
use ruma::api::client::account::whoami::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn whoami(_: Call<Request>, session: Session) -> Result<Typed<Response>, ApiError> {
    let mut response = Response::new(session.user_id, false);
    // An application service may act without a device.
    response.device_id = Some(session.device_id).filter(|id| !id.as_str().is_empty());
    Ok(Typed(response))
}
