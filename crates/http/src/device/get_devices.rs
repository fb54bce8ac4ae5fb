//! `GET /_matrix/client/v3/devices`, `GET /_matrix/client/v3/devices/{deviceId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices>

use homeserver::{Session, devices};
use ruma::api::client::device::{get_device, get_devices};

use super::described;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_devices(
    Call { hs, .. }: Call<get_devices::v3::Request>,
    session: Session,
) -> Result<Typed<get_devices::v3::Response>, ApiError> {
    let devices = devices::all(&hs, &session).await?;
    Ok(Typed(get_devices::v3::Response::new(devices.into_iter().map(described).collect())))
}

pub async fn get_device(
    Call { hs, request, .. }: Call<get_device::v3::Request>,
    session: Session,
) -> Result<Typed<get_device::v3::Response>, ApiError> {
    let device = devices::get(&hs, &session, &request.device_id).await?;
    Ok(Typed(get_device::v3::Response::new(described(device))))
}
