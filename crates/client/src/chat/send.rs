//! What can be sent, and what can go wrong with it.

use vocabulary::removal::RemovalReport;

use crate::ids::{MessageId, PersonId};

/// Text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextToSend {
    /// What it says. Whoever is mentioned stands in it as `@` and the name.
    pub text: String,
    /// Who is mentioned.
    pub mentions: Vec<PersonId>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Somebody has to take it over.
    pub urgent: bool,
}

/// A question with answers to choose from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PollToSend {
    /// What is asked.
    pub question: String,
    /// What can be answered, from 2 to 20.
    pub answers: Vec<String>,
    /// More than one answer can be chosen.
    pub several: bool,
}

/// A recording, in a format that every client plays.
#[derive(Clone, PartialEq)]
pub struct VoiceToSend {
    /// Content type, such as `audio/wav`.
    pub mime: String,
    /// File name to show to clients that know no recordings.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its length.
    pub duration_ms: u64,
    /// Loudness from 0 to 1 over its length.
    pub waveform: Vec<f32>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// A picture, already re-encoded by the user interface so that it carries no place, time or device (EXIF).
#[derive(Clone, PartialEq)]
pub struct ImageToSend {
    /// File name to show, such as `Foto.jpg`.
    pub name: String,
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Width and height in pixels.
    pub size_px: (u32, u32),
    /// Smaller version (JPEG, longest side 800 px or less), with its size in pixels.
    pub thumbnail: Option<(Vec<u8>, (u32, u32))>,
    /// Text below it.
    pub caption: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// What was taken out of it.
    pub removal: Option<RemovalReport>,
}

/// A video, from which the user interface has already taken out place, time and device.
#[derive(Clone, PartialEq)]
pub struct VideoToSend {
    /// File name to show, such as `Video.mp4`.
    pub name: String,
    /// Content type, such as `video/mp4`.
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Width and height in pixels.
    pub size_px: (u32, u32),
    /// Its length, if the file says it.
    pub duration_ms: Option<u64>,
    /// A picture out of it (JPEG, longest side 800 px or less), with its size in pixels.
    pub poster: Option<(Vec<u8>, (u32, u32))>,
    /// Text below it.
    pub caption: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// What was taken out of it.
    pub removal: Option<RemovalReport>,
}

/// Any other file.
#[derive(Clone, PartialEq)]
pub struct FileToSend {
    /// File name to show.
    pub name: String,
    /// Content type; `application/octet-stream` if unknown.
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Text below it.
    pub caption: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// What was taken out of it, and what had to stay.
    pub removal: Option<RemovalReport>,
}

/// What was begun in the composer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The message being answered.
    pub reply_to: Option<MessageId>,
    /// The own message being changed.
    pub editing: Option<MessageId>,
}

/// Why something could not be done in a chat. What is only queued does not fail here: see
/// [`OwnState`](super::OwnState).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The message is not in the timeline (any more).
    #[error("the message is not there any more")]
    UnknownMessage,
    /// The message still waits to be sent, so nobody can refer to it.
    #[error("the message has not been sent yet")]
    NotSentYet,
    /// Not ours, or of a kind that cannot be changed.
    #[error("not allowed for this message")]
    NotAllowed,
    /// Needs the network.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The file is larger than the server takes.
    #[error("larger than {max_bytes} bytes")]
    TooLarge { max_bytes: u64 },
    /// The device has no room for it until it is sent.
    #[error("the device lacks {missing_bytes} bytes")]
    NoRoom { missing_bytes: u64 },
    /// The file is gone, or was changed while it was read.
    #[error("the file is gone or was changed")]
    FileChanged,
    /// The server does not have the file (any more).
    #[error("the file is not on the server")]
    FileGone,
    /// A message before it could not be sent, and nothing goes out behind it.
    #[error("an earlier message could not be sent")]
    Stuck,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

/// Why an attachment could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Needs the network.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The server does not have it (any more).
    #[error("the file is gone")]
    Gone,
    /// It does not decrypt: altered on the way or damaged.
    #[error("the file is damaged")]
    Damaged,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}
