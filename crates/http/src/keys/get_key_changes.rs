//! `GET /_matrix/client/v3/keys/changes`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges>

use homeserver::{Session, keys, sync::SyncToken};
use ruma::api::client::keys::get_key_changes::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_key_changes(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    // Of a sync token only the position matters here.
    let position = |token: &str| token.parse::<SyncToken>().map(|token| token.pos);
    let (Ok(from), Ok(to)) = (position(&request.from), position(&request.to)) else {
        return Err(ApiError::invalid_param("from and to are tokens of /sync"));
    };
    let upto = to.min(hs.db.pos());
    let changes = keys::changed_users(&hs, &session, from, upto).await?;
    Ok(Typed(Response::new(changes.changed, changes.left)))
}
