//! One chat: its rows, and what can be done in it.

mod rows;
mod send;

pub use rows::{
    Body, ChatHeader, EmojiOnly, FileView, ImageView, MediaRef, Member, Message, OwnState,
    Reaction, Reader, ReplyQuote, ReplyTarget, Row, RowKind, ScrollBack, SendFailure, Sender,
    SystemLine, TrustWarning, UndecryptableReason,
};
pub use send::{ActionError, Draft, FileToSend, ImageToSend, MediaError};

use std::sync::Arc;

use crate::{
    Live,
    ids::{MessageId, PersonId},
};

/// A chat that is open. Clone it freely; the chat closes with its last clone.
#[derive(Clone)]
pub struct Chat {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {}

impl Chat {
    /// The rows, oldest first. Unchanged rows keep their `Arc`.
    pub fn rows(&self) -> Live<Arc<Vec<Arc<Row>>>> {
        let _ = &self.inner;
        unreachable!("no session exists before the API is filled in")
    }

    /// What stands above the chat.
    pub fn header(&self) -> Live<ChatHeader> {
        unreachable!("no session exists before the API is filled in")
    }

    /// What is above the oldest row.
    pub fn scroll_back(&self) -> Live<ScrollBack> {
        unreachable!("no session exists before the API is filled in")
    }

    /// Loads older rows. Does nothing while loading or at the beginning.
    pub async fn load_older(&self) {
        crate::later().await
    }

    /// Sends text. Returns as soon as it is safely queued; it is shown at once.
    pub async fn send_text(
        &self,
        text: &str,
        reply_to: Option<&MessageId>,
    ) -> Result<(), ActionError> {
        let _ = (text, reply_to);
        crate::later().await
    }

    /// Changes an own message.
    pub async fn edit(&self, message: &MessageId, text: &str) -> Result<(), ActionError> {
        let _ = (message, text);
        crate::later().await
    }

    /// Deletes a message for everybody; takes a waiting one out of the queue.
    pub async fn delete(&self, message: &MessageId) -> Result<(), ActionError> {
        let _ = message;
        crate::later().await
    }

    /// Adds our reaction or takes it back. Encrypted; waits in a queue while offline.
    pub async fn react(&self, message: &MessageId, emoji: &str) -> Result<(), ActionError> {
        let _ = (message, emoji);
        crate::later().await
    }

    /// Sends a picture. Returns as soon as it is queued.
    pub async fn send_image(&self, image: ImageToSend) -> Result<(), ActionError> {
        let _ = image;
        crate::later().await
    }

    /// Sends a file. Returns as soon as it is queued.
    pub async fn send_file(&self, file: FileToSend) -> Result<(), ActionError> {
        let _ = file;
        crate::later().await
    }

    /// Tries a failed message again.
    pub async fn retry(&self, message: &MessageId) -> Result<(), ActionError> {
        let _ = message;
        crate::later().await
    }

    /// Fetches and decrypts an attachment; from memory if it was fetched before.
    pub async fn media(&self, media: &MediaRef) -> Result<Vec<u8>, MediaError> {
        let _ = media;
        crate::later().await
    }

    /// Tells the others that we are writing, or no longer. Call it on every keystroke; it is throttled here.
    pub async fn typing(&self, writing: bool) {
        let _ = writing;
        crate::later().await
    }

    /// We see the newest row: moves our read mark there. Call it when the chat is visible and at the bottom.
    pub async fn mark_read(&self) {
        crate::later().await
    }

    /// What was begun in the composer earlier.
    pub async fn draft(&self) -> Draft {
        crate::later().await
    }

    /// Keeps what is begun in the composer, encrypted on this device. An empty draft is deleted.
    pub async fn keep_draft(&self, draft: &Draft) {
        let _ = draft;
        crate::later().await
    }

    /// Names the group. Travels encrypted.
    pub async fn rename(&self, name: &str) -> Result<(), ActionError> {
        let _ = name;
        crate::later().await
    }

    /// Gives the group a topic. Travels encrypted.
    pub async fn set_topic(&self, topic: &str) -> Result<(), ActionError> {
        let _ = topic;
        crate::later().await
    }

    /// Asks people in.
    pub async fn invite(&self, people: &[PersonId]) -> Result<(), ActionError> {
        let _ = people;
        crate::later().await
    }

    /// Leaves the chat.
    pub async fn leave(&self) -> Result<(), ActionError> {
        crate::later().await
    }
}
