//! `DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid>

use homeserver::{Session, push_rules};
use ruma::api::client::push::delete_pushrule::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_pushrule(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    push_rules::delete(&hs, &session, request.kind, &request.rule_id).await?;
    Ok(Typed(Response::new()))
}
