//! Large files: read, encrypted, kept, sent and fetched piece by piece, so that memory does not grow with the file.
//!
//! Going out, a file is first encrypted whole, piece by piece, onto the device ([`sealing`]): ciphertext alone, whose key lies in the SDK's encrypted
//! store. From there it goes to the server, which says how much it has ([`sending`]). So a lost connection, the app's lock, a reload and a killed
//! browser cost nothing but time, and the original may be gone meanwhile. Once the server has all of it, the message goes into the
//! SDK's queue like any other. Coming in, what was decrypted is only given out piece by piece; that it is whole is known at the end ([`download`]).

pub(crate) mod download;
mod message;
pub(crate) mod outbox;
mod requests;
mod seal;
pub(crate) mod sealing;
pub(crate) mod sending;

#[cfg(target_family = "wasm")]
#[path = "large/browser.rs"]
mod place;
#[cfg(not(target_family = "wasm"))]
#[path = "large/native.rs"]
mod place;

use std::ops::Range;

use vocabulary::{imported::Imported, removal::RemovalReport};

pub use download::Sink;

use crate::ids::MessageId;

/// From this size on a file goes piece by piece.
pub const FROM_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of a piece. What is in memory at a time is a small multiple of it.
const PIECE_BYTES: u64 = 1024 * 1024;

/// Where the bytes of a file come from.
pub trait Source {
    /// How many there are.
    fn size_bytes(&self) -> u64;

    /// Those in this range; `None` if the file is gone or is not what it was.
    fn read(&self, range: Range<u64>) -> impl Future<Output = Option<Vec<u8>>>;
}

/// A large file to be sent.
#[derive(Clone, PartialEq)]
pub struct LargeToSend {
    /// File name to show.
    pub name: String,
    /// Content type; `application/octet-stream` if unknown.
    pub mime: String,
    /// Text below it.
    pub caption: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// What is known of it if it is a video.
    pub video: Option<VideoFacts>,
    /// What was taken out of it, and what had to stay.
    pub removal: Option<RemovalReport>,
    /// From where it was taken over, if it was.
    pub imported: Option<Imported>,
}

/// What is known of a video.
#[derive(Clone, PartialEq)]
pub struct VideoFacts {
    /// Width and height in pixels.
    pub size_px: (u32, u32),
    /// Its length, if the file says it.
    pub duration_ms: Option<u64>,
    /// A picture out of it (JPEG, longest side 800 px or less), with its size in pixels.
    pub poster: Option<(Vec<u8>, (u32, u32))>,
}

/// How far a large file of ours is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnItsWay {
    /// What is done with it.
    pub step: Step,
    /// So many bytes of it are done.
    pub done_bytes: u64,
    /// So many bytes it has.
    pub size_bytes: u64,
}

/// What is done with a large file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is encrypted onto the device: the app has to stay open.
    Sealing,
    /// Others are sent before it.
    Waiting,
    /// It goes to the server.
    Sending,
    /// There is no network, or the server does not answer; it goes on by itself.
    Paused,
}
