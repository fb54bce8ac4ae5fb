//! `POST /_matrix/client/v1/appservice/{appserviceId}/ping`
//! <https://spec.matrix.org/v1.19/application-service-api/#post_matrixclientv1appserviceappserviceidping>

use axum::http::StatusCode;
use homeserver::{
    Session,
    appservices::ping::{self, PingError},
};
use ruma::api::{
    client::appservice::request_ping::v1::{Request, Response},
    error::ErrorKind,
};
use serde_json::json;

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn request_ping(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let service = session.appservice.filter(|service| service.id == request.appservice_id);
    let service = service.ok_or_else(|| {
        ApiError::forbidden("The access token is not the as_token of this application service")
    })?;
    let txn_id = request.transaction_id.as_ref().map(|id| id.as_str());
    let duration = ping::ping(&hs, &service, txn_id).await?;
    Ok(Typed(Response::new(duration)))
}

impl From<PingError> for ApiError {
    fn from(error: PingError) -> Self {
        match error {
            PingError::NoUrl => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::UrlNotSet,
                "The application service has no address",
            ),
            PingError::BadStatus { status, body } => Self::json(
                StatusCode::BAD_GATEWAY,
                json!({
                    "errcode": "M_BAD_STATUS", "error": format!("The ping was answered with {status}"),
                    "status": status, "body": body,
                }),
            ),
            PingError::TimedOut => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                ErrorKind::ConnectionTimeout,
                "The application service did not answer in time",
            ),
            PingError::Unreached => Self::new(
                StatusCode::BAD_GATEWAY,
                ErrorKind::ConnectionFailed,
                "The application service cannot be reached",
            ),
        }
    }
}
