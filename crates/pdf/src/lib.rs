//! PDF documents, in a WebAssembly module of its own that a worker loads with the first document: their pages as pixels, and
//! what their files say beside the pages taken out. The worker can be ended when a document takes too long, and nothing
//! else is in its memory.

// On this machine only the rules are built, for their tests.
#![cfg_attr(not(target_family = "wasm"), allow(dead_code))]

mod clean;
#[cfg(target_family = "wasm")]
mod cleaning;
#[cfg(target_family = "wasm")]
mod pages;
mod picture;
