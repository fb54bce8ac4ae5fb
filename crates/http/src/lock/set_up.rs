//! `POST /_konsil/lock/setup`: a device, with its access token, begins to lock itself: `{"verifier": "…"}` is answered with
//! `{"token": "ksl_…", "share": "…", "generation": 1}`. An earlier lock of the device ends.

use homeserver::{Session, app_lock};
use serde::Deserialize;
use serde_json::json;

use super::{body, decoded, encoded};
use crate::{
    endpoint::{Json, RawCall},
    error::ApiError,
};

#[derive(Deserialize)]
struct Body {
    verifier: String,
}

pub async fn set_up(call: RawCall, session: Session) -> Result<Json, ApiError> {
    let Body { verifier } = body(&call.body)?;
    let lock = app_lock::set_up(&call.hs, &session, &decoded(&verifier)?).await?;
    let answer = json!({
        "token": lock.token.expose(),
        "share": encoded(lock.share.expose()),
        "generation": 1,
    });
    Ok(Json(answer.to_string().into()))
}
