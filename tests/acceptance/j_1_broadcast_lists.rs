//! J.1: broadcast lists. One message to many, to each in a chat of their own; nobody sees who else has got it.

use serde_json::json;
use testkit::{
    Screen, Server,
    search::{Needle, search},
};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, MURAT, PASSWORD};

/// Somebody who has never signed in.
const PETRA: &str = "Dr. Petra Holm";

#[test]
fn one_message_goes_to_each_of_a_list_and_each_has_it_alone() {
    let server = Server::demo(&dist());
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    let murat = Person::logged_in(&server.url(), "murat", PASSWORD, Screen::Desktop);
    let mut anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    to_lists(&anna);
    anna.browser.find(&id("lists-none"));
    anna.check("lists-none");
    make_list(&anna, "Frühdienst", &[("Weber", JONAS), ("Murat", MURAT), ("Holm", PETRA)]);
    anna.browser.wait_text(&id("list-row"), "3 Personen");
    anna.check("lists");
    anna.click_with_text(&id("list-row"), "Frühdienst");
    anna.browser.type_into(&id("list-text"), "Übergabe heute schon um 14 Uhr");
    anna.check("list-write");
    anna.browser.click(&id("list-send"));
    anna.browser.wait_text(&id("list-progress"), "2 von 3 gesendet");
    anna.browser.wait_text(&id("list-delivery"), "noch kein Gerät");
    anna.check("list-sent");
    anna.browser.click(&id("list-done"));
    anna.browser.find(&id("lists"));

    for (person, other) in [(&jonas, MURAT), (&murat, JONAS)] {
        person.open(ANNA);
        person.sees_once("Übergabe heute schon um 14 Uhr");
        let page = person.browser.script("return document.body.innerText", &json!([]));
        let page = page.as_str().expect("a page");
        assert!(!page.contains(other) && !page.contains("Frühdienst"), "who else has it: {page}");
    }
    // An answer comes in the chat with the one who answers.
    jonas.say("Bin da");
    anna.browser.click(&id("pane-back"));
    anna.browser.find(&id("new-chat-pane"));
    anna.browser.click(&id("pane-back"));
    anna.open(JONAS);
    anna.sees("Bin da");

    // The list stays, on this device; it is changed and deleted.
    anna.reload();
    anna.sees("Bin da");
    to_lists(&anna);
    anna.browser.click(&id("list-edit"));
    anna.check("list-edit");
    anna.browser.click(&format!(".pick[aria-label$=\"{PETRA}\"]"));
    anna.browser.replace_text(&id("list-name"), "Frühdienst Notaufnahme");
    anna.browser.click(&id("list-keep"));
    anna.browser.wait_text(&id("list-row"), "2 Personen");
    anna.browser.wait_text(&id("list-row"), "Frühdienst Notaufnahme");
    // "Back" of the phone leads from a list to the lists, not out of them.
    anna.browser.click(&id("list-edit"));
    anna.browser.find(&id("list-name"));
    anna.browser.script("history.back()", &json!([]));
    anna.browser.find(&id("lists"));
    anna.browser.click(&id("list-edit"));
    anna.browser.click(&id("list-forget"));
    anna.browser.wait_text(&id("question"), "alles darin bleiben");
    anna.browser.click(&id("question-answer"));
    anna.browser.find(&id("lists-none"));

    // Nothing of the list was for the server, nor lies in clear on the device.
    anna.browser.close();
    let needles = [Needle::text("Frühdienst Notaufnahme")];
    let found = search(&server.data_dir(), &needles);
    assert!(found.is_empty(), "at the server: {found:?}");
    let found = search(&anna.browser.profile_dir(), &needles);
    assert!(found.is_empty(), "on the device: {found:?}");
}

#[test]
fn a_list_is_made_on_a_desk_too() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    to_lists(&anna);
    make_list(&anna, "Oberärzte", &[("Murat", MURAT)]);
    anna.browser.wait_text(&id("list-row"), "1 Person");
    anna.check("lists-desk");
    anna.click_with_text(&id("list-row"), "Oberärzte");
    anna.browser.find(&id("list-text"));
    anna.check("list-write-desk");
}

fn to_lists(person: &Person) {
    person.to_list();
    person.browser.click(&id("new-chat"));
    person.browser.click(&id("broadcasts"));
    person.browser.find(&id("lists"));
}

/// Makes a list of people, by search words and names.
fn make_list(person: &Person, name: &str, people: &[(&str, &str)]) {
    person.browser.click(&id("list-new"));
    person.browser.type_into(&id("list-name"), name);
    for (search, member) in people {
        person.browser.replace_text(&id("directory-search"), search);
        person.browser.wait_text(&id("directory-row"), member);
        person.click_with_text(&id("directory-row"), member);
    }
    person.browser.click(&id("list-keep"));
}
