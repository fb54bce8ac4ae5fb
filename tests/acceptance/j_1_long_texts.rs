//! J.1: text of any length. One message of a hundred thousand characters, more than any Matrix event holds, goes out in parts
//! and is one message again: read, answered, found, passed on and deleted as one.

use serde_json::json;
use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

#[test]
fn a_text_longer_than_an_event_is_one_message_on_the_other_side() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.write_to("Weber", JONAS);
    anna.say("Vorab");
    jonas.open(ANNA);

    let lines: Vec<String> = (1..=2_500)
        .map(|line| format!("Zeile {line}: Befund ohne Besonderheiten, \"fit\"."))
        .collect();
    let text = lines.join("\n");
    assert!(text.len() > 100_000, "more than one event holds");
    paste(&anna, &text);
    anna.browser.click(&id("send"));
    jonas.sees("Zeile 1:");
    jonas.browser.gone(&id("message-parts"));
    assert_eq!(whole(&jonas, "Zeile 1:"), text);
    assert_eq!(jonas.browser.all(&id("message")).len(), 2, "one message, not several");
    anna.sees_state("Zeile 1:", "delivered");
    assert_eq!(anna.browser.all(&id("message")).len(), 2);

    // As one message after the app was opened anew, and when it is answered.
    jonas.reload();
    jonas.sees("Zeile 1:");
    assert_eq!(whole(&jonas, "Zeile 1:"), text);
    jonas.reply("Zeile 1:", "Gelesen");
    anna.sees("Gelesen");

    // Deleted for everybody, no part of it stays.
    anna.delete("Zeile 1:", true);
    jonas.gone("Zeile 1:");
    assert!(!jonas.browser.texts(&id("message-text")).iter().any(|it| it.contains("Zeile 2:")));
}

/// Puts a text into the composer as pasting does.
fn paste(person: &Person, text: &str) {
    let set = "const area = document.querySelector(arguments[0]);
        area.focus();
        area.value = arguments[1];
        area.dispatchEvent(new InputEvent('input', { bubbles: true }));";
    person.browser.script(set, &json!([id("composer"), text]));
}

/// All that the message with these words says, of which the beginning is shown until somebody reads on.
fn whole(person: &Person, words: &str) -> String {
    let message = person.message(words);
    let shown = person.browser.text(&format!("{message} {}", id("message-text")));
    assert!(shown.ends_with('…') && shown.len() < 2_000, "the beginning: {shown}");
    person.look("long-text");
    person.browser.click(&format!("{message} {}", id("read-on")));
    let read = "return document.querySelector(arguments[0]).textContent";
    let text = person.browser.script(read, &json!([format!("{message} {}", id("message-text"))]));
    text.as_str().unwrap_or_default().to_owned()
}
