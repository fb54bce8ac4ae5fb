//! I.l: a personal backup, which nothing but the person's recovery key opens, is taken over on an empty device; and after the hospital's server is
//! lost, on another one. The file is read by `age` of Debian too, which others have written.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{
    Screen, python,
    search::{Needle, search},
};

use crate::app::{Person, hospital, id, member_of};
use crate::i_c_own_contacts::{sees_contacts, to_contacts, writes};

const MESSAGE: &str = "Aortenbogen-Sicherung-8401";
const ANSWER: &str = "Trommelfell-Antwort-8402";
const CONTACT: &str = "Lindenbaum-8403";

/// Opens the file with age, and says what is in it.
fn by_age(file: &Path, key: &str) -> Value {
    python::run(
        r#"
import io, json, os, pty, sys, zipfile
given = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    os.execvp("age", ["age", "--decrypt", "--output", given["to"], given["file"]])
said = b""
while b"passphrase" not in said:
    said += os.read(terminal, 1000)
os.write(terminal, given["key"].encode() + b"\n")
try:
    while piece := os.read(terminal, 1000):
        said += piece
except OSError:
    pass
if os.waitpid(child, 0)[1] != 0:
    print(json.dumps({"refused": said.decode()}))
else:
    archive = zipfile.ZipFile(given["to"])
    assert archive.testzip() is None
    text = {name: archive.read(name).decode() for name in archive.namelist()}
    print(json.dumps({"names": sorted(text), "about": json.loads(text["backup.json"]), "all": "\n".join(text.values())}))
"#,
        &json!({ "file": file, "to": file.with_extension("zip"), "key": key }),
    )
}

fn open(person: &Person, which: &str) {
    person.to_list();
    person.to_settings();
    person.browser.click(&id(which));
}

fn tries(person: &Person, file: &Path, key: &str) {
    person.browser.upload(&id("backup-file"), file);
    person.browser.replace_text(&id("backup-key"), key);
    person.browser.click(&id("backup-open-submit"));
}

/// Takes over all but the chats.
fn takes(person: &Person) {
    person.browser.click(&id("backup-take-submit"));
    person.browser.wait_text(&id("backup-taken"), "Neu übernommen");
}

#[test]
fn everything_is_readable_again_on_an_empty_device_and_on_another_server_and_nothing_without_the_key()
 {
    let server = hospital("attachments.save_to_device = true\nlock.hidden_seconds = 600");
    let (anna, password) = member_of(&server, "anna");
    let (jonas, jonas_password) = member_of(&server, "jonas");
    let files = tempfile::tempdir().expect("a folder");
    let at_anna = Person::logged_in(&server.url(), &anna, &password, Screen::Desktop);
    let at_jonas = Person::logged_in(&server.url(), &jonas, &jonas_password, Screen::Phone);
    at_anna.write_to(&jonas, &jonas);
    at_anna.say(MESSAGE);
    at_jonas.open(&anna);
    at_jonas.sees(MESSAGE);
    at_jonas.say(ANSWER);
    at_anna.sees(ANSWER);
    to_contacts(&at_anna);
    writes(&at_anna, CONTACT);

    let allow = json!({ "behavior": "allow", "downloadPath": files.path() });
    at_anna.browser.cdp("Browser.setDownloadBehavior", &allow);
    at_anna.browser.script("window.showSaveFilePicker = undefined", &json!([]));
    at_anna.browser.click(&id("rail-chats"));
    open(&at_anna, "backup-make-open");
    at_anna.browser.click(&id("backup-show-key"));
    let key = at_anna.browser.wait_for("the recovery key", || {
        at_anna.browser.texts(&id("recovery-key")).first().filter(|key| !key.is_empty()).cloned()
    });
    at_anna.browser.click(&id("recovery-saved"));
    at_anna.browser.find(&id("backup-make-submit"));
    at_anna.check("backup-make");
    at_anna.browser.click(&id("backup-make-submit"));
    at_anna.browser.wait_text(&id("backup-progress"), "Gesichert: 1 Chat, 1 Kontakt, 0 Verteiler.");
    at_anna.look("backup-made");
    let file = at_anna.browser.wait_for("the download", || {
        let there = files.path().read_dir().expect("it is there").flatten().map(|it| it.path());
        there.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "age"))
    });
    let needles = [MESSAGE, ANSWER, CONTACT].map(Needle::text);
    assert!(search(files.path(), &needles).is_empty(), "nothing is there in clear");

    // By others' code, with the key as it stands on paper but for its blanks; and with none other.
    let bare: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    let opened = by_age(&file, &bare);
    assert_eq!(opened["about"]["user_id"], json!(format!("@{anna}:klinikum.test")), "{opened}");
    let names = ["backup.json", "chats/1.json", "contacts.json", "lists.json", "room-keys.json"];
    assert_eq!(opened["names"], json!(names));
    let all = opened["all"].as_str().expect("text");
    assert!([MESSAGE, ANSWER, CONTACT].iter().all(|needle| all.contains(needle)));
    std::fs::remove_file(file.with_extension("zip")).expect("age has written it");
    let wrong = bare.replace(&bare[..4], &bare.chars().rev().take(4).collect::<String>());
    assert!(by_age(&file, &wrong)["refused"].is_string());

    // An empty device that nobody has confirmed.
    let phone = Person::at(&server.url(), "phone", Screen::Phone);
    phone.log_in(&anna, &password);
    phone.browser.click(&id("confirm-later"));
    phone.open(&jonas);
    phone.browser.wait_text(&id("log"), "Lesbar, sobald dieses Gerät bestätigt ist");
    open(&phone, "backup-take-open");
    phone.check("backup-take");
    phone.browser.click(&id("backup-open-submit"));
    phone.browser.wait_text(&id("backup-problem"), "Wählen Sie zuerst die Datei");
    let other = files.path().join("other.age");
    std::fs::write(&other, "Dienstplan").expect("it is written");
    tries(&phone, &other, &key);
    phone.browser.wait_text(&id("backup-problem"), "keine Sicherung aus Konsil");
    tries(&phone, &file, &wrong);
    phone
        .browser
        .wait_text(&id("backup-problem"), "Mit diesem Schlüssel öffnet sich die Datei nicht");
    phone.look("backup-wrong-key");
    let mut cut = std::fs::read(&file).expect("it is there");
    cut.pop();
    std::fs::write(&other, cut).expect("it is written");
    tries(&phone, &other, &key);
    phone.browser.wait_text(&id("backup-problem"), "beschädigt");
    tries(&phone, &file, &key);
    phone.browser.wait_text(&id("backup-holds"), "1 Chat, 1 Kontakt, 0 Verteiler");
    phone.browser.wait_text(&id("backup-of"), &anna);
    phone.browser.wait_text(&id("backup-chat"), "Ist in Ihrer Liste");
    takes(&phone);
    phone.browser.wait_text(&id("backup-taken"), "Bestätigen Sie erst dieses Gerät");
    phone.check("backup-taken");
    phone.browser.click(&id("sheet-close"));
    phone.browser.click(&id("tab-chats"));
    phone.open(&jonas);
    phone.sees(MESSAGE);
    phone.sees(ANSWER);

    // The hospital's server is lost: another one, a new account.
    let elsewhere = hospital("lock.hidden_seconds = 600");
    let (new, new_password) = member_of(&elsewhere, "anna");
    let desk = Person::logged_in(&elsewhere.url(), &new, &new_password, Screen::Desktop);
    open(&desk, "backup-take-open");
    tries(&desk, &file, &key);
    desk.browser.wait_text(&id("backup-holds"), "1 Chat, 1 Kontakt, 0 Verteiler");
    takes(&desk);
    desk.browser.wait_text(&id("backup-taken"), "1 Kontakt, 0 Verteiler");
    desk.look("backup-elsewhere");
    desk.browser.click(&id("backup-chat-take"));
    desk.browser.wait_text(&id("chat-import-count"), "2 Nachrichten");
    desk.browser.click(&id("chat-import-begin"));
    desk.browser.find(&id("composer"));
    desk.sees(MESSAGE);
    desk.sees(ANSWER);
    to_contacts(&desk);
    sees_contacts(&desk, &[CONTACT]);
}

#[test]
fn a_backup_is_made_only_where_the_hospital_allows_saving() {
    let server = hospital("lock.hidden_seconds = 600");
    let (anna, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &anna, &password, Screen::Phone);
    anna.to_settings();
    anna.browser.click(&id("backup-make-open"));
    anna.browser.find(&id("backup-not-allowed"));
    anna.check("backup-not-allowed");
    assert!(!anna.browser.has(&id("backup-make-submit")));
}
