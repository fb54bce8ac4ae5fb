//! J.1: documents. A PDF is read in the chat, drawn by the app itself; what it looks like is compared with poppler's drawing.

use std::path::Path;
use std::process::Command;

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{GrayImage, imageops::FilterType};
use serde_json::json;
use testkit::{Browser, Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

const LETTER: &str = "data:text/html;charset=utf-8,<meta charset=utf-8><style>section{break-after:page;font:16px sans-serif}\
    td,th{border:1px solid;padding:6px}h1{color:%23036}</style>\
    <section><h1>Arztbrief</h1><p>Sehr geehrte Frau Kollegin,</p><p>wir berichten über den Aufenthalt vom 3. bis 9. November.</p>\
    <table><tr><th>Wert</th><th>Ergebnis</th></tr><tr><td>Hb</td><td>13,2 g/dl</td></tr><tr><td>CRP</td><td>4 mg/l</td></tr></table></section>\
    <section><h1>Verlauf</h1><div style='width:300px;height:200px;background:%23c22'></div><p>Unauffällig.</p></section>\
    <section><h1>Medikation</h1><ol><li>Metoprolol 47,5 mg</li><li>Ramipril 5 mg</li></ol></section>";

#[test]
fn a_pdf_is_read_in_the_chat_page_by_page_and_looks_as_elsewhere() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let letter = files.path().join("Arztbrief.pdf");
    let printer = Browser::open("printer", Screen::Desktop);
    printer.go(LETTER);
    let paper = json!({ "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true });
    let printed = printer.cdp("Page.printToPDF", &paper)["data"].clone();
    let printed = BASE64_STANDARD.decode(printed.as_str().expect("base64")).expect("base64");
    std::fs::write(&letter, printed).expect("it is written");
    drop(printer);

    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    anna.send_document(&letter, "Der Brief");

    for person in [&anna, &jonas] {
        person.browser.click(&format!("{} {}", person.message("Der Brief"), id("file")));
        person.browser.wait_text(&id("document-place"), "Seite 1 von 3");
        let first = drawn(person, 0);
        person.look("document");
        shows(&first, &letter, 1);

        // Larger: drawn anew, not blown up.
        let width = first.width();
        person.browser.click(&id("document-larger"));
        person
            .browser
            .wait_for("a larger drawing", || (drawn(person, 0).width() > width).then_some(()));
        person.browser.click(&id("document-smaller"));

        let to_the_end = format!(
            "const pages = document.querySelector('{}'); pages.scrollTop = pages.scrollHeight",
            id("document")
        );
        person.browser.script(&to_the_end, &json!([]));
        person.browser.wait_text(&id("document-place"), "Seite 3 von 3");
        shows(&drawn(person, 2), &letter, 3);
        person.browser.click(&id("lightbox-close"));
        person.browser.gone(&id("lightbox"));
    }

    // What is no PDF, and what would fill the memory, is said in words; the app goes on.
    for (name, bytes) in [("kaputt.pdf", b"%PDF-1.7\nno more".to_vec()), ("bombe.pdf", bomb())] {
        let file = files.path().join(name);
        std::fs::write(&file, bytes).expect("it is written");
        let caption = format!("Nicht zu lesen: {name}");
        anna.send_document(&file, &caption);
        jonas.browser.click(&format!("{} {}", jonas.message(&caption), id("file")));
        jonas.browser.find(&id("document-problem"));
        jonas.look("document-problem");
        jonas.browser.click(&id("lightbox-close"));
        jonas.browser.gone(&id("lightbox"));
    }
    jonas.say("Es geht weiter");
    anna.sees("Es geht weiter");
}

#[test]
fn several_photographed_pages_are_one_document() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);

    anna.browser.click(&id("camera"));
    anna.browser.click(&id("mode-document"));
    let shutter = "[data-testid=shutter]:not([disabled])";
    for count in ["1 Seite", "2 Seiten", "3 Seiten"] {
        anna.browser.click(shutter);
        anna.browser.wait_text(&id("page-count"), count);
    }
    anna.browser.click(&id("page-undo"));
    anna.browser.wait_text(&id("page-count"), "2 Seiten");
    anna.look("pages");
    anna.browser.click(&id("pages-done"));
    anna.browser.wait_text(&id("outbox-file"), "Dokument.pdf");
    anna.look("pages-outbox");
    anna.browser.click(&id("outbox-send"));

    jonas.browser.wait_text(&id("file-name"), "Dokument.pdf");
    jonas.browser.click(&id("file"));
    jonas.browser.wait_text(&id("document-place"), "Seite 1 von 2");
    let page = drawn(&jonas, 0);
    // The camera's test picture is neither white paper nor black.
    let mean = page.iter().map(|level| u64::from(*level)).sum::<u64>() / page.len() as u64;
    assert!((20..235).contains(&mean), "{mean}");
    jonas.look("pages");
}

/// A page of a thousand million rectangles in a file of some kilobytes: a form that repeats a form that repeats a form.
fn bomb() -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>".to_owned(),
        stream("", &"/F Do ".repeat(1000)),
    ];
    for next in 6..8 {
        let resources = format!(
            "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</F {next} 0 R>>>>"
        );
        objects.push(stream(&resources, &"/F Do ".repeat(1000)));
    }
    objects.push(stream("/Type/XObject/Subtype/Form/BBox[0 0 600 800]", "0 0 600 800 re f "));
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).bytes());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| file.extend(format!("{place:010} 00000 n \n").bytes()));
    file.extend(
        format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n", places.len() + 1)
            .bytes(),
    );
    file
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<<{dictionary}/Length {}>>stream\n{content}\nendstream", content.len())
}

/// What the page's canvas shows, once it is drawn.
fn drawn(person: &Person, page: usize) -> GrayImage {
    let canvas = format!("[data-page=\"{page}\"] canvas[data-drawn]");
    person.browser.find(&canvas);
    let read = "return document.querySelector(arguments[0]).toDataURL('image/png')";
    let url = person.browser.script(read, &json!([canvas]));
    let bytes = url.as_str().and_then(|url| url.split_once(',')).expect("a data URL").1;
    let bytes = BASE64_STANDARD.decode(bytes).expect("base64");
    image::load_from_memory(&bytes).expect("PNG").to_luma8()
}

/// Asserts that a drawing is that of a page as poppler draws it, and of no other page.
#[track_caller]
fn shows(drawing: &GrayImage, document: &Path, page: usize) {
    let alike = apart(drawing, document, page);
    assert!(alike < 3.0, "{alike} grey levels apart from poppler's drawing");
    for other in (1..=3).filter(|other| *other != page) {
        let unlike = apart(drawing, document, other);
        assert!(unlike > 2.0 * alike, "page {page}: {alike}, but page {other}: {unlike}");
    }
}

/// How many grey levels, of 255, a drawing differs from poppler's drawing of a page, on the average.
fn apart(drawing: &GrayImage, document: &Path, page: usize) -> f64 {
    const WIDTH: u32 = 400;
    let page = page.to_string();
    let (width, height) = (drawing.width().to_string(), drawing.height().to_string());
    let output = Command::new("pdftoppm")
        .args([
            "-png",
            "-f",
            &page,
            "-l",
            &page,
            "-singlefile",
            "-scale-to-x",
            &width,
            "-scale-to-y",
            &height,
        ])
        .arg(document)
        .output()
        .expect("pdftoppm runs: apt-get install poppler-utils");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = image::load_from_memory(&output.stdout).expect("PNG").to_luma8();
    let small = |image: &GrayImage| {
        image::imageops::resize(image, WIDTH, WIDTH * 14 / 10, FilterType::Triangle)
    };
    let (ours, theirs) = (small(drawing), small(&theirs));
    let sum: u64 =
        ours.iter().zip(theirs.iter()).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
    sum as f64 / ours.len() as f64
}
