//! `GET /_matrix/client/v3/notifications`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications>
//!
//! The list is empty: the server keeps no record of whom it notified of what (II.c), and what a message says, so whether it
//! notifies, only its readers know (II.a).

use homeserver::Session;
use ruma::api::client::push::get_notifications::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_notifications(_: Call<Request>, _: Session) -> Result<Typed<Response>, ApiError> {
    Ok(Typed(Response::new(Vec::new())))
}
