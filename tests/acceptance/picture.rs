//! Photos that can be recognised again, whole or in parts.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageBuffer, Rgb};

/// A JPEG of noise that is the same for the same `seed`.
pub fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let picture = ImageBuffer::from_fn(320, 240, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, red, green, blue] = state.to_le_bytes();
        Rgb([red, green, blue])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 85))
        .expect("noise is encoded");
    bytes.into_inner()
}

/// The same as a file that a person chooses.
pub fn noise_file(directory: &Path, name: &str, seed: u32) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, noise(seed)).expect("the picture is written");
    path
}
