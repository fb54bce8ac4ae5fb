//! `PUT /_matrix/client/v3/directory/list/room/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid>

use homeserver::{Session, rooms::directory};
use ruma::{RoomId, api::client::room::Visibility};
use serde::Deserialize;

use crate::{
    endpoint::{Json, RawCall},
    error::ApiError,
};

pub(crate) const PATHS: &[&str] = &[
    "/_matrix/client/v3/directory/list/room/{room_id}",
    "/_matrix/client/r0/directory/list/room/{room_id}",
];

/// The body, in which ruma does not let the visibility be absent.
#[derive(Deserialize)]
struct Body {
    #[serde(default = "public")]
    visibility: Visibility,
}

fn public() -> Visibility {
    Visibility::Public
}

pub async fn set_room_visibility(call: RawCall, session: Session) -> Result<Json, ApiError> {
    let room_id = call.paths.first().and_then(|room_id| RoomId::parse(room_id.as_str()).ok());
    let room_id = room_id.ok_or_else(|| ApiError::invalid_param("This is no room id"))?;
    let body: Body = serde_json::from_slice(&call.body).map_err(|error| {
        if error.is_data() {
            ApiError::bad_json("The JSON does not have the form that this endpoint needs")
        } else {
            ApiError::not_json("The body is not JSON")
        }
    })?;
    let listed = match body.visibility {
        Visibility::Public => true,
        Visibility::Private => false,
        _ => return Err(ApiError::bad_json("`visibility` is `public` or `private`")),
    };
    directory::set_listed(&call.hs, &session, &room_id, listed).await?;
    Ok(Json("{}".into()))
}
