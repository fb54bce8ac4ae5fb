//! `GET /_matrix/client/v3/notifications`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications>

use base::Pos;
use homeserver::{Session, notifications};
use ruma::api::client::push::get_notifications::v3::Request;
use serde_json::{Value, json, value::RawValue};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

const DEFAULT_LIMIT: usize = 20;

pub async fn get_notifications(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let from = request.from.map(|token| token.parse().map(Pos::new)).transpose();
    let from = from.map_err(|_| ApiError::invalid_param("The token is not one of this server"))?;
    let limit = request.limit.and_then(|limit| limit.try_into().ok()).unwrap_or(DEFAULT_LIMIT);
    let highlights = request.only.as_deref() == Some("highlight");
    let page = notifications::before(&hs, &session, from, limit, highlights).await?;
    let listed = page.notifications.iter().map(|notification| {
        let event: &RawValue = serde_json::from_slice(&notification.event)?;
        Ok(json!({
            "actions": notification.actions,
            "event": event,
            "read": notification.read,
            "room_id": notification.room_id,
            "ts": notification.ts.0,
        }))
    });
    let listed: Result<Vec<Value>, serde_json::Error> = listed.collect();
    let mut body = json!({ "notifications": listed.map_err(ApiError::internal)? });
    if let Some(next) = page.next {
        body["next_token"] = next.to_string().into();
    }
    Ok(Json(body.to_string().into()))
}
