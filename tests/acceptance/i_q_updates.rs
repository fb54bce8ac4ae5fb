//! I.q: the app goes from one version to the next without losing anything that was begun, and the hospital takes none that is too old. In real
//! Chromium on a phone and at a desk; the two versions are the built app with another stamp.

use serde_json::json;
use testkit::{Screen, Server, Settings};

use crate::app::{Person, id, member_of};
use crate::bundle::{Bundles, an_hour_passes, is_of};
use crate::j_1_large_files::{reaches, slowly, write_file};

const MIB: u64 = 1024 * 1024;

/// A hospital in which an hour may pass without locking the app.
fn hospital(bundles: &Bundles) -> Server {
    let tenant = "lock.hidden_seconds = 600\nlock.idle_minutes = 480\nsupport.email = \"it@klinikum.test\"\n\
        emergency_numbers = [{ name = \"Reanimation\", phone = \"2222\" }]";
    let (web, tenant) = (Some(bundles.folder()), tenant.to_owned());
    Server::with(&Settings { web, tenant, ..Settings::default() })
}

/// Waits until this stands in the field for writing.
#[track_caller]
fn has_begun(person: &Person, text: &str) {
    let value = "return document.querySelector(arguments[0])?.value";
    person.browser.wait_for(&format!("“{text}” to be begun"), || {
        (person.browser.script(value, &json!([id("composer")])) == text).then_some(())
    });
}

#[test]
fn a_new_version_takes_draft_queue_and_half_sent_file_along_in_all_tabs() {
    let bundles = Bundles::new();
    let mut server = hospital(&bundles);
    let ((annas, password), (jonass, jonas_password)) =
        (member_of(&server, "anna"), member_of(&server, "jonas"));
    let files = tempfile::tempdir().expect("a directory for files");
    let series = files.path().join("CT-Serie.zip");
    write_file(&series, 48 * MIB);
    let anna = Person::logged_in(&server.url(), &annas, &password, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), &jonass, &jonas_password, Screen::Desktop);
    anna.write_to(&jonass, &jonass);
    anna.say("Hallo");
    jonas.open(&annas);
    jonas.sees("Hallo");
    for person in [&anna, &jonas] {
        person.is_on_the_device();
        is_of(person, Bundles::EARLIER);
        assert!(!person.browser.has(&id("update")), "there is nothing newer");
    }

    // Found while the app is open, and not gone to before somebody says so.
    bundles.hand_out(Bundles::LATER);
    for person in [&anna, &jonas] {
        an_hour_passes(person);
        person.browser.wait_text(&id("update"), "Neue Version");
        person.check("update-offered");
        is_of(person, Bundles::EARLIER);
    }

    // At the desk in two tabs, with a draft.
    jonas.begin("Befund folgt");
    let first = jonas.browser.new_tab(&server.url());
    jonas.browser.find(&id("other-tab"));
    is_of(&jonas, Bundles::EARLIER);
    let second = jonas.browser.to_tab(&first);
    jonas.browser.click(&id("update-now"));
    is_of(&jonas, Bundles::LATER);
    jonas.unlock();
    jonas.open(&annas);
    has_begun(&jonas, "Befund folgt");
    jonas.browser.to_tab(&second);
    is_of(&jonas, Bundles::LATER);
    jonas.browser.to_tab(&first);
    assert!(!jonas.browser.has(&id("update")), "this is the newest");

    // On the phone with half of a large file sent, a message that waits and a draft, while the server is away.
    slowly(&anna, Some(3 * MIB));
    anna.send_document(&series, "Die Serie von gestern");
    let sent = reaches(&anna, "sending", 20);
    server.stop();
    anna.browser.find(&id("offline-banner"));
    anna.say("Wartet auf den Server");
    anna.sees_state("Wartet auf den Server", "queued");
    anna.begin("Noch nicht fertig");
    anna.browser.click(&id("update-now"));
    is_of(&anna, Bundles::LATER);
    anna.browser.find(&id("lock-offline"));
    server.resume();
    anna.unlock();
    anna.open(&jonass);
    has_begun(&anna, "Noch nicht fertig");
    assert!(reaches(&anna, "sending", 0) + 1 >= sent, "the file goes on where it was");
    slowly(&anna, None);
    for text in ["Wartet auf den Server", "Die Serie von gestern"] {
        anna.sees_state(text, "sent");
        anna.sees_once(text);
        jonas.sees_once(text);
    }
}

#[test]
fn whoever_puts_a_new_version_off_has_it_at_the_next_start() {
    let bundles = Bundles::new();
    let server = hospital(&bundles);
    let other = member_of(&server, "jonas").0;
    for (name, screen) in [("anna", Screen::Phone), ("maria", Screen::Desktop)] {
        bundles.hand_out(Bundles::EARLIER);
        let (user, password) = member_of(&server, name);
        let anna = Person::logged_in(&server.url(), &user, &password, screen);
        anna.is_on_the_device();
        anna.write_to(&other, &other);
        anna.begin("Noch nicht fertig");
        bundles.hand_out(Bundles::LATER);
        an_hour_passes(&anna);
        anna.browser.click(&id("update-later"));
        anna.browser.gone(&id("update"));
        has_begun(&anna, "Noch nicht fertig");
        is_of(&anna, Bundles::EARLIER);

        anna.browser.reload();
        is_of(&anna, Bundles::LATER);
        anna.unlock();
        has_begun(&anna, "Noch nicht fertig");
        assert!(!anna.browser.has(&id("update")));
    }
}

#[test]
fn half_of_a_new_version_is_never_taken() {
    let bundles = Bundles::new();
    let server = hospital(&bundles);
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Desktop);
    anna.is_on_the_device();
    // The server's files change while they are fetched: the page is not the one that the worker names.
    let page = bundles.folder().join("../").join(Bundles::LATER).join("index.html");
    let whole = std::fs::read_to_string(&page).expect("it is read");
    std::fs::write(&page, format!("{whole}<!-- half -->")).expect("it is written");
    bundles.hand_out(Bundles::LATER);
    // An answer comes when the installation has failed.
    let fails = "const done = arguments[arguments.length - 1];
        (async () => {
            const registration = await navigator.serviceWorker.getRegistration();
            const found = new Promise(resolve => registration.addEventListener('updatefound', () => resolve(registration.installing), { once: true }));
            await registration.update();
            const worker = await found;
            while (worker.state === 'installing') await new Promise(resolve => setTimeout(resolve, 50));
            return [worker.state, Boolean(registration.waiting)];
        })().then(done, error => done(String(error)));";
    let failed = anna.browser.async_script(fails, &json!([]));
    assert_eq!(failed, json!(["redundant", false]));
    assert!(!anna.browser.has(&id("update")));
    // And the app that is there goes on, and goes to the new version once it is whole.
    anna.reload();
    is_of(&anna, Bundles::EARLIER);
    std::fs::write(&page, whole).expect("it is written");
    an_hour_passes(&anna);
    anna.browser.click(&id("update-now"));
    is_of(&anna, Bundles::LATER);
    anna.unlock();
}

#[test]
fn a_version_that_is_too_old_is_refused_with_a_way_out() {
    let bundles = Bundles::new();
    let mut server = hospital(&bundles);
    let ((annas, password), (jonass, jonas_password)) =
        (member_of(&server, "anna"), member_of(&server, "jonas"));
    let anna = Person::logged_in(&server.url(), &annas, &password, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), &jonass, &jonas_password, Screen::Desktop);
    let people = [(&anna, "Anna wartet"), (&jonas, "Jonas wartet")];
    anna.write_to(&jonass, &jonass);
    anna.say("Hallo");
    jonas.open(&annas);
    jonas.say("Guten Morgen");
    anna.sees("Guten Morgen");
    let other_client = server.user("maria");

    server.stop();
    for (person, text) in people {
        person.is_on_the_device();
        person.browser.find(&id("offline-banner"));
        person.say(text);
        person.sees_state(text, "queued");
        person.begin("Noch nicht fertig");
    }
    let file = server.config_file();
    let config = std::fs::read_to_string(&file).expect("it is read");
    let minimum = format!("{config}\napp.minimum_version = \"{}\"\n", Bundles::LATER);
    std::fs::write(&file, minimum).expect("it is written");
    server.resume();
    assert!(server.log().contains("older than app.minimum_version"), "the operator is warned");

    for (person, _) in people {
        person.browser.wait_text(&id("too-old-why"), Bundles::LATER);
        assert!(person.browser.text(&id("too-old-why")).contains(Bundles::EARLIER));
        assert!(!person.browser.has(&id("shell")) && !person.browser.has(&id("unlock-pin")));
        assert_eq!(person.browser.text(&id("emergency-number")), "Reanimation: 2222");
        person.check("too-old");
        // The server has nothing newer: it is said whom to ask.
        person.browser.click(&id("too-old-update"));
        person.browser.wait_text(&id("too-old-problem"), "noch keine neuere Version");
        let support = person.browser.attribute(&id("too-old-support"), "href");
        assert_eq!(support.as_deref(), Some("mailto:it@klinikum.test"));
        person.check("too-old-nothing-newer");
    }
    // Another Matrix client says nothing of the kind, and is served.
    other_client.get("/_matrix/client/v3/sync?timeout=0").ok();

    bundles.hand_out(Bundles::LATER);
    for (person, _) in people {
        person.browser.click(&id("too-old-update"));
        is_of(person, Bundles::LATER);
        person.unlock();
    }
    anna.open(&jonass);
    jonas.open(&annas);
    for (person, text) in people {
        person.sees_state(text, "sent");
        has_begun(person, "Noch nicht fertig");
        anna.sees_once(text);
        jonas.sees_once(text);
    }
}
