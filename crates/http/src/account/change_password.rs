//! `POST /_matrix/client/v3/account/password`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword>

use homeserver::{Session, accounts, uiaa};
use ruma::api::client::account::change_password::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn change_password(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    // "This applies to all aspects of the Client-Server API, except for Account Management": its users have no passwords.
    if session.appservice.is_some() {
        return Err(ApiError::forbidden("Users of an application service have no password"));
    }
    uiaa::authorise(&hs, &session, "POST account/password", request.auth.as_ref()).await?;
    accounts::change_password(&hs, &session, &request.new_password, request.logout_devices).await?;
    Ok(Typed(Response::new()))
}
