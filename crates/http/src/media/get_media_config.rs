//! `GET /_matrix/client/v1/media/config`, and its older path `GET /_matrix/media/v3/config`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediaconfig>

use homeserver::{Homeserver, Session};
use ruma::{
    UInt,
    api::client::{authenticated_media, media},
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

fn limit(hs: &Homeserver) -> UInt {
    UInt::try_from(hs.policy.max_upload_bytes).unwrap_or(UInt::MAX)
}

pub async fn get_media_config(
    Call { hs, .. }: Call<authenticated_media::get_media_config::v1::Request>,
    _: Session,
) -> Result<Typed<authenticated_media::get_media_config::v1::Response>, ApiError> {
    Ok(Typed(authenticated_media::get_media_config::v1::Response::new(limit(&hs))))
}

#[allow(deprecated, reason = "clients of before 1.11 still ask here")]
pub async fn get_media_config_of_old(
    Call { hs, .. }: Call<media::get_media_config::v3::Request>,
    _: Session,
) -> Result<Typed<media::get_media_config::v3::Response>, ApiError> {
    Ok(Typed(media::get_media_config::v3::Response::new(limit(&hs))))
}
