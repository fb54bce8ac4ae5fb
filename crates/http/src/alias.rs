//! Aliases of rooms.

use axum::http::StatusCode;
use homeserver::{
    Homeserver, Session,
    appservices::query::{self, Found},
    rooms::aliases,
};
use ruma::{
    OwnedRoomId, OwnedRoomOrAliasId, RoomAliasId, RoomId,
    api::client::{
        alias::{create_alias, delete_alias, get_alias},
        room::aliases as room_aliases,
    },
    api::error::ErrorKind,
};

use crate::{
    Endpoints,
    endpoint::{Call, Typed},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.public(get).user(create).user(delete).user(of_room)
}

/// `GET /_matrix/client/v3/directory/room/{roomAlias}`
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias>
async fn get(
    Call { hs, request, .. }: Call<get_alias::v3::Request>,
) -> Result<Typed<get_alias::v3::Response>, ApiError> {
    let room_id = named(&hs, &request.room_alias).await?;
    Ok(Typed(get_alias::v3::Response::new(room_id, vec![hs.server_name.clone()])))
}

/// `PUT /_matrix/client/v3/directory/room/{roomAlias}`
async fn create(
    Call { hs, request, .. }: Call<create_alias::v3::Request>,
    session: Session,
) -> Result<Typed<create_alias::v3::Response>, ApiError> {
    aliases::add(&hs, &session, &request.room_alias, &request.room_id).await?;
    Ok(Typed(create_alias::v3::Response::new()))
}

/// `DELETE /_matrix/client/v3/directory/room/{roomAlias}`
async fn delete(
    Call { hs, request, .. }: Call<delete_alias::v3::Request>,
    session: Session,
) -> Result<Typed<delete_alias::v3::Response>, ApiError> {
    aliases::remove(&hs, &session, &request.room_alias).await?;
    Ok(Typed(delete_alias::v3::Response::new()))
}

/// `GET /_matrix/client/v3/rooms/{roomId}/aliases`
async fn of_room(
    Call { hs, request, .. }: Call<room_aliases::v3::Request>,
    session: Session,
) -> Result<Typed<room_aliases::v3::Response>, ApiError> {
    let aliases = aliases::of_room(&hs, &session, &request.room_id).await?;
    Ok(Typed(room_aliases::v3::Response::new(aliases)))
}

async fn named(hs: &Homeserver, alias: &RoomAliasId) -> Result<OwnedRoomId, ApiError> {
    if let Some(room_id) = aliases::resolve(hs, alias).await? {
        return Ok(room_id);
    }
    // Perhaps a bridge makes it now that it is asked for.
    let found = match query::alias(hs, alias).await {
        Found::Yes => aliases::resolve(hs, alias).await?,
        Found::No => None,
        Found::NoAnswer => {
            let message = "The application service of this alias does not answer";
            let status = StatusCode::REQUEST_TIMEOUT;
            return Err(ApiError::new(status, ErrorKind::Unknown, message));
        }
    };
    found.ok_or_else(|| ApiError::not_found("The alias names no room"))
}

/// The room that an id or an alias names.
pub(crate) async fn room_of(
    hs: &Homeserver,
    named_by: &OwnedRoomOrAliasId,
) -> Result<OwnedRoomId, ApiError> {
    match <&RoomId>::try_from(&**named_by) {
        Ok(room_id) => Ok(room_id.to_owned()),
        Err(alias) => named(hs, alias).await,
    }
}
