//! `DELETE /_matrix/client/v3/devices/{deviceId}`, `POST /_matrix/client/v3/delete_devices`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3devicesdeviceid>

use homeserver::{Session, devices, uiaa};
use ruma::api::client::device::{delete_device, delete_devices};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_device(
    Call { hs, request, .. }: Call<delete_device::v3::Request>,
    session: Session,
) -> Result<Typed<delete_device::v3::Response>, ApiError> {
    let operation = format!("DELETE devices/{}", request.device_id);
    uiaa::authorise(&hs, &session, &operation, request.auth.as_ref()).await?;
    devices::delete(&hs, &session, &[request.device_id]).await?;
    Ok(Typed(delete_device::v3::Response::new()))
}

pub async fn delete_devices(
    Call { hs, request, .. }: Call<delete_devices::v3::Request>,
    session: Session,
) -> Result<Typed<delete_devices::v3::Response>, ApiError> {
    let devices: Vec<&str> = request.devices.iter().map(|id| id.as_str()).collect();
    let operation = format!("POST delete_devices {devices:?}");
    uiaa::authorise(&hs, &session, &operation, request.auth.as_ref()).await?;
    devices::delete(&hs, &session, &request.devices).await?;
    Ok(Typed(delete_devices::v3::Response::new()))
}
