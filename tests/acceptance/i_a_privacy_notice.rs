//! I.a: how data are processed can be read at any time, without login and in the app; it is written from the live configuration, and
//! shown once at the first login and after each change.

use serde_json::json;
use testkit::{Screen, Server, axe, server::Settings};

use crate::app::{Person, dist, id};

const ACCOUNT_DATA: &str = "/account_data/de.konsil.privacy_notice";

fn hospital() -> Server {
    let tenant = "display_name = \"Klinikum Musterstadt\"\n".to_owned();
    Server::with(&Settings { web: Some(dist()), tenant, ..Settings::default() })
}

/// Stops the server, adds to its configuration, and starts it again.
fn change(server: &mut Server, settings: &str) {
    server.stop();
    let mut text = std::fs::read_to_string(server.config_file()).expect("there is a configuration");
    text.push_str(settings);
    std::fs::write(server.config_file(), text).expect("it can be written");
    server.resume();
}

fn text(person: &Person) -> String {
    person
        .browser
        .script("return document.body.innerText", &json!([]))
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn anybody_reads_it_without_login_and_a_changed_setting_changes_it() {
    let mut server = hospital();
    let api = server.api();
    let notice = |lang: &str| api.get(&format!("/_konsil/privacy?lang={lang}")).ok();
    let before = notice("de");
    for screen in [Screen::Phone, Screen::Desktop] {
        let stranger = Person::at(&server.url(), "stranger", screen);
        // The way there from the screen to sign in.
        stranger.browser.find(&id("login-privacy"));
        let link = "return document.querySelector(arguments[0]).getAttribute('href')";
        let link = stranger.browser.script(link, &json!([id("login-privacy")]));
        let link = link.as_str().expect("a link").to_owned();
        assert!(link.starts_with("/privacy"), "{link}");
        stranger.browser.go(&format!("{}{link}", server.url()));
        stranger.browser.wait_text("h1", "Datenschutzhinweise · Klinikum Musterstadt");
        let said = text(&stranger);
        for part in [
            "Art. 15 bis 21 DSGVO",
            "Datenschutzbeauftragte",
            "Wie lange Daten bleiben",
            "Wer Daten bekommt",
        ] {
            assert!(said.contains(part), "{part} is missing:\n{said}");
        }
        assert!(!said.contains("push.example"), "nobody outside is switched on:\n{said}");
        assert!(said.contains(before["version"].as_str().unwrap_or("?")), "{said}");
        stranger.look("privacy");
        assert_eq!(axe::violations(&stranger.browser), Vec::<String>::new());
        stranger.browser.click("a[hreflang=en]");
        stranger.browser.wait_text("h1", "Privacy notice · Klinikum Musterstadt");
        let scripts = "return document.scripts.length";
        assert_eq!(stranger.browser.script(scripts, &json!([])), 0, "it needs no script");
    }

    change(
        &mut server,
        "push.web_push_hosts = [\"push.example\"]\nprivacy.officer = \"dsb@klinikum.example\"\nretention.message_days = 90\n",
    );
    let after = notice("de");
    assert_ne!(after["version"], before["version"]);
    assert!(after["since_ts"].as_u64() > before["since_ts"].as_u64());
    for (lang, period_before, period) in [
        ("de", "Nachrichten: höchstens 30 Tage", "Nachrichten: höchstens 90 Tage"),
        ("en", "Messages: for 30 days at most", "Messages: for 90 days at most"),
    ] {
        let said = notice(lang).to_string();
        assert!(said.contains("push.example") && said.contains("dsb@klinikum.example"), "{said}");
        assert!(said.contains(period) && !said.contains(period_before), "{said}");
        assert!(lang != "de" || before.to_string().contains(period_before), "{before}");
    }
    let since = after["since_ts"].clone();
    change(&mut server, "");
    assert_eq!(notice("de")["since_ts"], since, "a restart is no change");
}

#[test]
fn it_is_shown_once_at_the_first_login_and_once_after_each_change_and_that_is_recorded() {
    let mut server = hospital();
    let anna = server.user("anna");
    let record = || anna.get(&format!("/_matrix/client/v3/user/{}{ACCOUNT_DATA}", anna.id));
    let version = |server: &Server| server.api().get("/_konsil/privacy").ok()["version"].clone();
    record().refused(404, "M_NOT_FOUND");

    let desk = Person::at(&server.url(), "anna-desk", Screen::Desktop);
    desk.log_in_to_the_notice(&anna.localpart, &anna.password);
    assert!(desk.is_shown_the_notice());
    desk.browser.wait_text(&id("privacy-new"), "Wer verantwortlich ist");
    desk.look("privacy-new");
    assert_eq!(axe::violations(&desk.browser), Vec::<String>::new());
    desk.browser.click(&id("privacy-seen"));
    let recorded = desk.browser.wait_for("the record", || {
        let answer = record();
        (answer.status == 200).then(|| answer.ok())
    });
    assert_eq!(recorded["version"], version(&server));
    assert!(recorded["shown_ts"].as_u64() > Some(1_700_000_000_000), "{recorded}");
    desk.reload();
    assert!(!desk.is_shown_the_notice(), "once");
    let phone = Person::at(&server.url(), "anna-phone", Screen::Phone);
    phone.log_in_to_the_notice(&anna.localpart, &anna.password);
    assert!(!phone.is_shown_the_notice(), "it was shown on the other device");

    // At any time, from the settings.
    desk.browser.click(&id("open-settings"));
    desk.browser.click(&id("open-privacy"));
    desk.browser.wait_text(&id("privacy-sheet"), "Ihre Rechte");
    desk.look("privacy-sheet");
    desk.browser.click(&id("sheet-close"));

    change(&mut server, "presence.enabled = true\n");
    for person in [&desk, &phone] {
        person.reload();
    }
    assert!(desk.is_shown_the_notice() && phone.is_shown_the_notice(), "after a change");
    phone.browser.wait_text(&id("privacy-new"), "ob Sie gerade angemeldet sind");
    phone.look("privacy-changed");
    // Leaving it by its cross is as good: nothing is agreed to.
    phone.browser.click(&format!("{} {}", id("privacy-new"), id("sheet-close")));
    phone.browser.wait_for("the new record", || {
        (record().ok()["version"] == version(&server)).then_some(())
    });
    for person in [&desk, &phone] {
        person.reload();
        assert!(!person.is_shown_the_notice(), "once");
    }
}
