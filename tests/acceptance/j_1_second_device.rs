//! J.1: a second device by the code that it shows. Read by the camera of the first, two digits, the password: no recovery key, no emoji.

use std::path::Path;

use image::{DynamicImage, Rgb, RgbImage, imageops};
use serde_json::json;
use testkit::{Browser, Screen, Server};

use crate::app::{PIN, Person, dist, hospital, id, member_of};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

/// What the first device's camera sees: the code on the other one's screen, from about a hand's breadth.
fn photograph(screen: &Person, file: &Path) {
    let rect = "const it = document.querySelector(arguments[0]).getBoundingClientRect();
        return [it.left, it.top, it.width, it.height].map(Math.round)";
    let rect = screen.browser.script(rect, &json!([id("link-qr")]));
    let at = |nth: usize| rect[nth].as_u64().and_then(|px| u32::try_from(px).ok()).expect("a size");
    let picture = file.with_extension("png");
    screen.browser.screenshot(&picture);
    let code = image::open(&picture).expect("a picture").crop_imm(at(0), at(1), at(2), at(3));
    let code = code.resize(420, 420, imageops::FilterType::Triangle).to_rgb8();
    let mut seen = RgbImage::from_pixel(640, 480, Rgb([92, 88, 84]));
    imageops::overlay(&mut seen, &code, 110, 30);
    let jpeg = file.with_extension("jpg");
    DynamicImage::from(seen).save(&jpeg).expect("the picture is written");
    std::fs::rename(&jpeg, file).expect("it is what the camera sees");
}

/// The sign-in shows its code; returns the link that it holds.
fn shows_its_code(new: &Person) -> String {
    new.browser.click(&id("link-here"));
    new.browser.attribute(&id("link-qr"), "data-link").expect("the link of the code")
}

fn opens_the_settings(person: &Person, screen: Screen) {
    person.to_list();
    let settings = if screen == Screen::Phone { "tab-settings" } else { "open-settings" };
    person.browser.click(&id(settings));
}

fn is_confirmed(person: &Person, screen: Screen) {
    opens_the_settings(person, screen);
    person.browser.find("[data-testid=device-state][data-confirmed=true]");
    person.browser.find("[data-testid=other-device][data-confirmed=true]");
}

#[test]
fn a_phone_reads_the_code_on_a_desk_and_the_desk_reads_everything() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for what the camera sees");
    let camera = files.path().join("camera.mjpeg");
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    let phone = Person::with(Browser::open_before("anna", Screen::Phone, &camera), "anna");
    phone.browser.go(&server.url());
    phone.log_in("anna", PASSWORD);
    phone.write_to("Weber", JONAS);
    phone.say("Vor dem zweiten Gerät");
    jonas.open(ANNA);
    jonas.sees("Vor dem zweiten Gerät");

    let desk = Person::at(&server.url(), "desk", Screen::Desktop);
    shows_its_code(&desk);
    desk.check("link-code");
    photograph(&desk, &camera);
    opens_the_settings(&phone, Screen::Phone);
    phone.browser.click(&id("link-device"));
    let digits = phone.browser.text(&id("link-shown-digits"));
    phone.check("link-digits");
    desk.browser.find(&id("link-digits"));
    desk.check("link-enter-digits");
    desk.browser.type_into(&id("link-digits"), digits.trim());
    desk.browser.click(&id("link-digits-submit"));
    desk.browser.find(&id("link-waiting"));
    phone.browser.wait_text(&id("link-question"), "Chrome");
    phone.check("link-password");
    phone.browser.type_into(&id("link-password"), "falsch");
    phone.browser.click(&id("link-confirm"));
    phone.browser.wait_text(&id("link-password-problem"), "Das Passwort ist falsch.");
    phone.browser.type_into(&id("link-password"), PASSWORD);
    phone.browser.click(&id("link-confirm"));
    desk.browser.find(&id("set-pin"));
    phone.browser.wait_text(&id("link-done"), "ist angemeldet");
    phone.check("link-done");
    phone.browser.click(&id("link-finish"));

    desk.set_pin(PIN);
    desk.browser.find(&id("shell"));
    if desk.is_shown_the_notice() {
        desk.browser.click(&id("privacy-seen"));
    }
    desk.open(JONAS);
    desk.sees("Vor dem zweiten Gerät");
    desk.say("Vom zweiten Gerät");
    jonas.sees("Vom zweiten Gerät");
    is_confirmed(&desk, Screen::Desktop);
    assert!(!desk.browser.has(&id("confirm-device")), "there is nothing left to confirm");
    phone.browser.find("[data-testid=other-device][data-confirmed=true]");
    phone.browser.click(&id("tab-chats"));
    phone.open(JONAS);
    phone.sees("Vom zweiten Gerät");
}

#[test]
fn without_a_camera_the_link_is_pasted_and_wrong_digits_or_turning_back_end_it_for_both() {
    let server = hospital("lock.hidden_seconds = 600");
    let files = tempfile::tempdir().expect("a directory without a camera");
    let (anna, password) = member_of(&server, "anna");
    let nothing = files.path().join("no-camera.mjpeg");
    let desk = Person::with(Browser::open_before("anna", Screen::Desktop, &nothing), "anna");
    desk.browser.go(&server.url());
    desk.log_in(&anna, &password);
    let phone = Person::at(&server.url(), "phone", Screen::Phone);
    let link = shows_its_code(&phone);
    phone.check("link-code");

    opens_the_settings(&desk, Screen::Desktop);
    desk.browser.click(&id("link-device"));
    desk.browser.find(&id("link-no-camera"));
    desk.check("link-no-camera");
    let paste = |link: &str| {
        desk.browser.replace_text(&id("link-paste"), link);
        desk.browser.click(&id("link-paste-submit"));
    };
    paste("https://klinikum.example/");
    desk.browser.wait_text(&id("link-read-problem"), "kein Code eines neuen Geräts");
    let (_, code) = link.split_once("/#/").expect("a place");
    paste(&format!("https://anderswo.example/#/{code}"));
    desk.browser.wait_text(&id("link-read-problem"), "nicht zum Server Ihrer Klinik");
    paste(&link);
    let digits = desk.browser.text(&id("link-shown-digits"));
    let wrong = if digits.trim() == "00" { "01" } else { "00" };
    phone.browser.type_into(&id("link-digits"), wrong);
    phone.browser.click(&id("link-digits-submit"));
    phone.browser.wait_text(&id("link-problem"), "gilt dieser Code nicht mehr");
    phone.check("link-problem");
    desk.browser.wait_text(&id("link-problem"), "hat abgebrochen");

    // Whoever closes the sheet ends it for the other too.
    phone.browser.click(&id("link-again"));
    let link = phone.browser.attribute(&id("link-qr"), "data-link").expect("another link");
    desk.browser.click(&id("link-again"));
    paste(&link);
    let digits = desk.browser.text(&id("link-shown-digits"));
    phone.browser.type_into(&id("link-digits"), digits.trim());
    phone.browser.click(&id("link-digits-submit"));
    desk.browser.find(&id("link-question"));
    desk.browser.click(&id("sheet-close"));
    phone.browser.wait_text(&id("link-problem"), "hat abgebrochen");

    // The phone's own camera app opens the link where the person is signed in: the sheet is there after the PIN.
    phone.browser.click(&id("link-again"));
    let link = phone.browser.attribute(&id("link-qr"), "data-link").expect("another link");
    desk.browser.go("about:blank");
    desk.browser.go(&link);
    desk.unlock();
    let digits = desk.browser.text(&id("link-shown-digits"));
    phone.browser.type_into(&id("link-digits"), digits.trim());
    phone.browser.click(&id("link-digits-submit"));
    desk.browser.type_into(&id("link-password"), &password);
    desk.browser.click(&id("link-confirm"));
    phone.browser.find(&id("set-pin"));
    phone.set_pin(PIN);
    phone.browser.find(&id("shell"));
    if phone.is_shown_the_notice() {
        phone.browser.click(&id("privacy-seen"));
    }
    is_confirmed(&phone, Screen::Phone);
}
