//! `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>

use homeserver::{Session, limits::Subject, rooms::send};
use room::Content;
use ruma::api::client::message::send_message_event::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

/// The longest transaction id that is taken, in bytes.
pub(crate) const MAX_TXN_BYTES: usize = 255;

pub async fn send_message_event(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    if request.txn_id.as_str().len() > MAX_TXN_BYTES {
        return Err(ApiError::invalid_param("The transaction id is too long"));
    }
    hs.count_for(&session, Subject::Send(session.user))?;
    let content = Content::try_from(&request.body)?;
    let kind = request.event_type.to_string();
    let sent = send::send_message(
        &hs,
        &session,
        &request.room_id,
        &kind,
        content,
        request.txn_id.as_str(),
        request.timestamp.filter(|_| session.appservice.is_some()),
    );
    Ok(Typed(Response::new(sent.await?)))
}
