//! `POST /_matrix/media/v1/create`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create>

use homeserver::{Session, media};
use ruma::api::client::media::create_mxc_uri::v1::Request;
use serde_json::json;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn create_mxc_uri(
    Call { hs, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let (media_id, until) = media::announce(&hs, &session).await?;
    let answer = json!({
        "content_uri": format!("mxc://{}/{media_id}", hs.server_name),
        "unused_expires_at": until.0,
    });
    Ok(Json(answer.to_string().into()))
}
