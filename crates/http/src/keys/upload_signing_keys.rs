//! `POST /_matrix/client/v3/keys/device_signing/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload>

use homeserver::{Session, keys};
use ruma::{
    api::client::keys::upload_signing_keys::v3::{Request, Response},
    encryption::CrossSigningKey,
    serde::Raw,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn upload_signing_keys(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let Request { auth, master_key, self_signing_key, user_signing_key, .. } = &request;
    let upload = keys::CrossSigningUpload {
        master: text(master_key),
        self_signing: text(self_signing_key),
        user_signing: text(user_signing_key),
    };
    keys::upload_cross_signing(&hs, &session, upload, auth.as_ref()).await?;
    Ok(Typed(Response::new()))
}

fn text(key: &Option<Raw<CrossSigningKey>>) -> Option<&str> {
    key.as_ref().map(|raw| raw.json().get())
}
