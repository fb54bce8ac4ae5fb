//! `GET /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3login>

use ruma::api::client::session::get_login_types::v3::{
    ApplicationServiceLoginType, LoginType, PasswordLoginType, Request, Response, TokenLoginType,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_login_types(Call { hs, .. }: Call<Request>) -> Result<Typed<Response>, ApiError> {
    let mut token = TokenLoginType::new();
    token.get_login_token = true;
    let mut flows = vec![LoginType::Password(PasswordLoginType::new()), LoginType::Token(token)];
    if !hs.appservices.is_empty() {
        flows.push(LoginType::ApplicationService(ApplicationServiceLoginType::new()));
    }
    Ok(Typed(Response::new(flows)))
}
