//! Konsil's app for clinicians: an installable web app.
//!
//! The words ([`i18n`]), addresses ([`route`]), times ([`clock`]) and text rules ([`text`]) are plain Rust and tested
//! natively, as are a picture's pixels ([`pixels`]), what its file carries beside them ([`metadata`]), what a video's does
//! ([`video_metadata`]), and several photographed pages as one document ([`paper`]). The screens exist only in the browser; they render the view models of `konsil-client` and decide
//! nothing else.
#![recursion_limit = "256"]

pub mod clock;
pub mod home_screen;
pub mod i18n;
pub mod metadata;
pub mod paper;
pub mod password;
pub mod pixels;
pub mod qr;
pub mod route;
pub mod text;
pub mod video_metadata;
pub mod wav;
pub mod writing;

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod fields;

#[cfg(target_family = "wasm")]
mod app;
#[cfg(target_family = "wasm")]
mod by_name;
#[cfg(target_family = "wasm")]
mod chime;
#[cfg(target_family = "wasm")]
mod context;
#[cfg(target_family = "wasm")]
mod crash;
#[cfg(target_family = "wasm")]
mod file_kind;
#[cfg(target_family = "wasm")]
mod hospital;
#[cfg(target_family = "wasm")]
mod lock;
#[cfg(target_family = "wasm")]
mod navigation;
#[cfg(target_family = "wasm")]
mod passing;
#[cfg(target_family = "wasm")]
mod passkey;
#[cfg(target_family = "wasm")]
mod pdf;
#[cfg(target_family = "wasm")]
mod photo;
#[cfg(target_family = "wasm")]
mod pieces;
#[cfg(target_family = "wasm")]
mod platform;
#[cfg(target_family = "wasm")]
mod printed;
#[cfg(target_family = "wasm")]
mod push;
#[cfg(target_family = "wasm")]
mod qr_reader;
#[cfg(target_family = "wasm")]
mod recorder;
#[cfg(target_family = "wasm")]
mod residents;
#[cfg(target_family = "wasm")]
mod screens;
#[cfg(target_family = "wasm")]
mod sound;
#[cfg(target_family = "wasm")]
mod ui;
#[cfg(target_family = "wasm")]
mod update;
#[cfg(target_family = "wasm")]
mod video;

#[cfg(target_family = "wasm")]
pub use app::start;

#[cfg(test)]
mod tests {
    use std::path::Path;

    const WORKER: &str = include_str!("../static/sw.js");

    fn files(directory: &Path, below: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                files(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }

    #[test]
    fn the_service_worker_keeps_every_file_of_the_app() {
        let mut found = vec!["web.js".to_owned(), "web_bg.wasm".to_owned()];
        files(Path::new("static"), "", &mut found);
        for file in found {
            // What shows PDF and what reads QR codes is kept when it is first used.
            let is_needed = !file.contains("LICENSE")
                && !["sw.js", "index.html", "pdf-worker.js", "qr-worker.js"]
                    .contains(&file.as_str());
            assert_eq!(WORKER.contains(&format!("\"{file}\"")), is_needed, "{file}");
        }
    }
}
