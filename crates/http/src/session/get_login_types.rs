//! `GET /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3login>

use ruma::api::client::session::get_login_types::v3::{
    LoginType, PasswordLoginType, Request, Response,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_login_types(_: Call<Request>) -> Result<Typed<Response>, ApiError> {
    Ok(Typed(Response::new(vec![LoginType::Password(PasswordLoginType::new())])))
}
