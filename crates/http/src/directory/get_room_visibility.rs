//! `GET /_matrix/client/v3/directory/list/room/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid>

use homeserver::rooms::directory;
use ruma::api::client::{
    directory::get_room_visibility::v3::{Request, Response},
    room::Visibility,
};

use crate::{
    endpoint::{Call, Typed, admit},
    error::ApiError,
};

pub async fn get_room_visibility(
    Call { hs, request, parts }: Call<Request>,
) -> Result<Typed<Response>, ApiError> {
    admit(&hs, &parts, hs.policy.list_without_login).await?;
    let listed = directory::is_listed(&hs, &request.room_id).await?;
    Ok(Typed(Response::new(if listed { Visibility::Public } else { Visibility::Private })))
}
