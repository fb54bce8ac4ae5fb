//! `POST /_matrix/client/v3/rooms/{roomId}/join`, `POST /_matrix/client/v3/join/{roomIdOrAlias}`,
//! `POST /_matrix/client/v3/knock/{roomIdOrAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#joining-rooms>

use homeserver::{
    Session,
    rooms::membership::{Step, step},
};
use ruma::api::client::{
    knock::knock_room,
    membership::{join_room_by_id, join_room_by_id_or_alias},
};

use crate::{
    alias,
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn join_room_by_id(
    Call { hs, request, .. }: Call<join_room_by_id::v3::Request>,
    session: Session,
) -> Result<Typed<join_room_by_id::v3::Response>, ApiError> {
    let reason = request.reason.as_deref();
    step(&hs, &session, &request.room_id, &session.user_id, Step::Join, reason).await?;
    Ok(Typed(join_room_by_id::v3::Response::new(request.room_id)))
}

pub async fn join_room_by_id_or_alias(
    Call { hs, request, .. }: Call<join_room_by_id_or_alias::v3::Request>,
    session: Session,
) -> Result<Typed<join_room_by_id_or_alias::v3::Response>, ApiError> {
    let room_id = alias::room_of(&hs, &request.room_id_or_alias).await?;
    step(&hs, &session, &room_id, &session.user_id, Step::Join, request.reason.as_deref()).await?;
    Ok(Typed(join_room_by_id_or_alias::v3::Response::new(room_id)))
}

pub async fn knock_room(
    Call { hs, request, .. }: Call<knock_room::v3::Request>,
    session: Session,
) -> Result<Typed<knock_room::v3::Response>, ApiError> {
    let room_id = alias::room_of(&hs, &request.room_id_or_alias).await?;
    step(&hs, &session, &room_id, &session.user_id, Step::Knock, request.reason.as_deref()).await?;
    Ok(Typed(knock_room::v3::Response::new(room_id)))
}
