//! L.6: nothing is lost with large text or on 320 px (WCAG 1.4.4, 1.4.10), nothing moves for those who do not want it
//! (2.3.3), and the way of a message through the accessibility tree, as a screen reader has it.

use serde_json::{Value, json};
use testkit::{Screen, Server};

use crate::app::{PIN, Person, dist, id};
use crate::i_c_own_contacts::to_contacts;
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};
use crate::l_6_for_everyone::{ESCAPE, press};
use crate::picture;

/// Controls that lie beside the view, and texts that are cut without saying so.
const LOST: &str = "const seen = it => { const r = it.getBoundingClientRect(); return r.width > 0 && r.height > 0 && it.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }); };
    const name = it => (it.dataset.testid || it.className || it.tagName) + ' \"' + it.textContent.trim().slice(0, 30) + '\"';
    const root = document.querySelector('dialog[open]') || document.body;
    const beside = [...root.querySelectorAll('button, a[href], input, textarea')].filter(seen).filter(it => {
        const r = it.getBoundingClientRect();
        if (it.closest('[data-scrolls]')) return false;
        return r.left < -1 || r.right > innerWidth + 1;
    }).map(it => 'beside the view: ' + name(it));
    const cut = [...root.querySelectorAll('*')].filter(seen).filter(it => {
        const style = getComputedStyle(it);
        const own = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        return own && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && it.scrollWidth > it.clientWidth + 1
            && !['TEXTAREA', 'INPUT'].includes(it.tagName) && it.clientWidth > 1;
    }).map(it => 'cut off: ' + name(it));
    const spills = [...root.querySelectorAll('*')].filter(seen).filter(it => {
        const style = getComputedStyle(it);
        const own = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        return own && style.overflowX === 'visible' && style.display !== 'inline' && it.clientWidth > 1 && it.scrollWidth > it.clientWidth + 2;
    }).map(it => 'spills: ' + name(it));
    const wide = document.documentElement.scrollWidth - innerWidth;
    return [...beside, ...cut, ...spills, ...(wide > 0 ? [`${wide} px too wide`] : [])];";

fn check(person: &Person, what: &str, faults: &mut Vec<String>) {
    person.picture(what);
    let found = person.browser.script(LOST, &json!([]));
    let found = found.as_array().expect("a list").iter().filter_map(Value::as_str);
    faults.extend(found.map(|fault| format!("{what}: {fault}")));
}

fn narrow(person: &Person, (width, height): (u32, u32)) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    person.browser.cdp("Emulation.setDeviceMetricsOverride", &size);
}

#[test]
fn nothing_is_lost_on_320_pixels_and_with_text_twice_as_large() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.make_group("Stroke-Team Nacht und Wochenende", &[("Weber", JONAS)]);
    jonas.open("Stroke-Team");
    anna.say("CT ist frei, siehe https://klinikum.example/ein/ziemlich/langer/weg/zu/einem/plan");
    jonas.sees("CT ist frei");
    jonas.reply("CT ist frei", "Komme");
    anna.send_photo(&picture::noise_file(files.path(), "befund.jpg", 3), "Befund");
    jonas.sees_picture();
    jonas.attach("attach-urgent");
    jonas.say("Bitte sofort ansehen");
    anna.sees("Bitte sofort ansehen");

    let mut faults = Vec::new();
    // 1280 px at 400 %, 1440 px at 200 %, a phone with text at 200 %.
    for (name, size, text) in
        [("320", (320, 640), "100%"), ("zoom", (720, 450), "100%"), ("text", (390, 844), "200%")]
    {
        narrow(&jonas, size);
        let set = "document.documentElement.style.fontSize = arguments[0]";
        jonas.browser.script(set, &json!([text]));
        check(&jonas, &format!("chat-{name}"), &mut faults);
        jonas.menu("Befund");
        check(&jonas, &format!("menu-{name}"), &mut faults);
        jonas.browser.click(&id("action-details"));
        jonas.browser.find(&id("message-details"));
        check(&jonas, &format!("message-details-{name}"), &mut faults);
        jonas.browser.click(&id("sheet-close"));
        jonas.browser.click(&id("attach"));
        jonas.browser.find(&id("attach-poll"));
        check(&jonas, &format!("attach-{name}"), &mut faults);
        jonas.browser.click(&id("attach-poll"));
        jonas.browser.find(&id("poll-send"));
        check(&jonas, &format!("poll-{name}"), &mut faults);
        jonas.browser.click(&id("sheet-close"));
        jonas.browser.click(&id("camera"));
        jonas.browser.find("[data-testid=shutter]:not([disabled])");
        check(&jonas, &format!("camera-{name}"), &mut faults);
        jonas.browser.click(&id("camera-close"));
        jonas.browser.click(&id("open-details"));
        jonas.browser.find(&id("member"));
        check(&jonas, &format!("details-{name}"), &mut faults);
        jonas.browser.click(".details .back button");
        jonas.browser.script("location.hash = '#/'", &json!([]));
        jonas.browser.find(&id("room-row"));
        check(&jonas, &format!("list-{name}"), &mut faults);
        jonas.browser.script("location.hash = '#/settings'", &json!([]));
        jonas.browser.find(&id("language-en"));
        check(&jonas, &format!("settings-{name}"), &mut faults);
        jonas.browser.script("location.hash = '#/'", &json!([]));
        jonas.click_with_text(&id("room-row"), "Stroke-Team");
        jonas.browser.find(&id("composer"));
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn nothing_of_the_contacts_is_lost_on_320_pixels_and_with_text_twice_as_large() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let table = files.path().join("station.csv");
    let text = "Name;Funktion;Station;Durchwahl;E-Mail;Notiz\n\
        Prof. Dr. Wolfgang-Amadeus von Hohenlohe-Schillingsfürst;Geschäftsführender Oberarzt;Herz-, Thorax- und Gefäßchirurgie;4711;wolfgang-amadeus.hohenlohe-schillingsfuerst@klinikum-musterstadt.example;Mittwochs im OP\n\
        Zoë Öztürk;Ärztin;Ambulanz;4712;;";
    std::fs::write(&table, text).expect("the file is written");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    to_contacts(&anna);
    let mut faults = Vec::new();
    for (name, size, text) in
        [("320", (320, 640), "100%"), ("zoom", (720, 450), "100%"), ("text", (390, 844), "200%")]
    {
        narrow(&anna, size);
        let set = "document.documentElement.style.fontSize = arguments[0]";
        anna.browser.script(set, &json!([text]));
        let mut see = |what: &str| check(&anna, &format!("{what}-{name}"), &mut faults);
        anna.browser.click(&id("import-open"));
        anna.browser.find(&id("import-group"));
        see("import-sources");
        anna.browser.upload(&id("import-csv"), &table);
        anna.browser.find(&id("import-summary"));
        see("import-preview");
        if anna.browser.has(&id("import-row")) {
            anna.browser.click(&id("import-take"));
        } else {
            anna.browser.click(&id("pane-back"));
            anna.browser.click(&id("import-code"));
            anna.browser.find(&id("code-step"));
            see("import-code");
            anna.browser.click(&id("pane-back"));
            anna.browser.find(&id("import-group"));
            anna.browser.click(&id("pane-back"));
        }
        anna.browser.wait_text(&id("contact-row"), "Zoë Öztürk");
        see("contacts");
        anna.click_with_text(&id("contact-row"), "Hohenlohe");
        anna.browser.find(&id("contact-details"));
        see("contact");
        anna.browser.click(&id("contact-edit"));
        anna.browser.find(&id("contact-form"));
        see("contact-form");
        anna.browser.click(&id("pane-back"));
        anna.browser.click(&id("own-code-open"));
        anna.browser.find(&id("own-code-qr"));
        see("own-code");
        anna.browser.click(&id("sheet-close"));
        anna.browser.gone(&id("own-code"));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn what_moves_stands_still_for_those_who_ask_for_it() {
    let server = Server::demo(&dist());
    let anna = Person::at(&server.url(), "anna", Screen::Phone);
    let reduced = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    anna.browser.cdp("Emulation.setEmulatedMedia", &reduced);
    anna.log_in("anna", PASSWORD);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    anna.browser.click(&id("attach"));
    let running = "return document.getAnimations().filter(it => it.playState === 'running' && it.effect.getComputedTiming().duration > 10).length";
    anna.browser.find(&id("attach-poll"));
    assert_eq!(anna.browser.script(running, &json!([])), 0);
    press(&anna, ESCAPE);
    anna.browser.gone(&id("attach-poll"));
    // The control: without the wish something does move.
    anna.browser.cdp("Emulation.setEmulatedMedia", &json!({ "features": [] }));
    anna.browser.click(&id("record"));
    anna.browser.find(&id("recorder"));
    anna.browser.wait_for("the recorder's mark to breathe", || {
        (anna.browser.script(running, &json!([])) != 0).then_some(())
    });
}

/// Roles and names of all that a screen reader meets, in its order.
fn tree(person: &Person) -> Vec<(String, String, bool)> {
    let nodes = person.browser.cdp("Accessibility.getFullAXTree", &json!({}));
    let text = |node: &Value, part: &str| {
        node[part]["value"].as_str().unwrap_or_default().trim().to_owned()
    };
    let focusable = |node: &Value| {
        let properties = node["properties"].as_array().map(Vec::as_slice).unwrap_or_default();
        properties.iter().any(|it| it["name"] == "focusable" && it["value"]["value"] == true)
    };
    let nodes = nodes["nodes"].as_array().expect("a tree").iter();
    nodes
        .filter(|node| node["ignored"] != true)
        .map(|node| (text(node, "role"), text(node, "name"), focusable(node)))
        .collect()
}

/// Asserts that whatever takes the focus says what it is, and that these are met.
#[track_caller]
fn meets(person: &Person, what: &str, expected: &[(&str, &str)]) {
    let tree = tree(person);
    let nameless: Vec<&str> = tree
        .iter()
        .filter(|(role, name, focusable)| *focusable && name.is_empty() && role != "RootWebArea")
        .map(|(role, ..)| role.as_str())
        .collect();
    assert!(nameless.is_empty(), "{what}: without a name: {nameless:?}");
    for (role, part) in expected {
        let met = tree.iter().any(|(other, name, _)| other == role && name.contains(part));
        assert!(met, "{what}: no {role} “{part}” in {tree:#?}");
    }
}

#[test]
fn a_message_is_sent_and_heard_by_way_of_the_accessibility_tree() {
    let server = Server::demo(&dist());
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    let anna = Person::at(&server.url(), "anna", Screen::Desktop);
    anna.browser.find(&id("login-user"));
    meets(
        &anna,
        "sign-in",
        &[
            ("heading", "Konsil"),
            ("textbox", "Benutzername"),
            ("textbox", "Passwort"),
            ("button", "Anmelden"),
        ],
    );
    anna.log_in_to_the_pin("anna", PASSWORD);
    meets(
        &anna,
        "PIN",
        &[
            ("heading", "PIN festlegen"),
            ("textbox", "Neue PIN"),
            ("textbox", "PIN wiederholen"),
            ("button", "PIN festlegen und öffnen"),
        ],
    );
    anna.set_pin(PIN);
    anna.browser.find(&id("shell"));
    assert!(anna.is_shown_the_notice());
    anna.browser.click(&id("privacy-seen"));
    anna.browser.gone(&id("privacy-new"));
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    meets(
        &anna,
        "chat",
        &[
            ("navigation", "Hauptbereiche"),
            ("heading", JONAS),
            ("textbox", "Nachricht"),
            ("button", "Kamera"),
            ("button", "Anhang"),
        ],
    );
    anna.begin("Bitte um Rückruf");
    meets(&anna, "writing", &[("textbox", "Nachricht"), ("button", "Senden")]);
    anna.browser.click(&id("send"));
    jonas.sees("Bitte um Rückruf");
    // What has come is announced, with its sender; and it stands in the log.
    jonas.browser.wait_for("the announcement", || {
        tree(&jonas)
            .iter()
            .any(|(_, name, _)| name.contains(ANNA) && name.contains("Bitte um Rückruf"))
            .then_some(())
    });
    meets(&jonas, "received", &[("region", ""), ("heading", ANNA)]);
    jonas.browser.click(&id("camera"));
    jonas.browser.find("[data-testid=shutter]:not([disabled])");
    meets(
        &jonas,
        "camera",
        &[("dialog", "Kamera"), ("button", "Auslösen"), ("button", "Schließen")],
    );
    jonas.browser.click("[data-testid=shutter]:not([disabled])");
    jonas.browser.find(&id("outbox-send"));
    meets(
        &jonas,
        "last look",
        &[("dialog", "Senden"), ("textbox", "Bildunterschrift"), ("button", "Senden")],
    );
}
