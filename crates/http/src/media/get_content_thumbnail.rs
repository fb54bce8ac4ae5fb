//! `GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid>

use axum::response::Response;
use homeserver::{
    Session,
    media::{self, Wanted},
};
use ruma::{
    UInt, api::client::authenticated_media::get_content_thumbnail::v1::Request, media::Method,
};

use super::serve::{self, Head};
use crate::{endpoint::Call, error::ApiError};

pub async fn get_content_thumbnail(
    Call { hs, request, parts }: Call<Request>,
    _: Session,
) -> Result<Response, ApiError> {
    let pixels = |number: UInt| u32::try_from(u64::from(number)).unwrap_or(u32::MAX);
    let wanted = Wanted {
        width: pixels(request.width),
        height: pixels(request.height),
        crop: request.method == Some(Method::Crop),
    };
    let file =
        media::find(&hs, &request.server_name, &request.media_id, request.timeout_ms).await?;
    let picture = media::thumbnail(&hs, &request.media_id, &file, wanted).await?;
    let head = Head::of_picture(&picture);
    if serve::wants_no_body(&parts) {
        return Ok(head.without_body(picture.size_bytes, None));
    }
    Ok(head.with_body(media::open_picture(&hs, &picture).await?, None))
}
