//! Recording with the browser's microphone, as samples.

use js_sys::{Float32Array, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::{
    by_name::{call, construct, get},
    recorder::{self, Recorder},
    wav,
};

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
    recorder: Option<Recorder>,
    stream: web_sys::MediaStream,
}

impl Drop for Recording {
    fn drop(&mut self) {
        // The microphone's mark in the browser goes off, however the recording ends.
        recorder::end(&self.stream);
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
        match Recorder::start(&stream, []) {
            Ok(recorder) => Ok(Self { recorder: Some(recorder), stream }),
            Err(_) => {
                recorder::end(&stream);
                Err(NoMicrophone::Missing)
            }
        }
    }

    /// Ends it and gives its samples at [`wav::RATE`]. The browser decodes what it has recorded itself, whatever format
    /// that is. `None` if that fails.
    pub async fn samples(mut self) -> Option<Vec<f32>> {
        let blob = self.recorder.take()?.stop().await?;
        samples_of(&blob).await
    }
}

/// The samples of a recording at [`wav::RATE`], one channel of it. `None` if this browser does not know its format.
pub async fn samples_of(recording: &web_sys::Blob) -> Option<Vec<f32>> {
    let encoded = JsFuture::from(recording.array_buffer()).await.ok()?;
    // A context without sound: decoding in it resamples to its rate.
    let arguments = [1.into(), 1.into(), wav::RATE.into()];
    let context = construct("OfflineAudioContext", &arguments).ok()?;
    let decoding: Promise = call(&context, "decodeAudioData", &[encoded]).ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(decoding).await.ok()?;
    let samples = call(&buffer, "getChannelData", &[0.into()]).ok()?;
    Some(samples.dyn_into::<Float32Array>().ok()?.to_vec())
}
