//! `POST /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login>

use axum::http::{StatusCode, request::Parts};
use base::UserNid;
use homeserver::{
    Homeserver,
    accounts::{self, DeviceWish, LoginError},
    appservices::masquerade,
    devices,
    limits::Subject,
    tickets,
};
use ruma::{
    OwnedUserId,
    api::{
        IncomingRequest, Metadata,
        client::{
            session::login::v3::{
                ApplicationService, DiscoveryInfo, HomeserverInfo, LoginInfo, Password, Request,
                Response,
            },
            uiaa::UserIdentifier,
        },
        error::{DeserializationError, ErrorKind},
    },
};
use serde::de::Error;
use serde_json::Value;

use crate::{
    address,
    endpoint::{self, Call, Typed},
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
    Call { hs, request: OfSomeType(request), parts }: Call<OfSomeType>,
) -> Result<Typed<Response>, ApiError> {
    check_wish(request.device_id.as_deref(), request.initial_device_display_name.as_deref())?;
    let (user, user_id) = match &request.login_info {
        LoginInfo::Password(password) => by_password(&hs, password, &parts).await?,
        LoginInfo::Token(token) => by_token(&hs, &token.token).await?,
        LoginInfo::ApplicationService(login) => by_service(&hs, login, &parts).await?,
        _ => {
            let message = "This way of signing in is not offered here";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, ErrorKind::Unknown, message));
        }
    };
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

async fn by_password(
    hs: &Homeserver,
    password: &Password,
    parts: &Parts,
) -> Result<(UserNid, OwnedUserId), ApiError> {
    let refused = || ApiError::from(LoginError::Refused);
    let named = match named(password) {
        Named::User(name) => accounts::user_of_identifier(hs, name).ok_or_else(refused)?,
        // No account is bound to an address or a telephone number.
        Named::Contact => return Err(refused()),
        Named::Nobody => {
            return Err(ApiError::bad_json("The identifier is missing or of an unknown kind"));
        }
    };
    hs.count(Subject::SignIn(named.to_string()))?;
    address::count(hs, parts, Subject::SignInFrom)?;
    let user = accounts::check_password(hs, &named, &password.password).await?;
    Ok((user, named))
}

/// <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token>
async fn by_token(hs: &Homeserver, token: &str) -> Result<(UserNid, OwnedUserId), ApiError> {
    let (user, user_id) = tickets::redeem_sign_in(hs, token).ok_or(LoginError::Refused)?;
    accounts::check_may_sign_in(hs, &user_id).await?;
    Ok((user, user_id))
}

/// The user of its namespaces that an application service signs in.
///
/// <https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions>
#[allow(deprecated)]
async fn by_service(
    hs: &Homeserver,
    login: &ApplicationService,
    parts: &Parts,
) -> Result<(UserNid, OwnedUserId), ApiError> {
    let service = endpoint::appservice(hs, parts)?;
    let named = match &login.identifier {
        Some(UserIdentifier::Matrix(matrix)) => Some(&matrix.user),
        Some(_) => None,
        None => login.user.as_ref(),
    };
    let named = named
        .ok_or_else(|| ApiError::bad_json("The identifier is missing or of an unknown kind"))?;
    let user_id = accounts::user_of_identifier(hs, named).ok_or_else(ApiError::exclusive)?;
    if !service.is_its_user(&user_id) {
        return Err(ApiError::exclusive());
    }
    let session = masquerade::session(hs, &service, Some(user_id.as_str()), None).await?;
    Ok((session.user, user_id))
}

enum Named<'a> {
    User(&'a str),
    Contact,
    Nobody,
}

/// Whom a login names; `user` is how clients said it before r0.4.
#[allow(deprecated)]
fn named(password: &Password) -> Named<'_> {
    match (&password.identifier, &password.user) {
        (Some(UserIdentifier::Matrix(matrix)), _) => Named::User(&matrix.user),
        (
            Some(
                UserIdentifier::Email(_)
                | UserIdentifier::Msisdn(_)
                | UserIdentifier::PhoneNumber(_),
            ),
            _,
        ) => Named::Contact,
        (Some(_), _) => Named::Nobody,
        (None, Some(user)) => Named::User(user),
        (None, None) if password.address.is_some() => Named::Contact,
        (None, None) => Named::Nobody,
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
    if display_name.is_some_and(|name| !devices::is_name(name)) {
        return Err(ApiError::invalid_param("The device's name is too long or has a NUL"));
    }
    Ok(())
}
