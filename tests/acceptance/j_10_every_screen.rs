//! J.10, L.6: every screen at 390 and 1440 px, light and dark: no barrier that axe knows, nothing wider than the screen. The pictures
//! of `docs/user` are these: `KONSIL_WRITE_DOCS=1` keeps them.

use std::path::Path;

use serde_json::json;
use testkit::{Screen, Server, axe};

use crate::app::{PIN, Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, MURAT, PASSWORD};
use crate::picture;

/// A chat as WhatsApp on a German Android phone gives it away. Made up.
const FROM_ELSEWHERE: &str = "03.11.26, 08:12 - Anna Meyer: Guten Morgen, wer hat heute Dienst?
03.11.26, 08:13 - Jonas Weber: Ich, bis 16 Uhr.
03.11.26, 08:20 - Anna Meyer: Danke!
";

struct Walk {
    person: Person,
    size: &'static str,
    faults: Vec<String>,
}

impl Walk {
    /// Looks at the screen as it stands.
    fn see(&mut self, what: &str) {
        let (person, faults) = (&self.person, &mut self.faults);
        person.stands_still();
        person.in_both_themes(|theme| {
            let name = format!("{what}-{}-{theme}", self.size);
            person.look(&name);
            if std::env::var_os("KONSIL_WRITE_DOCS").is_some() {
                let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/user");
                person.browser.webp(&docs.join(format!("{name}.webp")));
            }
            let found = axe::violations(&person.browser);
            faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
        });
    }

    /// Goes to a place by its address. A sheet that has just closed gives its history entry back a moment later, which would lead away
    /// from there again.
    fn go(&self, place: &str) {
        let (go, mut stayed) =
            ("const was = location.hash; location.hash = arguments[0]; return was", 0);
        self.person.browser.wait_for("the place to stay", || {
            let was = self.person.browser.script(go, &json!([place]));
            stayed = if was == place { stayed + 1 } else { 0 };
            (stayed == 3).then_some(())
        });
    }

    fn close_sheet(&self) {
        self.person.browser.click(&id("sheet-close"));
    }
}

#[test]
fn every_screen_on_a_phone() {
    walk("phone", Screen::Phone);
}

#[test]
fn every_screen_on_a_desk() {
    walk("desk", Screen::Desktop);
}

fn walk(size: &'static str, screen: Screen) {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    let anna = Person::at(&server.url(), "anna", screen);
    let mut walk = Walk { person: anna, size, faults: Vec::new() };
    walk.person.browser.find(&id("sign-in"));
    walk.see("sign-in");
    walk.person.browser.click(&id("link-here"));
    walk.person.browser.find(&id("link-qr"));
    walk.see("another-device-code");
    walk.person.browser.click(&id("link-back"));
    walk.person.log_in_to_the_pin("anna", PASSWORD);
    walk.see("pin");
    walk.person.set_pin(PIN);
    assert!(walk.person.is_shown_the_notice());
    walk.see("privacy");
    walk.person.browser.click(&id("privacy-seen"));
    walk.person.browser.gone(&id("privacy-new"));
    walk.see("no-chats");
    walk.person.browser.click(&id("recovery-show"));
    walk.person.browser.find(&id("recovery-key"));
    walk.see("recovery-key");
    walk.person.browser.click(&id("recovery-saved"));

    walk.go("#/new");
    walk.person.browser.wait_text(&id("directory-row"), JONAS);
    walk.see("new-chat");
    walk.go("#/new/group");
    walk.person.browser.type_into(&id("group-name"), "Stroke-Team");
    walk.person.browser.wait_text(&id("directory-row"), JONAS);
    walk.person.click_with_text(&id("directory-row"), JONAS);
    walk.see("new-group");
    walk.go("#/new/lists");
    walk.person.browser.find(&id("lists-none"));
    walk.see("broadcast-lists");
    walk.go("#/");
    walk.person.make_group("Stroke-Team", &[("Weber", JONAS), ("Murat", MURAT)]);
    walk.person.say("Wer übernimmt die Aufnahme um 15 Uhr?");
    walk.person.write_to("Weber", JONAS);
    walk.person.say("Guten Morgen, ist das EKG von Zimmer 12 schon da?");
    jonas.open(ANNA);
    jonas.send_photo(&picture::ecg_file(files.path(), "ekg.jpg"), "EKG von eben");
    walk.person.sees("EKG von eben");
    walk.person.sees_picture();
    walk.person.react("EKG von eben");
    walk.person.reply("EKG von eben", "Danke, schaue ich mir gleich an.");
    jonas.sees("Danke, schaue");
    walk.person.sees_state("Danke, schaue", "read");
    walk.see("chat");
    walk.person.menu("EKG von eben");
    walk.see("message-menu");
    walk.person.browser.click(&id("action-details"));
    walk.person.browser.find(&id("message-details"));
    walk.see("message-details");
    walk.close_sheet();
    walk.person.browser.click(&id("attach"));
    walk.person.browser.find(&id("attach-poll"));
    walk.see("attach");
    walk.person.browser.click(&id("attach-poll"));
    walk.person.browser.find(&id("poll-send"));
    walk.see("poll");
    walk.close_sheet();
    walk.person.attach("attach-urgent");
    walk.person.begin("Bitte sofort in den Schockraum");
    walk.see("urgent");
    walk.person.browser.click(&id("send"));
    jonas.sees("Bitte sofort in den Schockraum");
    walk.person.browser.click(&id("open-chat-search"));
    walk.person.browser.type_into(&id("chat-search-input"), "EKG");
    walk.person.browser.find(&id("search-hit"));
    walk.see("search");
    walk.close_sheet();
    walk.person.browser.click(&id("camera"));
    walk.person.browser.find("[data-testid=shutter]:not([disabled])");
    walk.see("camera");
    walk.person.browser.click(&id("camera-close"));
    walk.person.browser.gone(&id("camera-stage"));
    let photo = picture::ecg_file(files.path(), "befund.jpg");
    walk.person.browser.upload(&id("file-input"), &photo);
    walk.person.browser.find(&id("outbox-edit"));
    walk.see("photo");
    walk.person.browser.click(&id("outbox-edit"));
    walk.person.browser.find("[data-testid=editor-picture][data-ready=true]");
    walk.see("editor");
    walk.person.browser.click(&id("editor-done"));
    walk.person.browser.gone(&id("editor"));
    walk.person.browser.click(&id("outbox-send"));
    walk.person.browser.gone(&id("outbox-send"));
    let band = picture::label_file(files.path(), "armband.png");
    walk.person.browser.upload(&id("file-input"), &band);
    walk.person.browser.find(&id("outbox-writing"));
    walk.see("photo-with-writing");
    walk.person.browser.click(&id("outbox-discard"));
    walk.person.browser.gone(&id("outbox"));
    if screen == Screen::Phone {
        walk.person.browser.click(&id("open-details"));
        walk.person.browser.find(&id("verify-person"));
        walk.see("person");
    }
    walk.person.browser.click(&id("export-open"));
    walk.person.browser.find(&id("export-not-allowed"));
    walk.see("export");
    walk.close_sheet();
    if screen == Screen::Phone {
        walk.person.browser.click(".details .back button");
    }
    walk.person.to_list();
    walk.see("chats");
    walk.go("#/people");
    walk.person.browser.wait_text(&id("directory-row"), JONAS);
    walk.see("people");
    walk.go("#/contacts");
    walk.person.browser.find(&id("contacts-none"));
    walk.see("contacts-none");
    walk.person.browser.click(&id("import-open"));
    walk.person.browser.find(&id("import-group"));
    walk.see("contacts-import");
    walk.person.browser.click(&id("import-group"));
    walk.person.browser.wait_text(&id("import-chat"), "Stroke-Team");
    walk.person.click_with_text(&id("import-chat"), "Stroke-Team");
    walk.person.browser.wait_text(&id("import-row"), JONAS);
    walk.see("contacts-preview");
    walk.person.browser.click(&id("import-take"));
    walk.person.browser.wait_text(&id("contact-row"), JONAS);
    walk.see("contacts");
    walk.person.click_with_text(&id("contact-row"), JONAS);
    walk.person.browser.find(&id("contact-vouched"));
    walk.see("contact");
    walk.person.browser.click(&id("contact-edit"));
    walk.person.browser.find(&id("contact-form"));
    walk.see("contact-edit");
    walk.person.browser.click(&id("pane-back"));
    walk.person.browser.click(&id("own-code-open"));
    walk.person.browser.find(&id("own-code-qr"));
    walk.see("own-code");
    walk.close_sheet();
    walk.person.browser.gone(&id("own-code"));
    walk.go("#/settings");
    walk.person.browser.find(&id("lock-policy"));
    walk.see("settings");
    walk.person.browser.click(&id("link-device"));
    walk.person.browser.find(&id("link-camera"));
    walk.see("another-device-read");
    walk.close_sheet();
    walk.person.browser.gone(&id("link-sheet"));
    for (open, there, name) in [
        ("recovery-test-open", "recovery-test", "recovery-test"),
        ("backup-make-open", "backup-not-allowed", "backup-make"),
        ("backup-take-open", "backup-open-submit", "backup-take"),
        ("keys-give-open", "keys-not-allowed", "keys-give"),
        ("keys-take-open", "keys-take-submit", "keys-take"),
    ] {
        walk.person.browser.click(&id(open));
        walk.person.browser.find(&id(there));
        walk.see(name);
        walk.close_sheet();
        walk.person.browser.gone(&id(there));
    }
    let chat = files.path().join("WhatsApp Chat mit Station 3.txt");
    std::fs::write(&chat, FROM_ELSEWHERE).expect("it can be written");
    walk.person.browser.click(&id("chat-import-open"));
    walk.person.browser.find(&id("chat-import"));
    walk.see("chat-import");
    walk.person.browser.upload(&id("chat-import-file"), &chat);
    walk.person.browser.wait_text(&id("chat-import-count"), "3 Nachrichten von 2 Personen");
    walk.see("chat-import-preview");
    walk.close_sheet();
    walk.person.browser.gone(&id("chat-import"));
    walk.person.browser.click(&id("lock-now"));
    walk.person.browser.find(&id("lock-screen"));
    walk.see("locked");
    walk.faults.sort();
    assert!(walk.faults.is_empty(), "{} faults:\n{}", walk.faults.len(), walk.faults.join("\n"));
}
