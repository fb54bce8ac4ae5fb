//! Konsil's app for clinicians: an installable web app.
//!
//! The words ([`i18n`]), addresses ([`route`]), times ([`clock`]) and text rules ([`text`]) are plain Rust and tested
//! natively. The screens exist only in the browser; they render the view models of `konsil-client` and decide nothing else.
#![recursion_limit = "256"]

pub mod clock;
pub mod i18n;
pub mod repeats;
pub mod route;
pub mod text;

#[cfg(test)]
mod contrast;

#[cfg(target_family = "wasm")]
mod app;
#[cfg(target_family = "wasm")]
mod context;
#[cfg(target_family = "wasm")]
mod navigation;
#[cfg(target_family = "wasm")]
mod photo;
#[cfg(target_family = "wasm")]
mod platform;
#[cfg(target_family = "wasm")]
mod screens;
#[cfg(target_family = "wasm")]
mod ui;

#[cfg(target_family = "wasm")]
pub use app::start;
