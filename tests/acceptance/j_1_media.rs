//! J.1: photos, recordings and several attachments at once, also without network; on a phone and at a desk.

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};
use crate::picture;

#[test]
fn recordings_photos_and_waiting_attachments_reach_the_other() {
    let mut server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);

    // The browser's own test tone is recorded.
    anna.browser.click(&id("record"));
    anna.browser.find(&id("recorder"));
    anna.browser.wait_for("two seconds", || {
        anna.browser
            .texts("[data-testid=recorder] time")
            .iter()
            .any(|it| it.contains("0:02"))
            .then_some(())
    });
    anna.look("recording");
    anna.browser.click(&id("recorder-send"));
    jonas.browser.find(&id("voice"));
    jonas.browser.click(&id("voice-play"));
    jonas.browser.find("[data-testid=voice][data-playing=true]");
    jonas.browser.click(&id("voice-speed"));
    jonas.browser.wait_text(&id("voice-speed"), "1,5×");
    let rate = "return document.querySelector('[data-testid=voice] audio').playbackRate";
    assert_eq!(jonas.browser.script(rate, &serde_json::json!([])), 1.5);
    jonas.look("voice");
    anna.look("voice");

    // From an open chat: camera, shutter, send.
    anna.browser.click(&id("camera"));
    anna.browser.click("[data-testid=shutter]:not([disabled])");
    anna.browser.click(&id("outbox-send"));
    jonas.sees_picture();

    // A video: camera, video, begin, end, send.
    anna.browser.click(&id("camera"));
    anna.browser.click(&id("mode-video"));
    anna.browser.click("[data-testid=shutter]:not([disabled])");
    anna.browser.wait_text(&id("recording-time"), "0:02");
    anna.look("video-recording");
    anna.browser.click("[data-testid=shutter]:not([disabled])");
    anna.browser.find(&id("outbox-video"));
    anna.look("video-outbox");
    anna.browser.click(&id("outbox-send"));
    jonas.browser.find(&id("video-still"));
    jonas.browser.click(&id("video"));
    let plays =
        format!("return document.querySelector('{}')?.currentTime > 0.5", id("lightbox-video"));
    jonas.browser.wait_for("the video to play", || {
        (jonas.browser.script(&plays, &serde_json::json!([])) == true).then_some(())
    });
    jonas.look("video");
    jonas.browser.click(&id("lightbox-close"));

    // What is attached while the server is away waits, survives the app's end, goes out once and in order, and can be stopped.
    server.stop();
    anna.browser.find(&id("offline-banner"));
    anna.send_photo(&picture::noise_file(files.path(), "befund.jpg", 3), "Foto im Funkloch");
    let document = files.path().join("Arztbrief.txt");
    std::fs::write(&document, "Sehr geehrte Frau Kollegin").expect("the document is written");
    anna.send_document(&document, "Brief im Funkloch");
    anna.begin("Text danach");
    anna.browser.click(&id("send"));
    anna.sees_state("Text danach", "queued");
    let stopped = files.path().join("Versehen.txt");
    std::fs::write(&stopped, "nicht gemeint").expect("the document is written");
    anna.send_document(&stopped, "Ein Versehen");
    anna.look("waiting");
    let cancel = format!("{} {}", anna.message("Ein Versehen"), id("upload-cancel"));
    anna.browser.click(&cancel);
    anna.gone("Ein Versehen");
    anna.browser.reload();
    // The PIN needs the server; what waits is kept behind it.
    anna.browser.find(&id("lock-offline"));
    server.resume();
    anna.unlock();
    anna.sees("Foto im Funkloch");
    jonas.sees("Text danach");
    let in_order = ["Foto im Funkloch", "Brief im Funkloch", "Text danach"];
    in_order.iter().for_each(|text| jonas.sees_once(text));
    let texts = jonas.browser.texts(&id("message-text"));
    let place = |text: &str| texts.iter().position(|other| other.contains(text));
    assert!(
        place(in_order[0]) < place(in_order[1]) && place(in_order[1]) < place(in_order[2]),
        "{texts:?}"
    );
    assert!(place("Ein Versehen").is_none(), "what was stopped is not sent");
    jonas.browser.wait_text(&id("file-name"), "Arztbrief.txt");
    in_order.iter().for_each(|text| anna.sees_state(text, "sent"));
}
