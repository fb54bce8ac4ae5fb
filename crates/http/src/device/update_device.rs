//! `PUT /_matrix/client/v3/devices/{deviceId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid>

use homeserver::{Session, devices};
use ruma::api::client::device::update_device::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn update_device(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    devices::rename(&hs, &session, &request.device_id, request.display_name.as_deref()).await?;
    Ok(Typed(Response::new()))
}
