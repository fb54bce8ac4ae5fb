//! M.8: how it stands with the recovery key is always to be seen in the settings, and the key that was kept can be tested before it is needed.

use testkit::Screen;

use crate::app::{Person, hospital, id, member_of};

fn test(person: &Person, key: &str) {
    person.browser.replace_text(&id("recovery-test-key"), key);
    person.browser.click(&id("recovery-test-submit"));
}

#[test]
fn the_key_that_was_kept_is_tested_before_it_is_needed_and_its_state_is_always_seen() {
    let server = hospital("lock.hidden_seconds = 600");
    for (name, screen) in [("anna", Screen::Phone), ("jonas", Screen::Desktop)] {
        let (user, password) = member_of(&server, name);
        let person = Person::logged_in(&server.url(), &user, &password, screen);
        person.to_settings();
        person.browser.wait_text(&id("recovery-state"), "Noch nicht aufbewahrt");
        person.browser.click(&id("recovery-show-settings"));
        let key = person.browser.wait_for("the recovery key", || {
            person.browser.texts(&id("recovery-key")).first().filter(|it| !it.is_empty()).cloned()
        });
        person.browser.click(&id("sheet-close"));

        person.browser.click(&id("recovery-test-open"));
        person.check("recovery-test");
        test(&person, "EsTc 1234");
        person.browser.wait_text(&id("recovery-test-problem"), "kein vollständiger Schlüssel");
        // As it is read from paper: other blanks, another line.
        test(&person, &key.replacen(' ', "\n", 3));
        person.browser.wait_text(&id("recovery-test-right"), "Der Schlüssel stimmt");
        person.browser.click(&id("sheet-close"));
        person.browser.wait_text(&id("recovery-state"), "Eingerichtet");
        person.look("recovery-ready");

        // A device that nobody has confirmed says so; the key of somebody else is not the person's.
        let other = Person::at(&server.url(), &format!("{name}-other"), screen);
        other.log_in(&user, &password);
        other.browser.click(&id("confirm-later"));
        other.to_settings();
        other
            .browser
            .wait_text(&id("recovery-state"), "nicht bestätigt und sichert deshalb nichts");
        other.browser.click(&id("recovery-test-open"));
        test(&other, FOREIGN);
        other.browser.wait_text(&id("recovery-test-problem"), "gehört nicht zu diesem Konto");
        test(&other, &key);
        other.browser.wait_text(&id("recovery-test-right"), "Der Schlüssel stimmt");
    }
}

/// A whole recovery key of nobody here: the example of the Matrix specification (client-server API, "Cryptographic key representation").
const FOREIGN: &str = "EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d";
