//! The browser's recorder: what a microphone or a camera gives, encoded by the browser, in memory.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::by_name::{call, construct, get, object, set};

/// A recording that goes on until it is stopped or let go.
pub struct Recorder {
    recorder: JsValue,
    parts: Array,
    _on_data: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if get(&self.recorder, "state").as_string().as_deref() == Some("recording") {
            let _ = call(&self.recorder, "stop", &[]);
        }
    }
}

impl Recorder {
    /// Begins. `options` are those of `MediaRecorder`: `mimeType`, `videoBitsPerSecond`.
    pub fn start<const N: usize>(
        stream: &web_sys::MediaStream,
        options: [(&str, JsValue); N],
    ) -> Result<Self, JsValue> {
        let recorder = construct("MediaRecorder", &[stream.into(), object(options).into()])?;
        let parts = Array::new();
        let kept = parts.clone();
        let on_data = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            kept.push(&get(&event, "data"));
        });
        set(&recorder, "ondataavailable", on_data.as_ref());
        // In parts of a second: the recorder itself holds no more than that.
        call(&recorder, "start", &[1000.into()])?;
        Ok(Self { recorder, parts, _on_data: on_data })
    }

    /// Whether the browser records in this format.
    pub fn supports(mime: &str) -> bool {
        let class = get(&js_sys::global(), "MediaRecorder");
        call(&class, "isTypeSupported", &[mime.into()]).is_ok_and(|it| it.is_truthy())
    }

    /// Ends it and gives what was recorded.
    pub async fn stop(self) -> Option<web_sys::Blob> {
        let recorder = self.recorder.clone();
        let stopped = Promise::new(&mut |resolve: Function, _| {
            set(&recorder, "onstop", resolve);
            let _ = call(&recorder, "stop", &[]);
        });
        JsFuture::from(stopped).await.ok()?;
        web_sys::Blob::new_with_blob_sequence(&self.parts).ok()
    }
}

/// Ends a camera's or a microphone's stream; the browser's mark for it goes off.
pub fn end(stream: &web_sys::MediaStream) {
    for track in stream.get_tracks() {
        track.unchecked_into::<web_sys::MediaStreamTrack>().stop();
    }
}
