//! The browser's recorder: what a microphone or a camera gives, encoded by the browser, in memory.
//!
//! The few calls are made by name: each more of `web-sys`'s types would have the whole Matrix SDK built anew.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// A recording that goes on until it is stopped or let go.
pub struct Recorder {
    recorder: JsValue,
    parts: Array,
    _on_data: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if get(&self.recorder, "state").as_string().as_deref() == Some("recording") {
            let _ = call(&self.recorder, "stop", &Array::new());
        }
    }
}

impl Recorder {
    /// Begins. `options` are those of `MediaRecorder`: `mimeType`, `videoBitsPerSecond`.
    pub fn start(
        stream: &web_sys::MediaStream,
        options: &[(&str, JsValue)],
    ) -> Result<Self, JsValue> {
        let wanted = Object::new();
        for (name, value) in options {
            Reflect::set(&wanted, &(*name).into(), value)?;
        }
        let recorder = construct("MediaRecorder", &Array::of2(stream, &wanted))?;
        let parts = Array::new();
        let kept = parts.clone();
        let on_data = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            kept.push(&get(&event, "data"));
        });
        Reflect::set(&recorder, &"ondataavailable".into(), on_data.as_ref())?;
        // In parts of a second: the recorder itself holds no more than that.
        call(&recorder, "start", &Array::of1(&1000.into()))?;
        Ok(Self { recorder, parts, _on_data: on_data })
    }

    /// Whether the browser records in this format.
    pub fn supports(mime: &str) -> bool {
        let class = get(&js_sys::global(), "MediaRecorder");
        call(&class, "isTypeSupported", &Array::of1(&mime.into())).is_ok_and(|it| it.is_truthy())
    }

    /// Ends it and gives what was recorded.
    pub async fn stop(self) -> Option<web_sys::Blob> {
        let recorder = self.recorder.clone();
        let stopped = Promise::new(&mut |resolve: Function, _| {
            let _ = Reflect::set(&recorder, &"onstop".into(), &resolve);
            let _ = call(&recorder, "stop", &Array::new());
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

/// A property of an object.
pub fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Calls a method by its name.
pub fn call(object: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    Reflect::apply(&method, object, arguments)
}

/// Makes an object of a class by its name.
pub fn construct(class: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let class: Function = get(&js_sys::global().unchecked_into::<Object>(), class).dyn_into()?;
    Reflect::construct(&class, arguments)
}
