//! `PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid>

use homeserver::{Session, limits::Subject, to_device};
use ruma::api::client::to_device::send_event_to_device::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn send_event_to_device(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    hs.count(Subject::ToDevice(session.user))?;
    let messages = request
        .messages
        .iter()
        .map(|(user, devices)| {
            (
                user.clone(),
                devices.iter().map(|(device, raw)| (device.clone(), raw.json().get())).collect(),
            )
        })
        .collect();
    let event_type = request.event_type.to_string();
    to_device::send(&hs, &session, &event_type, request.txn_id.as_str(), &messages).await?;
    Ok(Typed(Response::new()))
}
