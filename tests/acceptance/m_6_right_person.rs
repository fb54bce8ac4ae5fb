//! M.6, its first form: who is written to stands there always, and a similar name is asked about before it is too late.
//! Case numbers and urgency classes are still missing.

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, PASSWORD};

#[test]
fn before_writing_to_a_similar_name_the_app_asks_once() {
    let server = Server::demo(&dist());
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    jonas.write_to("Meyer", ANNA);
    jonas
        .browser
        .wait_text(&id("recipient-line"), "An Dr. Anna Meyer, Neurologie, Klinikum Musterstadt");
    jonas.say("Für die Neurologie");
    assert_eq!(jonas.browser.attribute(&id("call"), "href").as_deref(), Some("tel:4711"));

    jonas.write_to("Maier", "Dr. Anna Maier");
    jonas.browser.wait_text(&id("look-alike"), "Dr. Anna Meyer, Neurologie");
    jonas.begin("Sehr persönlich");
    jonas.browser.click(&id("send"));
    jonas.browser.wait_text(&id("question"), "Dr. Anna Maier");
    jonas.look("similar-name");
    jonas.browser.click(&id("question-cancel"));
    jonas.gone("Sehr persönlich");
    jonas.browser.click(&id("send"));
    jonas.browser.click(&id("question-answer"));
    jonas.sees("Sehr persönlich");
    // Whoever has answered is not asked again.
    jonas.say("Und noch etwas");
    jonas.browser.resize(Screen::Desktop);
    jonas.look("similar-name-at-a-desk");
    jonas.browser.resize(Screen::Phone);
}
