//! `PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}`, `…/enabled`, `…/actions`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid>

use homeserver::{Session, push_rules};
use ruma::api::client::push::{set_pushrule, set_pushrule_actions, set_pushrule_enabled};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_pushrule(
    Call { hs, request, .. }: Call<set_pushrule::v3::Request>,
    session: Session,
) -> Result<Typed<set_pushrule::v3::Response>, ApiError> {
    let (before, after) = (request.before.as_deref(), request.after.as_deref());
    push_rules::put(&hs, &session, request.rule, before, after).await?;
    Ok(Typed(set_pushrule::v3::Response::new()))
}

pub async fn set_pushrule_enabled(
    Call { hs, request, .. }: Call<set_pushrule_enabled::v3::Request>,
    session: Session,
) -> Result<Typed<set_pushrule_enabled::v3::Response>, ApiError> {
    push_rules::set_enabled(&hs, &session, request.kind, &request.rule_id, request.enabled).await?;
    Ok(Typed(set_pushrule_enabled::v3::Response::new()))
}

pub async fn set_pushrule_actions(
    Call { hs, request, .. }: Call<set_pushrule_actions::v3::Request>,
    session: Session,
) -> Result<Typed<set_pushrule_actions::v3::Response>, ApiError> {
    push_rules::set_actions(&hs, &session, request.kind, &request.rule_id, &request.actions)
        .await?;
    Ok(Typed(set_pushrule_actions::v3::Response::new()))
}
