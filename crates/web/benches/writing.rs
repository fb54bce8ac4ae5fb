//! How often the hint is right that a picture shows writing (`docs/writing-on-pictures.md`).
//!
//! `KONSIL_PICTURES` names a directory with two in it: `with` and `without` writing, with pictures as binary PPM (P6), at most
//! [`konsil_web::writing::SIDE_PX`] on the longer side.

use std::{fs, path::Path, time::Instant};

use konsil_web::{pixels::Pixels, writing};

fn main() {
    let pictures = std::env::var("KONSIL_PICTURES").expect("KONSIL_PICTURES names a directory");
    for (folder, wanted) in [("with", true), ("without", false)] {
        let folder = Path::new(&pictures).join(folder);
        let entries = fs::read_dir(&folder).expect("the directory is there").flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort();
        let (mut found, begun) = (0, Instant::now());
        for file in &files {
            let picture = ppm(&fs::read(file).expect("it can be read")).expect("a binary PPM");
            let shows = writing::passes(&picture).any(|shows| shows);
            found += usize::from(shows);
            if shows != wanted {
                println!("  wrong: {}", file.display());
            }
        }
        let each = begun.elapsed().as_secs_f64() * 1000.0 / files.len().max(1) as f64;
        println!("{}: writing in {found} of {}, {each:.0} ms each", folder.display(), files.len());
    }
}

/// A picture in the format P6 with 255 as its brightest (netpbm, ppm(5)), without comments.
fn ppm(file: &[u8]) -> Option<Pixels> {
    let mut rest = file.strip_prefix(b"P6")?;
    let mut numbers = [0_u32; 3];
    for number in &mut numbers {
        rest = rest.trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *number = str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        rest = &rest[digits..];
    }
    let [width, height, 255] = numbers else { return None };
    let bytes = rest[1..].chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
    Pixels::new(width, height, bytes)
}
