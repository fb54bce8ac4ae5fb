//! Reports of crashes of the app (I.k): from whoever agreed to send one, without login, so that nobody stands beside it.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::{
    crash_reports::{self, CrashReport, CrashReportError},
    limits::Subject,
};
use http_body_util::{BodyExt, Limited};

use crate::{Endpoints, Tenants, address, error::ApiError};

/// The largest report, in bytes. One has about 200.
const MAX_BYTES: usize = 1024;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw(Method::POST, "/_konsil/crash_reports", receive)
}

/// `POST /_konsil/crash_reports`: the fields of a [`CrashReport`] and nothing else. 403 if the hospital takes none.
async fn receive(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    crash_reports::are_taken(&hs)?;
    address::count(&hs, &parts, Subject::CrashReport)?;
    let body = Limited::new(body, MAX_BYTES).collect().await;
    let body = body.map_err(|_| ApiError::too_large("The report is too large"))?.to_bytes();
    let report: CrashReport =
        serde_json::from_slice(&body).map_err(|_| ApiError::from(CrashReportError::Invalid))?;
    crash_reports::receive(&hs, &report).await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "{}").into_response())
}

impl From<CrashReportError> for ApiError {
    fn from(error: CrashReportError) -> Self {
        match error {
            CrashReportError::NotTaken => Self::forbidden("The hospital takes no crash reports"),
            CrashReportError::Invalid => {
                Self::bad_json("The report has something else than its fields")
            }
            CrashReportError::Full => Self::json(
                StatusCode::INSUFFICIENT_STORAGE,
                serde_json::json!({ "errcode": "M_UNKNOWN", "error": "There are too many reports" }),
            ),
            CrashReportError::Store(error) => error.into(),
            CrashReportError::Commit(error) => error.into(),
        }
    }
}
