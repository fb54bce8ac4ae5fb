//! I.k: crash reports go to the hospital's own server alone, off by default, and only after their exact content was shown and agreed to. The crash is a
//! real one: the browser refuses the app an element, once, with words that name a patient; the app, which does not reckon with it, panics.

use serde_json::{Value, json};
use testkit::{Screen, Server};

use crate::app::{Person, hospital, id, member_of};

/// What the browser says when it refuses: it must be in no report.
const WORDS: &str = "Herr Beispielmann hat Fieber";

/// The next element that the app asks for is refused.
const REFUSE: &str = "const real = Document.prototype.createElement;
    Document.prototype.createElement = function () { Document.prototype.createElement = real; throw new TypeError(arguments_of_the_test); };";

/// Keeps what the app sends as a report.
const LISTEN: &str = "const real = window.fetch;
    window.fetch = (...asked) => { if (String(asked[0]).includes('crash_reports')) window.sentReport = asked[1].body; return real(...asked); };";

const NOTED: &str = "return localStorage.getItem('konsil.crash')";

fn nothing() -> Value {
    json!([])
}

fn settings(screen: Screen) -> String {
    id(if screen == Screen::Phone { "tab-settings" } else { "open-settings" })
}

/// Has the app panic, sees that it says so, and opens it again.
fn crash(person: &Person, screen: Screen) {
    let refuse = REFUSE.replace("arguments_of_the_test", &format!("{WORDS:?}"));
    person.browser.script(&refuse, &nothing());
    // Whatever is drawn next ends it: it may do so before the person does anything.
    let chats = id(if screen == Screen::Phone { "tab-chats" } else { "rail-chats" });
    let press = "document.querySelector(arguments[0])?.click()";
    let mut presses = [chats, settings(screen)].into_iter().cycle();
    person.browser.wait_for("the app to end", || {
        person.browser.script(press, &json!([presses.next()]));
        person.browser.has(&id("ended-again")).then_some(())
    });
    assert!(!person.browser.has(&id("crash")), "it asks at its next start");
    person.look("crashed");
    person.browser.click(&id("ended-again"));
    person.unlock();
}

fn reports(server: &Server) -> Vec<String> {
    let output = server.konsil(&["crash-reports", "list"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn a_crash_is_reported_after_its_exact_content_was_shown_and_agreed_to_and_holds_nothing_else() {
    let server = hospital("crash_reports.enabled = true\nlock.hidden_seconds = 600");
    let other = member_of(&server, "jonas").0;
    for (name, screen) in [("anna", Screen::Phone), ("maria", Screen::Desktop)] {
        let (user, password) = member_of(&server, name);
        let anna = Person::logged_in(&server.url(), &user, &password, screen);
        anna.write_to(&other, &other);
        anna.begin(WORDS);
        anna.to_list();
        let before = reports(&server).len();

        crash(&anna, screen);
        anna.browser.find(&id("crash-send"));
        anna.check("crash-question");
        let shown = "return document.querySelector(arguments[0]).textContent";
        let shown = anna.browser.script(shown, &json!([id("crash-content")]));
        let shown = shown.as_str().expect("a text").to_owned();
        let report: Value = serde_json::from_str(&shown).expect("JSON");
        let fields: Vec<_> = report.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(fields, ["browser", "kind", "part", "place", "system", "version"]);
        assert_eq!((&report["kind"], &report["part"]), (&json!("panic"), &json!("app")));
        assert_eq!((&report["browser"], &report["system"]), (&json!("Chromium"), &json!("Linux")));
        let place = report["place"].as_str().expect("a place");
        assert!(place.contains(".rs:") && !place.starts_with('/'), "{place}");
        let room = anna.browser.url();
        for marker in
            [WORDS, "Beispielmann", &user, &other, "klinikum.test", room.as_str(), "!", "@"]
        {
            assert!(!shown.contains(marker), "{marker} is in {shown}");
        }
        // Until the person says so nothing has been sent.
        assert_eq!(reports(&server).len(), before);
        anna.browser.script(LISTEN, &nothing());
        anna.browser.click(&id("crash-send"));
        anna.browser.gone(&id("crash"));
        assert_eq!(anna.browser.script("return window.sentReport", &nothing()), json!(shown));
        let kept = reports(&server);
        assert!(kept.iter().any(|line| line.contains(place)), "{kept:?}");
        assert_eq!(anna.browser.script(NOTED, &nothing()), Value::Null);
        let kept: usize = kept.iter().map(|line| times(line)).sum();

        // Not sent is not sent, and never is never.
        crash(&anna, screen);
        anna.browser.click(&id("crash-not"));
        anna.browser.gone(&id("crash"));
        assert_eq!(anna.browser.script(NOTED, &nothing()), Value::Null);
        crash(&anna, screen);
        anna.browser.click(&id("crash-never"));
        anna.browser.gone(&id("crash"));
        crash(&anna, screen);
        anna.browser.click(&settings(screen));
        anna.browser.find(&id("crash-setting"));
        assert!(!anna.browser.has(&id("crash")), "nobody is asked any more");
        assert_eq!(anna.browser.script(NOTED, &nothing()), Value::Null);
        anna.browser.wait_text(&id("crash-setting"), "fragt nach einem Absturz nicht");
        anna.look("crash-setting");
        anna.browser.click(&id("crash-setting-change"));
        anna.browser.wait_text(&id("crash-setting"), "zeigt Konsil, was gesendet würde");
        let now: usize = reports(&server).iter().map(|line| times(line)).sum();
        assert_eq!(now, kept, "nothing more was sent");
    }
    let doctor = server.konsil(&["doctor"]);
    assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
}

/// How often a line of the list says that it came.
fn times(line: &str) -> usize {
    let times = line.split_whitespace().find_map(|word| word.strip_suffix('×')?.parse().ok());
    times.unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn by_default_nobody_is_asked_and_nothing_is_noted_or_taken() {
    let server = hospital("lock.hidden_seconds = 600");
    let (user, password) = member_of(&server, "anna");
    let anna = Person::logged_in(&server.url(), &user, &password, Screen::Phone);
    crash(&anna, Screen::Phone);
    anna.browser.click(&settings(Screen::Phone));
    anna.browser.find(&id("settings"));
    assert!(!anna.browser.has(&id("crash")) && !anna.browser.has(&id("crash-setting")));
    assert_eq!(anna.browser.script(NOTED, &nothing()), Value::Null);
    let report = json!({
        "version": "0.1.0", "part": "app", "kind": "panic", "place": "unknown",
        "browser": "Chromium", "system": "Android",
    });
    server.api().post("/_konsil/crash_reports", &report).refused(403, "M_FORBIDDEN");
}
