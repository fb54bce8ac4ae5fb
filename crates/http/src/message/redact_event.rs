//! `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid>

use homeserver::{Session, rooms::send};
use room::Content;
use ruma::api::client::redact::redact_event::v3::{Request, Response};
use serde_json::json;

use super::send_message_event::MAX_TXN_BYTES;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn redact_event(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    if request.txn_id.as_str().len() > MAX_TXN_BYTES {
        return Err(ApiError::invalid_param("The transaction id is too long"));
    }
    let content = match &request.reason {
        Some(reason) => Content::from_value(&json!({ "reason": reason }))?,
        None => Content::empty(),
    };
    let txn_id = request.txn_id.as_str();
    let sent = send::redact(&hs, &session, &request.room_id, &request.event_id, content, txn_id);
    Ok(Typed(Response::new(sent.await?)))
}
