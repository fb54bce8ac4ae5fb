//! Who is there. <https://spec.matrix.org/v1.19/client-server-api/#presence>

use homeserver::{
    Session,
    presence::{self, PresenceError},
};
use ruma::{
    api::client::presence::{get_presence, set_presence},
    presence::PresenceState,
};

use crate::{
    Endpoints,
    endpoint::{Call, Typed},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(get).user(set)
}

impl From<PresenceError> for ApiError {
    fn from(error: PresenceError) -> Self {
        match error {
            PresenceError::SomebodyElse => Self::forbidden("This belongs to another user"),
            PresenceError::NotShared => Self::forbidden("You share no room with this user"),
            PresenceError::Unknown => Self::not_found("There is no such user"),
            PresenceError::Invalid => {
                Self::invalid_param("The presence is not known, or the status is too long")
            }
            PresenceError::Store(error) => error.into(),
        }
    }
}

/// `GET /_matrix/client/v3/presence/{userId}/status`
async fn get(
    Call { hs, request, .. }: Call<get_presence::v3::Request>,
    session: Session,
) -> Result<Typed<get_presence::v3::Response>, ApiError> {
    let seen = presence::get(&hs, &session, &request.user_id).await?;
    let mut response = get_presence::v3::Response::new(seen.presence.clone());
    response.currently_active =
        seen.last_active_ago.is_some().then_some(seen.presence == PresenceState::Online);
    response.status_msg = seen.status;
    response.last_active_ago = seen.last_active_ago;
    Ok(Typed(response))
}

/// `PUT /_matrix/client/v3/presence/{userId}/status`
async fn set(
    Call { hs, request, .. }: Call<set_presence::v3::Request>,
    session: Session,
) -> Result<Typed<set_presence::v3::Response>, ApiError> {
    let (user, presence) = (&request.user_id, &request.presence);
    presence::set(&hs, &session, user, presence, request.status_msg)?;
    Ok(Typed(set_presence::v3::Response::new()))
}
