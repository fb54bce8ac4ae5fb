//! `GET /_matrix/client/v3/voip/turnServer`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver>

use homeserver::Session;
use ruma::api::client::voip::get_turn_server_info::v3::Request;

use crate::{
    Endpoints,
    endpoint::{Call, Json},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(get_turn_server_info)
}

/// There is no relay: clients read an empty object as that.
async fn get_turn_server_info(_: Call<Request>, _: Session) -> Result<Json, ApiError> {
    Ok(Json("{}".into()))
}
