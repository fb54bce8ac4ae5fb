//! `GET /_matrix/client/v3/devices`, `GET /_matrix/client/v3/devices/{deviceId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices>

use homeserver::{Session, devices};
use ruma::api::client::device::{get_device, get_devices};
use serde_json::{Value, json};

use super::described;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_devices(
    Call { hs, .. }: Call<get_devices::v3::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let devices = devices::all(&hs, &session).await?;
    let devices: Vec<Value> = devices.into_iter().map(described).collect();
    Ok(Json(json!({ "devices": devices }).to_string().into()))
}

pub async fn get_device(
    Call { hs, request, .. }: Call<get_device::v3::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let device = devices::get(&hs, &session, &request.device_id).await?;
    Ok(Json(described(device).to_string().into()))
}
