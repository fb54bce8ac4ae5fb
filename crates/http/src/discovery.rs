//! What a client asks first: versions, addresses, capabilities.

use axum::{
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use homeserver::{Session, moderation, policy::EmergencyNumber};
use ruma::api::client::discovery::{
    discover_homeserver,
    discover_support::{self, Contact, ContactRole},
    get_capabilities, get_supported_versions,
};
use serde_json::json;

use crate::{
    Endpoints, Tenants,
    endpoint::{Call, Json, Typed},
    error::ApiError,
};

/// The versions of the specification that are kept: what is refused by the hospital's policy is refused with the
/// specification's error (`docs/endpoints.md`).
const VERSIONS: &[&str] = &[
    "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11",
    "v1.12", "v1.13", "v1.14", "v1.15", "v1.16", "v1.17", "v1.18", "v1.19",
];

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .public(versions)
        .public(well_known)
        .public(support)
        .user(capabilities)
        .raw(Method::GET, "/_konsil/health", health)
        .raw(Method::GET, "/_konsil/hospital", hospital)
}

/// `GET /_matrix/client/versions`
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions>
async fn versions(
    Call { hs, .. }: Call<get_supported_versions::Request>,
) -> Result<Json, ApiError> {
    let forced = hs.policy.require_encryption;
    let body = json!({
        "versions": VERSIONS,
        "unstable_features": {
            "org.matrix.simplified_msc3575": true,
            "org.matrix.e2e_cross_signing": true,
            "org.matrix.msc3814": true,
            "org.matrix.msc3827.stable": true,
            "uk.half-shot.msc2666.query_mutual_rooms": true,
            "uk.half-shot.msc2666.query_mutual_rooms.stable": true,
            "uk.timedout.msc4323": true,
            "uk.tcpip.msc4133": true,
            "uk.tcpip.msc4133.stable": true,
            // By these clients know beforehand that a room of such a preset will be encrypted.
            "io.element.e2ee_forced.public": forced,
            "io.element.e2ee_forced.private": forced,
            "io.element.e2ee_forced.trusted_private": forced,
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

/// `GET /.well-known/matrix/support`
/// <https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixsupport>
async fn support(
    Call { hs, .. }: Call<discover_support::Request>,
) -> Result<Typed<discover_support::Response>, ApiError> {
    let support = &hs.policy.support;
    let contact = |role| Contact::with_email_address(role, support.email.clone());
    let mut response = match (support.email.as_str(), support.page.as_str()) {
        ("", "") => return Err(ApiError::not_found("The hospital names nobody")),
        ("", page) => discover_support::Response::with_support_page(page.to_owned()),
        _ => discover_support::Response::with_contacts(vec![contact(ContactRole::Admin)]),
    };
    if !support.page.is_empty() {
        response.support_page = Some(support.page.clone());
    }
    Ok(Typed(response))
}

/// `GET /_matrix/client/v3/capabilities`
/// <https://spec.matrix.org/v1.19/client-server-api/#capabilities-negotiation>
async fn capabilities(
    Call { hs, .. }: Call<get_capabilities::v3::Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let mut capabilities = json!({
        "m.change_password": { "enabled": true },
        "m.room_versions": {
            "default": hs.policy.default_room_version,
            "available": { "10": "stable", "11": "stable", "12": "stable" },
        },
        "m.set_displayname": { "enabled": true },
        "m.set_avatar_url": { "enabled": true },
        "m.3pid_changes": { "enabled": false },
        "m.get_login_token": { "enabled": true },
        "m.forget_forced_upon_leave": { "enabled": false },
        "m.profile_fields": {
            "enabled": true,
            "disallowed": ["de.konsil.role", "de.konsil.department", "de.konsil.phone"],
        },
    });
    // Konsil's own: whether the app may save attachments outside of its store (I.e).
    if hs.policy.save_to_device {
        capabilities["de.konsil.save_to_device"] = json!({ "enabled": true });
    }
    // … and for how many days after they were sent it keeps messages on the device.
    capabilities["de.konsil.device"] = json!({ "text_days": hs.policy.device_days() });
    // … and when the server deletes them, so that the app can say so (I.j).
    if let Some(days) = hs.policy.retention.message_days {
        capabilities["de.konsil.retention"] = json!({ "message_days": days });
    }
    if moderation::is_admin(&hs, &session).await? {
        capabilities["m.account_moderation"] = json!({ "lock": true, "suspend": true });
    }
    // MSC4174: the key that a browser has to name when it subscribes to its push service.
    if let Some(vapid) = &hs.push.vapid {
        capabilities["org.matrix.msc4174.webpush"] =
            json!({ "enabled": true, "vapid": vapid.public_key() });
    }
    Ok(Json(json!({ "capabilities": capabilities }).to_string().into()))
}

/// `GET /_konsil/health`: 200 when the server is ready.
async fn health(_: Tenants, _: axum::extract::Request) -> Result<Response, ApiError> {
    Ok((StatusCode::OK, "ok\n").into_response())
}

/// `GET /_konsil/hospital`: the hospital's name for the sign-in screen, whom to call when the network is down, the lowest version of the
/// app that it takes, if there is one, whether it takes crash reports, and whether browsers may help with what is written. No login.
///
/// `{"name": "Klinikum Musterstadt", "server_name": "…", "emergency_numbers": [{"name": "Reanimation", "phone": "2222"}],
/// "minimum_app_version": "0.3.1", "crash_reports": true, "writing_aids": true}`
async fn hospital(tenants: Tenants, request: axum::extract::Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let number = |number: &EmergencyNumber| json!({ "name": number.name, "phone": number.phone });
    let numbers: Vec<_> = hs.policy.emergency_numbers.iter().map(number).collect();
    let mut body = json!({
        "name": hs.policy.display_name, "server_name": hs.server_name, "emergency_numbers": numbers,
    });
    if hs.policy.crash_report_days.is_some() {
        body["crash_reports"] = json!(true);
    }
    if hs.policy.writing_aids {
        body["writing_aids"] = json!(true);
    }
    if let Some(minimum) = hs.policy.minimum_app_version {
        body["minimum_app_version"] = json!(minimum.to_string());
    }
    Ok(([("content-type", "application/json")], Bytes::from(body.to_string())).into_response())
}
