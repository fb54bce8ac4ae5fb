//! Files of the browser, read piece by piece.

use std::ops::Range;

use client::large::Source;

use crate::photo;

/// A file that is read piece by piece.
pub struct Pieces(pub web_sys::Blob);

impl Source for Pieces {
    fn size_bytes(&self) -> u64 {
        self.0.size() as u64
    }

    // The browser refuses to read a file that is no longer what it was when it was chosen.
    async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let piece = self.0.slice_with_f64_and_f64(range.start as f64, range.end as f64).ok()?;
        photo::bytes(&piece).await
    }
}
