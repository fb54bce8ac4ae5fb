//! `GET /_matrix/client/v3/thirdparty/…`
//! <https://spec.matrix.org/v1.19/client-server-api/#third-party-networks>

use axum::http::request::Parts;
use homeserver::{
    Session,
    appservices::third_party::{self, Kind},
};
use ruma::api::client::thirdparty::{
    get_location_for_protocol, get_location_for_room_alias, get_protocol, get_protocols,
    get_user_for_protocol, get_user_for_user_id,
};
use serde_json::Value;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

fn json(value: Value) -> Json {
    Json(value.to_string().into())
}

/// What was found; nothing is 404, as the specification has it.
fn found(list: Vec<Value>) -> Result<Json, ApiError> {
    match list.is_empty() {
        true => Err(ApiError::not_found("Nothing was found")),
        false => Ok(json(list.into())),
    }
}

/// The caller's query without what is the caller's own.
fn fields(parts: &Parts) -> String {
    let own = ["access_token=", "user_id=", "device_id="];
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    let pairs = pairs.filter(|pair| !own.iter().any(|name| pair.starts_with(name)));
    pairs.collect::<Vec<_>>().join("&")
}

pub async fn get_protocols(
    Call { hs, .. }: Call<get_protocols::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    Ok(json(Value::Object(third_party::protocols(&hs).await)))
}

pub async fn get_protocol(
    Call { hs, request, .. }: Call<get_protocol::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    let described = third_party::protocol(&hs, &request.protocol).await;
    described.map(json).ok_or_else(|| ApiError::not_found("The network is not known"))
}

pub async fn get_user_for_protocol(
    Call { hs, request, parts }: Call<get_user_for_protocol::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    let users = third_party::by_protocol(&hs, Kind::User, &request.protocol, &fields(&parts)).await;
    found(users.unwrap_or_default())
}

pub async fn get_location_for_protocol(
    Call { hs, request, parts }: Call<get_location_for_protocol::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    let rooms =
        third_party::by_protocol(&hs, Kind::Location, &request.protocol, &fields(&parts)).await;
    found(rooms.unwrap_or_default())
}

pub async fn get_user_for_user_id(
    Call { hs, parts, .. }: Call<get_user_for_user_id::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    found(third_party::reverse(&hs, Kind::User, &fields(&parts)).await)
}

pub async fn get_location_for_room_alias(
    Call { hs, parts, .. }: Call<get_location_for_room_alias::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    found(third_party::reverse(&hs, Kind::Location, &fields(&parts)).await)
}
