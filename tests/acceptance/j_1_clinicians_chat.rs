//! J.1: two clinicians chat, in real browsers, at the demo hospital; on a phone (390 px) and at a desk (1440 px).
//! What of J.1 is still missing stands in `rows.toml`.

use testkit::{Browser, Screen, Server};

use crate::app::{Person, dist, id};
use crate::picture;

/// The password that `konsil demo` prints for all of its people.
pub const PASSWORD: &str = "konsil-demo";
pub const ANNA: &str = "Dr. Anna Meyer";
pub const JONAS: &str = "Jonas Weber";
pub const MURAT: &str = "Dr. Murat";

#[test]
fn anna_and_jonas_chat_with_photo_reply_reaction_and_marks() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for a photo");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.look("list");

    anna.write_to("Weber", JONAS);
    anna.say("Bitte einmal auf den Befund sehen");
    anna.sees_state("Bitte einmal auf den Befund sehen", "sent");

    jonas.open(ANNA);
    jonas.sees("Bitte einmal auf den Befund sehen");
    anna.sees_state("Bitte einmal auf den Befund sehen", "read");

    jonas.begin("Bin unter");
    anna.browser.wait_text(&id("typing"), "Jonas");
    jonas.begin("wegs");
    jonas.browser.click(&id("send"));
    anna.sees("Bin unterwegs");
    anna.browser.wait_for("typing to end", || {
        anna.browser.texts(&id("typing")).iter().all(|text| text.trim().is_empty()).then_some(())
    });

    anna.send_photo(&picture::ecg_file(files.path(), "befund.jpg"), "Das Bild dazu");
    jonas.sees("Das Bild dazu");
    jonas.sees_picture();
    jonas.browser.click(&id("image"));
    jonas.browser.find(&id("lightbox-image"));
    jonas.look("lightbox");
    jonas.browser.click(&id("lightbox-close"));

    jonas.reply("Das Bild dazu", "Sieht unauffällig aus");
    anna.sees("Sieht unauffällig aus");
    anna.browser.wait_text(&id("quote"), "Das Bild dazu");
    let emoji = anna.react("Sieht unauffällig aus");
    jonas.sees_reaction("Sieht unauffällig aus", &emoji);
    let all = ["Bitte einmal", "Bin unterwegs", "Das Bild dazu", "Sieht unauffällig aus"];
    for (person, text) in all.iter().flat_map(|text| [(&anna, text), (&jonas, text)]) {
        person.sees_once(text);
    }
    anna.look("chat");
    jonas.look("chat");
    anna.browser.resize(Screen::Desktop);
    anna.look("chat-at-a-desk");
    anna.browser.resize(Screen::Phone);

    // The session comes back from the encrypted store, and with it the decrypted history.
    anna.reload();
    anna.sees("Bin unterwegs");
    anna.sees("Das Bild dazu");
    anna.sees_picture();
    anna.say("Bin wieder da");
    jonas.sees("Bin wieder da");
}

#[test]
fn a_group_of_three_reads_what_each_writes() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    let murat = Person::logged_in(&server.url(), "murat", PASSWORD, Screen::Phone);

    anna.make_group("Frühbesprechung", &[("Weber", JONAS), ("Murat", MURAT)]);
    jonas.open("Frühbesprechung");
    murat.open("Frühbesprechung");
    let people = [&anna, &jonas, &murat];
    for (writer, text) in
        [(&anna, "Wer hat Dienst?"), (&jonas, "Ich bis zwölf"), (&murat, "Danach ich")]
    {
        writer.say(text);
        people.iter().for_each(|reader| reader.sees(text));
    }
    anna.sees_state("Wer hat Dienst?", "read");
    people.iter().for_each(|person| person.look("group"));
}

#[test]
fn a_new_device_reads_old_messages_by_emoji_and_by_recovery_key() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let key = anna.keep_recovery_key();
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Das steht schon länger hier");
    jonas.open(ANNA);
    jonas.say("Gelesen");
    anna.sees("Gelesen");

    let tablet = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    tablet.browser.click(&id("verify-start"));
    anna.browser.click(&id("verify-accept"));
    let pictures = |browser: &Browser| browser.text(&id("verify-emoji"));
    assert_eq!(pictures(&tablet.browser), pictures(&anna.browser), "both show the same pictures");
    tablet.look("compare");
    tablet.browser.click(&id("verify-confirm"));
    anna.browser.click(&id("verify-confirm"));
    for device in [&tablet, &anna] {
        device.browser.find(&id("verify-done"));
        device.browser.click(&id("verify-close"));
    }
    tablet.open(JONAS);
    tablet.sees("Das steht schon länger hier");
    tablet.sees("Gelesen");

    let ward_pc = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    ward_pc.browser.click(&id("recovery-start"));
    ward_pc.browser.type_into(&id("recovery-input"), &key);
    ward_pc.browser.click(&id("recovery-submit"));
    ward_pc.browser.gone(&id("recovery-input"));
    ward_pc.open(JONAS);
    ward_pc.sees("Das steht schon länger hier");
    ward_pc.sees("Gelesen");
}

#[test]
fn a_second_start_of_the_demo_keeps_what_was_written() {
    let mut server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    // A message can be read by devices that were there when it was written.
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Vor dem Neustart");
    anna.sees_state("Vor dem Neustart", "sent");

    server.stop();
    // While the server is away, what is written waits and goes out later.
    anna.browser.find(&id("offline-banner"));
    anna.begin("Während des Neustarts");
    anna.browser.click(&id("send"));
    anna.sees_state("Während des Neustarts", "queued");
    server.resume();
    anna.sees_state("Während des Neustarts", "sent");
    anna.browser.gone(&id("offline-banner"));

    jonas.open(ANNA);
    jonas.sees_once("Vor dem Neustart");
    jonas.sees_once("Während des Neustarts");
    anna.sees_once("Während des Neustarts");
}
