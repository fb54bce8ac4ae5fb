//! `POST /_matrix/client/v3/pushers/set`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset>
//!
//! The kind `webpush` is that of MSC4174: 201 says that the device has to show first that messages reach it.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::{
    Session,
    pushers::{self, Activation},
};
use ruma::api::client::push::set_pusher::v3::{PusherAction, Request};

use crate::{endpoint::Call, error::ApiError};

pub async fn set_pusher(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Response, ApiError> {
    let activation = match request.action {
        PusherAction::Post(data) => pushers::set(&hs, &session, &data.pusher, data.append).await?,
        PusherAction::Delete(ids) => {
            pushers::delete(&hs, &session, &ids).await?;
            Activation::Active
        }
        _ => return Err(ApiError::bad_json("This is neither a pusher nor the end of one")),
    };
    let status = match activation {
        Activation::Active => StatusCode::OK,
        Activation::Awaited => StatusCode::CREATED,
    };
    Ok((status, [(header::CONTENT_TYPE, "application/json")], "{}").into_response())
}
