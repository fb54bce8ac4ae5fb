//! Fetching a large attachment piece by piece.

use std::{io::Read, time::Duration};

use futures_util::{FutureExt, pin_mut, select};
use matrix_sdk::sleep::sleep;
use matrix_sdk_base::crypto::AttachmentDecryptor;
use ruma::events::room::MediaSource;

use super::{
    PIECE_BYTES, requests,
    seal::{Feed, pass},
};
use crate::{Connection, chat::MediaError, session::core::Core, trouble::Trouble};

/// Pause before a part is asked for again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Where decrypted pieces go. That the file is whole and unaltered is known only when [`Chat::media_in_pieces`](crate::Chat::media_in_pieces) has returned: until then nobody
/// may take for the file what came.
pub trait Sink {
    /// Takes the next piece. `done_bytes` of `size_bytes` have come with it.
    ///
    /// # Errors
    /// Says why it takes no more, for the support desk.
    fn take(
        &mut self,
        piece: Vec<u8>,
        done_bytes: u64,
        size_bytes: u64,
    ) -> impl Future<Output = Result<(), String>>;

    /// Without network nothing comes for now; it goes on by itself.
    fn paused(&mut self) {}
}

/// Fetches and decrypts an attachment piece by piece. Without network it waits and goes on where it was; dropping the future stops it.
pub(crate) async fn fetch(
    core: &Core,
    source: MediaSource,
    sink: &mut impl Sink,
) -> Result<(), MediaError> {
    let MediaSource::Encrypted(file) = source else {
        return Err(MediaError::Failed("not encrypted".into()));
    };
    let url = file.url.clone();
    let feed = Feed::default();
    let mut reader = feed.clone();
    let mut decryptor =
        AttachmentDecryptor::new(&mut reader, (*file).into()).map_err(|_| MediaError::Damaged)?;
    let (mut done_bytes, mut size) = (0_u64, None::<u64>);
    while size.is_none_or(|size| done_bytes < size) {
        let range = done_bytes..done_bytes + PIECE_BYTES;
        let part = match requests::fetch(&core.client, &url, range).await {
            Ok(part) => part,
            Err(Trouble::NoConnection) => {
                sink.paused();
                wait(&mut core.connection.subscribe()).await;
                continue;
            }
            Err(Trouble::NotFound) => return Err(MediaError::Gone),
            Err(Trouble::Other(code)) if code == "M_LIMIT_EXCEEDED" => {
                sleep(RETRY_AFTER).await;
                continue;
            }
            Err(trouble) => return Err(MediaError::Failed(trouble.code())),
        };
        // An empty file, or one that is shorter than it was: the hash says.
        if part.bytes.is_empty() {
            break;
        }
        done_bytes += part.bytes.len() as u64;
        size = Some(part.size_bytes);
        let clear = pass(&feed, &mut decryptor, part.bytes).map_err(|_| MediaError::Damaged)?;
        sink.take(clear, done_bytes, part.size_bytes).await.map_err(MediaError::Failed)?;
    }
    // At the end the decryptor compares the hash.
    decryptor.read(&mut [0]).map(drop).map_err(|_| MediaError::Damaged)
}

/// A moment, or until the connection changes.
async fn wait(connection: &mut eyeball::Subscriber<Connection>) {
    let pause = sleep(RETRY_AFTER).fuse();
    let changed = connection.next().fuse();
    pin_mut!(pause, changed);
    select! {
        () = pause => {}
        _ = changed => {}
    }
}
