//! `PUT`, `GET` and `DELETE /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device`,
//! `POST /_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events`
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/3814>

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use bytes::Bytes;
use homeserver::{
    Homeserver, Session,
    keys::{
        KeyUpload,
        dehydrated::{self, DehydratedError},
    },
    nesting,
};
use ruma::{
    OwnedDeviceId, OwnedOneTimeKeyId,
    api::error::{DeserializationError, ErrorKind},
    encryption::OneTimeKey,
    serde::Raw,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};

use super::upload_keys::named;
use crate::{
    Endpoints, Tenants,
    endpoint::{self, Answer, Json},
    error::ApiError,
    room,
    session::login::check_wish,
};

const PATH: &str = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device";
const EVENTS: &str =
    "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{device_id}/events";

/// How deep the encrypted device may nest.
const MAX_DEPTH: usize = 100;

pub(super) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw(Method::PUT, PATH, put)
        .raw(Method::GET, PATH, get)
        .raw(Method::DELETE, PATH, delete)
        .raw(Method::POST, EVENTS, events)
}

impl From<DehydratedError> for ApiError {
    fn from(error: DehydratedError) -> Self {
        match error {
            DehydratedError::Unknown => Self::not_found("There is no such dehydrated device"),
            DehydratedError::BadDeviceId => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::InvalidParam,
                "The device id is not valid, or another device has it",
            ),
            DehydratedError::TooLarge => Self::too_large("The dehydrated device is too large"),
            DehydratedError::BadToken => Self::invalid_param("The token is not valid"),
            DehydratedError::Keys(error) => error.into(),
            DehydratedError::Store(error) => error.into(),
            DehydratedError::Commit(error) => error.into(),
        }
    }
}

#[derive(Deserialize)]
struct Put {
    device_id: OwnedDeviceId,
    initial_device_display_name: Option<String>,
    device_data: Box<RawValue>,
    device_keys: Box<RawValue>,
    #[serde(default)]
    one_time_keys: BTreeMap<OwnedOneTimeKeyId, Raw<OneTimeKey>>,
    #[serde(default)]
    fallback_keys: BTreeMap<OwnedOneTimeKeyId, Raw<OneTimeKey>>,
}

/// The encrypted device, as far as the server understands it.
#[derive(Deserialize)]
#[serde(tag = "algorithm")]
enum DeviceData {
    #[serde(rename = "org.matrix.msc3814.v1.olm")]
    V1 {
        #[serde(rename = "device_pickle")]
        _pickle: String,
    },
    #[serde(rename = "org.matrix.msc3814.v2")]
    V2 {
        #[serde(rename = "device_pickle")]
        _pickle: String,
        #[serde(rename = "nonce")]
        _nonce: String,
    },
}

#[derive(Deserialize)]
struct FromPlace {
    next_batch: Option<String>,
}

/// A request with who makes it, its body and the variables of its path.
struct Asked {
    hs: Arc<Homeserver>,
    session: Session,
    body: Bytes,
    path: Vec<String>,
}

impl Asked {
    async fn read(tenants: Tenants, request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let hs = tenants.of(&parts)?;
        let session = endpoint::authenticate(&hs, &parts).await?;
        let (_, body, path) = endpoint::split(Request::from_parts(parts, body)).await?;
        Ok(Self { hs, session, body, path })
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| DeserializationError::from(error).into())
    }
}

async fn put(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::read(tenants, request).await?;
    let put: Put = asked.json()?;
    let name = put.initial_device_display_name.as_deref();
    check_wish(None, name)?;
    let data = put.device_data.get();
    if nesting::deeper_than(data.as_bytes(), MAX_DEPTH)
        || serde_json::from_str::<DeviceData>(data).is_err()
    {
        return Err(ApiError::bad_json("The device data are of no known form"));
    }
    let upload = KeyUpload {
        device_keys: Some(put.device_keys.get()),
        one_time_keys: named(&put.one_time_keys),
        fallback_keys: named(&put.fallback_keys),
    };
    dehydrated::put(&asked.hs, &asked.session, &put.device_id, name, data, &upload).await?;
    answer(&put.device_id)
}

fn answer(device_id: &OwnedDeviceId) -> Result<Response, ApiError> {
    Json(json!({ "device_id": device_id }).to_string().into()).into_answer()
}

async fn get(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::read(tenants, request).await?;
    let (device_id, data) = dehydrated::get(&asked.hs, &asked.session).await?;
    let mut answer = format!("{{\"device_id\":{},\"device_data\":", json!(device_id)).into_bytes();
    answer.extend_from_slice(&data);
    answer.push(b'}');
    Json(answer.into()).into_answer()
}

async fn delete(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::read(tenants, request).await?;
    answer(&dehydrated::delete(&asked.hs, &asked.session).await?)
}

async fn events(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let asked = Asked::read(tenants, request).await?;
    let from: FromPlace = asked.json()?;
    let device_id: OwnedDeviceId =
        asked.path.first().map(String::as_str).unwrap_or_default().into();
    let (hs, session) = (&asked.hs, &asked.session);
    let (events, next) =
        dehydrated::events(hs, session, &device_id, from.next_batch.as_deref()).await?;
    let mut answer = b"{\"events\":".to_vec();
    answer.extend_from_slice(&room::array(&events));
    answer.extend_from_slice(format!(",\"next_batch\":{}}}", json!(next)).as_bytes());
    Json(answer.into()).into_answer()
}
