//! L.6: WCAG 2.1 AA on the app's screens, in both themes and languages, and writing by keyboard alone.

use serde_json::json;
use testkit::{Screen, Server, axe};

use crate::app::{PIN, Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
pub const ESCAPE: &str = "\u{E00C}";
const UP: &str = "\u{E013}";

/// Checks the page as it stands, in the theme that is chosen.
#[track_caller]
fn check(person: &Person, what: &str, faults: &mut Vec<String>) {
    person.stands_still();
    let found = axe::violations(&person.browser);
    faults.extend(found.into_iter().map(|fault| format!("{what}: {fault}")));
}

#[test]
fn no_screen_breaks_wcag_in_either_theme_or_language() {
    let server = Server::demo(&dist());
    let mut faults = Vec::new();
    let jonas = Person::at(&server.url(), "jonas", Screen::Phone);
    for name in ["light", "dark"] {
        jonas.choose_theme(name);
        check(&jonas, &format!("sign-in {name}"), &mut faults);
    }
    jonas.browser.click(&id("login-submit"));
    jonas.browser.find(&id("login-problem"));
    check(&jonas, "sign-in with a problem", &mut faults);
    jonas.log_in("jonas", PASSWORD);
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    check(&anna, "no chats", &mut faults);
    anna.make_group("Stroke-Team", &[("Weber", JONAS)]);
    jonas.open("Stroke-Team");
    anna.say("CT ist frei, siehe https://klinikum.example");
    jonas.sees("CT ist frei");
    jonas.reply("CT ist frei", "Komme");
    jonas.attach("attach-urgent");
    jonas.say("Bitte sofort ansehen");
    anna.sees("Bitte sofort ansehen");
    anna.attach("attach-poll");
    anna.browser.type_into(&id("poll-question-input"), "Wer kann Samstag?");
    anna.browser.type_into("#poll-answer-0", "Ich");
    anna.browser.type_into("#poll-answer-1", "Ich nicht");
    check(&anna, "poll sheet", &mut faults);
    anna.browser.click(&id("poll-send"));
    jonas.sees("Wer kann Samstag?");
    anna.act("CT ist frei", "action-pin");
    jonas.browser.find(&id("pinned-bar"));

    for (person, size) in [(&anna, "desk"), (&jonas, "phone")] {
        for name in ["light", "dark"] {
            person.choose_theme(name);
            check(person, &format!("chat, {size}, {name}"), &mut faults);
            person.menu("CT ist frei");
            check(person, &format!("message menu, {size}, {name}"), &mut faults);
            person.browser.click(&id("action-details"));
            person.browser.find(&id("message-details"));
            check(person, &format!("message details, {size}, {name}"), &mut faults);
            person.browser.click(&id("sheet-close"));
            person.browser.click(&id("open-chat-search"));
            person.browser.type_into(&id("chat-search-input"), "frei");
            person.browser.find(&id("search-hit"));
            check(person, &format!("search, {size}, {name}"), &mut faults);
            person.browser.click(&id("sheet-close"));
        }
    }
    jonas.browser.click(&id("open-details"));
    jonas.browser.find(&id("member"));
    check(&jonas, "details, phone, dark", &mut faults);
    jonas.browser.click(".details .back button");
    jonas.to_list();
    check(&jonas, "chats, phone, dark", &mut faults);
    jonas.browser.click(&id("tab-settings"));
    check(&jonas, "settings, phone, dark", &mut faults);
    jonas.browser.click(&id("language-en"));
    jonas.browser.wait_text("h1", "Settings");
    check(&jonas, "settings in English", &mut faults);
    jonas.browser.click(&id("tab-people"));
    jonas.browser.find(&id("directory-row"));
    check(&jonas, "people in English", &mut faults);
    jonas.browser.click(&id("tab-chats"));
    jonas.click_with_text(&id("room-row"), "Stroke-Team");
    jonas.browser.find(&id("composer"));
    check(&jonas, "chat in English", &mut faults);
    anna.browser.click(&id("camera"));
    anna.browser.find(&id("shutter"));
    check(&anna, "camera", &mut faults);
    anna.browser.click(&id("camera-close"));
    anna.browser.gone(&id("camera-stage"));
    let files = tempfile::tempdir().expect("a directory for files");
    let photo = crate::picture::noise_file(files.path(), "foto.jpg", 4);
    crate::i_n_redaction::begin_edit(&anna, &photo);
    anna.browser.click(&id("tool-text"));
    check(&anna, "editor", &mut faults);
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Presses keys wherever the focus is.
pub fn press(person: &Person, keys: &str) {
    let strokes: Vec<_> = keys
        .chars()
        .flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        })
        .collect();
    let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
    person.browser.try_command("POST", "/actions", &actions).expect("keys are taken");
}

/// What has the focus, by its name in tests or its text.
fn focused(person: &Person) -> String {
    let name = "const it = document.activeElement; return it.dataset.testid || it.textContent.slice(0, 40);";
    person.browser.script(name, &json!([])).as_str().unwrap_or_default().to_owned()
}

/// Tabs on until this has the focus, as somebody does who cannot use a mouse.
#[track_caller]
fn tab_to(person: &Person, testid: &str) {
    for _ in 0..60 {
        if focused(person) == testid {
            let ring = "return getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement.closest('.box, .search') || document.activeElement).outlineStyle";
            let ring = person.browser.script(ring, &json!([]));
            assert!(
                ring.as_str().is_some_and(|it| it.contains("solid")),
                "{testid} shows no focus"
            );
            return;
        }
        press(person, TAB);
    }
    panic!("{testid} is not reached by tabbing; the focus is at {}", focused(person));
}

#[test]
fn a_message_is_written_answered_and_reacted_to_by_keyboard_alone() {
    let server = Server::demo(&dist());
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    let anna = Person::at(&server.url(), "anna", Screen::Desktop);
    anna.browser.find(&id("login-user"));
    tab_to(&anna, "login-user");
    press(&anna, "anna");
    tab_to(&anna, "login-password");
    press(&anna, PASSWORD);
    press(&anna, ENTER);
    anna.browser.find(&id("set-pin"));
    tab_to(&anna, "pin-new");
    press(&anna, PIN);
    tab_to(&anna, "pin-again");
    press(&anna, PIN);
    press(&anna, ENTER);
    anna.browser.find(&id("shell"));
    assert!(anna.is_shown_the_notice());
    tab_to(&anna, "privacy-seen");
    press(&anna, ENTER);
    anna.browser.gone(&id("privacy-new"));
    tab_to(&anna, "new-chat");
    press(&anna, ENTER);
    anna.browser.find(&id("directory-search"));
    tab_to(&anna, "directory-search");
    press(&anna, "Weber");
    anna.browser.wait_for("nobody but Jonas in the list", || {
        let rows = anna.browser.texts(&id("directory-row"));
        matches!(&rows[..], [only] if only.contains(JONAS)).then_some(())
    });
    tab_to(&anna, "directory-row");
    press(&anna, ENTER);
    anna.browser.find(&id("composer"));
    tab_to(&anna, "composer");
    press(&anna, "Ohne Maus geschrieben");
    press(&anna, ENTER);
    anna.sees("Ohne Maus geschrieben");
    jonas.open(ANNA);
    jonas.say("Und beantwortet");
    anna.sees("Und beantwortet");

    // From message to message by arrow keys; Enter opens what can be done.
    tab_to(&anna, "log");
    press(&anna, UP);
    assert_eq!(focused(&anna), "message");
    press(&anna, ENTER);
    anna.browser.find(&id("message-actions"));
    tab_to(&anna, "action-reply");
    press(&anna, ENTER);
    anna.browser.find(&id("answering"));
    anna.browser
        .wait_for("the caret in the composer", || (focused(&anna) == "composer").then_some(()));
    press(&anna, "Danke");
    press(&anna, ENTER);
    jonas.browser.wait_text(&id("quote"), "Und beantwortet");

    // Shortcuts; and whatever covers the chat is left by Escape.
    anna.browser.script("document.dispatchEvent(new KeyboardEvent('keydown', {key: '/', ctrlKey: true, bubbles: true}))", &json!([]));
    anna.browser.find(&id("shortcuts"));
    press(&anna, ESCAPE);
    anna.browser.gone(&id("shortcuts"));
}
