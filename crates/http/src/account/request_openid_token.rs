//! `POST /_matrix/client/v3/user/{userId}/openid/request_token`,
//! `GET /_matrix/federation/v1/openid/userinfo`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridopenidrequest_token>

use axum::{
    extract::{FromRequestParts, Query, Request as HttpRequest},
    response::Response as HttpResponse,
};
use homeserver::{Session, tickets};
use ruma::{
    api::client::account::request_openid_token::v3::{Request, Response},
    authentication::TokenType,
};

use serde::Deserialize;
use serde_json::json;

use crate::{
    Tenants,
    account_data::check_own,
    endpoint::{Answer, Call, Json, Typed},
    error::ApiError,
};

pub async fn request_openid_token(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let token = tickets::for_identity(&hs, &session).expose().clone();
    let server = hs.server_name.clone();
    Ok(Typed(Response::new(token, TokenType::Bearer, server, tickets::IDENTITY_LIFE)))
}

#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
}

/// What the other service asks that was given the token.
/// <https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1openiduserinfo>
pub async fn userinfo(tenants: Tenants, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (mut parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let Query(Token { access_token }) = Query::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| ApiError::invalid_param("A query parameter is not valid"))?;
    let token = access_token.ok_or_else(ApiError::missing_token)?;
    let user = tickets::identity(&hs, &token).ok_or_else(|| ApiError::unknown_token(false))?;
    Json(json!({ "sub": user }).to_string().into()).into_answer()
}
