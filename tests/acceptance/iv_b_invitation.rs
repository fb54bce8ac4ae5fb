//! IV.b: who gets in is invited by the operator; and from the invitation's link to the first photo in few taps, in real Chromium at 390 px.
//! Of IV.b this shows the invitation; e-mail domains, OIDC, SCIM, federation and notices of new users are missing.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Database, SERVER_NAME, Screen, Server, Settings, axe};

use crate::app::{PIN, Person, dist, id};

const LENA: &str = "Dr. Lena Vogt";
const JONAS: &str = "Jonas Weber";
const PASSWORD: &str = "Kastanie am Bahnhof";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
/// What the first use may take.
const TAPS: u64 = 12;
const TIME: Duration = Duration::from_secs(3 * 60);

fn hospital() -> Server {
    let tenant = "display_name = \"Klinikum Musterstadt\"\nsupport.email = \"it@klinikum.test\"\n";
    Server::with(&Settings {
        web: Some(dist()),
        tenant: tenant.to_owned(),
        database: Database::Sqlite,
        ..Settings::default()
    })
}

/// The link of an invitation for Lena.
fn invited(server: &Server) -> String {
    let person =
        ["--display-name", LENA, "--role", "Assistenzärztin", "--department", "Neurologie"];
    let output = server.konsil(&[&["user", "invite", "lena.vogt"], &person[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let link = said.lines().find_map(|line| line.strip_prefix("link: "));
    link.unwrap_or_else(|| panic!("{output:?}")).to_owned()
}

/// Counts what a finger does, across page loads.
fn count_taps(person: &Person) {
    let count = "addEventListener('pointerdown', event => {
        if (event.isTrusted) sessionStorage.setItem('test.taps', String(Number(sessionStorage.getItem('test.taps')) + 1));
    }, true);";
    person.browser.script(count, &json!([]));
    person.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": count }));
}

fn taps(person: &Person) -> u64 {
    let taps = "return Number(sessionStorage.getItem('test.taps'))";
    person.browser.script(taps, &json!([])).as_u64().unwrap_or(0)
}

#[test]
fn from_the_link_to_the_first_photo_it_takes_few_taps_and_no_recovery_key() {
    let server = hospital();
    let added = server.konsil(&["user", "add", "jonas", "--display-name", JONAS]);
    let said = String::from_utf8_lossy(&added.stdout).into_owned();
    let password = said.lines().find_map(|line| line.strip_prefix("password: ")).expect("made");
    let jonas = Person::logged_in(&server.url(), "jonas", password, Screen::Desktop);
    let lena = Person::at(&invited(&server), "lena", Screen::Phone);
    lena.browser.wait_text(&id("invited-name"), LENA);
    assert_eq!(lena.browser.text(&id("hospital-name")), "Klinikum Musterstadt");
    count_taps(&lena);
    let begun = Instant::now();

    lena.browser.click(&id("invited-password"));
    lena.browser.type_into(&id("invited-password"), PASSWORD);
    lena.browser.click(&id("invited-submit"));
    for field in ["pin-new", "pin-again"] {
        lena.browser.click(&id(field));
        lena.browser.type_into(&id(field), PIN);
    }
    lena.browser.click(&id("pin-submit"));
    lena.browser.find(&id("shell"));
    assert!(lena.is_shown_the_notice());
    lena.browser.click(&id("privacy-seen"));
    lena.browser.gone(&id("privacy-new"));
    assert!(!lena.browser.url().contains("invitation"), "{}", lena.browser.url());
    lena.look("newcomer");
    lena.browser.click(&id("new-chat"));
    lena.browser.click(&id("directory-search"));
    lena.browser.type_into(&id("directory-search"), "Weber");
    lena.browser.wait_text(&id("directory-row"), JONAS);
    lena.browser.click(&id("directory-row"));
    lena.browser.click(&id("camera"));
    lena.browser.click("[data-testid=shutter]:not([disabled])");
    lena.browser.click(&id("outbox-send"));
    lena.browser.wait_for("the photo to be at the server", || {
        let sent = ["sent", "delivered", "read"];
        let state = |state| format!("[data-testid=message][data-event-state={state}]");
        sent.iter().any(|it| lena.browser.has(&state(it))).then_some(())
    });
    let (taps, time) = (taps(&lena), begun.elapsed());
    println!("from the link to the first photo: {taps} taps, {:.1} s", time.as_secs_f64());
    assert!((5..=TAPS).contains(&taps), "{taps} taps");
    assert!(time < TIME, "{time:?}");
    jonas.open(LENA);
    jonas.sees_picture();

    // Nobody has asked for a key so far; the next start reminds of it.
    lena.to_list();
    assert!(!lena.browser.has(&id("recovery-banner")));
    lena.reload();
    lena.browser.find(&id("recovery-banner"));
}

#[test]
fn a_link_that_leads_no_further_says_why_and_what_to_do() {
    let mut server = hospital();
    let lena = Person::at(&invited(&server), "lena", Screen::Phone);
    // What anybody would try is not taken, and it says so in words.
    for (password, words) in [("kurz", "Noch 4 Zeichen"), ("Lena.Vogt", "Zu leicht zu erraten")] {
        lena.browser.replace_text(&id("invited-password"), password);
        lena.browser.wait_text(&id("password-strength"), words);
        lena.browser.click(&id("invited-submit"));
        lena.browser.wait_text(&id("invited-problem"), words);
    }
    lena.look("invited-weak");
    assert_eq!(axe::violations(&lena.browser), Vec::<String>::new());
    lena.browser.replace_text(&id("invited-password"), PASSWORD);
    lena.browser.wait_text(&id("password-strength"), "Sehr gut");
    lena.look("invited");
    lena.browser.resize(Screen::Desktop);
    lena.look("invited-at-a-desk");
    let first = lena.browser.url();
    lena.browser.click(&id("invited-submit"));
    lena.set_pin(PIN);
    lena.browser.find(&id("shell"));

    let closed = |link: &str, why: &str, words: &str| {
        let person = Person::at(link, "somebody", Screen::Phone);
        person.browser.find(&format!("[data-testid=invited-closed][data-why={why}]"));
        person.browser.wait_text("h1", words);
        person.look(&format!("invitation-{why}"));
        assert_eq!(axe::violations(&person.browser), Vec::<String>::new());
        let support = person.browser.attribute(&id("invited-support"), "href");
        assert_eq!(support.as_deref(), Some("mailto:it@klinikum.test"));
        person.browser.click(&id("invited-to-sign-in"));
        person.browser.find(&id("login-user"));
    };
    closed(&first, "used", "schon verwendet");
    let wrong = format!("{}/#/invitation/AAAAAAAAAAAAAAAAAAAAAA", server.url());
    closed(&wrong, "unknown", "gibt es nicht");
    // As if its time were over.
    let other = server.konsil(&["user", "invite", "lena.spaet"]);
    let said = String::from_utf8_lossy(&other.stdout).into_owned();
    let link = said.lines().find_map(|line| line.strip_prefix("link: ")).expect("a link");
    server.stop();
    let database = server.data_dir().join(SERVER_NAME).join("konsil.db");
    let database = rusqlite::Connection::open(database).expect("it opens");
    let ended = database.execute("UPDATE invitations SET expires_ts = 1 WHERE used = 0", []);
    assert_eq!(ended.expect("it is changed"), 1);
    drop(database);
    server.resume();
    closed(link, "ended", "abgelaufen");
}

#[test]
fn on_an_iphone_the_home_screen_comes_first_and_the_link_finds_its_way_there() {
    let server = hospital();
    let link = invited(&server);
    let lena = Person::at("about:blank", "lena", Screen::Phone);
    let agent = json!({ "userAgent": IPHONE });
    lena.browser.cdp("Emulation.setUserAgentOverride", &agent);
    let clipboard = json!({
        "origin": server.url(), "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
    });
    lena.browser.cdp("Browser.grantPermissions", &clipboard);
    lena.browser.go(&link);
    lena.browser.find(&id("home-screen"));
    lena.browser.wait_text(".steps", "Zum Home-Bildschirm");
    lena.look("home-screen-invited");
    assert_eq!(axe::violations(&lena.browser), Vec::<String>::new());
    lena.browser.click(&id("home-screen-copy"));
    lena.browser.wait_text(&id("toast"), "Kopiert");
    // From the home screen the app begins without the link: it is pasted.
    let standalone =
        json!({ "source": "Object.defineProperty(navigator, 'standalone', { value: true })" });
    lena.browser.cdp("Page.addScriptToEvaluateOnNewDocument", &standalone);
    lena.browser.go("about:blank");
    lena.browser.go(&server.url());
    lena.browser.click(&id("invitation-link-open"));
    lena.browser.type_into(&id("invitation-link"), "kein Link");
    lena.browser.click(&id("invitation-link-submit"));
    lena.browser.find(&id("invitation-link-problem"));
    lena.look("sign-in-with-a-link");
    let read = "const done = arguments[arguments.length - 1]; navigator.clipboard.readText().then(done, error => done(String(error)))";
    let copied = lena.browser.async_script(read, &json!([]));
    assert_eq!(copied, link.as_str());
    lena.browser.replace_text(&id("invitation-link"), &link);
    lena.browser.click(&id("invitation-link-submit"));
    lena.browser.wait_text(&id("invited-name"), LENA);

    // In the browser it can be left out.
    let other = Person::at("about:blank", "other", Screen::Phone);
    other.browser.cdp("Emulation.setUserAgentOverride", &agent);
    other.browser.go(&server.url());
    other.browser.find(&id("home-screen"));
    assert!(!other.browser.has(&id("home-screen-copy")), "there is no link yet");
    other.browser.click(&id("home-screen-skip"));
    other.browser.find(&id("login-user"));
}
