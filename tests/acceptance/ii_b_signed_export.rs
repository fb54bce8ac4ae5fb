//! II.b: a chat is exported with a signature, and `konsil verify` names whatever was changed afterwards.

use std::{path::Path, process::Command};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use testkit::{Screen, server::binary};

use crate::app::{Person, hospital, id, member_of};

/// Whether `konsil verify` accepts a file, and what it says.
fn verified(file: &Path, more: &[&str]) -> (bool, String) {
    let output = Command::new(binary()).arg("verify").arg(file).args(more).output();
    let output = output.expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Whether a changed copy is refused, with these words.
fn is_refused(export: &Value, file: &Path, words: &str, change: impl FnOnce(&mut Value)) {
    let mut changed = export.clone();
    change(&mut changed);
    assert_ne!(changed, *export, "the control: something was changed");
    std::fs::write(file, changed.to_string()).expect("it is written");
    let (accepted, said) = verified(file, &[]);
    assert!(!accepted && said.contains(words), "instead of «{words}»: {said}");
}

fn entries(export: &mut Value) -> &mut Vec<Value> {
    export["entries"].as_array_mut().expect("entries")
}

#[test]
fn a_chat_is_exported_signed_and_any_change_of_it_is_named() {
    let server = hospital("attachments.save_to_device = true");
    let (anna, jonas) = (member_of(&server, "anna"), member_of(&server, "jonas"));
    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Phone);
    let at_jonas = Person::logged_in(&server.url(), &jonas.0, &jonas.1, Screen::Desktop);
    let files = tempfile::tempdir().expect("a directory for files");
    let photo = files.path().join("Wunde.png");
    image::RgbImage::from_pixel(64, 64, image::Rgb([200, 30, 30])).save(&photo).expect("a photo");
    at_anna.write_to(&jonas.0, &jonas.0);
    at_anna.say("Ibuprofen 600 mg");
    at_jonas.open(&anna.0);
    at_jonas.sees("Ibuprofen 600 mg");
    at_jonas.say("Danke, gegeben");
    at_anna.sees("Danke, gegeben");
    at_anna.send_photo(&photo, "Die Wunde heute");
    at_jonas.sees("Die Wunde heute");
    at_anna.say("Versehentlich");
    at_jonas.sees("Versehentlich");
    at_anna.delete("Versehentlich", true);
    at_jonas.gone("Versehentlich");

    for person in [&at_anna, &at_jonas] {
        let downloads = tempfile::tempdir().expect("a folder");
        let allow = json!({ "behavior": "allow", "downloadPath": downloads.path() });
        person.browser.cdp("Browser.setDownloadBehavior", &allow);
        // Prints onto a page that stays, so that it can be looked at.
        person.browser.script(
            "window.showSaveFilePicker = undefined;
             window.print = () => {
                 const kept = document.querySelector('.print-only').cloneNode(true);
                 kept.id = 'kept';
                 document.body.append(kept);
             };",
            &json!([]),
        );
        person.browser.click(&id("open-details"));
        person.browser.click(&id("export-open"));
        person.browser.find(&id("export-save"));
        person.look("export");
        person.check("export");
        person.browser.click(&id("export-save"));
        person.browser.find(&id("export-done"));
        let file = downloads.path().join("Konsil-Gespraech.json");
        person.browser.wait_for("the download", || file.exists().then_some(()));
        let (accepted, said) = verified(&file, &[]);
        assert!(accepted, "{said}");
        let text = std::fs::read_to_string(&file).expect("it is text");
        assert!(text.contains("Ibuprofen 600 mg") && text.contains("Die Wunde heute"));
        assert!(!text.contains("Versehentlich"), "what was deleted is deleted");
        assert!(!text.contains("\"k\":"), "no key of an attachment");

        // On paper, as a PDF.
        person.browser.click(&id("export-print"));
        person.browser.wait_for("the printed page", || {
            (person.browser.script("return document.getElementById('kept') !== null", &json!([]))
                == true)
                .then_some(())
        });
        let pdf = person
            .browser
            .cdp("Page.printToPDF", &json!({ "paperWidth": 8.27, "paperHeight": 11.69 }));
        let pdf = BASE64_STANDARD.decode(pdf["data"].as_str().expect("base64")).expect("base64");
        let printed = downloads.path().join("printed.pdf");
        std::fs::write(&printed, pdf).expect("it is written");
        let read = Command::new("pdftotext").arg("-layout").arg(&printed).arg("-").output();
        let read = String::from_utf8_lossy(&read.expect("pdftotext runs").stdout).into_owned();
        let export: Value = serde_json::from_str(&text).expect("JSON");
        let last = export["seal"]["last"].as_str().expect("a hash");
        let on_one_line = read.split_whitespace().collect::<String>();
        for words in ["Ibuprofen600mg", "Danke,gegeben", "[gelöscht]", last] {
            assert!(on_one_line.contains(words), "{words} is not on the paper: {read}");
        }
        assert!(!read.contains("Gespräch exportieren"), "nothing of the app");
        person.browser.click(&id("sheet-close"));

        // Whose it is.
        let signer = export["header"]["exported_by"].as_str().expect("a user");
        let master = export["signer"]["master_key"]["keys"].as_object().expect("keys");
        let master = master.values().next().and_then(Value::as_str).expect("a key");
        let (accepted, said) = verified(&file, &["--signer", signer, "--master-key", master]);
        assert!(accepted && said.contains(signer), "{said}");
        let (accepted, said) = verified(&file, &["--signer", "@murat:klinikum.example"]);
        assert!(!accepted && said.contains("another signer"), "{said}");
        let (accepted, said) = verified(&file, &["--master-key", &"A".repeat(43)]);
        assert!(!accepted && said.contains("another signer"), "{said}");

        let changed = downloads.path().join("changed.json");
        let at = entries(&mut export.clone())
            .iter()
            .position(|entry| entry["content"]["body"] == "Ibuprofen 600 mg")
            .expect("the message is in it");
        let number = at + 1;
        is_refused(&export, &changed, &format!("entry {number} was altered"), |export| {
            entries(export)[at]["content"]["body"] = "Ibuprofen 800 mg".into();
        });
        is_refused(&export, &changed, &format!("entry {number} was altered"), |export| {
            entries(export)[at]["sender"] = "@murat:klinikum.example".into();
        });
        is_refused(&export, &changed, &format!("entry {number} was dropped"), |export| {
            entries(export).remove(at);
        });
        is_refused(&export, &changed, &format!("entry {number} is not in its place"), |export| {
            entries(export).swap(at, at + 1);
        });
        is_refused(&export, &changed, "the end was cut off", |export| {
            entries(export).pop();
        });
        is_refused(&export, &changed, "the header was altered", |export| {
            export["header"]["title"] = "Ein anderes Gespräch".into();
        });
        // Whoever makes the chain fit again has no signature for it.
        is_refused(&export, &changed, "the seal is not signed by the device", |export| {
            entries(export).pop();
            let last = entries(export).last().expect("another one").clone();
            let next = export["entries"].as_array().expect("entries").len();
            export["seal"]["count"] = next.into();
            export["seal"]["last"] = sha256(&last).into();
        });
        // Nor do somebody else's keys help.
        is_refused(&export, &changed, "the signature does not hold", |export| {
            export["signer"]["master_key"]["user_id"] = "@murat:klinikum.example".into();
        });
        is_refused(&export, &changed, "is no signed export", |export| {
            export["note"] = "not covered by anything".into();
        });
    }
}

/// By the documented format alone; serde_json's maps are sorted, and nothing here has to be escaped otherwise.
fn sha256(entry: &Value) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(entry.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn where_the_hospital_does_not_allow_saving_nothing_is_exported() {
    let server = hospital("");
    let (anna, jonas) = (member_of(&server, "anna"), member_of(&server, "jonas"));
    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Desktop);
    at_anna.write_to(&jonas.0, &jonas.0);
    at_anna.browser.click(&id("open-details"));
    at_anna.browser.click(&id("export-open"));
    at_anna.browser.find(&id("export-not-allowed"));
    assert_eq!(at_anna.browser.texts(&id("export-save")).len(), 0);
    at_anna.look("export-not-allowed");
}
