//! I.g: room keys are taken over from a file, and given into one, in the format that Matrix clients exchange. The files are read and written by
//! `matrix-nio` of PyPI too.

use serde_json::{Value, json};
use testkit::{Screen, python};

use crate::app::{Person, hospital, id, member_of};

const OLD: &str = "Seit gestern Fieber";
const OURS: &str = "quer ueber den Hof bis zur Apotheke";
const THEIRS: &str = "am Abend durch den alten Park";

/// Reads the file with others' code and closes the keys with another passphrase, as another client would. Tells how many there are.
fn by_others(from: &std::path::Path, to: &std::path::Path) -> Value {
    python::run(
        r#"
import json, sys
from nio.crypto.key_export import decrypt_and_read, encrypt_and_save
given = json.load(sys.stdin)
text = decrypt_and_read(given["from"], given["ours"])
encrypt_and_save(text, given["to"], given["theirs"], 100_000)
keys = json.loads(text)
print(json.dumps({"count": len(keys), "algorithms": sorted({key["algorithm"] for key in keys})}))
"#,
        &json!({ "from": from, "to": to, "ours": OURS, "theirs": THEIRS }),
    )
}

fn open_settings(person: &Person, which: &str) {
    person.to_list();
    person.to_settings();
    person.browser.click(&id(which));
    person.browser.find(&id("keys-passphrase"));
}

fn tries(person: &Person, passphrase: &str) {
    person.browser.replace_text(&id("keys-passphrase"), passphrase);
    person.browser.click(&id("keys-take-submit"));
}

#[test]
fn what_another_client_could_read_is_readable_after_its_keys_are_loaded() {
    let server = hospital("attachments.save_to_device = true\nlock.hidden_seconds = 600");
    let (anna, password) = member_of(&server, "anna");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let files = tempfile::tempdir().expect("a folder");
    let at_anna = Person::logged_in(&server.url(), &anna, &password, Screen::Desktop);
    let at_jonas = Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Desktop);
    at_jonas.write_to(&anna, &anna);
    at_jonas.say(OLD);
    at_anna.open(&jonas);
    at_anna.sees(OLD);

    // Given into a file.
    let allow = json!({ "behavior": "allow", "downloadPath": files.path() });
    at_anna.browser.cdp("Browser.setDownloadBehavior", &allow);
    at_anna.browser.script("window.showSaveFilePicker = undefined", &json!([]));
    open_settings(&at_anna, "keys-give-open");
    at_anna.check("keys-give");
    at_anna.browser.type_into(&id("keys-passphrase"), "kurz");
    at_anna.browser.click(&id("keys-give-submit"));
    at_anna.browser.wait_text(&id("keys-problem"), "mindestens 12 Zeichen");
    at_anna.browser.replace_text(&id("keys-passphrase"), OURS);
    at_anna.browser.click(&id("keys-give-submit"));
    at_anna.browser.find(&id("keys-done"));
    let ours = files.path().join("Konsil-Schluessel.txt");
    at_anna.browser.wait_for("the download", || ours.exists().then_some(()));
    let theirs = files.path().join("element-keys.txt");
    let read = by_others(&ours, &theirs);
    assert!(read["count"].as_u64() >= Some(1), "{read}");
    assert_eq!(read["algorithms"], json!(["m.megolm.v1.aes-sha2"]));

    // A device that nobody has confirmed cannot read what was written before it came.
    let phone = Person::at(&server.url(), "phone", Screen::Phone);
    phone.log_in(&anna, &password);
    phone.browser.click(&id("confirm-later"));
    phone.open(&jonas);
    phone.browser.wait_text(&id("log"), "Lesbar, sobald dieses Gerät bestätigt ist");
    open_settings(&phone, "keys-take-open");
    phone.check("keys-take");
    phone.browser.click(&id("keys-take-submit"));
    phone.browser.wait_text(&id("keys-problem"), "erst eine Datei wählen");
    let other = files.path().join("other.txt");
    std::fs::write(&other, "Dienstplan").expect("it is written");
    phone.browser.upload(&id("keys-file"), &other);
    tries(&phone, THEIRS);
    phone.browser.wait_text(&id("keys-problem"), "keine Schlüsseldatei");
    phone.browser.upload(&id("keys-file"), &theirs);
    tries(&phone, OURS);
    phone.browser.wait_text(&id("keys-problem"), "passt nicht zu dieser Datei");
    phone.look("keys-wrong");
    tries(&phone, THEIRS);
    phone.browser.wait_text(&id("keys-done"), &format!("von {} geladen", read["count"]));
    phone.look("keys-taken");
    tries(&phone, THEIRS);
    phone.browser.wait_text(&id("keys-done"), "nichts Neues");
    phone.browser.click(&id("sheet-close"));
    phone.browser.click(&id("tab-chats"));
    phone.open(&jonas);
    phone.sees(OLD);
}

#[test]
fn keys_are_given_into_a_file_only_where_the_hospital_allows_saving() {
    let server = hospital("lock.hidden_seconds = 600");
    let (anna, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &anna, &password, Screen::Phone);
    anna.to_settings();
    anna.browser.click(&id("keys-give-open"));
    anna.browser.find(&id("keys-not-allowed"));
    assert!(!anna.browser.has(&id("keys-give-submit")));
}
