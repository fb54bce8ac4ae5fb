//! M.4: what had to stay in a PDF is said before it is sent, and comes with it, within the encrypted message.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::json;
use testkit::search::{Needle, search};
use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::i_n_documents::{keep_opened, letter, path, pdf_tool, qpdf, received};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

#[test]
fn what_cannot_be_cleaned_is_named_before_it_is_sent_and_to_whom_it_is_sent() {
    let mut server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let directory = files.path();
    let plain = letter(directory, "Brief.pdf");
    let made = |name: &str, arguments: &[&str]| {
        let file = directory.join(name);
        qpdf(&[arguments, &[path(&plain), path(&file)]].concat());
        file
    };
    let signed = directory.join("Unterschrieben.pdf");
    pdf_tool("sign", directory, &plain, Some(&signed));
    let locked = made("Passwort.pdf", &["--encrypt", "offen", "eigen", "256", "--"]);
    let closed = made("Nur lesen.pdf", &["--encrypt", "", "eigen", "256", "--modify=none", "--"]);
    let values = directory.join("Laborwerte.xml");
    std::fs::write(&values, "<werte>Hb 13,2</werte>").expect("it is written");
    let attached = made("Anlage.pdf", &["--add-attachment", path(&values), "--"]);
    let broken = directory.join("Kaputt.pdf");
    let half = std::fs::read(&plain).expect("it is read");
    std::fs::write(&broken, &half[..half.len() / 2]).expect("it is written");

    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_opened(&jonas);

    let unchanged: [(&Path, &[&str], &[&str]); 4] = [
        (
            &signed,
            &["Unterschrieben", "unverändert", "Bleibt darin: ", "Verfasser, Titel"],
            &["damit die Unterschrift gültig bleibt", "Bleibt darin: ", "Verfasser, Titel"],
        ),
        (&locked, &["Passwort", "etwa Verfasser"], &["weil die Datei geschützt ist"]),
        (
            &closed,
            &["gegen Änderungen geschützt", "Bleibt darin: ", "Verfasser, Titel"],
            &["weil die Datei geschützt ist", "Verfasser, Titel"],
        ),
        (&broken, &["Nicht zu lesen", "etwa Verfasser"], &["nicht zu lesen war"]),
    ];
    for (file, before, after) in unchanged {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        let caption = format!("Als {name}");
        anna.browser.upload(&id("document-input"), file);
        for words in before {
            anna.browser.wait_text(&id("outbox-notes"), words);
        }
        anna.check("document-notes");
        anna.send_attachment(&caption);
        let received = received(&jonas, &caption, directory);
        let same = std::fs::read(&received).ok() == std::fs::read(file).ok();
        assert!(same, "{name} is not what was sent");
        if name == "Unterschrieben.pdf" {
            assert_eq!(pdf_tool("check", directory, &received, None), "valid");
        }
        jonas.act(&caption, "action-details");
        for words in after {
            jonas.browser.wait_text(&id("removal-report"), words);
        }
        let report = jonas.browser.text(&id("removal-report"));
        assert!(!report.contains("Entfernt"), "nothing was: {report}");
        jonas.look("document-kept");
        jonas.browser.click(&id("sheet-close"));
    }

    // What is attached to a document goes along, and is named first.
    anna.browser.upload(&id("document-input"), &attached);
    anna.browser.wait_text(&id("outbox-notes"), "gehen unverändert mit: Laborwerte.xml");
    anna.browser.wait_text(&id("outbox-removed"), "Verfasser, Titel");
    anna.send_attachment("Mit Anlage");
    let received = received(&jonas, "Mit Anlage", directory);
    let values = qpdf(&["--show-attachment=Laborwerte.xml", path(&received)]);
    assert_eq!(values.stdout, b"<werte>Hb 13,2</werte>");
    jonas.browser.click(&id("back"));
    jonas.browser.click(&id("tab-settings"));
    jonas.browser.click(&id("language-en"));
    jonas.browser.click(&id("tab-chats"));
    jonas.open(ANNA);
    jonas.act("Mit Anlage", "action-details");
    jonas.browser.wait_text(&id("removal-report"), "1 attached file went along unchanged");
    jonas.browser.wait_text(&id("removal-report"), "author, title, program and times");
    jonas.browser.click(&id("sheet-close"));
    anna.sees_state("Mit Anlage", "delivered");

    server.stop();
    let words = ["de.konsil.removal_report", "document_info", "Laborwerte.xml"].map(Needle::text);
    let found = search(&server.data_dir(), &words);
    assert!(found.is_empty(), "the report stands in clear on the server");
}

#[test]
fn a_large_pdf_does_not_hold_the_app_up_and_can_be_given_up() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);

    // Beyond what is cleaned: said at once.
    let huge = files.path().join("Riesig.pdf");
    std::fs::copy(of_many_parts(files.path(), 1), &huge).expect("it is copied");
    let file = File::options().append(true).open(&huge).expect("it opens");
    file.set_len(64_000_001).expect("it grows");
    anna.browser.upload(&id("document-input"), &huge);
    anna.browser.wait_text(&id("outbox-notes"), "Größer als 64 MB");
    anna.look("document-too-large");
    anna.browser.click(&id("outbox-discard"));
    anna.browser.gone(&id("outbox"));

    // Under way: it says so, nothing can be sent yet, the page answers, and closing gives it up.
    let long = of_many_parts(files.path(), 40_000);
    anna.browser.upload(&id("document-input"), &long);
    anna.browser.wait_text(&id("outbox-preparing"), "PDF wird vorbereitet");
    let is_held = format!("return document.querySelector('{}').disabled", id("outbox-send"));
    assert_eq!(anna.browser.script(&is_held, &json!([])), true);
    anna.look("document-preparing");
    anna.browser.click(&id("outbox-discard"));
    anna.browser.gone(&id("outbox"));
    anna.say("Es geht weiter");
    jonas.sees("Es geht weiter");
    assert!(!jonas.browser.has(&id("file")), "nothing of it was sent");

    // Waited for, it goes out, piece by piece, with its report.
    anna.send_document(&long, "Die ganze Akte");
    jonas.sees("Die ganze Akte");
    jonas.act("Die ganze Akte", "action-details");
    jonas.browser.wait_text(&id("removal-report"), "Verfasser, Titel");
}

/// A PDF of one page that says its author, with so many parts that the page uses.
fn of_many_parts(directory: &Path, parts: usize) -> PathBuf {
    let drawing = "0.8 0.1 0.1 rg 100 400 300 200 re f";
    let uses: String = (0..parts).map(|part| format!("{} 0 R ", part + 6)).collect();
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R/Uses[{uses}]>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len()),
        "<</Author(Anna Meyer)>>".to_owned(),
    ];
    objects.extend(
        (0..parts).map(|part| format!("<</Part {part}/Of[1 2 3]/Named({})>>", "Teil ".repeat(60))),
    );
    let mut file = String::from("%PDF-1.7\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let (size, end) = (objects.len() + 1, file.len());
    let trailer =
        format!("trailer<</Size {size}/Root 1 0 R/Info 5 0 R>>\nstartxref\n{end}\n%%EOF\n");
    let path = directory.join("Akte.pdf");
    std::fs::write(&path, file + &table + &trailer).expect("it is written");
    path
}
