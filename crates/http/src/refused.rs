//! What the specification offers and the hospital does not: each with its reason and the specification's error.

use axum::http::{Method, StatusCode};
use ruma::api::{
    client::{
        account::{
            add_3pid, bind_3pid, delete_3pid, request_3pid_management_token_via_email,
            request_3pid_management_token_via_msisdn, request_password_change_token_via_email,
            request_password_change_token_via_msisdn, request_registration_token_via_email,
            request_registration_token_via_msisdn, unbind_3pid,
        },
        authenticated_media, discovery, media,
        session::{sso_login, sso_login_with_provider},
    },
    error::ErrorKind,
};

use crate::{Endpoints, error::ApiError};

const CONTACTS: &str = "Accounts are bound to no e-mail address or telephone number: the hospital makes and restores \
                        them, and asks no identity server (IV.b)";
const PREVIEWS: &str = "The hospital's server asks no foreign site for what people read: a preview would tell whom it is about";
const SINGLE_SIGN_ON: &str = "People sign in with their password; no foreign provider is asked";
const POLICY_SERVER: &str =
    "Rooms here are encrypted; there is no server that could judge their messages";
const OLD_SYNC: &str = "Deprecated since r0; `/sync` takes its place";

// The older of the two paths for previews is refused alike.
#[allow(deprecated)]
pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .refused::<request_3pid_management_token_via_email::v3::Request>(CONTACTS, medium)
        .refused::<request_3pid_management_token_via_msisdn::v3::Request>(CONTACTS, medium)
        .refused::<request_password_change_token_via_email::v3::Request>(CONTACTS, denied)
        .refused::<request_password_change_token_via_msisdn::v3::Request>(CONTACTS, denied)
        .refused::<request_registration_token_via_email::v3::Request>(CONTACTS, denied)
        .refused::<request_registration_token_via_msisdn::v3::Request>(CONTACTS, denied)
        .refused_at(Method::POST, "/_matrix/client/v3/account/3pid", CONTACTS, denied)
        .refused_at(Method::POST, "/_matrix/client/r0/account/3pid", CONTACTS, denied)
        .refused::<add_3pid::v3::Request>(CONTACTS, denied)
        .refused::<bind_3pid::v3::Request>(CONTACTS, denied)
        .refused::<delete_3pid::v3::Request>(CONTACTS, denied)
        .refused::<unbind_3pid::v3::Request>(CONTACTS, denied)
        .refused::<authenticated_media::get_media_preview::v1::Request>(PREVIEWS, no_preview)
        .refused::<media::get_media_preview::v3::Request>(PREVIEWS, no_preview)
        .refused::<sso_login::v3::Request>(SINGLE_SIGN_ON, not_offered)
        .refused::<sso_login_with_provider::v3::Request>(SINGLE_SIGN_ON, not_offered)
        .refused::<discovery::get_authorization_server_metadata::v1::Request>(
            SINGLE_SIGN_ON,
            not_offered,
        )
        .refused_at(Method::GET, "/.well-known/matrix/policy_server", POLICY_SERVER, none_known)
        .refused_at(Method::GET, "/_matrix/client/v3/initialSync", OLD_SYNC, not_offered)
        .refused_at(Method::GET, "/_matrix/client/r0/initialSync", OLD_SYNC, not_offered)
}

fn medium() -> ApiError {
    let message = "Accounts here have no addresses or telephone numbers";
    ApiError::new(StatusCode::BAD_REQUEST, ErrorKind::ThreepidMediumNotSupported, message)
}

fn denied() -> ApiError {
    let message = "Accounts here have no addresses or telephone numbers";
    ApiError::new(StatusCode::FORBIDDEN, ErrorKind::ThreepidDenied, message)
}

fn no_preview() -> ApiError {
    ApiError::forbidden("The server makes no previews of pages")
}

fn none_known() -> ApiError {
    ApiError::not_found("There is none")
}

fn not_offered() -> ApiError {
    ApiError::unrecognized(StatusCode::NOT_FOUND)
}
