//! J.10: German and English; phone, tablet and desktop.

use serde_json::json;
use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

/// Texts of the app itself on the screen, with the names that screen readers say.
const WORDS: &str = "const words = [document.body.innerText];
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
        for (const name of ['aria-label', 'title', 'placeholder']) words.push(element.getAttribute(name) ?? '');
    }
    return words.join('\\n');";

/// Words that stand on these screens in one language and not in the other.
const GERMAN: [&str; 6] =
    ["Personen", "Suchen", "Einstellungen", "Nachricht", "Zurück", "Neuer Chat"];
const ENGLISH: [&str; 6] = ["People", "Search", "Settings", "Message", "Back", "New chat"];

fn words(person: &Person) -> String {
    person.browser.script(WORDS, &json!([])).as_str().unwrap_or_default().to_owned()
}

/// Asserts that all of `said` and none of `unsaid` is on the screens of a list, a chat and the settings.
fn speaks(person: &Person, chat: &str, what: &str, said: &[&str], unsaid: &[&str]) {
    person.browser.script("location.hash = '#/'", &json!([]));
    person.browser.find(&id("new-chat"));
    let mut all = words(person);
    person.look(&format!("{what}-list"));
    person.open(chat);
    all.push_str(&words(person));
    person.look(&format!("{what}-chat"));
    person.to_list();
    person.browser.script("location.hash = '#/settings'", &json!([]));
    person.browser.find(&id("settings"));
    all.push_str(&words(person));
    person.look(&format!("{what}-settings"));
    for word in said {
        assert!(all.contains(word), "{what}: “{word}” is missing:\n{all}");
    }
    for word in unsaid {
        let stands = all.lines().any(|line| line.trim() == *word);
        assert!(!stands, "{what}: “{word}” is of the other language:\n{all}");
    }
}

#[test]
fn people_write_to_each_other_in_both_languages_on_phone_tablet_and_desk() {
    let server = Server::demo(&dist());
    let phone = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let tablet = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Tablet);
    let desk = Person::logged_in(&server.url(), "murat", PASSWORD, Screen::Desktop);
    phone.write_to("Weber", JONAS);
    phone.say("Vom Telefon");
    tablet.open(ANNA);
    tablet.sees("Vom Telefon");
    tablet.say("Vom Tablet");
    phone.sees("Vom Tablet");
    desk.write_to("Meyer", ANNA);
    desk.say("Vom Schreibtisch");
    for (person, chat, what) in
        [(&phone, JONAS, "phone"), (&tablet, ANNA, "tablet"), (&desk, ANNA, "desk")]
    {
        speaks(person, chat, &format!("de-{what}"), &GERMAN[..4], &ENGLISH);
        person.browser.click(&id("language-en"));
        person.browser.wait_text(&id("settings"), "Settings");
        assert_eq!(person.browser.script("return document.documentElement.lang", &json!([])), "en");
        speaks(person, chat, &format!("en-{what}"), &ENGLISH[..4], &GERMAN);
        // The choice stays.
        person.reload();
        assert_eq!(person.browser.script("return document.documentElement.lang", &json!([])), "en");
    }
}
