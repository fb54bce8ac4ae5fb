//! PDF documents, drawn by a worker (`static/pdf-worker.js`) in a module of its own, so that the app starts without it and a
//! document that takes too long can be stopped.

use std::time::Duration;

use js_sys::{Float32Array, Object, Promise, Uint8Array, Uint8ClampedArray};
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use vocabulary::crash::Part;

use crate::{
    by_name::{call, construct, get, object, set},
    crash,
};

/// How long opening a document or drawing a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// A document that was opened. Letting it go ends its worker.
pub struct Document {
    worker: JsValue,
    /// Width and height of each page in points.
    pub sizes: Vec<(f64, f64)>,
}

impl Drop for Document {
    fn drop(&mut self) {
        let _ = call(&self.worker, "terminate", &[]);
    }
}

impl Document {
    /// Opens a document.
    pub async fn open(bytes: &[u8]) -> Result<Self, NotShown> {
        let as_module = object([("type", "module".into())]);
        let worker = construct("Worker", &["./pdf-worker.js".into(), as_module.into()]);
        let worker = worker.map_err(|_| NotShown::Damaged)?;
        let mut document = Self { worker, sizes: Vec::new() };
        let buffer: JsValue = Uint8Array::from(bytes).buffer().into();
        let question = object([("open", buffer.clone())]);
        // Handed over, not copied.
        let answer = document.ask(question, &[buffer]).await?;
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
        let answer = self.ask(question, &[]).await?;
        let pixels = Uint8ClampedArray::new(&get(&answer, "pixels")).to_vec();
        let side = |name: &str| get(&answer, name).as_f64().unwrap_or_default() as u32;
        let (width, height) = (side("width"), side("height"));
        web_sys::ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), width, height)
            .map_err(|_| NotShown::Damaged)
    }

    async fn ask(&self, question: Object, transfer: &[JsValue]) -> Result<JsValue, NotShown> {
        let promise = Promise::new(&mut |resolve, reject| {
            set(&self.worker, "onmessage", resolve);
            set(&self.worker, "onerror", reject.clone());
            // Called by the clock, it has nothing to say.
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
                &reject,
                PATIENCE.as_millis() as i32,
            );
        });
        let transfer = transfer.iter().collect::<js_sys::Array>();
        let asked = call(&self.worker, "postMessage", &[question.into(), transfer.into()]);
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
