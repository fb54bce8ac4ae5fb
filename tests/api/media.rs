//! Endpoints of the chapter “media”.

mod create_content;
mod create_mxc_uri;
mod get_content;
mod get_content_thumbnail;
mod get_media_config;
mod resumable;

/// The path of an `mxc://` address under one of the media endpoints.
fn path(endpoint: &str, mxc: &str) -> String {
    let address = mxc.strip_prefix("mxc://").expect("an mxc address");
    format!("/_matrix/client/v1/media/{endpoint}/{address}")
}
