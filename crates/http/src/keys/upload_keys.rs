//! `POST /_matrix/client/v3/keys/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload>

use std::collections::BTreeMap;

use homeserver::{Session, keys};
use ruma::{
    OwnedOneTimeKeyId, UInt,
    api::client::keys::upload_keys::v3::{Request, Response},
    encryption::OneTimeKey,
    serde::Raw,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn upload_keys(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    if session.device_id.as_str().is_empty() {
        return Err(ApiError::missing_param("Keys belong to a device: device_id is needed"));
    }
    let upload = keys::KeyUpload {
        device_keys: request.device_keys.as_ref().map(|raw| raw.json().get()),
        one_time_keys: named(&request.one_time_keys),
        fallback_keys: named(&request.fallback_keys),
    };
    keys::upload(&hs, &session, &upload).await?;
    let supply = keys::supply(&hs, session.device).await?;
    let counts = supply.one_time_keys.iter();
    let counts =
        counts.map(|(algorithm, count)| (algorithm.as_str().into(), UInt::new_saturating(*count)));
    Ok(Typed(Response::new(counts.collect())))
}

pub(super) fn named(
    keys: &BTreeMap<OwnedOneTimeKeyId, Raw<OneTimeKey>>,
) -> Vec<keys::NamedKey<'_>> {
    keys.iter()
        .map(|(id, raw)| {
            let (algorithm, name) = id.as_str().split_once(':').unwrap_or((id.as_str(), ""));
            (algorithm, name, raw.json().get())
        })
        .collect()
}
