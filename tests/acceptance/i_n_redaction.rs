//! I.n: what is blackened or pixelated before sending is gone from the pixels of the file that the other one receives.

use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};
use image::RgbImage;
use serde_json::{Value, json};
use testkit::{Browser, Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};
use crate::picture;

/// Left, top, right, bottom, in parts of the picture.
type Part = (f64, f64, f64, f64);

const NAME: Part = (0.2, 0.2, 0.5, 0.4);

/// Keeps what the page shows as a picture, to read its bytes.
const KEEP_SHOWN: &str = "window.shown = {};
    const original = URL.createObjectURL;
    URL.createObjectURL = function (blob) {
        const url = original.call(this, blob);
        window.shown[url] = blob;
        return url;
    };";

const READ_SHOWN: &str = "const done = arguments[arguments.length - 1];
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1]);
    reader.readAsDataURL(window.shown[document.querySelector(arguments[0]).src]);";

#[test]
fn blackened_is_black_in_the_received_file_and_the_rest_is_as_it_was() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let sheet = picture::ecg_file(files.path(), "befund.jpg");
    let original = image::open(&sheet).expect("the sheet is a picture").to_rgb8();
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_shown(&jonas);

    // By finger, on a phone.
    begin_edit(&anna, &sheet);
    anna.look("editor");
    drag(&anna.browser, "touch", NAME);
    counted(&anna, 1);
    anna.look("editor-black");
    finish_and_send(&anna, "Geschwärzt");
    let received = received(&jonas, "Geschwärzt");
    let received = image::load_from_memory(&received).expect("a picture").to_rgb8();
    assert_eq!(received.dimensions(), original.dimensions());
    let area = pixels(NAME, original.dimensions());
    // JPEG works on squares of 16: within them, what is beside the edge shines in a little.
    let (inner, outer) = (grown(area, -16), grown(area, 16));
    let brightest = each(inner).flat_map(|(x, y)| received.get_pixel(x, y).0).max();
    assert!(brightest <= Some(8), "not black: {brightest:?}");
    let off = distance(&received, &original, |x, y| !holds(outer, x, y));
    assert!(off < 4.0, "what was not blackened changed by {off}");
    let hidden = distance(&received, &original, |x, y| holds(inner, x, y));
    assert!(hidden > 100.0, "the control: there was something to hide, {hidden}");

    // By mouse and keyboard, at a desk: pixelated twice, the same place is never the same again.
    keep_shown(&anna);
    let squares = ["Verpixelt eins", "Verpixelt zwei"].map(|caption| {
        begin_edit(&jonas, &sheet);
        jonas.browser.click(&id("tool-pixelate"));
        drag(&jonas.browser, "mouse", NAME);
        counted(&jonas, 1);
        jonas.look("editor-pixelated");
        finish_and_send(&jonas, caption);
        image::load_from_memory(&self::received(&anna, caption)).expect("a picture").to_rgb8()
    });
    let between = distance(&squares[0], &squares[1], |x, y| holds(inner, x, y));
    assert!(between > 8.0, "without noise both would be the same: {between}");
    let off = distance(&squares[0], &squares[1], |x, y| !holds(outer, x, y));
    assert!(off < 1.0, "the rest is the same in both: {off}");
    // The lines of a grid of 8 pixels are gone: within a square nothing changes from pixel to pixel.
    let (left, top, ..) = area;
    let flat = (left + 4..left + 28, top + 4..top + 28);
    let spread = flat
        .0
        .flat_map(|x| flat.1.clone().map(move |y| (x, y)))
        .map(|(x, y)| squares[0].get_pixel(x, y).0[1]);
    let (least, most) = spread.fold((255, 0), |(least, most), it| (it.min(least), it.max(most)));
    assert!(most - least < 12, "the grid still shows: {least} to {most}");
}

#[test]
fn edits_are_taken_back_cut_turned_and_made_by_keyboard() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let sheet = picture::ecg_file(files.path(), "befund.jpg");
    let original = image::open(&sheet).expect("the sheet is a picture").to_rgb8();
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_shown(&jonas);

    // By keyboard alone: the picture has a selection in its middle; one step to the left; Enter.
    begin_edit(&anna, &sheet);
    anna.browser.type_into(&id("editor-picture"), "\u{E012}\u{E012}\u{E007}");
    counted(&anna, 1);
    // Leaving asks first, because what was blackened would be seen again.
    anna.browser.click(&id("editor-close"));
    anna.look("editor-discard");
    anna.browser.click(&id("question-cancel"));
    anna.browser.click(&id("tool-text"));
    anna.browser.type_into(&id("editor-text"), "Zimmer 4");
    drag(&anna.browser, "mouse", (0.7, 0.8, 0.7, 0.8));
    counted(&anna, 2);
    anna.browser.click(&id("tool-arrow"));
    drag(&anna.browser, "mouse", (0.7, 0.75, 0.6, 0.3));
    counted(&anna, 3);
    anna.look("editor-marks");
    anna.browser.click(&id("editor-undo"));
    anna.browser.click(&id("editor-undo"));
    counted(&anna, 1);
    anna.browser.click(&id("editor-undo"));
    counted(&anna, 0);
    finish_and_send(&anna, "Doch unverändert");
    let whole = received(&jonas, "Doch unverändert");
    let whole = image::load_from_memory(&whole).expect("a picture").to_rgb8();
    let off = distance(&whole, &original, |_, _| true);
    assert!(off < 4.0, "all was taken back, but it changed by {off}");

    begin_edit(&anna, &sheet);
    anna.browser.type_into(&id("editor-picture"), "\u{E012}\u{E012}\u{E007}");
    counted(&anna, 1);
    anna.browser.click(&id("tool-crop"));
    drag(&anna.browser, "mouse", (0.25, 0.25, 0.75, 0.75));
    counted(&anna, 2);
    anna.browser.click(&id("tool-turn"));
    counted(&anna, 3);
    anna.look("editor-cut");
    finish_and_send(&anna, "Ausschnitt");
    let cut = image::load_from_memory(&received(&jonas, "Ausschnitt")).expect("a picture");
    let cut = cut.to_rgb8();
    let (width, height) = original.dimensions();
    assert!(cut.width().abs_diff(height / 2) < 8, "turned and half as high: {}", cut.width());
    assert!(cut.height().abs_diff(width / 2) < 8, "turned and half as wide: {}", cut.height());
    // The middle, one step to the left of it, was blackened; after the turn that is above the middle.
    let middle = cut.get_pixel(cut.width() / 2, cut.height() / 2 - 30);
    assert!(middle.0.iter().all(|part| *part < 9), "{middle:?}");
    let beside = (0..40).flat_map(|x| (0..40).map(move |y| (x, y)));
    let light: u32 = beside.map(|(x, y)| u32::from(cut.get_pixel(x, y).0[1])).sum();
    assert!(light / 1600 > 100, "paper, not black: {}", light / 1600);
}

#[test]
fn a_picture_that_shows_writing_says_so_until_it_is_blackened() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let band = picture::label_file(files.path(), "armband.png");
    let noise = picture::noise_file(files.path(), "rauschen.jpg", 3);
    let people = [
        ("anna", ("Weber", JONAS), Screen::Phone, "touch"),
        ("jonas", ("Meyer", ANNA), Screen::Desktop, "mouse"),
    ];
    for (user, (search, other), screen, pointer) in people {
        let anna = Person::logged_in(&server.url(), user, PASSWORD, screen);
        anna.write_to(search, other);
        let looked = format!("{}[data-looked=true]", id("outbox-hint"));
        anna.browser.upload(&id("file-input"), &noise);
        anna.browser.find(&looked);
        assert!(!anna.browser.has(&id("outbox-writing")), "noise is no writing");
        anna.browser.click(&id("outbox-discard"));
        anna.browser.gone(&id("outbox"));

        anna.browser.upload(&id("file-input"), &band);
        anna.browser.wait_text(&id("outbox-writing"), "Steht ein Name dabei?");
        anna.check("outbox-writing");
        anna.browser.click(&id("outbox-blacken"));
        anna.browser.find("[data-testid=editor-picture][data-ready=true]");
        drag(&anna.browser, pointer, (0.2, 0.42, 0.8, 0.58));
        counted(&anna, 1);
        anna.browser.click(&id("editor-done"));
        anna.browser.gone(&id("editor"));
        anna.browser.find(&looked);
        assert!(!anna.browser.has(&id("outbox-writing")), "nothing is left to be read");
        anna.look("outbox-blackened");
        // Nobody is kept from sending.
        anna.browser.click(&id("outbox-send"));
        anna.browser.gone(&id("outbox"));
        anna.sees_picture();
    }
}

#[test]
fn the_received_file_has_nothing_of_what_the_camera_wrote() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_shown(&jonas);

    let photo = with_metadata(files.path(), "IMG_2044.jpg");
    let png = files.path().join("bildschirm.png");
    let drawing = image::open(&photo).expect("a picture");
    drawing.resize_exact(320, 240, image::imageops::FilterType::Nearest).save(&png).expect("PNG");
    exiftool(
        &[
            "-PNG:Comment=Zimmer 4",
            "-XMP:Creator=Anna Meyer",
            "-GPSLatitude=48.1",
            "-overwrite_original",
        ],
        &png,
    );
    assert!(groups(&png).iter().any(|group| group.starts_with("XMP")), "the control");
    // A picture under another name, chosen as a document, is a picture all the same.
    let disguised = files.path().join("anhang.bin");
    std::fs::copy(&photo, &disguised).expect("a copy");

    anna.send_photo(&photo, "Foto vom Telefon");
    nothing_in(&received(&jonas, "Foto vom Telefon"), files.path());
    anna.send_photo(&png, "Bildschirmfoto");
    nothing_in(&received(&jonas, "Bildschirmfoto"), files.path());
    anna.send_document(&disguised, "Als Dokument");
    nothing_in(&received(&jonas, "Als Dokument"), files.path());
}

/// A photo as a phone writes it: place, small copy, XMP, comment.
pub fn with_metadata(directory: &Path, name: &str) -> std::path::PathBuf {
    let photo = picture::ecg_file(directory, name);
    let small = picture::noise_file(directory, "small-copy.jpg", 5);
    let thumbnail = format!("-ThumbnailImage<={}", small.display());
    let written = [
        "-GPSLatitude=48.137",
        "-GPSLatitudeRef=N",
        "-GPSLongitude=11.575",
        "-GPSLongitudeRef=E",
        "-Make=Kamera",
        "-DateTimeOriginal=2026:11:27 08:00:00",
        "-XMP:Creator=Anna Meyer",
        "-IPTC:Keywords=Station 3",
        "-Comment=Zimmer 4",
        &thumbnail,
        "-overwrite_original",
    ];
    exiftool(&written, &photo);
    let found = groups(&photo);
    for group in ["GPS", "IFD0", "ExifIFD", "IFD1", "XMP-dc", "IPTC"] {
        assert!(found.iter().any(|other| other == group), "the control has no {group}: {found:?}");
    }
    photo
}

pub fn exiftool(arguments: &[&str], file: &Path) -> String {
    let output = Command::new("exiftool").args(arguments).arg(file).output();
    let output = output.expect("exiftool runs: apt-get install libimage-exiftool-perl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The groups of everything that exiftool finds in the file.
fn groups(file: &Path) -> Vec<String> {
    let found = exiftool(&["-json", "-G1", "-a", "-u"], file);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let tags = found[0].as_object().expect("an object");
    tags.keys().filter_map(|tag| tag.split_once(':')).map(|(group, _)| group.to_owned()).collect()
}

pub fn nothing_in(bytes: &[u8], directory: &Path) {
    let file = directory.join("received");
    std::fs::write(&file, bytes).expect("it is written");
    // What it is, how large it is, and how its pixels are to be read: the browser's own colour profile, not the camera's.
    let harmless =
        ["ExifTool", "System", "File", "JFIF", "PNG", "Composite", "ICC-header", "ICC_Profile"];
    let carried: Vec<String> =
        groups(&file).into_iter().filter(|group| !harmless.contains(&group.as_str())).collect();
    assert!(carried.is_empty(), "the sent file still carries {carried:?}");
    let all = exiftool(&["-json", "-a", "-u"], &file);
    let profile = exiftool(&["-s3", "-ProfileDescription"], &file);
    assert!(["", "sRGB"].contains(&profile.trim()), "a colour profile of {profile}");
    for word in ["Zimmer", "Meyer", "Kamera", "Station", "2026:11:27 08"] {
        assert!(!all.contains(word), "{word} in {all}");
    }
}

pub fn begin_edit(person: &Person, file: &Path) {
    person.browser.upload(&id("file-input"), file);
    person.browser.find(&id("outbox-edit"));
    person.look("outbox");
    person.browser.click(&id("outbox-edit"));
    person.browser.find("[data-testid=editor-picture][data-ready=true]");
}

pub fn finish_and_send(person: &Person, caption: &str) {
    person.browser.click(&id("editor-done"));
    person.browser.gone(&id("editor"));
    person.browser.type_into(&id("caption"), caption);
    person.browser.click(&id("outbox-send"));
    person.sees(caption);
}

/// Waits until this many edits are made.
pub fn counted(person: &Person, count: usize) {
    let words = match count {
        0 => "Unverändert".to_owned(),
        1 => "1 Änderung".to_owned(),
        n => format!("{n} Änderungen"),
    };
    let text = "return document.querySelector(arguments[0])?.textContent";
    person.browser.wait_for(&words, || {
        (person.browser.script(text, &json!([id("editor-count")])) == words.as_str()).then_some(())
    });
}

/// Drags over a part of the picture in the editor, as a finger or a mouse does.
pub fn drag(browser: &Browser, pointer: &str, part: Part) {
    let place = "const it = document.querySelector(arguments[0]).getBoundingClientRect();
        return [it.left, it.top, it.width, it.height]";
    let place = browser.script(place, &json!([id("editor-picture")]));
    let [left, top, width, height] =
        [0, 1, 2, 3].map(|at| place[at].as_f64().expect("the picture has a place"));
    let at =
        |x: f64, y: f64| ((left + x * width).round() as i64, (top + y * height).round() as i64);
    let (from, to) = (at(part.0, part.1), at(part.2, part.3));
    let to_point = |(x, y): (i64, i64)| json!({ "type": "pointerMove", "origin": "viewport", "x": x, "y": y, "duration": 60 });
    let actions = json!({ "actions": [{
        "type": "pointer", "id": pointer, "parameters": { "pointerType": pointer },
        "actions": [
            to_point(from), { "type": "pointerDown", "button": 0 },
            to_point(((from.0 + to.0) / 2, (from.1 + to.1) / 2)), to_point(to),
            { "type": "pointerUp", "button": 0 },
        ],
    }]});
    browser.try_command("POST", "/actions", &actions).expect("the pointer moves");
}

/// From here on the page keeps what it shows, so that its bytes can be read.
pub fn keep_shown(person: &Person) {
    person.browser.script(KEEP_SHOWN, &json!([]));
}

/// The bytes of the picture with this caption, as they were received and decrypted.
pub fn received(person: &Person, caption: &str) -> Vec<u8> {
    let message = person.message(caption);
    person.browser.find(&format!("{message} {}", id("image-shown")));
    person.browser.click(&format!("{message} {}", id("image")));
    // The small picture stands there until the large one has come.
    let shown = format!("{}:not([aria-busy])", id("lightbox-image"));
    person.browser.find(&shown);
    let bytes = bytes_of(person, &shown);
    close_lightbox(person);
    bytes
}

/// The bytes of what an element of the page shows.
pub fn bytes_of(person: &Person, element: &str) -> Vec<u8> {
    let bytes = person.browser.async_script(READ_SHOWN, &json!([element]));
    BASE64_STANDARD.decode(bytes.as_str().expect("base64")).expect("base64")
}

pub fn close_lightbox(person: &Person) {
    person.browser.click(&id("lightbox-close"));
    person.browser.gone(&id("lightbox"));
}

/// A part of a picture in its pixels: left, top, right, bottom.
fn pixels(part: Part, (width, height): (u32, u32)) -> (u32, u32, u32, u32) {
    let at = |part: f64, length: u32| (part * f64::from(length)).round() as u32;
    (at(part.0, width), at(part.1, height), at(part.2, width), at(part.3, height))
}

fn grown((left, top, right, bottom): (u32, u32, u32, u32), by: i32) -> (u32, u32, u32, u32) {
    let to = |at: u32, by: i32| at.saturating_add_signed(by);
    (to(left, -by), to(top, -by), to(right, by), to(bottom, by))
}

fn holds((left, top, right, bottom): (u32, u32, u32, u32), x: u32, y: u32) -> bool {
    (left..right).contains(&x) && (top..bottom).contains(&y)
}

fn each((left, top, right, bottom): (u32, u32, u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    (top..bottom).flat_map(move |y| (left..right).map(move |x| (x, y)))
}

/// Mean difference of the parts of all pixels that are asked for.
fn distance(a: &RgbImage, b: &RgbImage, of: impl Fn(u32, u32) -> bool) -> f64 {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for (x, y, pixel) in a.enumerate_pixels().filter(|(x, y, _)| of(*x, *y)) {
        for (one, other) in pixel.0.into_iter().zip(b.get_pixel(x, y).0) {
            sum += u64::from(one.abs_diff(other));
            count += 1;
        }
    }
    sum as f64 / count.max(1) as f64
}
