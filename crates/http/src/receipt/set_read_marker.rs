//! `POST /_matrix/client/v3/rooms/{roomId}/read_markers`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers>

use homeserver::{
    Session,
    receipts::{Mark, mark},
};
use ruma::{
    api::client::read_marker::set_read_marker::v3::{Request, Response},
    events::receipt::ReceiptThread,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_read_marker(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let marks = [
        (Mark::FullyRead, request.fully_read),
        (Mark::Read(ReceiptThread::Unthreaded), request.read_receipt),
        (Mark::ReadPrivate(ReceiptThread::Unthreaded), request.private_read_receipt),
    ];
    let marks: Vec<_> = marks
        .iter()
        .filter_map(|(mark, event)| event.as_deref().map(|event| (mark.clone(), event)))
        .collect();
    mark(&hs, &session, &request.room_id, &marks).await?;
    Ok(Typed(Response::new()))
}
