//! `GET /_matrix/client/v3/pushrules/`, `GET /_matrix/client/v3/pushrules/global/`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrules>

use homeserver::{Session, push_rules};
use ruma::api::client::push::{get_pushrules_all, get_pushrules_global_scope};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_pushrules_all(
    Call { hs, .. }: Call<get_pushrules_all::v3::Request>,
    session: Session,
) -> Result<Typed<get_pushrules_all::v3::Response>, ApiError> {
    Ok(Typed(get_pushrules_all::v3::Response::new(push_rules::ruleset(&hs, &session).await?)))
}

pub async fn get_pushrules_global_scope(
    Call { hs, .. }: Call<get_pushrules_global_scope::v3::Request>,
    session: Session,
) -> Result<Typed<get_pushrules_global_scope::v3::Response>, ApiError> {
    Ok(Typed(get_pushrules_global_scope::v3::Response::new(
        push_rules::ruleset(&hs, &session).await?,
    )))
}
