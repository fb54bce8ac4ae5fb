//! J.10: what a ward does every day, in the engines of iPhones and Firefox. All other tests of the app run in Chromium.

use testkit::{Browser, Engine, Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};
use crate::picture;

#[test]
fn anna_writes_sends_a_photo_comes_back_and_goes_offline_in_webkit() {
    a_day_in(Engine::WebKit, Screen::Phone);
}

#[test]
fn anna_writes_sends_a_photo_comes_back_and_goes_offline_in_firefox() {
    a_day_in(Engine::Firefox, Screen::Desktop);
}

fn a_day_in(engine: Engine, screen: Screen) {
    let mut server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for photos");
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    let name = format!("anna-{engine:?}").to_lowercase();
    let anna = Person::with(Browser::open_in(engine, &name, screen), &name);
    anna.browser.go(&server.url());
    anna.look("login");
    anna.log_in("anna", PASSWORD);

    anna.write_to("Weber", JONAS);
    anna.say("Bitte einmal auf den Befund sehen");
    jonas.open(ANNA);
    jonas.sees("Bitte einmal auf den Befund sehen");
    anna.sees_state("Bitte einmal auf den Befund sehen", "read");
    jonas.say("Bin unterwegs");
    anna.sees("Bin unterwegs");

    anna.send_photo(&picture::ecg_file(files.path(), "befund.jpg"), "Das Bild dazu");
    jonas.sees("Das Bild dazu");
    jonas.sees_picture();
    anna.sees_picture();
    anna.look("chat");

    anna.reload();
    anna.sees("Bin unterwegs");
    anna.sees_picture();
    jonas.send_photo(&picture::ecg_file(files.path(), "vergleich.jpg"), "Von gestern");
    anna.sees("Von gestern");
    let drawn = "return [...document.querySelectorAll(arguments[0])].filter(it => it.complete && it.naturalWidth > 0).length";
    let pictures = serde_json::json!([id("image-shown")]);
    anna.browser.wait_for("both pictures to be drawn", || {
        (anna.browser.script(drawn, &pictures) == 2).then_some(())
    });

    anna.is_on_the_device();
    server.stop();
    anna.browser.find(&id("offline-banner"));
    anna.sees("Von gestern");
    anna.say("Während des Ausfalls");
    anna.sees_state("Während des Ausfalls", "queued");
    anna.look("offline");
    anna.browser.reload();
    anna.browser.find(&id("lock-offline"));
    anna.look("locked-offline");
    server.resume();
    anna.unlock();
    anna.sees("Von gestern");
    anna.sees_state("Während des Ausfalls", "sent");
    jonas.sees("Während des Ausfalls");
}
