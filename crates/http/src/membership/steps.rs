//! `POST /_matrix/client/v3/rooms/{roomId}/{invite,leave,kick,ban,unban}`
//! <https://spec.matrix.org/v1.19/client-server-api/#room-membership>

use homeserver::{
    Session,
    rooms::membership::{Step, step},
};
use ruma::api::client::membership::{
    ban_user, invite_user, invite_user::v3::InvitationRecipient, kick_user, leave_room, unban_user,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn invite_user(
    Call { hs, request, .. }: Call<invite_user::v3::Request>,
    session: Session,
) -> Result<Typed<invite_user::v3::Response>, ApiError> {
    let InvitationRecipient::UserId(invited) = &request.recipient else {
        return Err(ApiError::forbidden(
            "People are not invited by phone number or address outside the hospital",
        ));
    };
    let reason = invited.reason.as_deref();
    step(&hs, &session, &request.room_id, &invited.user_id, Step::Invite, reason).await?;
    Ok(Typed(invite_user::v3::Response::new()))
}

pub async fn leave_room(
    Call { hs, request, .. }: Call<leave_room::v3::Request>,
    session: Session,
) -> Result<Typed<leave_room::v3::Response>, ApiError> {
    let reason = request.reason.as_deref();
    step(&hs, &session, &request.room_id, &session.user_id, Step::Leave, reason).await?;
    Ok(Typed(leave_room::v3::Response::new()))
}

pub async fn kick_user(
    Call { hs, request, .. }: Call<kick_user::v3::Request>,
    session: Session,
) -> Result<Typed<kick_user::v3::Response>, ApiError> {
    let reason = request.reason.as_deref();
    step(&hs, &session, &request.room_id, &request.user_id, Step::Kick, reason).await?;
    Ok(Typed(kick_user::v3::Response::new()))
}

pub async fn ban_user(
    Call { hs, request, .. }: Call<ban_user::v3::Request>,
    session: Session,
) -> Result<Typed<ban_user::v3::Response>, ApiError> {
    let reason = request.reason.as_deref();
    step(&hs, &session, &request.room_id, &request.user_id, Step::Ban, reason).await?;
    Ok(Typed(ban_user::v3::Response::new()))
}

pub async fn unban_user(
    Call { hs, request, .. }: Call<unban_user::v3::Request>,
    session: Session,
) -> Result<Typed<unban_user::v3::Response>, ApiError> {
    let reason = request.reason.as_deref();
    step(&hs, &session, &request.room_id, &request.user_id, Step::Unban, reason).await?;
    Ok(Typed(unban_user::v3::Response::new()))
}
