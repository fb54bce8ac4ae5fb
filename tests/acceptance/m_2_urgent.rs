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
