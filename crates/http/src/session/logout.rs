//! `POST /_matrix/client/v3/logout`, `POST /_matrix/client/v3/logout/all`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout>

use homeserver::{Session, accounts, devices};
use ruma::api::client::session::{logout, logout_all};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn logout(
    Call { hs, .. }: Call<logout::v3::Request>,
    session: Session,
) -> Result<Typed<logout::v3::Response>, ApiError> {
    accounts::sign_out(&hs, session.user, session.device).await?;
    Ok(Typed(logout::v3::Response::new()))
}

pub async fn logout_all(
    Call { hs, .. }: Call<logout_all::v3::Request>,
    session: Session,
) -> Result<Typed<logout_all::v3::Response>, ApiError> {
    for device in devices::all(&hs, &session).await? {
        accounts::sign_out(&hs, session.user, device.device).await?;
    }
    Ok(Typed(logout_all::v3::Response::new()))
}
