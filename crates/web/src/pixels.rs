//! A picture as pixels, and what can be done to them before it is sent. What is painted over is gone: nothing of it is
//! kept beside the pixels.

/// Pixels in rows from the top, four bytes each: red, green, blue, opacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub bytes: Vec<u8>,
}

/// A part of a picture, in its pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// To the right.
    pub width: u32,
    /// Down.
    pub height: u32,
}

/// What can be done. It holds all it needs to be done again, so that the last one can be taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Paints the area black.
    Blacken(Area),
    /// Replaces the area by coarse squares. `noise` is one random byte for each square's red, green and blue
    /// ([`noise_len`]): without it, the squares of each possible text could be computed and compared.
    Pixelate { area: Area, noise: Vec<u8> },
    /// Keeps only the area.
    Crop(Area),
    /// Turns by a quarter to the right.
    Turn,
    /// An arrow from one place to the other.
    Arrow { from: (u32, u32), to: (u32, u32) },
    /// Something painted elsewhere, such as words: it is laid over the picture with its corner at this place.
    Stamp { at: (u32, u32), picture: Pixels },
}

/// Colour of arrows and words: readable on skin, paper and screens. Words have a dark edge, arrows too.
pub const MARK: [u8; 3] = [255, 214, 10];
const EDGE: [u8; 3] = [16, 24, 28];

/// How far noise moves a square's colour at most, up or down.
const NOISE: i32 = 40;

impl Area {
    /// Between two corners, in any order.
    pub fn between(a: (u32, u32), b: (u32, u32)) -> Self {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        Self { x, y, width: a.0.max(b.0) - x, height: a.1.max(b.1) - y }
    }

    /// The part of it that lies within a picture of this size.
    pub fn within(self, (width, height): (u32, u32)) -> Self {
        let (x, y) = (self.x.min(width), self.y.min(height));
        let right = self.x.saturating_add(self.width).min(width);
        let bottom = self.y.saturating_add(self.height).min(height);
        Self { x, y, width: right.saturating_sub(x), height: bottom.saturating_sub(y) }
    }

    /// How many pixels it has.
    pub fn pixels(self) -> u32 {
        self.width.saturating_mul(self.height)
    }

    fn squares(self, side: u32) -> (u32, u32) {
        (self.width.div_ceil(side), self.height.div_ceil(side))
    }
}

/// Side of the squares: larger than the writing on a page that fills the picture; in a picture that was cut to a few words,
/// so large that a line of them has no more than four squares above each other.
fn square_side(area: Area, (width, height): (u32, u32)) -> u32 {
    (width.max(height) / 40).max(area.width.min(area.height) / 4).max(16)
}

/// How many bytes of noise [`Edit::Pixelate`] needs for this area.
pub fn noise_len(area: Area, size: (u32, u32)) -> usize {
    let area = area.within(size);
    let (across, down) = area.squares(square_side(area, size));
    across as usize * down as usize * 3
}

impl Pixels {
    /// `None` if the bytes are not as many as the size says.
    pub fn new(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let fits = bytes.len() == width as usize * height as usize * 4;
        (fits && width > 0 && height > 0).then_some(Self { width, height, bytes })
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Does one edit; says how many pixels it covered or cut away.
    pub fn apply(&mut self, edit: &Edit) -> u32 {
        match edit {
            Edit::Blacken(area) => {
                let area = area.within(self.size());
                self.fill(area, |_, _| [0, 0, 0]);
                area.pixels()
            }
            Edit::Pixelate { area, noise } => {
                let area = area.within(self.size());
                self.pixelate(area, noise);
                area.pixels()
            }
            Edit::Crop(area) => self.crop(area.within(self.size())),
            Edit::Turn => {
                self.turn();
                0
            }
            Edit::Arrow { from, to } => {
                self.arrow(*from, *to);
                0
            }
            Edit::Stamp { at, picture } => {
                self.stamp(*at, picture);
                0
            }
        }
    }

    fn at(&self, x: u32, y: u32) -> usize {
        (y as usize * self.width as usize + x as usize) * 4
    }

    fn set(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        let at = self.at(x, y);
        self.bytes[at..at + 3].copy_from_slice(&colour);
        // What shines through would still be there.
        self.bytes[at + 3] = 255;
    }

    fn fill(&mut self, area: Area, colour: impl Fn(u32, u32) -> [u8; 3]) {
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                self.set(x, y, colour(x, y));
            }
        }
    }

    fn pixelate(&mut self, area: Area, noise: &[u8]) {
        let side = square_side(area, self.size());
        let (across, down) = area.squares(side);
        for row in 0..down {
            for column in 0..across {
                let square = Area {
                    x: area.x + column * side,
                    y: area.y + row * side,
                    width: side.min(area.width - column * side),
                    height: side.min(area.height - row * side),
                };
                let place = (row * across + column) as usize * 3;
                let mut colour = self.mean(square);
                for (part, byte) in colour.iter_mut().zip(noise.get(place..).unwrap_or_default()) {
                    let moved = i32::from(*part) + i32::from(*byte) * (2 * NOISE) / 255 - NOISE;
                    *part = moved.clamp(0, 255) as u8;
                }
                self.fill(square, |_, _| colour);
            }
        }
    }

    fn mean(&self, area: Area) -> [u8; 3] {
        let mut sums = [0_u64; 3];
        for y in area.y..area.y + area.height {
            let start = self.at(area.x, y);
            let row = &self.bytes[start..start + area.width as usize * 4];
            for pixel in row.chunks_exact(4) {
                for (sum, part) in sums.iter_mut().zip(pixel) {
                    *sum += u64::from(*part);
                }
            }
        }
        sums.map(|sum| (sum / u64::from(area.pixels().max(1))) as u8)
    }

    fn crop(&mut self, area: Area) -> u32 {
        if area.pixels() == 0 {
            return 0;
        }
        let before = self.width.saturating_mul(self.height);
        let mut bytes = Vec::with_capacity(area.pixels() as usize * 4);
        for y in area.y..area.y + area.height {
            let start = self.at(area.x, y);
            bytes.extend_from_slice(&self.bytes[start..start + area.width as usize * 4]);
        }
        *self = Self { width: area.width, height: area.height, bytes };
        before - area.pixels()
    }

    fn turn(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for x in 0..self.width {
            for y in (0..self.height).rev() {
                let at = self.at(x, y);
                bytes.extend_from_slice(&self.bytes[at..at + 4]);
            }
        }
        *self = Self { width: self.height, height: self.width, bytes };
    }

    fn arrow(&mut self, from: (u32, u32), to: (u32, u32)) {
        let point = |(x, y): (u32, u32)| (f64::from(x), f64::from(y));
        let (from, to) = (point(from), point(to));
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let length = across.hypot(down);
        if length < 1.0 {
            return;
        }
        let thick = f64::from(self.width.max(self.height)) / 130.0 + 1.5;
        let head = (thick * 6.0).min(length * 0.6);
        let (along, beside) = ((across / length, down / length), (-down / length, across / length));
        let wing = |side: f64| {
            (
                to.0 - along.0 * head + beside.0 * head * 0.62 * side,
                to.1 - along.1 * head + beside.1 * head * 0.62 * side,
            )
        };
        let strokes = [(from, to), (wing(1.0), to), (wing(-1.0), to)];
        for (colour, half) in [(EDGE, thick * 0.9), (MARK, thick * 0.55)] {
            for (from, to) in strokes {
                self.stroke(from, to, half, colour);
            }
        }
    }

    /// A line with round ends.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), half: f64, colour: [u8; 3]) {
        let edge = |value: f64| value.max(0.0) as u32;
        let area = Area::between(
            (edge(from.0.min(to.0) - half - 1.0), edge(from.1.min(to.1) - half - 1.0)),
            (edge(from.0.max(to.0) + half + 2.0), edge(from.1.max(to.1) + half + 2.0)),
        )
        .within(self.size());
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let square = (across * across + down * down).max(f64::EPSILON);
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                let (px, py) = (f64::from(x) - from.0, f64::from(y) - from.1);
                let along = ((px * across + py * down) / square).clamp(0.0, 1.0);
                let distance = (px - along * across).hypot(py - along * down);
                let cover = (half + 0.5 - distance).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, colour, (cover * 255.0) as u8);
                }
            }
        }
    }

    fn blend(&mut self, x: u32, y: u32, colour: [u8; 3], cover: u8) {
        let at = self.at(x, y);
        let cover = u32::from(cover);
        for (part, new) in self.bytes[at..at + 3].iter_mut().zip(colour) {
            *part = ((u32::from(*part) * (255 - cover) + u32::from(new) * cover) / 255) as u8;
        }
        self.bytes[at + 3] = self.bytes[at + 3].max(cover as u8);
    }

    fn stamp(&mut self, (left, top): (u32, u32), picture: &Self) {
        let area = Area { x: left, y: top, width: picture.width, height: picture.height }
            .within(self.size());
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                let from = picture.at(x - left, y - top);
                let [red, green, blue, cover] = picture.bytes[from..from + 4] else { continue };
                self.blend(x, y, [red, green, blue], cover);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each pixel says where it is.
    fn picture(width: u32, height: u32) -> Pixels {
        let bytes = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, (x ^ y) as u8, 255]));
        Pixels::new(width, height, bytes.collect()).expect("the size fits")
    }

    fn pixel(picture: &Pixels, x: u32, y: u32) -> [u8; 4] {
        let at = picture.at(x, y);
        picture.bytes[at..at + 4].try_into().expect("four bytes")
    }

    #[test]
    fn black_is_black_within_the_area_and_nothing_else_changes() {
        let before = picture(60, 40);
        let mut after = before.clone();
        after.bytes[0..4].copy_from_slice(&[9, 9, 9, 0]);
        let area = Area { x: 0, y: 0, width: 20, height: 10 };
        assert_eq!(after.apply(&Edit::Blacken(area)), 200);
        for y in 0..40 {
            for x in 0..60 {
                let inside = x < 20 && y < 10;
                let expected = if inside { [0, 0, 0, 255] } else { pixel(&before, x, y) };
                assert_eq!(pixel(&after, x, y), expected, "{x}, {y}");
            }
        }
        let beyond = Area { x: 50, y: 30, width: 100, height: u32::MAX };
        assert_eq!(after.apply(&Edit::Blacken(beyond)), 100, "what lies beyond is cut off");
    }

    #[test]
    fn squares_have_one_colour_each_and_noise_decides_it_too() {
        let area = Area { x: 3, y: 5, width: 40, height: 20 };
        let before = picture(64, 48);
        let len = noise_len(area, before.size());
        assert_eq!(len, 3 * 2 * 3, "squares of 16: three across, two down");
        let with = |noise: Vec<u8>| {
            let mut after = before.clone();
            after.apply(&Edit::Pixelate { area, noise });
            after
        };
        let (dark, light) = (with(vec![0; len]), with(vec![255; len]));
        assert_eq!(pixel(&light, 3, 5), pixel(&light, 18, 20), "one square");
        assert_ne!(pixel(&light, 18, 5), pixel(&light, 19, 5), "the next one");
        let (dark, light) = (pixel(&dark, 3, 5), pixel(&light, 3, 5));
        assert!(light[0] - dark[0] >= 40, "noise moves it: {dark:?} {light:?}");
        let line = Area { x: 0, y: 0, width: 600, height: 120 };
        assert_eq!(noise_len(line, (600, 130)), 20 * 4 * 3, "large writing gets large squares");
        let untouched = with(vec![7; len]);
        assert_eq!(pixel(&untouched, 43, 5), pixel(&before, 43, 5));
        assert_eq!(pixel(&untouched, 2, 5), pixel(&before, 2, 5));
    }

    #[test]
    fn cutting_and_turning_move_each_pixel_to_its_place() {
        let before = picture(6, 4);
        let mut cut = before.clone();
        assert_eq!(cut.apply(&Edit::Crop(Area { x: 1, y: 2, width: 4, height: 2 })), 16);
        assert_eq!(cut.size(), (4, 2));
        assert_eq!(pixel(&cut, 0, 0), pixel(&before, 1, 2));
        assert_eq!(pixel(&cut, 3, 1), pixel(&before, 4, 3));
        assert_eq!(cut.clone().apply(&Edit::Crop(Area::default())), 0, "nothing is no part");

        let mut turned = before.clone();
        turned.apply(&Edit::Turn);
        assert_eq!(turned.size(), (4, 6));
        assert_eq!(pixel(&turned, 3, 0), pixel(&before, 0, 0), "top left goes to top right");
        assert_eq!(pixel(&turned, 0, 5), pixel(&before, 5, 3));
        for _ in 0..3 {
            turned.apply(&Edit::Turn);
        }
        assert_eq!(turned, before);
    }

    #[test]
    fn arrows_and_words_are_painted_where_they_belong() {
        let mut marked = picture(200, 100);
        let before = marked.clone();
        marked.apply(&Edit::Arrow { from: (20, 50), to: (150, 50) });
        assert_eq!(pixel(&marked, 60, 50)[..3], MARK);
        assert_eq!(pixel(&marked, 60, 70), pixel(&before, 60, 70));
        assert_ne!(pixel(&marked, 146, 47), pixel(&before, 146, 47), "the head is wider");
        marked.apply(&Edit::Arrow { from: (5, 5), to: (5, 5) });
        marked.apply(&Edit::Arrow { from: (0, 0), to: (400, 400) });

        let words = Pixels::new(2, 1, vec![255, 0, 0, 255, 0, 255, 0, 0]).expect("two pixels");
        let mut marked = before.clone();
        marked.apply(&Edit::Stamp { at: (10, 10), picture: words.clone() });
        assert_eq!(pixel(&marked, 10, 10), [255, 0, 0, 255]);
        assert_eq!(pixel(&marked, 11, 10), pixel(&before, 11, 10), "where it is clear, nothing");
        marked.apply(&Edit::Stamp { at: (199, 99), picture: words });
    }
}
