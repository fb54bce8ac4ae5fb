//! `GET /_matrix/client/v3/admin/whois/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3adminwhoisuserid>
//!
//! Addresses and programs of people are never kept (II.c), so a session has no connections to tell of.

use homeserver::{Session, devices, moderation};
use ruma::api::client::admin::get_user_info::v3::Request;
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_user_info(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    if request.user_id != session.user_id && !moderation::is_admin(&hs, &session).await? {
        return Err(ApiError::forbidden("Only administrators may ask about others"));
    }
    let devices = devices::of_user(&hs, &request.user_id).await?;
    let devices: Map<String, Value> = devices
        .into_iter()
        .map(|device| {
            (device.device_id.to_string(), json!({ "sessions": [{ "connections": [] }] }))
        })
        .collect();
    Ok(Json(json!({ "user_id": request.user_id, "devices": devices }).to_string().into()))
}
