//! I.d: contacts are taken over from the members of a chat, the hospital's directory, vCard, CSV and QR codes. Each source shows first
//! what is new, and nothing is taken before one agrees. (LDAP and FHIR are still missing.)
//!
//! The files are written here, in the manner of what phones and Excel export; none is of real people.

use std::path::Path;

use image::{DynamicImage, Rgb, RgbImage, imageops};
use serde_json::json;
use testkit::{Browser, Screen, Server};

use crate::app::{Person, dist, hospital, id, member_of};
use crate::i_c_own_contacts::{opens, sees_contacts, to_contacts};
use crate::j_1_clinicians_chat::{ANNA, JONAS, MURAT, PASSWORD};

fn begins(person: &Person) {
    person.browser.click(&id("import-open"));
    person.browser.find(&id("import"));
}

/// Waits for the preview and what it counts.
fn previews(person: &Person, summary: &str) {
    person.browser.wait_text(&id("import-summary"), summary);
}

fn agrees(person: &Person, words: &str) {
    person.browser.wait_text(&id("import-take"), words);
    person.browser.click(&id("import-take"));
    person.browser.gone(&id("import"));
}

fn is_empty(person: &Person) {
    person.browser.click(&id("pane-back"));
    person.browser.find(&id("import-group"));
    person.browser.click(&id("pane-back"));
    person.browser.find(&id("contacts-none"));
}

#[test]
fn from_the_members_of_a_chat() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    anna.make_group("Stroke-Team", &[("Weber", JONAS), ("Murat", MURAT)]);
    to_contacts(&anna);
    begins(&anna);
    anna.check("import-sources");
    anna.browser.click(&id("import-group"));
    anna.browser.wait_text(&id("import-chat"), "Stroke-Team");
    anna.check("import-chats");
    anna.click_with_text(&id("import-chat"), "Stroke-Team");
    previews(&anna, "2 neu · 0 ergänzt · 0 schon da · 0 nicht lesbar");
    anna.browser.wait_text(&id("import-row"), JONAS);
    anna.browser.wait_text(&id("import-row"), "Pfleger · Notaufnahme");
    anna.check("import-preview");
    // Turning back takes nothing.
    is_empty(&anna);
    begins(&anna);
    anna.browser.click(&id("import-group"));
    anna.click_with_text(&id("import-chat"), "Stroke-Team");
    // Who is not wanted is left out.
    anna.browser.wait_text(&id("import-row"), MURAT);
    anna.click_with_text(&id("import-row"), MURAT);
    agrees(&anna, "1 Kontakt übernehmen");
    sees_contacts(&anna, &[JONAS]);
    begins(&anna);
    anna.browser.click(&id("import-group"));
    anna.click_with_text(&id("import-chat"), "Stroke-Team");
    previews(&anna, "1 neu · 0 ergänzt · 1 schon da · 0 nicht lesbar");
    anna.browser.wait_text(&id("import-there"), JONAS);
}

#[test]
fn from_the_hospitals_directory() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    to_contacts(&anna);
    begins(&anna);
    anna.check("import-sources-desk");
    anna.browser.click(&id("import-directory"));
    for (search, name) in [("Krüger", "Lena Krüger"), ("Okafor", "Dr. Samuel Okafor")] {
        anna.browser.replace_text(&id("directory-search"), search);
        anna.browser.wait_text(&id("directory-row"), name);
        anna.click_with_text(&id("directory-row"), name);
    }
    anna.check("import-directory");
    anna.browser.click(&id("import-continue"));
    previews(&anna, "2 neu");
    anna.check("import-preview-desk");
    agrees(&anna, "2 Kontakte übernehmen");
    sees_contacts(&anna, &["Lena Krüger", "Dr. Samuel Okafor"]);
    opens(&anna, "Krüger");
    let call = anna.browser.attribute(&id("contact-phone"), "href");
    assert_eq!(call.as_deref(), Some("tel:4330"));
    anna.browser.wait_text(&id("contact-details"), "aus dem Verzeichnis");
    // Who somebody is can be sent on: as the hospital says it.
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    anna.browser.click(&id("rail-chats"));
    anna.write_to("Weber", JONAS);
    anna.say("Moment");
    to_contacts(&anna);
    opens(&anna, "Krüger");
    anna.browser.click(&id("contact-share"));
    anna.click_with_text(&id("share-to"), JONAS);
    anna.browser.gone(&id("share-contact"));
    anna.browser.wait_text(&id("contact"), "Lena Krüger");
}

/// In the manner of a phone's export: version 3.0 with a folded line, 4.0, and one that cannot be read.
const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Holm;Petra;;Dr.;\r\nFN:Dr. Petra Holm\r\nTEL;TYPE=CELL:+49 170 8401\r\n\
    NOTE:Mittwochs im\r\n  Herzkatheter\r\nEND:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jörg Weiß\r\nORG:Klinikum Nord;Station 3\r\nTITLE:Pfleger\r\nTEL;VALUE=uri;TYPE=work:tel:4712\r\n\
    IMPP:matrix:u/joerg.weiss:nord.example\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:niemand\r\nEND:VCARD\r\n";

#[test]
fn from_a_business_card_file() {
    let server = hospital("");
    let (user, password) = member_of(&server, "anna");
    let files = tempfile::tempdir().expect("a directory for files");
    let cards = files.path().join("kontakte.vcf");
    std::fs::write(&cards, CARDS).expect("the file is written");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Phone);
    to_contacts(&anna);
    begins(&anna);
    anna.browser.upload(&id("import-vcard"), &cards);
    previews(&anna, "2 neu · 0 ergänzt · 0 schon da · 1 nicht lesbar");
    anna.browser.wait_text(&id("import-unread"), "Zeile 17: Weder Name noch Nummer");
    anna.check("import-vcard");
    is_empty(&anna);
    begins(&anna);
    anna.browser.upload(&id("import-vcard"), &cards);
    agrees(&anna, "2 Kontakte übernehmen");
    sees_contacts(&anna, &["Dr. Petra Holm", "Jörg Weiß"]);
    opens(&anna, "Petra");
    anna.browser.wait_text(&id("contact-shown-note"), "Mittwochs im Herzkatheter");
    anna.browser.wait_text(&id("contact-phone"), "+49 170 8401");
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    opens(&anna, "Jörg");
    anna.browser.wait_text(&id("contact-shown-address"), "@joerg.weiss:nord.example");
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    // A file that is something else is told of.
    let other = files.path().join("bild.vcf");
    std::fs::write(&other, [0xff, 0xd8, 0xff, 0xe0, 0, 1, 2, 3]).expect("the file is written");
    begins(&anna);
    anna.browser.upload(&id("import-vcard"), &other);
    anna.browser.find(&id("import-nothing"));
    anna.check("import-nothing");
}

/// In the manner of a ward's phone list from a German Excel.
const TABLE: &str = "Titel;Vorname;Nachname;Funktion;Station;Durchwahl;Handy;Zimmer\r\n\
    Dr.;Petra;Holm;Oberärztin;Kardiologie;8411;0170 8401;12\r\n;Jürgen;Groß;Pfleger;\"Station 3; Nord\";8412;;\r\n\
    ;Zoë;Öztürk;Ärztin;Ambulanz;8411;;\r\n;;;;;;;\r\n;Max;Zuviel;;;8413;;;noch eine\r\n";

#[test]
fn from_a_table() {
    let server = hospital("");
    let (user, password) = member_of(&server, "anna");
    let files = tempfile::tempdir().expect("a directory for files");
    // As Excel writes it: Windows-1252.
    let windows: Vec<u8> =
        TABLE.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
    let table = files.path().join("station.csv");
    std::fs::write(&table, windows).expect("the file is written");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    to_contacts(&anna);
    // Somebody of the list is known already, with the same mobile number.
    anna.browser.click(&id("contact-new"));
    anna.browser.type_into(&id("contact-name"), "Petra");
    anna.browser.type_into(&id("contact-number-text"), "+49 170 8401");
    anna.browser.click(&id("contact-save"));
    anna.browser.find(&id("contact-details"));
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    begins(&anna);
    anna.browser.upload(&id("import-csv"), &table);
    previews(&anna, "2 neu · 1 ergänzt · 0 schon da · 1 nicht lesbar");
    anna.browser.wait_text(&id("import-row"), "Ergänzt Petra");
    anna.browser.wait_text(&id("import-row"), "Neu, gleiche Nummer wie Petra");
    anna.browser.wait_text(&id("import-unread"), "Zeile 6: Mehr Spalten als Überschriften");
    anna.browser.wait_text(&id("import-left-out"), "nicht übernommen: Zimmer");
    anna.check("import-csv");
    agrees(&anna, "3 Kontakte übernehmen");
    sees_contacts(&anna, &["Jürgen Groß", "Zoë Öztürk", "Petra"]);
    opens(&anna, "Petra");
    anna.browser.wait_text(&id("contact-details"), "Oberärztin · Kardiologie");
    let numbers = anna.browser.texts(&id("contact-phone"));
    assert_eq!(numbers.len(), 2, "{numbers:?}");
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    // The second time there is nothing to take.
    begins(&anna);
    anna.browser.upload(&id("import-csv"), &table);
    previews(&anna, "0 neu · 0 ergänzt · 3 schon da · 1 nicht lesbar");
    assert!(anna.browser.has(&format!("{}[disabled]", id("import-take"))));
}

/// What a camera sees of a code on somebody's screen, from about a hand's breadth.
fn photograph(screen: &Person, css: &str, file: &Path) {
    screen.stands_still();
    let rect = "const it = document.querySelector(arguments[0]).getBoundingClientRect();
        return [it.left, it.top, it.width, it.height].map(Math.round)";
    let rect = screen.browser.script(rect, &json!([css]));
    let at = |nth: usize| rect[nth].as_u64().and_then(|px| u32::try_from(px).ok()).expect("a size");
    let picture = file.with_extension("png");
    screen.browser.screenshot(&picture);
    let code = image::open(&picture).expect("a picture").crop_imm(at(0), at(1), at(2), at(3));
    let code = code.resize(420, 420, imageops::FilterType::Triangle).to_rgb8();
    let mut seen = RgbImage::from_pixel(640, 480, Rgb([92, 88, 84]));
    imageops::overlay(&mut seen, &code, 110, 30);
    let jpeg = file.with_extension("jpg");
    DynamicImage::from(seen).save(&jpeg).expect("the picture is written");
    if file != jpeg {
        std::fs::copy(&jpeg, file).expect("it is what the camera sees");
    }
}

#[test]
fn from_the_qr_code_on_somebodys_screen() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for what the camera sees");
    let camera = files.path().join("camera.mjpeg");
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    jonas.browser.click(&id("tab-settings"));
    jonas.browser.click(&id("own-code-settings"));
    jonas.browser.wait_text(&id("own-code"), "Pfleger · Notaufnahme");
    let address = jonas.browser.attribute(&id("own-code-qr"), "data-address");
    let expected = "matrix:u/jonas:klinikum-musterstadt.example?action=chat";
    assert_eq!(address.as_deref(), Some(expected));
    jonas.check("own-code");
    photograph(&jonas, &id("own-code-qr"), &camera);

    let anna = Person::with(Browser::open_before("anna", Screen::Phone, &camera), "anna");
    anna.browser.go(&server.url());
    anna.log_in("anna", PASSWORD);
    to_contacts(&anna);
    begins(&anna);
    anna.browser.click(&id("import-code"));
    previews(&anna, "1 neu");
    // Name and role are the hospital's: the code holds neither.
    anna.browser.wait_text(&id("import-row"), "Jonas Weber");
    anna.browser.wait_text(&id("import-row"), "Pfleger · Notaufnahme");
    anna.check("import-qr");
    agrees(&anna, "1 Kontakt übernehmen");
    sees_contacts(&anna, &[JONAS]);
    // Read once more, the code leads to the contact, and from there to the chat.
    begins(&anna);
    anna.browser.click(&id("import-code"));
    anna.browser.wait_text(&id("contact-details"), JONAS);
    anna.browser.wait_text(&id("contact-details"), "aus einem QR-Code");
    anna.browser.click(&id("contact-message"));
    anna.browser.wait_text(&id("chat-title"), JONAS);
    anna.say("Habe Ihren Code gelesen");
    jonas.browser.click(&id("sheet-close"));
    jonas.browser.gone(&id("own-code"));
    jonas.browser.click(&id("tab-chats"));
    jonas.open(ANNA);
    jonas.sees("Habe Ihren Code gelesen");
    // Where a device's code is expected, a person's is told apart.
    anna.to_list();
    anna.browser.click(&id("tab-settings"));
    anna.browser.click(&id("link-device"));
    anna.browser.wait_text(&id("link-read-problem"), "Code einer Person, kein neues Gerät");
}

#[test]
fn from_a_picture_a_link_or_a_card_in_a_code() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for pictures");
    let nothing = files.path().join("no-camera.mjpeg");
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    to_contacts(&jonas);
    jonas.browser.click(&id("own-code-open"));
    jonas.check("own-code-desk");
    let picture = files.path().join("code.jpg");
    photograph(&jonas, &id("own-code-qr"), &picture);
    // A new device shows its code too, and that is no contact.
    let tablet = Person::at(&server.url(), "tablet", Screen::Tablet);
    tablet.browser.click(&id("link-here"));
    let device = tablet.browser.attribute(&id("link-qr"), "data-link").expect("a link");
    let device_picture = files.path().join("device.jpg");
    photograph(&tablet, &id("link-qr"), &device_picture);
    let empty = files.path().join("empty.png");
    RgbImage::from_pixel(300, 300, Rgb([200, 200, 200])).save(&empty).expect("it is written");

    let anna = Person::with(Browser::open_before("anna", Screen::Desktop, &nothing), "anna");
    anna.browser.go(&server.url());
    anna.log_in("anna", PASSWORD);
    to_contacts(&anna);
    begins(&anna);
    anna.browser.click(&id("import-code"));
    anna.browser.find(&id("code-no-camera"));
    anna.check("import-no-camera");
    let problem = |words: &str| anna.browser.wait_text(&id("code-problem"), words);
    anna.browser.upload(&id("code-picture"), &empty);
    problem("kein QR-Code zu finden");
    anna.browser.upload(&id("code-picture"), &device_picture);
    problem("Code eines neuen Geräts, kein Kontakt");
    let paste = |text: &str| {
        anna.browser.replace_text(&id("code-paste"), text);
        anna.browser.click(&id("code-paste-submit"));
    };
    paste("WIFI:S:Gast;;");
    problem("keine Person");
    paste(&device);
    problem("Code eines neuen Geräts, kein Kontakt");
    paste("@anna:klinikum-musterstadt.example");
    problem("Ihr eigener Code");
    paste("MECARD:N:Holm,Petra;TEL:8421;;");
    previews(&anna, "1 neu");
    agrees(&anna, "1 Kontakt übernehmen");
    sees_contacts(&anna, &["Petra Holm"]);
    begins(&anna);
    anna.browser.click(&id("import-code"));
    anna.browser.upload(&id("code-picture"), &picture);
    anna.browser.wait_text(&id("import-row"), JONAS);
    agrees(&anna, "1 Kontakt übernehmen");
    sees_contacts(&anna, &["Petra Holm", JONAS]);
    // A link names somebody too: whoever is known opens at once, whoever is not is offered.
    let link = |who: &str| {
        let go = "location.hash = '#/contacts/' + encodeURIComponent(arguments[0])";
        anna.browser.script(go, &json!([who]));
    };
    link("matrix:u/jonas:klinikum-musterstadt.example?action=chat");
    anna.browser.wait_text(&id("contact-details"), JONAS);
    anna.browser.click(&id("sheet-close"));
    anna.browser.gone(&id("contact-details"));
    link("@lena:klinikum-musterstadt.example");
    previews(&anna, "1 neu");
    anna.browser.wait_text(&id("import-row"), "Lena Krüger");
}
