//! I.c: contacts are kept apart from the phone's address book, in one of the person's own that the server cannot read.

use std::time::Duration;

use serde_json::json;
use testkit::{
    Screen, Server, Settings,
    search::{Found, Needle, search},
};

use crate::app::{Person, dist, hospital, id, member_of};
use crate::j_1_clinicians_chat::{JONAS, PASSWORD};

const NAME: &str = "Aortenklappe-Kontakt-8301";
const ROLE: &str = "Aortenklappe-Funktion-8302";
const NUMBER: &str = "0511 830383038303";
const MAIL: &str = "aortenklappe-8304@klinik.example";
const NOTE: &str = "Aortenklappe-Notiz-8305";
const RENAMED: &str = "Aortenklappe-Umbenannt-8306";
const DELETED: &str = "Aortenklappe-Verworfen-8307";
const MARKERS: [&str; 7] = [NAME, ROLE, NUMBER, MAIL, NOTE, RENAMED, DELETED];

/// A phone's address book that an app may ask for, and whether one has.
const ADDRESS_BOOK: &str = "navigator.contacts = {
        getProperties: () => { window.askedForContacts = true; return Promise.resolve(['name', 'tel']); },
        select: () => { window.askedForContacts = true; return Promise.resolve([]); },
    };";

/// Goes to the address book, on a phone and at a desk.
pub fn to_contacts(person: &Person) {
    person.to_list();
    let visible = "return document.querySelector(arguments[0])?.offsetParent !== null";
    let is_phone = person.browser.script(visible, &json!([id("tab-people")])) == true;
    person.browser.click(&id(if is_phone { "tab-people" } else { "rail-people" }));
    person.browser.click(&id("to-contacts"));
    person.browser.find(&id("contacts"));
}

/// Waits until exactly these stand in the book, in this order.
#[track_caller]
pub fn sees_contacts(person: &Person, names: &[&str]) {
    let css = format!("{} .name", id("contact-row"));
    let mut last = Vec::new();
    person.browser.wait_for(&format!("the contacts {names:?}"), || {
        last = person.browser.texts(&css);
        (last == names).then_some(())
    });
}

pub fn opens(person: &Person, name: &str) {
    person.browser.wait_text(&id("contact-row"), name);
    person.click_with_text(&id("contact-row"), name);
    person.browser.find(&id("contact-details"));
}

fn closes(person: &Person) {
    person.browser.click(&id("sheet-close"));
    person.browser.gone(&id("contact-details"));
}

pub fn writes(person: &Person, name: &str) {
    person.browser.click(&id("contact-new"));
    person.browser.type_into(&id("contact-name"), name);
    person.browser.click(&id("contact-save"));
    person.browser.find(&id("contact-details"));
    closes(person);
}

/// Another device of the same person, confirmed by the recovery key.
fn second_device(server: &Server, (user, password): &(String, String), key: &str) -> Person {
    let second = Person::logged_in(&server.url(), user, password, Screen::Desktop);
    second.browser.click(&id("recovery-start"));
    second.browser.type_into(&id("recovery-input"), key);
    second.browser.click(&id("recovery-submit"));
    second.browser.gone(&id("recovery-input"));
    second
}

/// A change has left this device once nothing of it waits any more.
fn is_out(server: &Server, account: &(String, String), drawers: usize) {
    let login = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": account.0 },
        "password": account.1,
    });
    let api = server.api();
    let answer = api.post("/_matrix/client/v3/login", &login).ok();
    let plain = api.with_token(answer["access_token"].as_str().expect("a token"));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let sync = plain.get("/_matrix/client/v3/sync?timeout=0").ok();
        let events = sync["account_data"]["events"].as_array().expect("account data").clone();
        let kinds = events.iter().filter_map(|event| event["type"].as_str());
        let n = kinds.filter(|kind| kind.starts_with("de.konsil.contacts.")).count();
        if n >= drawers {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{n} of {drawers} drawers are at the server");
        std::thread::sleep(Duration::from_millis(300));
    }
    plain.post("/_matrix/client/v3/logout", &json!({})).ok();
}

fn on_server(server: &Server, needles: &[Needle]) -> Vec<Found> {
    // The log is written by another process.
    std::thread::sleep(Duration::from_millis(200));
    assert!(!server.log().is_empty(), "the log says something");
    [search(&server.data_dir(), needles), search(&server.log_file(), needles)].concat()
}

fn needles() -> Vec<Needle> {
    MARKERS.iter().map(|marker| Needle::text(marker)).collect()
}

fn lines(found: &[Found]) -> String {
    found.iter().map(|found| format!("  {found}\n")).collect()
}

#[test]
fn the_book_is_on_the_persons_devices_and_in_no_file_in_clear() {
    let mut server = hospital("lock.hidden_seconds = 600");
    let account = member_of(&server, "anna");
    let mut phone = Person::at(&server.url(), "phone", Screen::Phone);
    let early = json!({ "source": ADDRESS_BOOK });
    phone.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &early);
    phone.browser.reload();
    phone.log_in(&account.0, &account.1);
    let key = phone.keep_recovery_key();
    to_contacts(&phone);
    phone.browser.find(&id("contacts-none"));
    phone.check("contacts-none");

    phone.browser.click(&id("contact-new"));
    phone.browser.click(&id("contact-save"));
    phone.browser.wait_text(&id("contact-problem"), "einen Namen oder eine Nummer");
    for (field, text) in [
        ("contact-name", NAME),
        ("contact-role", ROLE),
        ("contact-number-text", NUMBER),
        ("contact-mail-text", MAIL),
        ("contact-note", NOTE),
        ("contact-address", "anna"),
    ] {
        phone.browser.type_into(&id(field), text);
    }
    phone.browser.click(&id("contact-save"));
    phone.browser.wait_text(&id("contact-problem"), "Konsil-Adresse gibt es so nicht");
    phone.check("contact-form");
    phone.browser.replace_text(&id("contact-address"), "@petra.holm:andere-klinik.example");
    phone.browser.click(&id("contact-save"));
    phone.browser.find(&id("contact-details"));
    phone.browser.wait_text(&id("contact-shown-note"), NOTE);
    let call = phone.browser.attribute(&id("contact-phone"), "href");
    assert_eq!(call.as_deref(), Some("tel:0511830383038303"));
    phone.check("contact-details");
    closes(&phone);
    writes(&phone, "Dr. Xaver Zander");
    writes(&phone, DELETED);
    sees_contacts(&phone, &[NAME, DELETED, "Dr. Xaver Zander"]);
    // Favourites stand on top; a search finds by number and place.
    opens(&phone, "Zander");
    phone.browser.click(&id("contact-favour"));
    phone.browser.find("[data-testid=contact-favour][aria-pressed=true]");
    closes(&phone);
    sees_contacts(&phone, &["Dr. Xaver Zander", NAME, DELETED]);
    phone.check("contacts");
    phone.browser.type_into(&id("contacts-search"), "8303");
    sees_contacts(&phone, &[NAME]);
    phone.browser.replace_text(&id("contacts-search"), "Niemand");
    phone.browser.find(&id("contacts-no-hit"));
    phone.check("contacts-no-hit");
    phone.browser.click(&format!("{} .search button", id("contacts")));
    sees_contacts(&phone, &["Dr. Xaver Zander", NAME, DELETED]);

    // The person's other device has the same book; what is changed and deleted there is so here.
    let mut desk = second_device(&server, &account, &key);
    to_contacts(&desk);
    sees_contacts(&desk, &["Dr. Xaver Zander", NAME, DELETED]);
    desk.check("contacts-desk");
    opens(&desk, NAME);
    desk.browser.wait_text(&id("contact-shown-note"), NOTE);
    desk.check("contact-details-desk");
    desk.browser.click(&id("contact-edit"));
    desk.check("contact-form-desk");
    desk.browser.replace_text(&id("contact-name"), RENAMED);
    desk.browser.click(&id("contact-save"));
    desk.browser.find(&id("contact-details"));
    closes(&desk);
    opens(&desk, DELETED);
    desk.browser.click(&id("contact-delete"));
    desk.browser.wait_text(&id("question"), "Ein Chat mit der Person bleibt");
    desk.browser.click(&id("question-answer"));
    sees_contacts(&phone, &["Dr. Xaver Zander", RENAMED]);
    phone.reload();
    to_contacts(&phone);
    sees_contacts(&phone, &["Dr. Xaver Zander", RENAMED]);

    let asked = phone.browser.script("return window.askedForContacts === true", &json!([]));
    assert_eq!(asked, false, "the phone's address book was asked for");
    is_out(&server, &account, 1);
    let mut found = on_server(&server, &needles());
    let consoles = [phone.browser.console(), desk.browser.console()].concat().join("\n");
    phone.browser.close();
    desk.browser.close();
    server.stop();
    found.extend(on_server(&server, &needles()));
    found.extend(search(&phone.browser.profile_dir(), &needles()));
    found.extend(search(&desk.browser.profile_dir(), &needles()));
    assert!(found.is_empty(), "found in clear:\n{}", lines(&found));
    for marker in MARKERS {
        assert!(!consoles.contains(marker), "{marker} stands in the browser's console");
    }
}

#[test]
fn the_same_search_finds_a_book_that_is_kept_in_clear() {
    let mut server = Server::with(&Settings { web: Some(dist()), ..Settings::default() });
    let anna = server.user("anna");
    let book = json!({ "contacts": MARKERS });
    let path = format!(
        "/_matrix/client/v3/user/{}/account_data/de.konsil.contacts.0",
        testkit::matrix::escape(&anna.id)
    );
    anna.put(&path, &book).ok();
    server.stop();
    let found = on_server(&server, &needles());
    for marker in MARKERS {
        let is_found = found.iter().any(|found| found.needle == marker);
        assert!(is_found, "{marker} is not found:\n{}", lines(&found));
    }
}

#[test]
fn the_book_is_there_without_the_server_and_what_is_written_goes_out_later() {
    let mut server = hospital("lock.hidden_seconds = 600");
    let account = member_of(&server, "anna");
    let phone = Person::logged_in(&server.url(), &account.0, &account.1, Screen::Phone);
    let key = phone.keep_recovery_key();
    to_contacts(&phone);
    writes(&phone, "Dr. Petra Holm");
    is_out(&server, &account, 1);
    server.stop();
    phone.browser.find(&id("offline-banner"));
    sees_contacts(&phone, &["Dr. Petra Holm"]);
    writes(&phone, "Bernd Offline");
    phone.browser.wait_text(&id("contacts-notes"), "sobald Netz da ist");
    phone.check("contacts-offline");
    sees_contacts(&phone, &["Dr. Petra Holm", "Bernd Offline"]);
    server.resume();
    phone.browser.gone(&id("offline-banner"));
    let desk = second_device(&server, &account, &key);
    to_contacts(&desk);
    sees_contacts(&desk, &["Dr. Petra Holm", "Bernd Offline"]);
    // All at once are deleted on both.
    desk.browser.click(&id("contacts-delete-all"));
    desk.browser.wait_text(&id("question"), "von allen Ihren Geräten");
    desk.browser.click(&id("question-answer"));
    desk.browser.find(&id("contacts-none"));
    phone.browser.find(&id("contacts-none"));
}

#[test]
fn what_two_devices_write_at_once_is_all_there_and_the_person_chooses() {
    let mut server = hospital("lock.hidden_seconds = 600");
    let account = member_of(&server, "anna");
    let phone = Person::logged_in(&server.url(), &account.0, &account.1, Screen::Phone);
    let key = phone.keep_recovery_key();
    to_contacts(&phone);
    writes(&phone, "Dr. Petra Holm");
    let desk = second_device(&server, &account, &key);
    to_contacts(&desk);
    sees_contacts(&desk, &["Dr. Petra Holm"]);
    server.stop();
    for (person, note) in [(&phone, "Vom Telefon"), (&desk, "Vom Rechner")] {
        person.browser.find(&id("offline-banner"));
        opens(person, "Holm");
        person.browser.click(&id("contact-edit"));
        person.browser.type_into(&id("contact-note"), note);
        person.browser.click(&id("contact-save"));
        person.browser.wait_text(&id("contact-shown-note"), note);
    }
    server.resume();
    for person in [&phone, &desk] {
        person.browser.wait_text(&id("contact-also"), "gleichzeitig etwas anderes");
    }
    phone.check("contact-also");
    desk.check("contact-also-desk");
    let both =
        [phone.browser.text(&id("contact-also")), phone.browser.text(&id("contact-shown-note"))];
    let both = both.join(" ");
    assert!(both.contains("Vom Telefon") && both.contains("Vom Rechner"), "{both}");
    let other = desk.browser.text(&id("contact-also"));
    let other = if other.contains("Vom Telefon") { "Vom Telefon" } else { "Vom Rechner" };
    desk.browser.click(&id("contact-also-take"));
    for person in [&desk, &phone] {
        person.browser.gone(&id("contact-also"));
        person.browser.wait_text(&id("contact-shown-note"), other);
    }
}

#[test]
fn what_a_contact_is_called_never_stands_over_a_chat() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Guten Morgen");
    to_contacts(&anna);
    anna.browser.click(&id("contact-new"));
    anna.browser.type_into(&id("contact-name"), "Prof. Falk Falschmann");
    anna.browser.type_into(&id("contact-role"), "Chefarzt");
    let address = "@jonas:klinikum-musterstadt.example";
    anna.browser.type_into(&id("contact-address"), address);
    anna.browser.click(&id("contact-save"));
    anna.browser.find(&id("contact-details"));
    anna.browser.wait_text(&id("contact-vouched"), "Jonas Weber · Pfleger · Notaufnahme");
    anna.browser.wait_text(&id("contact-vouched"), "Im Chat gilt der Name der Klinik");
    anna.check("contact-other-name");
    anna.browser.click(&id("contact-message"));
    anna.browser.gone(&id("contact-details"));
    anna.browser.wait_text(&id("chat-title"), JONAS);
    anna.browser.wait_text(&id("recipient-line"), JONAS);
    anna.browser.click(&id("rail-chats"));
    anna.browser.wait_text(&id("room-row"), JONAS);
    let page = anna.browser.script("return document.body.innerText", &json!([]));
    let page = page.as_str().expect("a page");
    assert!(!page.contains("Falschmann") && !page.contains("Chefarzt"), "{page}");
}
