//! Reading QR codes, by a worker (`static/qr-worker.js`) in a module of its own, which is loaded with the first picture.

use std::time::Duration;

use js_sys::{Array, Promise, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use vocabulary::crash::Part;

use crate::{
    by_name::{call, construct, get, object, set},
    crash,
};

/// How long the module may take to load and to look at a picture.
const PATIENCE: Duration = Duration::from_secs(20);

/// A worker that reads. Letting it go ends it.
pub struct Reader(JsValue);

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = call(&self.0, "terminate", &[]);
    }
}

impl Reader {
    /// Starts it; `None` where the browser has no workers.
    pub fn start() -> Option<Self> {
        let as_module = object([("type", "module".into())]);
        construct("Worker", &["./qr-worker.js".into(), as_module.into()]).ok().map(Self)
    }

    /// The text of a code in a picture (red, green, blue, opacity). One picture at a time. An error if the worker has ended; then a new one
    /// is to be started.
    pub async fn read(
        &self,
        (width, height): (u32, u32),
        rgba: &[u8],
    ) -> Result<Option<String>, ()> {
        let promise = Promise::new(&mut |resolve, reject| {
            set(&self.0, "onmessage", resolve);
            set(&self.0, "onerror", reject.clone());
            // Called by the clock, it has nothing to say.
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
                &reject,
                PATIENCE.as_millis() as i32,
            );
        });
        let pixels: JsValue = Uint8Array::from(rgba).buffer().into();
        let question = object([
            ("width", width.into()),
            ("height", height.into()),
            ("pixels", pixels.clone()),
        ]);
        // Handed over, not copied.
        let transfer = Array::of1(&pixels);
        call(&self.0, "postMessage", &[question.into(), transfer.into()]).map_err(drop)?;
        let event = JsFuture::from(promise).await.map_err(drop)?;
        let answer = get(&event, "data");
        crash::note_worker(Part::Qr, &answer);
        if get(&answer, "crash").is_object() { Err(()) } else { Ok(answer.as_string()) }
    }
}
