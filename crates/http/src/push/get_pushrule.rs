//! `GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}`, `…/enabled`, `…/actions`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleid>

use homeserver::{Homeserver, Session, push_rules};
use ruma::{
    api::client::push::{PushRule, get_pushrule, get_pushrule_actions, get_pushrule_enabled},
    push::RuleKind,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

async fn rule(
    hs: &Homeserver,
    session: &Session,
    kind: RuleKind,
    rule_id: &str,
) -> Result<PushRule, ApiError> {
    let rules = push_rules::ruleset(hs, session).await?;
    let rule = rules.get(kind, rule_id).map(PushRule::from);
    rule.ok_or_else(|| ApiError::not_found("There is no such push rule"))
}

pub async fn get_pushrule(
    Call { hs, request, .. }: Call<get_pushrule::v3::Request>,
    session: Session,
) -> Result<Typed<get_pushrule::v3::Response>, ApiError> {
    let rule = rule(&hs, &session, request.kind, &request.rule_id).await?;
    Ok(Typed(get_pushrule::v3::Response::new(rule)))
}

pub async fn get_pushrule_enabled(
    Call { hs, request, .. }: Call<get_pushrule_enabled::v3::Request>,
    session: Session,
) -> Result<Typed<get_pushrule_enabled::v3::Response>, ApiError> {
    let rule = rule(&hs, &session, request.kind, &request.rule_id).await?;
    Ok(Typed(get_pushrule_enabled::v3::Response::new(rule.enabled)))
}

pub async fn get_pushrule_actions(
    Call { hs, request, .. }: Call<get_pushrule_actions::v3::Request>,
    session: Session,
) -> Result<Typed<get_pushrule_actions::v3::Response>, ApiError> {
    let rule = rule(&hs, &session, request.kind, &request.rule_id).await?;
    Ok(Typed(get_pushrule_actions::v3::Response::new(rule.actions)))
}
