//! `POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid>

use homeserver::{
    Session,
    receipts::{Mark, mark},
};
use ruma::{
    api::client::receipt::create_receipt::v3::{ReceiptType, Request, Response},
    events::receipt::ReceiptThread,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_receipt(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let wanted = match request.receipt_type {
        ReceiptType::Read => Mark::Read(request.thread),
        ReceiptType::ReadPrivate => Mark::ReadPrivate(request.thread),
        ReceiptType::FullyRead if request.thread == ReceiptThread::Unthreaded => Mark::FullyRead,
        ReceiptType::FullyRead => {
            return Err(ApiError::invalid_param("A read marker has no thread_id"));
        }
        _ => return Err(ApiError::invalid_param("This kind of receipt is not known")),
    };
    mark(&hs, &session, &request.room_id, &[(wanted, &request.event_id)]).await?;
    Ok(Typed(Response::new()))
}
