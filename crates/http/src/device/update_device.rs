//! `PUT /_matrix/client/v3/devices/{deviceId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid>

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::{Session, devices};
use ruma::api::client::device::update_device::v3::Request;

use crate::{endpoint::Call, error::ApiError};

pub async fn update_device(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Response, ApiError> {
    let (id, name) = (&request.device_id, request.display_name.as_deref());
    // Only application services make devices here; people sign in.
    let is_new = match session.appservice {
        Some(_) => devices::make(&hs, &session, id, name).await?,
        None => devices::rename(&hs, &session, id, name).await.map(|()| false)?,
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::CONTENT_TYPE, "application/json")], "{}").into_response())
}
