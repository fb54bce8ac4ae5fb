//! `GET /_matrix/client/v3/rooms/{roomId}/joined_members`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members>

use homeserver::{Session, rooms::read};
use ruma::{
    OwnedMxcUri, UserId,
    api::client::membership::joined_members::v3::{Request, Response, RoomMember},
};
use serde::Deserialize;

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

#[derive(Deserialize)]
struct Event {
    content: Member,
}

#[derive(Deserialize)]
struct Member {
    membership: String,
    displayname: Option<String>,
    avatar_url: Option<OwnedMxcUri>,
}

pub async fn joined_members(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let mut response = Response::new(Default::default());
    for part in read::joined_state(&hs, &session, &request.room_id).await? {
        if part.kind != "m.room.member" {
            continue;
        }
        let (Ok(user), Ok(event)) =
            (UserId::parse(part.state_key.as_str()), serde_json::from_slice::<Event>(&part.client))
        else {
            continue;
        };
        if event.content.membership == "join" {
            let mut member = RoomMember::new();
            member.display_name = event.content.displayname;
            member.avatar_url = event.content.avatar_url;
            response.joined.insert(user, member);
        }
    }
    Ok(Typed(response))
}
