//! What a client asks first: versions, addresses, capabilities.

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use homeserver::Session;
use ruma::api::client::discovery::{discover_homeserver, get_capabilities, get_supported_versions};
use serde_json::json;

use crate::{
    Endpoints, Tenants,
    endpoint::{Call, Json},
    error::ApiError,
};

/// The versions of the specification whose required endpoints for this server's use are kept.
const VERSIONS: &[&str] = &[
    "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11",
    "v1.12",
];

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .public(versions)
        .public(well_known)
        .user(capabilities)
        .raw(Method::GET, "/_matrix/client/v1/auth_metadata", no_auth_metadata)
        .raw(
            Method::GET,
            "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
            no_auth_metadata,
        )
        .raw(Method::GET, "/_konsil/health", health)
        .raw(Method::GET, "/_konsil/hospital", hospital)
}

/// `GET /_matrix/client/versions`
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions>
async fn versions(_: Call<get_supported_versions::Request>) -> Result<Json, ApiError> {
    let body = json!({
        "versions": VERSIONS,
        "unstable_features": {
            "org.matrix.simplified_msc3575": true,
            "org.matrix.msc4186": true,
            "org.matrix.e2e_cross_signing": true,
            "uk.tcpip.msc4133": true,
            "uk.tcpip.msc4133.stable": true,
        },
        "server": { "name": "Konsil", "version": env!("CARGO_PKG_VERSION") },
    });
    Ok(Json(body.to_string().into()))
}

/// `GET /.well-known/matrix/client`
/// <https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixclient>
async fn well_known(Call { hs, .. }: Call<discover_homeserver::Request>) -> Result<Json, ApiError> {
    if hs.policy.public_base_url.is_empty() {
        return Err(ApiError::not_found("This hospital has no public address"));
    }
    let body = json!({ "m.homeserver": { "base_url": hs.policy.public_base_url } });
    Ok(Json(body.to_string().into()))
}

/// `GET /_matrix/client/v3/capabilities`
/// <https://spec.matrix.org/v1.19/client-server-api/#capabilities-negotiation>
async fn capabilities(
    Call { hs, .. }: Call<get_capabilities::v3::Request>,
    _: Session,
) -> Result<Json, ApiError> {
    let body = json!({ "capabilities": {
        "m.change_password": { "enabled": true },
        "m.room_versions": {
            "default": hs.policy.default_room_version,
            "available": { "10": "stable", "11": "stable", "12": "stable" },
        },
        "m.set_displayname": { "enabled": true },
        "m.set_avatar_url": { "enabled": true },
        "m.3pid_changes": { "enabled": false },
        "m.get_login_token": { "enabled": false },
        "m.profile_fields": {
            "enabled": true,
            "disallowed": ["de.konsil.role", "de.konsil.department", "de.konsil.phone"],
        },
    } });
    Ok(Json(body.to_string().into()))
}

/// Sign-in goes by password here, not by an OAuth 2.0 server.
async fn no_auth_metadata(_: Tenants, _: axum::extract::Request) -> Result<Response, ApiError> {
    Err(ApiError::unrecognized(StatusCode::NOT_FOUND))
}

/// `GET /_konsil/health`: 200 when the server is ready.
async fn health(_: Tenants, _: axum::extract::Request) -> Result<Response, ApiError> {
    Ok((StatusCode::OK, "ok\n").into_response())
}

/// `GET /_konsil/hospital`: the hospital's name, for the sign-in screen.
async fn hospital(tenants: Tenants, request: axum::extract::Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let body = json!({ "name": hs.policy.display_name, "server_name": hs.server_name });
    Ok(([("content-type", "application/json")], Bytes::from(body.to_string())).into_response())
}
