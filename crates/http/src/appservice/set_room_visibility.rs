//! `PUT /_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}`
//! <https://spec.matrix.org/v1.19/application-service-api/#put_matrixclientv3directorylistappservicenetworkidroomid>

use homeserver::{
    Session,
    rooms::directory::{self, NetworkListError},
};
use ruma::api::client::{
    appservice::set_room_visibility::v3::{Request, Response},
    room::Visibility,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_room_visibility(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let service = session.appservice.ok_or_else(|| {
        ApiError::forbidden("The access token is not the as_token of an application service")
    })?;
    let listed = match request.visibility {
        Visibility::Public => true,
        Visibility::Private => false,
        _ => return Err(ApiError::bad_json("`visibility` is `public` or `private`")),
    };
    let (network, room) = (&request.network_id, &request.room_id);
    directory::set_listed_for_network(&hs, &service, network, room, listed).await?;
    Ok(Typed(Response::new()))
}

impl From<NetworkListError> for ApiError {
    fn from(error: NetworkListError) -> Self {
        match error {
            NetworkListError::BadNetwork => Self::invalid_param("The network is not valid"),
            NetworkListError::Room(error) => error.into(),
            NetworkListError::Commit(error) => error.into(),
        }
    }
}
