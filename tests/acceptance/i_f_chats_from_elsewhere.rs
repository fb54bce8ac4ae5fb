//! I.f: messages and attachments are taken over from exports of WhatsApp, of a Matrix client and of Konsil itself, marked as such, with their time and
//! author, and encrypted anew. The exports of others are made up here, in the forms that WhatsApp and Element write; the archives are others' code.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use testkit::{
    Screen, User, python,
    search::{Needle, search},
};

use crate::{
    app::{Person, hospital, id, member_of},
    i_n_redaction::{keep_shown, nothing_in, received, with_metadata},
};

/// As Android writes it in German; long enough to be searched for.
const CHAT: &str = "\
12.03.24, 14:05 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Nur Personen in diesem Chat können sie lesen, anhören oder teilen.
12.03.24, 14:05 - Clara Vogt: Herr K. fiebert seit heute früh,
39,2 um sechs Uhr
12.03.24, 14:07 - Clara Vogt: Wunde.jpg (Datei angehängt)
Die Wunde am Abend
12.03.24, 14:09 - A. Meyer: Ich komme gleich auf die Station
12.03.24, 14:10 - Clara Vogt: PTT-20240312-WA0002.opus (Datei angehängt)
12.03.24, 14:11 - Clara Vogt: Diese Nachricht wurde gelöscht
12.03.24, 14:12 - Clara Vogt: <Medien ausgeschlossen>
12.03.24, 14:13 - Clara Vogt: Arztbrief.txt (Datei angehängt)
12.03.24, 14:15 - Clara Vogt: Bis morgen um sieben <Diese Nachricht wurde bearbeitet.>
";

/// Packs files with others' code; the media as they are, as phones do.
fn zip(to: &Path, chat: (&str, &str), files: &[PathBuf]) {
    python::run(
        r#"
import json, sys, zipfile, os
given = json.load(sys.stdin)
with zipfile.ZipFile(given["to"], "w") as archive:
    archive.writestr(given["name"], given["text"], zipfile.ZIP_DEFLATED)
    for file in given["files"]:
        archive.write(file, os.path.basename(file), zipfile.ZIP_STORED)
print("{}")
"#,
        &json!({ "to": to, "name": chat.0, "text": chat.1, "files": files }),
    );
}

fn open_import(person: &Person) {
    person.to_settings();
    person.browser.click(&id("chat-import-open"));
    person.browser.find(&id("chat-import"));
}

fn choose(person: &Person, file: &Path) {
    person.browser.upload(&id("chat-import-file"), file);
}

/// Takes what is looked at over, and waits until all of it is there.
fn begin(person: &Person) {
    person.browser.click(&id("chat-import-begin"));
    person.browser.gone(&id("chat-import"));
    person.browser.gone(&id("chat-import-bar"));
}

/// Encrypted events in all rooms of a person, as the server sees them.
fn events(user: &User) -> Vec<Value> {
    let rooms = user.get("/_matrix/client/v3/joined_rooms").ok();
    let rooms = rooms["joined_rooms"].as_array().expect("rooms").clone();
    let all = rooms.iter().flat_map(|room| user.history(room.as_str().expect("an ID")));
    all.filter(|event| event["type"] == "m.room.encrypted").collect()
}

#[test]
fn a_chat_of_whatsapp_comes_over_with_photos_voice_and_files_and_says_so() {
    let server = hospital("lock.hidden_seconds = 600");
    let anna = member_of(&server, "anna");
    let files = tempfile::tempdir().expect("a folder");
    let photo = with_metadata(files.path(), "Wunde.jpg");
    let voice = files.path().join("PTT-20240312-WA0002.opus");
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "lavfi", "-i", "sine=frequency=440:duration=2"])
        .args(["-c:a", "libopus", "-f", "ogg"])
        .arg(&voice)
        .status();
    assert!(made.is_ok_and(|status| status.success()), "apt-get install ffmpeg");
    let letter = files.path().join("Arztbrief.txt");
    std::fs::write(&letter, "Sehr geehrte Kollegin").expect("it is written");
    let export = files.path().join("WhatsApp Chat mit Station 3.zip");
    zip(&export, ("WhatsApp Chat mit Station 3.txt", CHAT), &[photo, voice, letter]);

    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Phone);
    open_import(&at_anna);
    at_anna.look("chat-import");
    at_anna.check("chat-import");
    let other = files.path().join("Dienstplan.txt");
    std::fs::write(&other, "Montag: Frühdienst").expect("it is written");
    choose(&at_anna, &other);
    at_anna.browser.wait_text(&id("chat-import-problem"), "kein Chat");
    choose(&at_anna, &export);
    at_anna.browser.wait_text(&id("chat-import-title"), "Station 3");
    at_anna.browser.wait_text(&id("chat-import-count"), "8 Nachrichten von 2 Personen");
    at_anna.browser.wait_text(&id("chat-import-attachments"), "3 Anhänge");
    at_anna.click_with_text(&id("chat-import-author"), "A. Meyer");
    at_anna.look("chat-import-preview");
    at_anna.check("chat-import-preview");
    begin(&at_anna);

    at_anna.sees("39,2 um sechs Uhr");
    at_anna.sees("Bis morgen um sieben");
    at_anna.browser.wait_for("all of it to be sent", || {
        let waiting =
            "[data-testid=message]:is([data-event-state=queued], [data-event-state=failed])";
        (!at_anna.browser.has(waiting)).then_some(())
    });
    keep_shown(&at_anna);
    let words = |css: &str| at_anna.browser.texts(css).join("\n");
    assert!(words(&id("imported")).contains("aus WhatsApp, von Ihnen übernommen"));
    let times = at_anna.browser.texts(&id("imported-time"));
    let minutes = [5, 5, 7, 9, 10, 11, 12, 13, 15];
    assert_eq!(
        times,
        minutes.map(|minute| format!("12.03.2024, 14:{minute:02}")),
        "in their order"
    );
    let fever = at_anna.message("39,2 um sechs Uhr");
    assert_eq!(at_anna.browser.text(&format!("{fever} .sender")), "Clara Vogt");
    assert_eq!(
        at_anna.browser.text(&format!("{fever} {}", id("message-text"))),
        "Herr K. fiebert seit heute früh,\n39,2 um sechs Uhr"
    );
    let own = at_anna.message("Ich komme gleich auf die Station");
    assert!(
        at_anna.browser.has(&format!("{own}.me")) && !at_anna.browser.has(&format!("{fever}.me"))
    );
    let muted = at_anna.browser.texts(&id("imported-muted"));
    assert!(muted[0].contains("Ende-zu-Ende-verschlüsselt"), "{muted:?}");
    assert_eq!(muted[1..], ["Nachricht gelöscht", "Anhang nicht im Export"]);
    // A line of the system is nobody's, and looks like none of this system's.
    assert_eq!(at_anna.browser.texts(".sender")[0], "WhatsApp");
    assert!(words(&id("edited")).contains("bearbeitet"));
    assert!(at_anna.browser.has(&id("voice")), "the recording can be played");
    assert!(words(&id("log")).contains("Arztbrief.txt"));
    at_anna.look("chat-imported");
    at_anna.check("chat-imported");
    // Camera, place and small copy stay behind, as with every photo that is sent.
    let shown = received(&at_anna, "Die Wunde am Abend");
    image::load_from_memory(&shown).expect("a picture");
    nothing_in(&shown, files.path());

    // What was taken over is nobody's to change, and stays after a restart.
    at_anna.menu("Bis morgen um sieben");
    assert!(!at_anna.browser.has(&id("action-edit")));
    at_anna.reload();
    at_anna.sees("39,2 um sechs Uhr");
    for event in events(&server.api().login(&anna.0, &anna.1)) {
        let clear = event["content"]["m.relates_to"].clone();
        assert!(clear.is_null() || clear == json!({ "de.konsil.urgency": "silent" }), "{clear}");
    }
    let needles = [
        Needle::text("39,2 um sechs Uhr"),
        Needle::text("Clara Vogt: Herr"),
        Needle::text("Sehr geehrte Kollegin"),
    ];
    let found = search(&server.data_dir(), &needles);
    assert!(found.is_empty(), "{found:?}");
    let found = search(&at_anna.browser.profile_dir(), &needles);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_was_interrupted_goes_on_where_it_was_and_doubles_nothing() {
    const ALL: usize = 120;
    let server = hospital("lock.hidden_seconds = 600");
    let anna = member_of(&server, "anna");
    let files = tempfile::tempdir().expect("a folder");
    let export = files.path().join("_chat.txt");
    let line = |n: usize| {
        format!("[12.03.24, 14:{:02}:{:02}] Clara Vogt: Nachricht Nummer {n}.\r\n", n / 60, n % 60)
    };
    std::fs::write(&export, (1..=ALL).map(line).collect::<String>()).expect("it is written");
    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Desktop);
    open_import(&at_anna);
    choose(&at_anna, &export);
    at_anna.browser.wait_text(&id("chat-import-count"), "120 Nachrichten von 1 Person");
    at_anna.browser.replace_text(&id("chat-import-name"), "Aus dem Nachtdienst");
    at_anna.browser.click(&id("chat-import-begin"));
    at_anna.browser.wait_for("some to be done", || {
        let bar = at_anna.browser.texts(&id("chat-import-bar")).join(" ");
        let done: usize = bar.split("übernommen: ").nth(1)?.split(' ').next()?.parse().ok()?;
        (done >= 30).then_some(())
    });
    at_anna.look("chat-import-bar");
    at_anna.check("chat-import-bar");
    at_anna.reload();
    at_anna.browser.gone(&id("chat-import-bar"));

    open_import(&at_anna);
    choose(&at_anna, &export);
    at_anna.browser.wait_text(&id("chat-import-begun"), "von 120 Nachrichten an");
    assert!(!at_anna.browser.has(&id("chat-import-new")), "it goes where it went");
    at_anna.look("chat-import-begun");
    at_anna.browser.find(&id("chat-import-anew"));
    begin(&at_anna);
    at_anna.sees("Nachricht Nummer 120.");
    // Beside them there is the chat's name.
    let on_the_server = server.api().login(&anna.0, &anna.1);
    at_anna.browser.wait_for("all of them to be on the server", || {
        (events(&on_the_server).len() > ALL).then_some(())
    });
    at_anna.sees_state("Nachricht Nummer 120.", "sent");
    assert_eq!(events(&on_the_server).len(), ALL + 1);
    at_anna.to_list();
    open_import(&at_anna);
    choose(&at_anna, &export);
    at_anna.browser.find(&id("chat-import-again"));
}

#[test]
fn dates_that_can_be_read_in_two_ways_are_asked_about_and_stopping_is_possible() {
    let server = hospital("lock.hidden_seconds = 600");
    let anna = member_of(&server, "anna");
    let files = tempfile::tempdir().expect("a folder");
    let export = files.path().join("WhatsApp Chat with Ward 3.txt");
    let line = |n: usize| {
        format!("3/{}/24, 14:05 - {}: Message {n}\n", n % 9 + 1, ["Clara", "Anna M."][n % 2])
    };
    std::fs::write(&export, (0..600).map(line).collect::<String>()).expect("it is written");
    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Phone);
    open_import(&at_anna);
    choose(&at_anna, &export);
    at_anna.browser.wait_text(&id("chat-import-period"), "03.01.2024 – 03.09.2024");
    at_anna.click_with_text(&id("chat-import-author"), "Anna M.");
    at_anna.browser.click(&id("chat-import-month-first"));
    at_anna.browser.wait_text(&id("chat-import-period"), "01.03.2024 – 09.03.2024");
    at_anna.look("chat-import-dates");
    at_anna.check("chat-import-dates");
    let chosen = "[data-testid=chat-import-author][aria-checked=true]";
    assert_eq!(at_anna.browser.texts(chosen), ["Anna M."], "what was chosen stays");
    at_anna.browser.click(&id("chat-import-begin"));
    at_anna.browser.wait_text(&id("chat-import-bar"), "Wird übernommen");
    at_anna.browser.click(&id("chat-import-stop"));
    at_anna.browser.gone(&id("chat-import-bar"));
    at_anna.browser.find(&id("composer"));
    at_anna.to_list();
    // Going on from the sheet has left no step of it behind.
    at_anna.browser.find(&id("settings"));
    open_import(&at_anna);
    choose(&at_anna, &export);
    at_anna.browser.wait_text(&id("chat-import-begun"), "von 600 Nachrichten an");
    // As it was begun.
    at_anna.browser.wait_text(&id("chat-import-period"), "01.03.2024 – 09.03.2024");
}

#[test]
fn exports_of_element_and_of_konsil_come_into_a_chat_of_several() {
    let server = hospital("attachments.save_to_device = true\nlock.hidden_seconds = 600");
    let (anna, jonas) = (member_of(&server, "anna"), member_of(&server, "jonas"));
    let files = tempfile::tempdir().expect("a folder");
    let at_anna = Person::logged_in(&server.url(), &anna.0, &anna.1, Screen::Desktop);
    let at_jonas = Person::logged_in(&server.url(), &jonas.0, &jonas.1, Screen::Phone);
    at_anna.write_to(&jonas.0, &jonas.0);
    at_anna.say("Wird heute umgestellt");
    at_jonas.open(&anna.0);
    at_jonas.sees("Wird heute umgestellt");

    // Konsil's own, signed by Jonas.
    let allow = json!({ "behavior": "allow", "downloadPath": files.path() });
    at_jonas.browser.cdp("Browser.setDownloadBehavior", &allow);
    at_jonas.browser.script("window.showSaveFilePicker = undefined", &json!([]));
    at_jonas.browser.click(&id("open-details"));
    at_jonas.browser.click(&id("export-open"));
    at_jonas.browser.click(&id("export-save"));
    at_jonas.browser.find(&id("export-done"));
    let own = files.path().join("Konsil-Gespraech.json");
    at_jonas.browser.wait_for("the download", || own.exists().then_some(()));
    let text = std::fs::read_to_string(&own).expect("it is text");
    let altered = files.path().join("altered.json");
    std::fs::write(&altered, text.replace("heute umgestellt", "morgen umgestellt"))
        .expect("it is written");

    // As Element writes it.
    let message = |at: u64, sender: &str, body: &str| {
        json!({
            "type": "m.room.message", "event_id": format!("${at}"), "sender": sender, "origin_server_ts": at,
            "room_id": "!alt:example.org", "content": { "msgtype": "m.text", "body": body },
        })
    };
    let element = files.path().join("export.json");
    let export = json!({
        "room_name": "Nachtdienst", "room_creator": "@clara:example.org", "topic": "",
        "export_date": "30/11/2026, 10:00:00", "exported_by": "Clara Vogt (@clara:example.org)",
        "messages": [
            message(1_710_248_400_000, "@clara:example.org", "Übergabe um acht im Stützpunkt"),
            message(1_710_248_460_000, "@murat:example.org", "Bin dabei"),
        ],
    });
    std::fs::write(&element, export.to_string()).expect("it is written");

    open_import(&at_anna);
    choose(&at_anna, &altered);
    at_anna.browser.wait_text(&id("chat-import-problem"), "nach dem Unterschreiben verändert");
    choose(&at_anna, &element);
    at_anna.browser.wait_text(&id("chat-import-title"), "Nachtdienst");
    at_anna.browser.click(&id("chat-import-existing"));
    at_anna.browser.click(&id("chat-import-begin"));
    at_anna.browser.wait_text(&id("chat-import-problem"), "Chat wählen");
    at_anna.click_with_text(&id("chat-import-to"), &jonas.0);
    at_anna.browser.wait_text(&id("chat-import-target"), &jonas.0);
    at_anna.look("chat-import-existing");
    begin(&at_anna);
    at_anna.sees("Bin dabei");
    at_jonas.browser.click(&id("sheet-close"));
    at_jonas.reload();
    at_jonas.open(&anna.0);
    at_jonas.sees("Übergabe um acht im Stützpunkt");
    at_jonas.sees("Bin dabei");
    let from = at_jonas.browser.texts(&id("imported")).join("\n");
    assert!(from.contains(&format!("aus Matrix, übernommen von {}", anna.0)), "{from}");
    at_jonas.look("chat-imported-by-other");

    at_anna.to_list();
    open_import(&at_anna);
    choose(&at_anna, &own);
    at_anna.browser.wait_text(&id("chat-import-count"), "1 Nachricht");
    begin(&at_anna);
    at_anna.sees("Wird heute umgestellt");
    let from = at_anna.browser.texts(&id("imported")).join("\n");
    assert!(from.contains("aus Konsil, von Ihnen übernommen"), "{from}");
}
