#![recursion_limit = "256"]
#[cfg(target_family = "wasm")]
pub fn start() { let _ = leptos::prelude::RwSignal::new(0); }
