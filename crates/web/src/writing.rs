//! Whether a picture probably shows writing, so that nobody sends a name on a label without having thought of it (I.n).
//!
//! Letters are small shapes of one tone on another, of similar height and stroke, side by side. The picture is made two-toned against the mean of
//! what surrounds each pixel, dark on light and light on dark, upright and turned by a quarter; shapes that could be letters are put together to
//! lines, and lines count that have nothing but other lines above and below. Nothing is read, and nothing leaves the device.
//!
//! It is a hint and no more: `docs/writing-on-pictures.md` says how often it is wrong.

use crate::pixels::Pixels;

/// Longest side on which a picture is looked at, in pixels.
pub const SIDE_PX: u32 = 1280;

/// Letters beyond [`SHORTEST`] of all lines together, from which on there is writing.
const ENOUGH: usize = 5;
/// Letters in a line that could as well be a pattern.
const SHORTEST: usize = 4;
/// Least difference of brightness from the surroundings.
const CONTRAST: i32 = 14;
/// How far the surroundings reach, for small writing and for large, in pixels.
const RADII: [usize; 2] = [12, 30];

/// Looks at a picture in several passes, each of which takes a moment; the answer of one is whether it has found writing.
pub fn passes(picture: &Pixels) -> impl Iterator<Item = bool> + use<> {
    let upright = Gray::of(picture);
    let turned = upright.turned();
    [upright, turned].into_iter().flat_map(|picture| {
        RADII.into_iter().map(move |radius| letters(&picture, radius) >= ENOUGH)
    })
}

/// Brightness in rows from the top.
#[derive(Clone)]
struct Gray {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Gray {
    fn of(picture: &Pixels) -> Self {
        let light = |pixel: &[u8]| {
            let [red, green, blue, opacity] = [0, 1, 2, 3].map(|at| u32::from(pixel[at]));
            let light = (red * 299 + green * 587 + blue * 114) / 1000;
            // What can be looked through lies on white.
            ((light * opacity + 255 * (255 - opacity)) / 255) as u8
        };
        Self {
            width: picture.width as usize,
            height: picture.height as usize,
            bytes: picture.bytes.chunks_exact(4).map(light).collect(),
        }
    }

    fn turned(&self) -> Self {
        let columns = (0..self.width)
            .flat_map(|x| (0..self.height).rev().map(move |y| self.bytes[y * self.width + x]));
        Self { width: self.height, height: self.width, bytes: columns.collect() }
    }

    /// Mean brightness around each pixel, by sums of everything above and left.
    fn means(&self, radius: usize) -> Vec<u8> {
        let (width, height) = (self.width, self.height);
        let across = width + 1;
        let mut sums = vec![0_u32; across * (height + 1)];
        for y in 0..height {
            let mut row = 0;
            for x in 0..width {
                row += u32::from(self.bytes[y * width + x]);
                sums[(y + 1) * across + x + 1] = sums[y * across + x + 1] + row;
            }
        }
        let mut means = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
                let sum = sums[bottom * across + right] + sums[top * across + left]
                    - sums[top * across + right]
                    - sums[bottom * across + left];
                means.push((sum / ((bottom - top) * (right - left)) as u32) as u8);
            }
        }
        means
    }
}

/// Letters beyond the first ones of each line.
fn letters(picture: &Gray, radius: usize) -> usize {
    let means = picture.means(radius);
    let of_tone = |is_dark: bool| {
        let tones: Vec<bool> = picture
            .bytes
            .iter()
            .zip(&means)
            .map(|(light, mean)| {
                let (light, mean) = (i32::from(*light), i32::from(*mean));
                let least = CONTRAST.max(mean * 12 / 100);
                if is_dark { mean - light > least } else { light - mean > least }
            })
            .collect();
        lines(&shapes(&tones, picture, &means))
    };
    of_tone(true) + of_tone(false)
}

/// Pixels of one tone that hang together.
#[derive(Clone, Copy, Default)]
struct Shape {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    /// Its pixels, and those of them at its edge.
    area: usize,
    edge: usize,
    /// Sums over its pixels: brightness, its square, and the brightness of what surrounds them. The squares of a whole picture are more than 32 bits hold.
    light: u64,
    squares: u64,
    around: u64,
}

impl Shape {
    fn width(&self) -> usize {
        self.right - self.left + 1
    }

    fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    fn middle(&self) -> (usize, usize) {
        ((self.left + self.right) / 2, (self.top + self.bottom) / 2)
    }

    /// Mean thickness of its strokes.
    fn stroke(&self) -> f32 {
        2.0 * self.area as f32 / self.edge.max(1) as f32
    }

    fn mean(&self, sum: u64) -> f32 {
        sum as f32 / self.area.max(1) as f32
    }

    /// Of its brightness.
    fn deviation(&self) -> f32 {
        (self.mean(self.squares) - self.mean(self.light).powi(2)).max(0.0).sqrt()
    }

    fn could_be_a_letter(&self) -> bool {
        let (width, height) = (self.width(), self.height());
        let fill = self.area as f32 / (width * height) as f32;
        let contrast = (self.mean(self.around) - self.mean(self.light)).abs();
        (6..=120).contains(&height)
            && width >= 2
            && width <= height * 2
            && height <= width * 8
            // A bar may be an I, l or 1.
            && (fill >= 0.15 && (fill <= 0.9 || width * 3 <= height))
            && self.stroke() <= height as f32 * 0.45
            && contrast >= 18.0
            && self.deviation() <= contrast * 0.7
    }

    /// Whether `next` could be the letter after this one.
    fn is_followed_by(&self, next: &Self) -> bool {
        let (low, high) = (self.height().min(next.height()), self.height().max(next.height()));
        let top = self.top.max(next.top);
        let overlap = (self.bottom.min(next.bottom) + 1).saturating_sub(top);
        let (thin, thick) = (self.stroke().min(next.stroke()), self.stroke().max(next.stroke()));
        next.left <= self.right + high + 1
            && next.left + 1 > self.left + self.width() / 2
            && high * 10 <= low * 22
            && overlap * 10 >= low * 6
            && thick <= thin * 1.7 + 0.3
            && (self.mean(self.light) - next.mean(next.light)).abs() <= 40.0
    }
}

/// Shapes that could be letters.
fn shapes(tones: &[bool], picture: &Gray, means: &[u8]) -> Vec<Shape> {
    let (width, height) = (picture.width, picture.height);
    let mut seen = vec![false; tones.len()];
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for start in 0..tones.len() {
        if !tones[start] || seen[start] {
            continue;
        }
        let mut shape = Shape { left: width, top: height, ..Shape::default() };
        seen[start] = true;
        open.push(start);
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            let light = u64::from(picture.bytes[at]);
            shape.left = shape.left.min(x);
            shape.right = shape.right.max(x);
            shape.top = shape.top.min(y);
            shape.bottom = shape.bottom.max(y);
            shape.area += 1;
            shape.light += light;
            shape.squares += light * light;
            shape.around += u64::from(means[at]);
            let (rows, columns) = (
                y.saturating_sub(1)..=(y + 1).min(height - 1),
                x.saturating_sub(1)..=(x + 1).min(width - 1),
            );
            let mut is_edge = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            for other_y in rows {
                for other_x in columns.clone() {
                    let next = other_y * width + other_x;
                    if !tones[next] {
                        is_edge |= other_x == x || other_y == y;
                    } else if !seen[next] {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
            shape.edge += usize::from(is_edge);
        }
        if shape.could_be_a_letter() {
            found.push(shape);
        }
    }
    found
}

/// Puts shapes together to lines, and counts the letters beyond the first ones of each.
fn lines(shapes: &[Shape]) -> usize {
    let mut order: Vec<&Shape> = shapes.iter().collect();
    order.sort_by_key(|shape| shape.left);
    let mut next = vec![None; order.len()];
    let mut has_before = vec![false; order.len()];
    for (at, shape) in order.iter().enumerate() {
        let reach = shape.right + shape.height() * 2;
        let near = order.iter().enumerate().skip(at + 1).take_while(|(_, it)| it.left <= reach);
        let follows = near.filter(|(other, it)| !has_before[*other] && shape.is_followed_by(it));
        let nearest = follows.min_by_key(|(_, it)| it.left.saturating_sub(shape.right));
        if let Some((other, _)) = nearest {
            next[at] = Some(other);
            has_before[other] = true;
        }
    }
    let mut letters = 0;
    for start in (0..order.len()).filter(|at| !has_before[*at]) {
        let line: Vec<&Shape> =
            std::iter::successors(Some(start), |at| next[*at]).map(|at| order[at]).collect();
        if line.len() > SHORTEST && is_straight(&line) && is_clear(&line, shapes) {
            letters += line.len() - SHORTEST;
        }
    }
    letters
}

/// Whether tops or bottoms lie on a straight line, and the widths differ as those of letters do: those of a fence do not.
fn is_straight(line: &[&Shape]) -> bool {
    let count = line.len() as f32;
    let mut heights: Vec<usize> = line.iter().map(|letter| letter.height()).collect();
    heights.sort_unstable();
    let height = heights[heights.len() / 2] as f32;
    let width = line.iter().map(|letter| letter.width() as f32).sum::<f32>() / count;
    let variance =
        line.iter().map(|letter| (letter.width() as f32 - width).powi(2)).sum::<f32>() / count;
    if variance.sqrt() < width * 0.15 {
        return false;
    }
    // How far two thirds of them at least are from the straight line that fits best.
    let away = |of: fn(&Shape) -> usize| {
        let points = line.iter().map(|it| ((it.left + it.right) as f32 / 2.0, of(it) as f32));
        let sums = points.clone().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
        let (x, y) = (sums.0 / count, sums.1 / count);
        let (products, squares) = points.clone().fold((0.0, 0.0), |(products, squares), point| {
            let from = point.0 - x;
            (products + from * (point.1 - y), squares + from * from)
        });
        let slope = if squares > 0.0 { products / squares } else { 0.0 };
        let mut away: Vec<f32> =
            points.map(|point| (point.1 - y - slope * (point.0 - x)).abs()).collect();
        away.sort_by(f32::total_cmp);
        away[away.len() * 2 / 3]
    };
    away(|letter| letter.bottom).min(away(|letter| letter.top)) <= (height * 0.12).max(1.0)
}

/// Whether there is little directly above and below: in a pattern there is more of the same.
fn is_clear(line: &[&Shape], shapes: &[Shape]) -> bool {
    let height = line.iter().map(|letter| letter.height()).sum::<usize>() / line.len();
    let (beside, off) = (height / 2, height * 6 / 10);
    let is_near = |shape: &&Shape| {
        let (x, y) = shape.middle();
        line.iter().any(|letter| {
            let is_over = x + beside >= letter.left && x <= letter.right + beside;
            let is_within = (letter.top..=letter.bottom).contains(&y);
            let is_close = y + off >= letter.top && y <= letter.bottom + off;
            is_over && !is_within && is_close
        })
    };
    shapes.iter().filter(is_near).count() * 2 <= line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits of three by five squares, of which a number of the house is made.
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

    fn plain(width: u32, height: u32, light: u8) -> Pixels {
        let bytes = [light, light, light, 255].repeat((width * height) as usize);
        Pixels { width, height, bytes }
    }

    fn paint(picture: &mut Pixels, (x, y): (u32, u32), side: u32, light: u8) {
        for row in y..y + side {
            for column in x..x + side {
                let at = ((row * picture.width + column) * 4) as usize;
                picture.bytes[at..at + 3].fill(light);
            }
        }
    }

    /// A number, in squares of this side.
    fn write(picture: &mut Pixels, number: &str, at: (u32, u32), side: u32, light: u8) {
        for (place, digit) in number.bytes().enumerate() {
            for (row, bits) in DIGITS[usize::from(digit - b'0')].iter().enumerate() {
                for column in (0..3).filter(|column| bits & (4 >> column) != 0) {
                    let x = at.0 + (place as u32 * 4 + column) * side;
                    paint(picture, (x, at.1 + row as u32 * side), side, light);
                }
            }
        }
    }

    fn shows_writing(picture: &Pixels) -> bool {
        passes(picture).any(|found| found)
    }

    #[test]
    fn a_number_is_writing_dark_or_light_small_or_large_upright_or_turned() {
        for (paper, ink) in [(235, 20), (20, 235), (120, 60)] {
            for side in [2, 4, 7] {
                let mut picture = plain(400, 300, paper);
                write(&mut picture, "4711081593", (30, 60), side, ink);
                assert!(shows_writing(&picture), "{ink} on {paper}, {side}");
                let (gray, mut turned) = (Gray::of(&picture).turned(), plain(300, 400, paper));
                for (pixel, light) in turned.bytes.chunks_exact_mut(4).zip(gray.bytes) {
                    pixel[..3].fill(light);
                }
                assert!(shows_writing(&turned), "turned, {ink} on {paper}, {side}");
            }
        }
    }

    #[test]
    fn fences_chessboards_noise_and_three_digits_are_none() {
        assert!(!shows_writing(&plain(300, 200, 128)));
        let mut fence = plain(400, 200, 230);
        (0..30).for_each(|at| {
            (0..8).for_each(|row| paint(&mut fence, (20 + at * 12, 60 + row * 4), 4, 30))
        });
        assert!(!shows_writing(&fence), "a fence");
        let mut board = plain(400, 400, 230);
        for at in 0..1600_u32 {
            if (at / 40 + at % 40) % 2 == 0 {
                paint(&mut board, (at % 40 * 10, at / 40 * 10), 10, 30);
            }
        }
        assert!(!shows_writing(&board), "a chessboard");
        let (mut noise, mut state) = (plain(400, 300, 0), 7_u32);
        for pixel in noise.bytes.chunks_exact_mut(4) {
            // A linear congruential generator is random enough for a picture.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            pixel[..3].fill((state >> 24) as u8);
        }
        assert!(!shows_writing(&noise), "noise");
        let mut room = plain(400, 300, 235);
        write(&mut room, "305", (100, 100), 8, 20);
        assert!(!shows_writing(&room), "the number of a room");
    }

    #[test]
    fn pictures_of_any_size_are_looked_at() {
        for (width, height) in [(1, 1), (1, 40), (40, 1), (3, 2)] {
            assert!(!shows_writing(&plain(width, height, 90)), "{width} x {height}");
        }
        assert!(!shows_writing(&Pixels { width: 0, height: 0, bytes: Vec::new() }));
    }
}
