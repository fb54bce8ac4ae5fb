//! Konsil's app. Everything is in the library; this only starts it.
#![recursion_limit = "256"]

#[cfg(target_family = "wasm")]
fn main() {
    konsil_web::start();
}

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("This is the browser app: build it with `cargo xtask web`.");
    std::process::exit(2);
}
