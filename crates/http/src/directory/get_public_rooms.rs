//! `GET /_matrix/client/v3/publicRooms`, `POST /_matrix/client/v3/publicRooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#published-room-directory>

use homeserver::{
    Homeserver, Session,
    rooms::directory::{self, PageToken, Wanted},
};
use ruma::{
    ServerName, UInt,
    api::client::directory::{get_public_rooms, get_public_rooms_filtered},
    directory::RoomNetwork,
};
use serde_json::json;
use store::rooms::List;

use crate::{
    endpoint::{Call, Json, admit},
    error::ApiError,
};

pub async fn get_public_rooms(
    Call { hs, request, parts }: Call<get_public_rooms::v3::Request>,
) -> Result<Json, ApiError> {
    admit(&hs, &parts, hs.policy.list_without_login).await?;
    let wanted = Wanted {
        limit: request.limit.map(u64::from),
        since: since(request.since.as_deref())?,
        ..Wanted::default()
    };
    answer(&hs, request.server.as_deref(), wanted).await
}

pub async fn get_public_rooms_filtered(
    Call { hs, request, .. }: Call<get_public_rooms_filtered::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    let types = request.filter.room_types;
    let list = match request.room_network {
        RoomNetwork::Matrix => List::Hospital,
        RoomNetwork::All => List::All,
        RoomNetwork::ThirdParty(instance) => directory::list_of_instance(&hs, &instance)
            .ok_or_else(|| ApiError::invalid_param("There is no such network"))?,
        _ => return Err(ApiError::invalid_param("There is no such network")),
    };
    let wanted = Wanted {
        list,
        limit: request.limit.map(|limit: UInt| limit.into()),
        since: since(request.since.as_deref())?,
        term: request.filter.generic_search_term,
        types: (!types.is_empty())
            .then(|| types.iter().map(|wanted| wanted.as_str().map(str::to_owned)).collect()),
    };
    answer(&hs, request.server.as_deref(), wanted).await
}

fn since(text: Option<&str>) -> Result<PageToken, ApiError> {
    match text {
        // Older clients send an empty one for the first page.
        None | Some("") => Ok(PageToken::default()),
        Some(text) => text.parse().map_err(|_| ApiError::invalid_param("`since` is not a token")),
    }
}

async fn answer(
    hs: &Homeserver,
    server: Option<&ServerName>,
    wanted: Wanted,
) -> Result<Json, ApiError> {
    if !directory::is_own(hs, server) {
        return Err(ApiError::forbidden("The directories of other servers are not asked"));
    }
    let page = directory::list(hs, wanted).await?;
    let mut answer = json!({ "chunk": page.rooms, "total_room_count_estimate": page.total });
    if let Some(next) = page.next {
        answer["next_batch"] = next.to_string().into();
    }
    if let Some(previous) = page.previous {
        answer["prev_batch"] = previous.to_string().into();
    }
    Ok(Json(answer.to_string().into()))
}
