//! J.1: what can be done with messages and chats, on a phone (390 px) and at a desk (1440 px).

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, MURAT, PASSWORD};

const OTHER_WAYS: &str = "data-stage";

#[test]
fn messages_are_changed_deleted_passed_on_pinned_and_voted_on() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.make_group("Stroke-Team", &[("Weber", JONAS)]);
    jonas.open("Stroke-Team");

    // One tick, two ticks, read; and for each person in the details.
    anna.say("CT ist frei");
    jonas.sees("CT ist frei");
    anna.sees_state("CT ist frei", "read");
    anna.act("CT ist frei", "action-details");
    anna.browser.wait_text(&id("reach"), JONAS);
    anna.browser.wait_for("Jonas to have read it", || {
        (anna.browser.attribute(&id("reach"), OTHER_WAYS).as_deref() == Some("read")).then_some(())
    });
    anna.look("reach");
    anna.browser.click(&id("sheet-close"));
    jonas.to_list();
    jonas.write_to("Meyer", ANNA);
    anna.say("Liegt auf dem Gerät");
    anna.sees_state("Liegt auf dem Gerät", "delivered");
    jonas.open("Stroke-Team");
    jonas.sees("Liegt auf dem Gerät");

    anna.edit("Liegt auf dem Gerät", "Liegt auf dem Tisch");
    jonas.sees("Liegt auf dem Tisch");
    jonas.browser.find(&id("edited"));
    anna.say("Das war falsch");
    jonas.sees("Das war falsch");
    jonas.delete("Das war falsch", false);
    anna.sees("Das war falsch");
    anna.delete("Das war falsch", true);
    anna.browser.find(&id("message-deleted"));

    // Somebody is mentioned by choosing the name; theirs is marked.
    jonas.begin("Bitte @Mey");
    jonas.browser.wait_text(&id("mention-option"), ANNA);
    jonas.look("mention");
    jonas.browser.type_into(&id("composer"), "\u{E007}");
    jonas.begin("ansehen");
    jonas.browser.click(&id("send"));
    anna.sees("Bitte @Dr. Anna Meyer ansehen");
    anna.browser.wait_text(&id("mention"), ANNA);
    assert!(anna.browser.has(".turn.mentioned"), "the message for Anna is marked");

    anna.attach("attach-poll");
    anna.browser.type_into(&id("poll-question-input"), "Wer kann Samstag?");
    anna.browser.type_into("#poll-answer-0", "Ich");
    anna.browser.type_into("#poll-answer-1", "Ich nicht");
    anna.look("poll-sheet");
    anna.browser.click(&id("poll-send"));
    jonas.sees("Wer kann Samstag?");
    jonas.click_with_text(&id("poll-answer"), "Ich");
    anna.browser.wait_for("a vote", || {
        anna.browser.has("[data-testid=poll-answer][data-votes='1']").then_some(())
    });
    anna.click_with_text(&id("poll-answer"), "Ich nicht");
    jonas.browser.wait_text(&id("poll-foot"), "2");
    jonas.look("poll");
    anna.look("poll");
    anna.act("Wer kann Samstag?", "action-end-poll");
    jonas.browser.wait_text(&id("poll-foot"), "beendet");

    anna.act("CT ist frei", "action-pin");
    jonas.browser.wait_text(&id("pinned-bar"), "CT ist frei");
    jonas.look("pinned");
    anna.attach("attach-contact");
    anna.browser.type_into(&id("contact-search"), "Okafor");
    anna.click_with_text(&id("directory-row"), "Okafor");
    jonas.sees("Dr. Samuel Okafor");
    assert_eq!(jonas.browser.attribute(&id("contact-call"), "href").as_deref(), Some("tel:4600"));
    jonas.look("contact");

    jonas.act("CT ist frei", "action-forward");
    jonas.click_with_text(&id("forward-to"), ANNA);
    anna.open(JONAS);
    anna.sees("CT ist frei");
    anna.browser.wait_text(&id("forwarded"), "Weitergeleitet");
    anna.look("forwarded");

    // Everything is found again, also what lies further back.
    jonas.browser.click(&id("open-chat-search"));
    jonas.browser.type_into(&id("chat-search-input"), "samstag");
    jonas.browser.wait_text(&id("search-hit"), "Wer kann Samstag?");
    jonas.browser.click(&id("search-older"));
    jonas.browser.wait_for("the search to end", || {
        (jonas.browser.attribute(&id("older-progress"), "data-ended").as_deref() == Some("true"))
            .then_some(())
    });
    jonas.look("search");
    jonas.browser.click(&id("search-hit"));
    jonas.browser.find(".turn.flash");
    anna.to_list();
    anna.browser.type_into(&id("room-search"), "Tisch");
    anna.browser.wait_text(&id("search-hit"), "Liegt auf dem Tisch");
    anna.look("search-all");
    anna.browser.click(&id("search-hit"));
    anna.sees("Liegt auf dem Tisch");
}

#[test]
fn groups_have_roles_and_chats_are_favourites_muted_and_archived() {
    let server = Server::demo(&dist());
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.make_group("Dienst", &[("Weber", JONAS)]);
    jonas.open("Dienst");
    let of_jonas = "[data-testid=member][data-user^='@jonas']";
    anna.browser.click(of_jonas);
    anna.browser.click(&id("member-manages"));
    anna.browser.find(&format!("{of_jonas}[data-manages=true]"));
    jonas.browser.click(&id("open-details"));
    jonas.browser.click(&id("add-members-open"));
    jonas.browser.type_into(&id("add-members-search"), "Murat");
    jonas.click_with_text("[data-testid=add-members] [data-testid=directory-row]", MURAT);
    anna.browser.wait_text(&id("member"), MURAT);
    jonas.look("details");
    let of_murat = "[data-testid=member][data-user^='@murat']";
    anna.browser.click(of_murat);
    anna.look("member");
    anna.browser.click(&id("member-remove"));
    anna.browser.click(&id("question-answer"));
    anna.browser.gone(of_murat);

    // A favourite stands above what is newer, a muted chat does not count, an archived one is out of the way.
    let pressed = |person: &Person, toggle: &str| {
        person.browser.click(&id(toggle));
        person.browser.find(&format!("[data-testid={toggle}][aria-pressed=true]"));
    };
    pressed(&anna, "toggle-favourite");
    anna.write_to("Weber", JONAS);
    anna.say("Neuer als die Gruppe");
    anna.browser.wait_for("the favourite to stand first", || {
        anna.browser
            .texts(&id("room-row"))
            .first()
            .is_some_and(|row| row.contains("Dienst"))
            .then_some(())
    });
    pressed(&jonas, "toggle-muted");
    jonas.look("muted");
    pressed(&jonas, "toggle-archived");
    jonas.browser.click(".details .back button");
    jonas.to_list();
    jonas.browser.wait_text(&id("room-row"), ANNA);
    jonas.browser.wait_for("the group to be out of the way", || {
        (!jonas.browser.texts(&id("room-row")).iter().any(|row| row.contains("Dienst")))
            .then_some(())
    });
    jonas.browser.click(&id("filter-archive"));
    jonas.browser.wait_text(&id("room-row"), "Dienst");
    jonas.look("archive");
}
