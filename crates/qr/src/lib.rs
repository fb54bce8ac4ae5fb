//! Finds QR codes (ISO/IEC 18004) in pictures. For the browser it is a module of its own: whatever a camera shows, what goes wrong in it ends
//! a worker and not the app.

#[cfg(target_family = "wasm")]
use wasm_bindgen::prelude::wasm_bindgen;

/// The text of the first readable code in a picture: rows from the top, four bytes each pixel (red, green, blue, opacity).
#[cfg_attr(target_family = "wasm", wasm_bindgen)]
pub fn read(width: usize, height: usize, rgba: &[u8]) -> Option<String> {
    if width == 0 || height == 0 || rgba.len() / 4 / width < height {
        return None;
    }
    let luminance = |pixel: &[u8]| {
        let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        // ITU-R BT.601.
        u8::try_from((red * 299 + green * 587 + blue * 114) / 1000).unwrap_or(u8::MAX)
    };
    let grey: Vec<u8> = rgba.chunks_exact(4).take(width * height).map(luminance).collect();
    let mut reader = quircs::Quirc::default();
    let mut codes = reader.identify(width, height, &grey);
    codes.find_map(|code| String::from_utf8(code.ok()?.decode().ok()?.payload).ok())
}

#[cfg(test)]
mod tests {
    use qrcode::{Color, EcLevel, QrCode};

    use super::*;

    const LINK: &str = "https://chat.klinikum-musterstadt.example/#/link/ksm_0123456789abcdefghijABCDEFGHIJ0123456789abc.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq";

    /// A code with its quiet zone, each module of this size, turned, on a grey picture around it.
    fn photographed(text: &str, module_px: f64, angle: f64) -> (usize, usize, Vec<u8>) {
        const QUIET: usize = 4;
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("it fits");
        let side = code.width() + 2 * QUIET;
        let size = (side as f64 * module_px * 1.5) as usize;
        let middle = size as f64 / 2.0;
        let half = side as f64 / 2.0;
        let mut rgba = Vec::with_capacity(size * size * 4);
        for y in 0..size {
            for x in 0..size {
                let (dx, dy) = (x as f64 - middle, y as f64 - middle);
                let column = (dx * angle.cos() + dy * angle.sin()) / module_px + half;
                let row = (dy * angle.cos() - dx * angle.sin()) / module_px + half;
                let inside =
                    (0.0..side as f64).contains(&column) && (0.0..side as f64).contains(&row);
                let module = |place: f64| (place as usize).checked_sub(QUIET);
                let is_dark = match (module(column), module(row)) {
                    (Some(x), Some(y)) if inside && x < code.width() && y < code.width() => {
                        code[(x, y)] == Color::Dark
                    }
                    _ => false,
                };
                let grey = match inside {
                    true if is_dark => 40,
                    true => 230,
                    false => 150,
                };
                rgba.extend([grey, grey, grey, 255]);
            }
        }
        (size, size, rgba)
    }

    #[test]
    fn a_code_is_read_upright_and_turned() {
        for (module_px, angle) in [(4.0, 0.0), (6.0, 0.2), (5.0, 1.7), (4.0, 3.1)] {
            let (width, height, rgba) = photographed(LINK, module_px, angle);
            let found = read(width, height, &rgba);
            assert_eq!(found.as_deref(), Some(LINK), "{module_px} px, turned by {angle}");
        }
    }

    /// A camera shows anything.
    #[test]
    fn torn_and_noisy_pictures_of_codes_panic_nowhere() {
        for seed in 1..=60_u32 {
            let mut state = seed.wrapping_mul(2_654_435_761);
            let mut random = move |below: usize| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as usize % below
            };
            let angle = random(628) as f64 / 100.0;
            let (width, height, mut rgba) = photographed(LINK, 2.5, angle);
            // Blots and stripes over it, and the picture cut anywhere.
            for _ in 0..random(60) {
                let (x, y, side, grey) =
                    (random(width), random(height), 1 + random(40), random(256) as u8);
                for row in y..(y + side).min(height) {
                    for column in x..(x + side).min(width) {
                        rgba[(row * width + column) * 4..][..3].fill(grey);
                    }
                }
            }
            let rows = 1 + random(height);
            let found = read(width, rows, &rgba);
            assert!(found.is_none() || found.as_deref() == Some(LINK), "seed {seed}: {found:?}");
        }
    }

    #[test]
    fn where_there_is_no_code_none_is_read() {
        assert_eq!(read(0, 0, &[]), None);
        assert_eq!(read(2, 2, &[0; 3]), None, "too few bytes");
        assert_eq!(read(usize::MAX, 2, &[0; 3]), None, "no such picture");
        assert_eq!(read(64, 64, &[128; 64 * 64 * 4]), None);
    }
}
