//! `PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid>

use homeserver::{
    Session,
    limits::Subject,
    to_device::{self, Messages},
};
use ruma::api::error::DeserializationError;
use serde::Deserialize;

use crate::{
    endpoint::{Json, RawCall, text},
    error::ApiError,
};

pub(crate) const PATHS: &[&str] = &[
    "/_matrix/client/v3/sendToDevice/{event_type}/{txn_id}",
    "/_matrix/client/r0/sendToDevice/{event_type}/{txn_id}",
];

/// The body, whose contents stay where they were received: ruma's type would copy each of them.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    messages: Messages<'a>,
}

pub async fn send_event_to_device(call: RawCall, session: Session) -> Result<Json, ApiError> {
    call.hs.count(Subject::Request(session.user))?;
    call.hs.count(Subject::ToDevice(session.user))?;
    let [event_type, txn_id] = call.paths.as_slice() else {
        return Err(ApiError::internal("the path has a type and a transaction id"));
    };
    let body = if call.body.is_empty() { b"{}" } else { &call.body[..] };
    let body = text(body)?;
    let Body { messages } = serde_json::from_str(body).map_err(DeserializationError::Json)?;
    to_device::send(&call.hs, &session, event_type, txn_id, &messages).await?;
    Ok(Json("{}".into()))
}
