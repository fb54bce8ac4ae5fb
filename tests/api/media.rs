//! Endpoints of the chapter “media”.

mod copy_content;
mod create_content;
mod create_mxc_uri;
mod delete_content;
mod get_content;
mod get_content_thumbnail;
mod get_media_config;
mod resumable;

use testkit::{SERVER_NAME, Server};

/// The path of an `mxc://` address under Konsil's own endpoints for files.
fn file_path(mxc: &str) -> String {
    format!("/_konsil/media/file/{}", mxc.strip_prefix("mxc://").expect("an mxc address"))
}

/// The sizes of all objects in the media storage.
fn objects(server: &Server) -> Vec<u64> {
    let shards = std::fs::read_dir(server.data_dir().join(SERVER_NAME).join("media"));
    let shards = shards.expect("the media storage").map(|shard| shard.expect("a shard").path());
    let files = shards.flat_map(|shard| std::fs::read_dir(shard).expect("a shard"));
    files.map(|file| file.expect("an object").metadata().expect("its size").len()).collect()
}

/// The path of an `mxc://` address under one of the media endpoints.
fn path(endpoint: &str, mxc: &str) -> String {
    let address = mxc.strip_prefix("mxc://").expect("an mxc address");
    format!("/_matrix/client/v1/media/{endpoint}/{address}")
}
