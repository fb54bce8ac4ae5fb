//! What a file is, under whatever name.

use crate::{metadata, pdf, photo, video_metadata::Container};

/// What a file is, as far as it decides how it is sent.
pub enum FileKind {
    /// A video.
    Video(Container),
    /// A picture with pixels.
    Picture,
    /// A PDF.
    Pdf,
    /// Anything else.
    Other,
}

impl FileKind {
    /// Looks at the first bytes, and at the content type it was given.
    pub async fn of(file: &web_sys::Blob) -> Self {
        let start = match file.slice_with_i32_and_i32(0, pdf::START_BYTES) {
            Ok(start) => photo::bytes(&start).await,
            Err(_) => None,
        };
        if let Some(container) = start.as_deref().and_then(Container::of) {
            return Self::Video(container);
        }
        // A drawing of lines has no pixels to draw anew; it goes as a document.
        let named = file.type_().starts_with("image/") && file.type_() != "image/svg+xml";
        // What a picture carries goes out with it under any name: its first bytes decide too.
        if named || start.as_deref().is_none_or(metadata::is_picture) {
            return Self::Picture;
        }
        match file.type_() == "application/pdf" || start.as_deref().is_some_and(pdf::is_pdf) {
            true => Self::Pdf,
            false => Self::Other,
        }
    }
}
