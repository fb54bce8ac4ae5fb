//! Recording with the browser's microphone, as samples.
//!
//! The few calls are made by name: each more of `web-sys`'s types would have the whole Matrix SDK built anew.

use js_sys::{Array, Float32Array, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::wav;

/// Why nothing can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMicrophone {
    /// The browser's user does not allow it.
    Refused,
    /// There is none, or the browser cannot record.
    Missing,
}

/// What the browser records, until it is stopped.
pub struct Recording {
    recorder: JsValue,
    stream: web_sys::MediaStream,
    parts: Array,
    _on_data: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Recording {
    fn drop(&mut self) {
        if get(&self.recorder, "state").as_string().as_deref() == Some("recording") {
            let _ = call(&self.recorder, "stop", &Array::new());
        }
        // The microphone's mark in the browser goes off, however the recording ends.
        for track in self.stream.get_tracks() {
            track.unchecked_into::<web_sys::MediaStreamTrack>().stop();
        }
    }
}

impl Recording {
    /// Asks for the microphone and begins.
    pub async fn start() -> Result<Self, NoMicrophone> {
        let missing = |_| NoMicrophone::Missing;
        let devices = window().navigator().media_devices().map_err(missing)?;
        let constraints = web_sys::MediaStreamConstraints::new();
        constraints.set_audio(&true.into());
        let asked = devices.get_user_media_with_constraints(&constraints).map_err(missing)?;
        let stream: web_sys::MediaStream = JsFuture::from(asked)
            .await
            .map_err(|error| match get(&error, "name").as_string().as_deref() {
                Some("NotAllowedError") => NoMicrophone::Refused,
                _ => NoMicrophone::Missing,
            })?
            .unchecked_into();
        let recorder = construct("MediaRecorder", &Array::of1(&stream)).map_err(missing)?;
        let parts = Array::new();
        let kept = parts.clone();
        let on_data = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            kept.push(&get(&event, "data"));
        });
        let _ = Reflect::set(&recorder, &"ondataavailable".into(), on_data.as_ref());
        call(&recorder, "start", &Array::new()).map_err(missing)?;
        Ok(Self { recorder, stream, parts, _on_data: on_data })
    }

    /// Ends it and gives its samples at [`wav::RATE`]. The browser decodes what it has recorded itself, whatever format
    /// that is. `None` if that fails.
    pub async fn samples(self) -> Option<Vec<f32>> {
        let recorder = self.recorder.clone();
        let stopped = Promise::new(&mut |resolve: Function, _| {
            let _ = Reflect::set(&recorder, &"onstop".into(), &resolve);
            let _ = call(&recorder, "stop", &Array::new());
        });
        JsFuture::from(stopped).await.ok()?;
        let blob = web_sys::Blob::new_with_blob_sequence(&self.parts).ok()?;
        let encoded = JsFuture::from(blob.array_buffer()).await.ok()?;
        // A context without sound: decoding in it resamples to its rate.
        let arguments = Array::of3(&1.into(), &1.into(), &f64::from(wav::RATE).into());
        let context = construct("OfflineAudioContext", &arguments).ok()?;
        let decoding: Promise =
            call(&context, "decodeAudioData", &Array::of1(&encoded)).ok()?.dyn_into().ok()?;
        let buffer = JsFuture::from(decoding).await.ok()?;
        let samples = call(&buffer, "getChannelData", &Array::of1(&0.into())).ok()?;
        Some(samples.dyn_into::<Float32Array>().ok()?.to_vec())
    }
}

fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    Reflect::apply(&method, object, arguments)
}

fn construct(class: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let class: Function = get(&js_sys::global().unchecked_into::<Object>(), class).dyn_into()?;
    Reflect::construct(&class, arguments)
}
