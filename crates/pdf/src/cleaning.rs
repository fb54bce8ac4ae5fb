//! What the worker is given of a cleaned file.

use std::sync::Arc;

use hayro::hayro_syntax::{LoadPdfError, Pdf};
use wasm_bindgen::prelude::*;

use crate::clean::{AsItIs, Found, Kind, clean};

/// A file that was gone through, and what was found in it.
#[wasm_bindgen]
pub struct Cleaned {
    file: Option<Vec<u8>>,
    as_it_is: Option<AsItIs>,
    found: Found,
}

#[wasm_bindgen]
impl Cleaned {
    /// Takes out of a file what it says beside its pages, or finds why it has to stay as it is.
    #[wasm_bindgen(constructor)]
    pub fn new(file: Vec<u8>) -> Self {
        let (result, found) = clean(&file);
        let result = match result {
            Err(AsItIs::Unreadable) if needs_password(&file) => Err(AsItIs::Protected),
            // Another reader has to find the same pages in it as before.
            Ok(cleaned) => same_pages(file, cleaned).ok_or(AsItIs::Unreadable),
            other => other,
        };
        match result {
            Ok(cleaned) => Self { file: Some(cleaned), as_it_is: None, found },
            Err(AsItIs::Unreadable) => {
                Self { file: None, as_it_is: Some(AsItIs::Unreadable), found: Found::default() }
            }
            Err(reason) => Self { file: None, as_it_is: Some(reason), found },
        }
    }

    /// The new file. It is given once; nothing if the file has to stay as it is.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        self.file.take()
    }

    /// Why the file has to stay as it is.
    #[wasm_bindgen(getter)]
    pub fn as_it_is(&self) -> Option<String> {
        self.as_it_is.map(|reason| reason.name().to_owned())
    }

    /// What it said beside its pages; if it stays as it is, it still does.
    #[wasm_bindgen(getter)]
    pub fn kinds(&self) -> Vec<String> {
        names(self.found.kinds.iter())
    }

    /// What stays in it although it was written anew.
    #[wasm_bindgen(getter)]
    pub fn stays(&self) -> Vec<String> {
        names(self.found.stays.iter())
    }

    /// What was cut out of its pictures, as the beginning of a JPEG that has nothing else. Empty if there was nothing.
    #[wasm_bindgen(getter)]
    pub fn cut(&self) -> Vec<u8> {
        match self.found.cut.is_empty() {
            true => Vec::new(),
            false => [&[0xFF, 0xD8], self.found.cut.as_slice()].concat(),
        }
    }

    /// The names of attached files.
    #[wasm_bindgen(getter)]
    pub fn attached(&self) -> Vec<String> {
        self.found.attached.clone()
    }
}

fn names<'a>(kinds: impl Iterator<Item = &'a Kind>) -> Vec<String> {
    kinds.map(|kind| kind.name().to_owned()).collect()
}

fn needs_password(file: &[u8]) -> bool {
    matches!(Pdf::new(file.to_vec()), Err(LoadPdfError::Decryption(_)))
}

/// The new file, if it has as many pages of the same sizes.
fn same_pages(before: Vec<u8>, after: Vec<u8>) -> Option<Vec<u8>> {
    let sizes = |pdf: Pdf| -> Vec<(f32, f32)> {
        pdf.pages().iter().map(|page| page.render_dimensions()).collect()
    };
    let before = sizes(Pdf::new(before).ok()?);
    let after = Arc::new(after);
    let sizes_after = sizes(Pdf::new(after.clone()).ok()?);
    let close =
        |(a, b): (&(f32, f32), &(f32, f32))| (a.0 - b.0).abs() < 0.01 && (a.1 - b.1).abs() < 0.01;
    let same = before.len() == sizes_after.len() && before.iter().zip(&sizes_after).all(close);
    Arc::try_unwrap(after).ok().filter(|_| same)
}
