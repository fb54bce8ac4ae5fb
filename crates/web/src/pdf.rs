//! PDF documents, drawn and cleaned by a worker (`static/pdf-worker.js`) in a module of its own, so that the app starts without
//! it and a document that takes too long can be stopped.

use std::time::Duration;

use js_sys::{Float32Array, Object, Promise, Uint8Array, Uint8ClampedArray};
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use vocabulary::{
    crash::Part,
    removal::{AsItIs, Metadata, RemovalReport},
};

use crate::{
    by_name::{call, construct, get, object, set},
    crash, metadata,
};

/// How long opening a document or drawing a page may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long taking out what a file says beside its pages may take.
const CLEANING_PATIENCE: Duration = Duration::from_secs(60);
/// The largest file that is cleaned. Its worker needs about five times as much memory, which is at stake on a phone.
pub const MOST_CLEANED_BYTES: u64 = 64_000_000;

/// Why a document is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotShown {
    /// It opens only with a password.
    Password,
    /// It is no PDF, or a damaged one.
    Damaged,
    /// It takes too long.
    TooLong,
}

/// A worker with nothing but what one document needs. Letting it go ends it.
pub struct Worker(JsValue);

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// A document that was opened. Letting it go ends its worker.
pub struct Document {
    worker: Worker,
    /// Width and height of each page in points.
    pub sizes: Vec<(f64, f64)>,
}

impl Document {
    /// Opens a document.
    pub async fn open(bytes: &[u8]) -> Result<Self, NotShown> {
        let worker = Worker::new().ok_or(NotShown::Damaged)?;
        let mut document = Self { worker, sizes: Vec::new() };
        let buffer: JsValue = Uint8Array::from(bytes).buffer().into();
        let question = object([("open", buffer.clone())]);
        // Handed over, not copied.
        let answer = document.worker.ask(question, &[buffer], PATIENCE).await?;
        let sizes: Float32Array =
            get(&answer, "sizes").dyn_into().map_err(|_| NotShown::Damaged)?;
        document.sizes = sizes
            .to_vec()
            .chunks_exact(2)
            .map(|size| (f64::from(size[0]), f64::from(size[1])))
            .collect();
        if document.sizes.is_empty() { Err(NotShown::Damaged) } else { Ok(document) }
    }

    /// Draws a page, counted from 0, about this many pixels wide. One page at a time.
    pub async fn draw(&self, page: usize, width_px: f64) -> Result<web_sys::ImageData, NotShown> {
        let question = object([("page", (page as f64).into()), ("width", width_px.into())]);
        let answer = self.worker.ask(question, &[], PATIENCE).await?;
        let pixels = Uint8ClampedArray::new(&get(&answer, "pixels")).to_vec();
        let side = |name: &str| get(&answer, name).as_f64().unwrap_or_default() as u32;
        let (width, height) = (side("width"), side("height"));
        web_sys::ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width, height)
            .map_err(|_| NotShown::Damaged)
    }
}

impl Worker {
    /// A new one; `None` if the browser has none to give.
    pub fn new() -> Option<Self> {
        let as_module = object([("type", "module".into())]);
        construct("Worker", &["./pdf-worker.js".into(), as_module.into()]).ok().map(Self)
    }

    /// Ends it, whatever it is at.
    pub fn end(&self) {
        let _ = call(&self.0, "terminate", &[]);
    }

    /// Takes out of a file what it says beside its pages, or says why it goes as it is.
    pub async fn clean(&self, file: &web_sys::Blob) -> Cleaned {
        if file.size() as u64 > MOST_CLEANED_BYTES {
            return Cleaned::as_it_is(file, AsItIs::TooLarge);
        }
        let question = object([("clean", file.clone().into())]);
        match self.ask(question, &[], CLEANING_PATIENCE).await {
            Ok(answer) => Cleaned::of(file, &answer),
            Err(NotShown::TooLong) => Cleaned::as_it_is(file, AsItIs::TooLong),
            Err(NotShown::Password) => Cleaned::as_it_is(file, AsItIs::Protected),
            Err(NotShown::Damaged) => Cleaned::as_it_is(file, AsItIs::Unreadable),
        }
    }

    async fn ask(
        &self,
        question: Object,
        transfer: &[JsValue],
        patience: Duration,
    ) -> Result<JsValue, NotShown> {
        let promise = Promise::new(&mut |resolve, reject| {
            set(&self.0, "onmessage", resolve);
            set(&self.0, "onerror", reject.clone());
            // Called by the clock, it has nothing to say.
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
                &reject,
                patience.as_millis() as i32,
            );
        });
        let transfer = transfer.iter().collect::<js_sys::Array>();
        let asked = call(&self.0, "postMessage", &[question.into(), transfer.into()]);
        asked.map_err(|_| NotShown::Damaged)?;
        let event = JsFuture::from(promise).await.map_err(|error| {
            if error.is_undefined() { NotShown::TooLong } else { NotShown::Damaged }
        })?;
        let answer = get(&event, "data");
        crash::note_worker(Part::Pdf, &answer);
        match get(&answer, "failed").as_string().as_deref() {
            None => Ok(answer),
            Some("password") => Err(NotShown::Password),
            Some(_) => Err(NotShown::Damaged),
        }
    }
}

/// Whether the beginning of a file is that of a PDF; what readers take for one may have something before it.
pub fn is_pdf(start: &[u8]) -> bool {
    start.windows(5).any(|window| window == b"%PDF-")
}

/// So many bytes say whether a file is a PDF.
pub const START_BYTES: i32 = 1024;

/// A file that can be sent, and what was done to it.
#[derive(Clone)]
pub struct Cleaned {
    /// What is sent.
    pub file: web_sys::Blob,
    /// What goes with it.
    pub report: RemovalReport,
    /// The names of files that are attached to it.
    pub attached: Vec<String>,
}

impl Cleaned {
    /// The file as it is.
    pub fn as_it_is(file: &web_sys::Blob, reason: AsItIs) -> Self {
        let report = RemovalReport { as_it_is: Some(reason), ..RemovalReport::default() };
        Self { file: file.clone(), report, attached: Vec::new() }
    }

    fn of(original: &web_sys::Blob, answer: &JsValue) -> Self {
        let kinds = |name: &str| -> Vec<Metadata> {
            texts(answer, name).iter().map(|name| Metadata::named(name)).collect()
        };
        let (mut metadata, mut kept) = (kinds("kinds"), kinds("stays"));
        let cut = Uint8Array::new(&get(answer, "cut")).to_vec();
        if !cut.is_empty() {
            metadata.extend(metadata::kinds(&cut));
        }
        let as_it_is = get(answer, "asItIs").as_string().map(|name| AsItIs::named(&name));
        if as_it_is.is_some() {
            kept.append(&mut metadata);
        }
        for kinds in [&mut metadata, &mut kept] {
            kinds.sort();
            kinds.dedup();
        }
        let attached = texts(answer, "attached");
        let file = get(answer, "file").dyn_into().unwrap_or_else(|_| original.clone());
        let report = RemovalReport {
            metadata,
            as_it_is,
            kept,
            attached_files: u32::try_from(attached.len()).unwrap_or(u32::MAX),
            ..RemovalReport::default()
        };
        Self { file, report, attached }
    }
}

/// A list of texts.
fn texts(answer: &JsValue, name: &str) -> Vec<String> {
    let list: js_sys::Array = get(answer, name).dyn_into().unwrap_or_default();
    list.iter().filter_map(|text| text.as_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_is_known_by_its_beginning() {
        assert!(is_pdf(b"%PDF-1.7"));
        assert!(is_pdf(b"\xEF\xBB\xBF\n%PDF-1.4\n"));
        assert!(!is_pdf(b"PK\x03\x04"));
        assert!(!is_pdf(b""));
    }
}
