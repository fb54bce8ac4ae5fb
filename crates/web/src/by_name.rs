//! What the browser offers, called by its name: each more of `web-sys`'s types would have the whole Matrix SDK built anew.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A property of an object; `undefined` if it has none of this name.
pub fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of an object. One that lets nobody do so stays as it is.
pub fn set(object: &JsValue, property: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(object, &property.into(), &value.into());
}

/// A plain object.
pub fn object<const N: usize>(properties: [(&str, JsValue); N]) -> Object {
    let object = Object::new();
    for (property, value) in properties {
        set(&object, property, value);
    }
    object
}

/// Calls a method.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let method: Function = get(object, method).dyn_into()?;
    Reflect::apply(&method, object, &arguments.iter().collect::<Array>())
}

/// Makes an object of a class.
pub fn construct(class: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let class: Function = get(&js_sys::global(), class).dyn_into()?;
    Reflect::construct(&class, &arguments.iter().collect::<Array>())
}
