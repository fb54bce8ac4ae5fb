//! `GET /_matrix/client/v3/rooms/{roomId}/members`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers>

use homeserver::{
    Session,
    rooms::{TimelineToken, read},
};
use ruma::{
    api::client::membership::get_member_events::v3::Request, events::room::member::MembershipState,
};
use serde::Deserialize;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
    room::array,
};

#[derive(Deserialize)]
struct Event {
    content: Member,
}

#[derive(Deserialize)]
struct Member {
    membership: MembershipState,
}

/// Whether the specification has this membership: a query may ask for no other.
fn is_known(membership: &MembershipState) -> bool {
    use MembershipState::{Ban, Invite, Join, Knock, Leave};
    matches!(membership, Ban | Invite | Join | Knock | Leave)
}

pub async fn get_member_events(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    for asked in [&request.membership, &request.not_membership].into_iter().flatten() {
        if !is_known(asked) {
            return Err(ApiError::invalid_param("There is no such membership"));
        }
    }
    let state = match request.at.as_deref() {
        Some(at) => {
            let at: TimelineToken =
                at.parse().map_err(|_| ApiError::invalid_param("`at` is not a token"))?;
            read::state_as_of(&hs, &session, &request.room_id, at).await?
        }
        None => read::state(&hs, &session, &request.room_id).await?,
    };
    let wanted = state.iter().filter(|part| {
        part.kind == "m.room.member"
            && serde_json::from_slice::<Event>(&part.client).is_ok_and(|event| {
                let membership = &event.content.membership;
                match (&request.membership, &request.not_membership) {
                    (None, None) => true,
                    (Some(only), None) => membership == only,
                    (None, Some(but)) => membership != but,
                    // Both together are an "or" by the specification.
                    (Some(only), Some(but)) => membership == only || membership != but,
                }
            })
    });
    let mut out = b"{\"chunk\":".to_vec();
    out.extend(array(wanted.map(|part| &part.client)));
    out.push(b'}');
    Ok(Json(out.into()))
}
