//! `POST /_matrix/client/v1/login/get_token`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token>

use homeserver::{Session, limits::Subject, tickets, uiaa};
use ruma::api::client::session::get_login_token::v1::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_login_token(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    uiaa::authorise(&hs, &session, "POST login/get_token", request.auth.as_ref()).await?;
    hs.count(Subject::SignInToken(session.user))?;
    let token = tickets::for_sign_in(&hs, &session);
    Ok(Typed(Response::new(tickets::SIGN_IN_LIFE, token.expose().clone())))
}
