//! The sound of an urgent message: two short tones, made by the browser itself, and the phone shakes.
//!
//! The few calls are made by name: each more of `web-sys`'s types would have the whole Matrix SDK built anew.

use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};

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
    let _ = call(&window().navigator(), "vibrate", &Array::of1(&shakes));
    let _ = sound();
}

fn sound() -> Result<(), JsValue> {
    let context = construct("AudioContext")?;
    let destination = get(&context, "destination");
    for (pitch, begin) in TONES {
        let tone = call(&context, "createOscillator", &Array::new())?;
        let volume = call(&context, "createGain", &Array::new())?;
        Reflect::set(&get(&tone, "frequency"), &"value".into(), &pitch.into())?;
        Reflect::set(&get(&volume, "gain"), &"value".into(), &LOUDNESS.into())?;
        call(&tone, "connect", &Array::of1(&volume))?;
        call(&volume, "connect", &Array::of1(&destination))?;
        call(&tone, "start", &Array::of1(&begin.into()))?;
        call(&tone, "stop", &Array::of1(&(begin + TONE_SECONDS).into()))?;
        if begin == TONES[TONES.len() - 1].1 {
            // Browsers allow only so many contexts: it goes with its last tone.
            let close: Function = get(&context, "close").dyn_into()?;
            let close = Function::bind0(&close, &context);
            Reflect::set(&tone, &"onended".into(), &close)?;
        }
    }
    Ok(())
}

fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap_or(JsValue::UNDEFINED)
}

fn call(object: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    Reflect::apply(&method, object, arguments)
}

fn construct(class: &str) -> Result<JsValue, JsValue> {
    let class: Function = get(&js_sys::global().unchecked_into::<Object>(), class).dyn_into()?;
    Reflect::construct(&class, &Array::new())
}
