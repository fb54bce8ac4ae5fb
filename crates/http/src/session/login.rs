//! `POST /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login>

use homeserver::{
    accounts::{self, DeviceWish},
    limits::Subject,
};
use ruma::api::{
    IncomingRequest, Metadata,
    client::{
        session::login::v3::{
            DiscoveryInfo, HomeserverInfo, LoginInfo, Password, Request, Response,
        },
        uiaa::UserIdentifier,
    },
    error::DeserializationError,
};
use serde::de::Error;
use serde_json::Value;

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

/// A login that says of what type it is: ruma 0.17 panics if it does not.
pub struct OfSomeType(Request);

impl Metadata for OfSomeType {
    const METHOD: http::Method = Request::METHOD;
    const RATE_LIMITED: bool = Request::RATE_LIMITED;
    type Authentication = <Request as Metadata>::Authentication;
    type PathBuilder = <Request as Metadata>::PathBuilder;
    const PATH_BUILDER: Self::PathBuilder = Request::PATH_BUILDER;
}

impl IncomingRequest for OfSomeType {
    type EndpointError = <Request as IncomingRequest>::EndpointError;
    type OutgoingResponse = <Request as IncomingRequest>::OutgoingResponse;

    fn try_from_http_request_inner(
        request: http::Request<&[u8]>,
        path_args: &[&str],
    ) -> Result<Self, DeserializationError> {
        let body: Value = serde_json::from_slice(request.body())?;
        if body.is_object() && !body["type"].is_string() {
            return Err(serde_json::Error::missing_field("type").into());
        }
        Request::try_from_http_request_inner(request, path_args).map(Self)
    }
}

pub async fn login(
    Call { hs, request: OfSomeType(request), .. }: Call<OfSomeType>,
) -> Result<Typed<Response>, ApiError> {
    let LoginInfo::Password(password) = &request.login_info else {
        return Err(ApiError::bad_json("This way of signing in is not offered here"));
    };
    check_wish(request.device_id.as_deref(), request.initial_device_display_name.as_deref())?;
    let named = named(password)
        .ok_or_else(|| ApiError::bad_json("The identifier is missing or of an unknown kind"))?;
    let user_id = accounts::user_of_identifier(&hs, named)
        .ok_or_else(|| ApiError::from(accounts::LoginError::Refused))?;
    hs.count(Subject::SignIn(user_id.to_string()))?;
    let user = accounts::check_password(&hs, &user_id, &password.password).await?;
    let wish = DeviceWish {
        device_id: request.device_id,
        display_name: request.initial_device_display_name,
        refresh: request.refresh_token,
    };
    let signed_in = accounts::sign_in(&hs, user, &user_id, wish).await?;
    let access_token = signed_in.access_token.expose().clone();
    let mut response = Response::new(signed_in.user_id, access_token, signed_in.device_id);
    response.refresh_token = signed_in.refresh_token.map(|token| token.expose().clone());
    response.expires_in = signed_in.expires_in;
    if !hs.policy.public_base_url.is_empty() {
        let homeserver = HomeserverInfo::new(hs.policy.public_base_url.clone());
        response.well_known = Some(DiscoveryInfo::new(homeserver));
    }
    Ok(Typed(response))
}

/// Whom a login names; `user` is how clients said it before r0.4.
#[allow(deprecated)]
fn named(password: &Password) -> Option<&str> {
    match &password.identifier {
        Some(UserIdentifier::Matrix(matrix)) => Some(&matrix.user),
        Some(_) => None,
        None => password.user.as_deref(),
    }
}

/// Lengths of what a client says of its device.
pub(crate) fn check_wish(
    device_id: Option<&ruma::DeviceId>,
    display_name: Option<&str>,
) -> Result<(), ApiError> {
    if device_id.is_some_and(|id| !accounts::is_device_id(id)) {
        return Err(ApiError::invalid_param("The device id is empty or too long"));
    }
    if display_name.is_some_and(|name| name.len() > 256) {
        return Err(ApiError::invalid_param("The device's name is too long"));
    }
    Ok(())
}
