//! I.n: what a PDF's file says beside its pages does not go out. The files are made and checked by other people's programs:
//! printed by Chromium, written on by exiftool and pyHanko, put into other forms by qpdf.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use testkit::{Browser, Screen, Server, python};

use crate::app::{Person, dist, id};
use crate::i_n_redaction::{exiftool, with_metadata};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

/// What must not be in the received files. None of it stands on a page.
const SECRETS: [&str; 4] = ["Meyer", "geheim", "Kamera", "Zimmer 4"];

/// What a page hands to the worker that draws a document is kept, to read its bytes.
const KEEP_OPENED: &str = "const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, transfer) {
        if (message && message.open) window.opened = new Blob([message.open]);
        return post.call(this, message, transfer);
    };";

const READ_OPENED: &str = "const done = arguments[arguments.length - 1];
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1]);
    reader.readAsDataURL(window.opened);";

#[test]
fn what_a_pdf_says_beside_its_pages_stays_at_home_and_its_pages_look_as_before() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let directory = files.path();
    let printed = printed(directory);
    let in_place = ["-overwrite_original_in_place"];
    // exiftool adds a version to the file and leaves the earlier ones in it.
    let described = copied(&printed, "beschrieben.pdf");
    let facts = ["-PDF:Author=Anna Meyer", "-XMP:Creator=Anna Meyer", "-PDF:Keywords=geheim"];
    exiftool(&[&facts[..], &in_place].concat(), &described);
    let emptied = copied(&described, "geleert.pdf");
    exiftool(&[&["-all:all="][..], &in_place].concat(), &emptied);
    let noted = directory.join("Anmerkung.pdf");
    pdf_tool("comment", directory, &described, Some(&noted));
    let packed = directory.join("gepackt.pdf");
    let as_streams = ["--object-streams=generate", "--compress-streams=y"];
    qpdf(&[&as_streams[..], &[path(&noted), path(&packed)]].concat());
    let linearized = directory.join("linearisiert.pdf");
    qpdf(&["--linearize", path(&noted), path(&linearized)]);

    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_opened(&jonas);
    keep_opened(&anna);

    for original in [printed, described, emptied, noted, packed, linearized] {
        let name = original.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let before = unpacked(&original);
        assert!(says(&before, "Kamera"), "the control: the camera's data is in {name}");
        assert!(name == "geleert.pdf" || says(&before, "geheim"), "the control: {name}");
        // From the phone and from the desk.
        let (from, to) = if name == "gepackt.pdf" { (&jonas, &anna) } else { (&anna, &jonas) };
        let caption = format!("Als {name}");
        from.browser.upload(&id("document-input"), &original);
        from.browser.wait_text(&id("outbox-removed"), "Angaben der Kamera");
        assert!(!from.browser.has(&id("outbox-notes")), "there is nothing to warn of: {name}");
        from.look("document-outbox");
        from.send_attachment(&caption);

        let received = received(to, &caption, directory);
        for bytes in [std::fs::read(&received).expect("it is read"), unpacked(&received)] {
            for secret in SECRETS {
                assert!(!says(&bytes, secret), "{secret} is in the bytes of {name}");
            }
        }
        let told = exiftool(&["-a", "-u", "-G1", "-ee3"], &received);
        let harmless =
            ["PDF Version", "Linearized", "Page Count", "Page Mode", "Tagged PDF", "Language"];
        let carried: Vec<&str> = told
            .lines()
            .filter(|line| {
                !["[ExifTool]", "[System]", "[File]"].iter().any(|it| line.starts_with(it))
            })
            .filter(|line| !harmless.iter().any(|word| line.contains(word)))
            .collect();
        assert!(carried.is_empty(), "{name} still says {carried:?}");
        let about = run(Command::new("pdfinfo").arg(&received));
        let about = String::from_utf8_lossy(&about.stdout).into_owned();
        for field in
            ["Title:", "Author:", "Creator:", "Producer:", "CreationDate:", "ModDate:", "Keywords:"]
        {
            assert!(!about.contains(field), "{name}: {about}");
        }
        assert!(about.contains("Metadata Stream: no"), "{name}: {about}");
        qpdf(&["--check", path(&received)]);
        assert_eq!(pages(&original), pages(&received), "the pages of {name} look as before");
        if ["Anmerkung.pdf", "gepackt.pdf"].contains(&name.as_str()) {
            assert!(says(&unpacked(&received), "Bitte kontrollieren"), "the note itself stays");
        }

        to.act(&caption, "action-details");
        let report = to.browser.text(&id("removal-report"));
        for words in ["Entfernt", "Angaben der Kamera", "Aufnahmeort"] {
            assert!(report.contains(words), "no “{words}” for {name} in {report}");
        }
        // What exiftool has emptied says nothing of its author but in its earlier versions.
        let by = report.contains("Verfasser, Titel, Programm und Zeiten");
        assert_eq!(by, name != "geleert.pdf", "{name}: {report}");
        let earlier = ["beschrieben.pdf", "geleert.pdf", "Anmerkung.pdf"].contains(&name.as_str());
        assert_eq!(report.contains("frühere Fassungen"), earlier, "{name}: {report}");
        to.look("document-report");
        to.browser.click(&id("sheet-close"));
    }
}

/// A letter of two pages with a photo, printed by Chromium.
fn printed(directory: &Path) -> PathBuf {
    let photo = std::fs::read(with_metadata(directory, "IMG_2044.jpg")).expect("it is read");
    let page = format!(
        "<!doctype html><html lang=de><meta charset=utf-8><title>Entlassung geheim</title>\
         <style>section{{break-after:page;font:16px sans-serif}}img{{width:300px}}</style>\
         <section><h1>Arztbrief</h1><p>Wir berichten über den Aufenthalt vom 3. bis 9. November.</p>\
         <img src='data:image/jpeg;base64,{}'></section><section><h1>Verlauf</h1><p>Unauffällig.</p></section>",
        BASE64_STANDARD.encode(photo)
    );
    let source = directory.join("brief.html");
    std::fs::write(&source, page).expect("it is written");
    let printer = Browser::open("printer", Screen::Desktop);
    printer.go(&format!("file://{}", source.display()));
    let printed =
        printer.cdp("Page.printToPDF", &json!({ "printBackground": true }))["data"].clone();
    let printed = BASE64_STANDARD.decode(printed.as_str().expect("base64")).expect("base64");
    let letter = directory.join("Arztbrief.pdf");
    std::fs::write(&letter, printed).expect("it is written");
    letter
}

/// A short letter of one page, printed by Chromium.
pub fn letter(directory: &Path, name: &str) -> PathBuf {
    let printer = Browser::open("printer", Screen::Desktop);
    printer.go("data:text/html;charset=utf-8,<title>geheim</title><h1>Entlassbrief</h1>");
    let printed = printer.cdp("Page.printToPDF", &json!({}))["data"].clone();
    let printed = BASE64_STANDARD.decode(printed.as_str().expect("base64")).expect("base64");
    let letter = directory.join(name);
    std::fs::write(&letter, printed).expect("it is written");
    letter
}

fn copied(file: &Path, name: &str) -> PathBuf {
    let copy = file.with_file_name(name);
    std::fs::copy(file, &copy).expect("it is copied");
    copy
}

/// From here on the page keeps the documents that it opens.
pub fn keep_opened(person: &Person) {
    person.browser.script(KEEP_OPENED, &json!([]));
}

/// The document with this caption as the other one's app has it: received, decrypted and handed to what draws it.
pub fn received(person: &Person, caption: &str, directory: &Path) -> PathBuf {
    person.browser.script("window.opened = undefined", &json!([]));
    person.browser.click(&format!("{} {}", person.message(caption), id("file")));
    person.browser.wait_for("the document to be opened", || {
        (person.browser.script("return Boolean(window.opened)", &json!([])) == true).then_some(())
    });
    let bytes = person.browser.async_script(READ_OPENED, &json!([]));
    person.browser.click(&id("lightbox-close"));
    person.browser.gone(&id("lightbox"));
    let file = directory.join("received.pdf");
    let bytes = BASE64_STANDARD.decode(bytes.as_str().expect("base64")).expect("base64");
    std::fs::write(&file, bytes).expect("it is written");
    file
}

/// Has pyHanko do something with a file (`pdf_tools.py`).
pub fn pdf_tool(what: &str, directory: &Path, from: &Path, to: Option<&Path>) -> Value {
    let asked = json!({ "do": what, "folder": directory, "from": from, "to": to });
    python::run(include_str!("pdf_tools.py"), &asked)
}

pub fn qpdf(arguments: &[&str]) -> Output {
    run(Command::new("qpdf").args(arguments))
}

pub fn path(file: &Path) -> &str {
    file.to_str().expect("a path of plain letters")
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it runs: apt-get install qpdf poppler-utils");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}{words}",
        String::from_utf8_lossy(&output.stdout)
    );
    output
}

/// The file with every stream unpacked, whoever uses it or not.
fn unpacked(file: &Path) -> Vec<u8> {
    let plain = file.with_extension("plain");
    let as_text = ["--qdf", "--object-streams=disable", "--stream-data=uncompress"];
    qpdf(&[&as_text[..], &["--preserve-unreferenced", path(file), path(&plain)]].concat());
    std::fs::read(plain).expect("it is read")
}

fn says(bytes: &[u8], word: &str) -> bool {
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    has(word.as_bytes()) || has(&wide)
}

/// Every page as poppler draws it.
fn pages(file: &Path) -> Vec<Vec<u8>> {
    let drawn = tempfile::tempdir().expect("a directory for pages");
    run(Command::new("pdftoppm").args(["-r", "100"]).arg(file).arg(drawn.path().join("page")));
    let mut names: Vec<_> = drawn.path().read_dir().expect("it is listed").flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    assert!(!names.is_empty(), "nothing was drawn");
    names.iter().map(|name| std::fs::read(name.path()).expect("it is read")).collect()
}
