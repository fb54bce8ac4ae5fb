//! Drawing QR codes (ISO/IEC 18004).

use qrcode::{Color, EcLevel, QrCode};

/// Modules of quiet zone on each side, which readers need.
const QUIET: usize = 4;

/// A code as a path of an SVG: one square of the size 1 for each dark module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Modules along one side, with the quiet zone.
    pub side: usize,
    /// Value of the path's `d`.
    pub path: String,
}

/// Draws a text; `None` if it is too long for any code.
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += run.max(1);
        }
    }
    Some(Drawing { side: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_darkens_the_dark_modules_and_no_others() {
        let text = "https://chat.klinikum.example/#/link/ksm_abc.DEF";
        let drawing = draw(text).expect("it fits");
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("it fits");
        let mut dark = vec![vec![false; drawing.side]; drawing.side];
        for run in drawing.path.split('M').skip(1) {
            let (place, rest) = run.split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let length: usize = rest.split_once('v').expect("a length").0.parse().expect("length");
            assert_eq!(rest, format!("{length}v1h-{length}z"));
            dark[y][x..x + length].fill(true);
        }
        assert_eq!(drawing.side, code.width() + 8);
        for (y, row) in dark.iter().enumerate() {
            for (x, is_dark) in row.iter().enumerate() {
                let inside =
                    (4..code.width() + 4).contains(&x) && (4..code.width() + 4).contains(&y);
                let expected = inside && code[(x - 4, y - 4)] == Color::Dark;
                assert_eq!(*is_dark, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn what_is_too_long_for_a_code_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}
