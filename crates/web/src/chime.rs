//! The sound of an urgent message: two short tones, made by the browser itself, and the phone shakes.

use js_sys::{Array, Function};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};

use crate::by_name::{call, construct, get, set};

/// Pitch and beginning of each tone, in hertz and seconds.
const TONES: [(f64, f64); 3] = [(880.0, 0.0), (660.0, 0.22), (880.0, 0.44)];
const TONE_SECONDS: f64 = 0.16;
const LOUDNESS: f64 = 0.25;
/// Shaking and pauses, in milliseconds.
const SHAKES: [u32; 3] = [300, 150, 300];

/// Sounds once. A browser that was never touched stays silent: it allows no sound before.
pub fn ring() {
    let shakes: Array = SHAKES.iter().map(|ms| JsValue::from(*ms)).collect();
    // Not every device can.
    let _ = call(&window().navigator(), "vibrate", &[shakes.into()]);
    let _ = sound();
}

fn sound() -> Result<(), JsValue> {
    let context = construct("AudioContext", &[])?;
    let destination = get(&context, "destination");
    for (pitch, begin) in TONES {
        let tone = call(&context, "createOscillator", &[])?;
        let volume = call(&context, "createGain", &[])?;
        set(&get(&tone, "frequency"), "value", pitch);
        set(&get(&volume, "gain"), "value", LOUDNESS);
        call(&tone, "connect", std::slice::from_ref(&volume))?;
        call(&volume, "connect", std::slice::from_ref(&destination))?;
        call(&tone, "start", &[begin.into()])?;
        call(&tone, "stop", &[(begin + TONE_SECONDS).into()])?;
        if begin == TONES[TONES.len() - 1].1 {
            // Browsers allow only so many contexts: it goes with its last tone.
            let close: Function = get(&context, "close").dyn_into()?;
            let close = Function::bind0(&close, &context);
            set(&tone, "onended", close);
        }
    }
    Ok(())
}
