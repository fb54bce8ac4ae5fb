//! `POST /_matrix/client/v3/createRoom`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom>

use axum::http::StatusCode;
use homeserver::{
    Session,
    limits::Subject,
    rooms::{
        WriteError,
        create::{self, Preset, Wishes},
    },
};
use room::Content;
use ruma::api::{
    client::room::{
        Visibility,
        create_room::v3::{Request, Response, RoomPreset},
    },
    error::ErrorKind,
};
use serde_json::{Map, Value};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    if !request.invite_3pid.is_empty() {
        return Err(ApiError::forbidden(
            "People are not invited by phone number or address outside the hospital",
        ));
    }
    hs.count(Subject::Rooms(session.user))?;
    let public = request.visibility == Visibility::Public;
    let preset = match request.preset {
        Some(RoomPreset::PrivateChat) => Preset::PrivateChat,
        Some(RoomPreset::TrustedPrivateChat) => Preset::TrustedPrivateChat,
        Some(RoomPreset::PublicChat) => Preset::PublicChat,
        Some(_) => return Err(ApiError::bad_json("The preset is not known")),
        None if public => Preset::PublicChat,
        None => Preset::PrivateChat,
    };
    let object = |json: &str| {
        serde_json::from_str::<Map<String, Value>>(json)
            .map_err(|_| ApiError::bad_json("An object was expected"))
    };
    let creation_content = match &request.creation_content {
        Some(content) => object(content.json().get())?,
        None => Map::new(),
    };
    let power_levels = match &request.power_level_content_override {
        Some(content) => Some(object(content.json().get())?),
        None => None,
    };
    let mut initial_state = Vec::with_capacity(request.initial_state.len());
    for event in &request.initial_state {
        let bad = || ApiError::bad_json("An event of initial_state is malformed");
        let event: Value = serde_json::from_str(event.json().get()).map_err(|_| bad())?;
        let kind = event["type"].as_str().ok_or_else(bad)?.to_owned();
        let state_key = match &event["state_key"] {
            Value::Null => String::new(),
            key => key.as_str().ok_or_else(bad)?.to_owned(),
        };
        let content = Content::from_value(&event["content"])?;
        initial_state.push((kind, state_key, content));
    }
    let wishes = Wishes {
        version: request.room_version.map(|version| version.to_string()),
        creation_content,
        preset,
        public,
        alias_localpart: request.room_alias_name,
        name: request.name,
        topic: request.topic,
        invite: request.invite,
        is_direct: request.is_direct,
        initial_state,
        power_levels,
    };
    match create::create(&hs, &session, wishes).await {
        Ok(room_id) => Ok(Typed(Response::new(room_id))),
        // Here, a taken alias is the client's mistake and not a conflict.
        Err(WriteError::AliasTaken) => {
            Err(ApiError::new(StatusCode::BAD_REQUEST, ErrorKind::RoomInUse, "The alias is taken"))
        }
        Err(error) => Err(error.into()),
    }
}
