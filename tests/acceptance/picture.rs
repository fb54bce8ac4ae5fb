//! Photos: noise that can be recognised again, and a sheet with an ECG as somebody would photograph it.

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

/// An ECG on its red grid, slightly turned and unevenly lit, as on a table.
pub fn ecg_file(directory: &Path, name: &str) -> PathBuf {
    const SIZE: (u32, u32) = (1280, 960);
    let picture = ImageBuffer::from_fn(SIZE.0, SIZE.1, |x, y| {
        let (x, y) = (x as f32 - 640.0, y as f32 - 480.0);
        // Turned by about two degrees.
        let (across, down) = (x + y * 0.035, y - x * 0.035);
        let on_paper = across.abs() < 560.0 && down.abs() < 400.0;
        let light = 1.06 - ((x - 260.0).powi(2) + (y + 300.0).powi(2)).sqrt() / 3600.0;
        let colour = if on_paper { paper(across + 560.0, down + 400.0) } else { table(x, y) };
        Rgb(colour.map(|part| (part * light).clamp(0.0, 255.0) as u8))
    });
    let path = directory.join(name);
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 88))
        .expect("the sheet is encoded");
    std::fs::write(&path, bytes.into_inner()).expect("the picture is written");
    path
}

/// A grid of millimetres, darker each five, and six leads.
fn paper(x: f32, y: f32) -> [f32; 3] {
    const LEAD: f32 = 130.0;
    const MILLIMETRE: f32 = 8.0;
    let row = ((y - 10.0) / LEAD).floor().clamp(0.0, 5.0);
    let middle = 10.0 + row * LEAD + LEAD * 0.62;
    // Steep lines would fall apart if only the height at one place counted.
    let heights = [-1.5, -0.75, 0.0, 0.75, 1.5].map(|step| middle - heart(x + step, row));
    let top = heights.iter().copied().fold(f32::MAX, f32::min) - 1.3;
    let bottom = heights.iter().copied().fold(f32::MIN, f32::max) + 1.3;
    if x > 24.0 && x < 1096.0 && (top..=bottom).contains(&y) {
        return [38.0, 42.0, 58.0];
    }
    let line = |at: f32, every: f32, width: f32| (at.rem_euclid(every)) < width;
    let five = MILLIMETRE * 5.0;
    match (
        line(x, five, 1.8) || line(y, five, 1.8),
        line(x, MILLIMETRE, 1.0) || line(y, MILLIMETRE, 1.0),
    ) {
        (true, _) => [236.0, 168.0, 160.0],
        (false, true) => [248.0, 216.0, 210.0],
        (false, false) => [255.0, 248.0, 242.0],
    }
}

/// Height of the curve: P, QRS and T of each beat, with the ST segment raised in the lower leads.
fn heart(x: f32, row: f32) -> f32 {
    const BEAT: f32 = 176.0;
    let at = (x + row * 7.0).rem_euclid(BEAT);
    let wave =
        |middle: f32, width: f32, height: f32| height * (-((at - middle) / width).powi(2)).exp();
    let size = 0.75 + 0.09 * row;
    let raised = if row > 2.5 { wave(96.0, 15.0, 17.0) } else { 0.0 };
    size * (wave(38.0, 8.0, 8.0) - wave(64.0, 3.0, 7.0) + wave(71.0, 3.4, 58.0)
        - wave(79.0, 3.6, 15.0)
        + wave(118.0, 14.0, 15.0)
        + raised)
}

/// Dark wood, out of focus.
fn table(x: f32, y: f32) -> [f32; 3] {
    let grain =
        ((y * 0.09 + (x * 0.006).sin() * 3.0).sin() * 5.0) + (x * 0.01 + y * 0.004).sin() * 6.0;
    [92.0 + grain, 70.0 + grain * 0.8, 54.0 + grain * 0.6]
}

/// Digits of three by five squares.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 2, 2, 2, 2],
    [7, 1, 7, 4, 7],
    [7, 1, 3, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// A white band on a dark table, with a number of ten digits across the middle.
pub fn label_file(directory: &Path, name: &str) -> PathBuf {
    const NUMBER: [usize; 10] = [4, 7, 1, 1, 0, 8, 1, 5, 9, 3];
    let picture = ImageBuffer::from_fn(1200, 800, |x, y| {
        let (column, row) =
            (x.checked_sub(320).map(|x| x / 14), y.checked_sub(365).map(|y| y / 14));
        let is_ink = column.zip(row).is_some_and(|(column, row)| {
            let (place, within) = (column as usize / 4, column % 4);
            let digit = NUMBER.get(place).filter(|_| row < 5 && within < 3);
            digit.is_some_and(|digit| DIGITS[*digit][row as usize] & (4 >> within) != 0)
        });
        let on_band = (300..500).contains(&y);
        let grain = (x * 7 + y * 13) % 5;
        match (on_band, is_ink) {
            (true, true) => Rgb([25, 25, 30]),
            (true, false) => Rgb([240, 240, 236]),
            (false, _) => Rgb([96, 74, 58].map(|part| part + grain as u8)),
        }
    });
    let path = directory.join(name);
    picture.save(&path).expect("the picture is written");
    path
}
