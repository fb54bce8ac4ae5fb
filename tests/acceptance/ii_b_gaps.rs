//! II.b, the reader's side: messages that the server has lost are missed, and each message proves what it is.

use testkit::{Screen, copy::lose};

use crate::app::{Person, hospital, id, member_of};

/// The event's ID, as the message's details show it.
fn event_id(person: &Person, text: &str) -> String {
    person.act(text, "action-details");
    let facts = person.browser.wait_for("the proof", || {
        let facts = person.browser.texts(&format!("{} code", id("proof")));
        (facts.len() == 4).then_some(facts)
    });
    person.look("message-proof");
    person.browser.click(&id("sheet-close"));
    person.browser.gone(&id("message-details"));
    let [device, number, event_id, hash] = &facts[..] else { panic!("{facts:?}") };
    assert!(device.contains("bestätigt"), "{device}");
    assert!(number.parse::<u64>().is_ok_and(|number| number > 0), "{number}");
    assert!(hash.len() == 64 && hash.bytes().all(|it| it.is_ascii_hexdigit()), "{hash}");
    event_id.clone()
}

#[test]
fn what_the_server_has_lost_is_missed_by_everybody_who_has_not_read_it() {
    let mut server = hospital("");
    let [anna, jonas, clara] = ["anna", "jonas", "clara"].map(|name| member_of(&server, name));
    let enter = |(user, password): &(String, String), screen| {
        Person::logged_in(&server.url(), user, password, screen)
    };
    let at_anna = enter(&anna, Screen::Desktop);
    let at_jonas = enter(&jonas, Screen::Phone);
    let at_clara = enter(&clara, Screen::Desktop);
    at_anna.make_group("Stroke-Team", &[(&jonas.0, &jonas.0), (&clara.0, &clara.0)]);
    at_anna.say("Aufnahme um acht");
    for person in [&at_jonas, &at_clara] {
        person.open("Stroke-Team");
        person.sees("Aufnahme um acht");
        person.browser.go("about:blank");
    }
    let words = ["Allergie gegen Penicillin", "Bitte kein Kontrastmittel"];
    let lost = words.map(|words| {
        at_anna.say(words);
        at_anna.sees_state(words, "sent");
        event_id(&at_anna, words)
    });
    server.stop();
    lose(&server, &lost.each_ref().map(String::as_str));
    server.resume();
    at_anna.say("CT ist bestellt");
    at_anna.sees_state("CT ist bestellt", "sent");

    for person in [&at_jonas, &at_clara] {
        person.browser.go(&server.url());
        person.unlock();
        person.open("Stroke-Team");
        person.sees("CT ist bestellt");
        let expected = format!("2 Nachrichten von {} fehlen", anna.0);
        person.browser.wait_text(&id("finding"), &expected);
        assert_eq!(person.browser.texts(&id("finding")).len(), 1);
        let shown = person.browser.texts(&id("message")).join("\n");
        assert!(!shown.contains(words[0]) && shown.contains("Aufnahme"), "{shown}");
        person.look("finding");
        person.check("a chat with a gap");
        // It stands between what was before and what came after.
        let order = format!(
            "const finding = document.querySelector('{}');
             const after = document.querySelectorAll('{}');
             const last = after[after.length - 1];
             return Boolean(finding.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_FOLLOWING)
                 && Boolean(finding.compareDocumentPosition(after[0]) & Node.DOCUMENT_POSITION_PRECEDING);",
            id("finding"),
            id("message"),
        );
        assert_eq!(person.browser.script(&order, &serde_json::json!([])), true);
    }
    assert_eq!(at_anna.browser.texts(&id("finding")).len(), 0, "she has them");
}
