//! M.2, its first form: an urgent message asks to be taken over, and says loudly when it does not go out.
//! Escalation chains and the list of who cannot be reached are still missing.

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, MURAT, PASSWORD};

#[test]
fn the_sender_sees_who_has_taken_over_and_is_told_to_call_when_nothing_goes_out() {
    let mut server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.make_group("Stroke-Team", &[("Weber", JONAS), ("Murat", MURAT)]);
    jonas.open("Stroke-Team");
    anna.attach("attach-urgent");
    anna.browser.find(&id("urgent-on"));
    anna.say("Bitte CTA noch vor dem Transport ansehen");
    anna.browser.wait_text(&id("urgent-open"), JONAS);
    anna.browser.wait_text(&id("urgent-count"), "0 von 2 bestätigt");
    jonas.sees("Bitte CTA noch vor dem Transport ansehen");
    // He came by invitation, and Murat is still invited: both are asked, at his side too.
    jonas.browser.wait_text(&id("urgent-open"), MURAT);
    jonas.browser.wait_text(&id("urgent-count"), "0 von 2 bestätigt");
    jonas.look("urgent-asked");
    jonas.browser.click(&id("take-over"));
    anna.browser.wait_text(&id("urgent-taken"), JONAS);
    anna.browser.wait_text(&id("urgent-open"), MURAT);
    anna.browser.wait_text(&id("urgent-count"), "1 von 2 bestätigt");
    jonas.browser.find(&id("take-over-undo"));
    anna.look("urgent");
    jonas.look("urgent");

    anna.write_to("Weber", JONAS);
    jonas.open(ANNA);
    server.stop();
    anna.browser.find(&id("offline-banner"));
    anna.attach("attach-urgent");
    anna.say("Reanimation Zimmer 4");
    anna.browser.wait_text(&id("urgent-alarm"), "Noch nicht gesendet.");
    assert_eq!(anna.browser.attribute(&id("urgent-call"), "href").as_deref(), Some("tel:4120"));
    anna.look("urgent-not-sent");
    server.resume();
    anna.sees_state("Reanimation Zimmer 4", "sent");
    anna.browser.gone(&id("urgent-alarm"));
    jonas.sees_once("Reanimation Zimmer 4");
}

#[test]
fn whoever_is_elsewhere_in_the_app_is_reminded_until_somebody_takes_over() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.make_group("Stroke-Team", &[("Weber", JONAS), ("Murat", MURAT)]);
    anna.say("Guten Morgen");
    jonas.open("Stroke-Team");
    jonas.sees("Guten Morgen");
    jonas.to_list();
    let murat = Person::logged_in(&server.url(), "murat", PASSWORD, Screen::Desktop);
    murat.open("Stroke-Team");
    murat.write_to("Meyer", ANNA);
    // Counts the sounds, and lets two minutes pass in a fifth of a second; after a reload too.
    let begin = "window.sounds = 0;
        const Real = window.AudioContext;
        window.AudioContext = function () { window.sounds += 1; return new Real(); };
        const timeout = window.setTimeout.bind(window);
        window.setTimeout = (run, ms, ...rest) => timeout(run, ms === 120000 ? 200 : ms, ...rest);";
    let nothing = serde_json::json!([]);
    let source = serde_json::json!({ "source": begin });
    jonas.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &source);
    jonas.browser.script(begin, &nothing);
    let sounds = || jonas.browser.script("return window.sounds", &nothing).as_u64().unwrap_or(0);
    let sounds_on = || {
        let before = sounds();
        jonas.browser.wait_for("it to sound again", || (sounds() > before + 2).then_some(()));
    };

    anna.attach("attach-urgent");
    anna.say("Bitte CTA noch vor dem Transport ansehen");
    let reminder = id("urgent-reminder");
    jonas.browser.wait_text(&reminder, "Bitte CTA noch vor dem Transport ansehen");
    jonas.browser.wait_text(&reminder, ANNA);
    sounds_on();
    jonas.look("urgent-reminder");
    murat.browser.wait_text(&reminder, "Bitte CTA noch vor dem Transport ansehen");
    murat.look("urgent-reminder");
    assert!(!anna.browser.has(&reminder), "who asks is not reminded");

    // It outlives the app, and is not in the way in the chat itself.
    jonas.reload();
    jonas.browser.wait_text(&reminder, "Bitte CTA noch vor dem Transport ansehen");
    jonas.browser.click(&id("urgent-reminder-open"));
    jonas.sees("Bitte CTA noch vor dem Transport ansehen");
    jonas.browser.gone(&reminder);
    jonas.to_list();
    jonas.browser.find(&reminder);
    sounds_on();

    // Somebody else takes it over: then he is left in peace.
    murat.browser.click(&id("urgent-reminder-open"));
    murat.browser.click(&id("take-over"));
    jonas.browser.gone(&reminder);
    let sounded = sounds();
    anna.say("Danke");
    jonas.open("Stroke-Team");
    jonas.sees("Danke");
    assert_eq!(sounds(), sounded, "what was taken over sounds no more");
}
