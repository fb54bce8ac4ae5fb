//! `POST /_matrix/client/v3/keys/signatures/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload>

use bytes::Bytes;
use homeserver::{
    Session,
    keys::{self, SignatureFailure},
};
use ruma::api::client::keys::upload_signatures::v3::Request;
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn upload_signatures(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let signed = request
        .signed_keys
        .iter()
        .map(|(user, keys)| {
            (user.clone(), keys.iter().map(|(key, raw)| (key, raw.get())).collect())
        })
        .collect();
    let failures = keys::upload_signatures(&hs, &session, &signed).await?;
    let failures: Map<String, Value> = failures
        .into_iter()
        .map(|(user, keys)| {
            let keys: Map<String, Value> =
                keys.into_iter().map(|(key, failure)| (key, described(failure))).collect();
            (user.to_string(), keys.into())
        })
        .collect();
    Ok(Json(Bytes::from(json!({ "failures": failures }).to_string())))
}

fn described(failure: SignatureFailure) -> Value {
    let errcode = match failure {
        SignatureFailure::Malformed => "M_BAD_JSON",
        SignatureFailure::UnknownKey => "M_NOT_FOUND",
        SignatureFailure::Invalid => "M_INVALID_SIGNATURE",
    };
    json!({ "errcode": errcode, "error": failure.to_string() })
}
