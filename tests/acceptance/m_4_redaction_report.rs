//! M.4: what was taken out of a picture is reported with it, within the encrypted message, and shown in words.

use testkit::search::{Needle, search};
use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::i_n_redaction::{begin_edit, counted, drag, finish_and_send, with_metadata};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

#[test]
fn the_report_of_what_was_taken_out_comes_with_the_picture_and_nobody_else_sees_it() {
    let mut server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let photo = with_metadata(files.path(), "IMG_2044.jpg");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Desktop);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Phone);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);

    begin_edit(&anna, &photo);
    drag(&anna.browser, "mouse", (0.1, 0.1, 0.3, 0.2));
    counted(&anna, 1);
    drag(&anna.browser, "mouse", (0.5, 0.1, 0.7, 0.2));
    counted(&anna, 2);
    // Taken back: not in the report.
    anna.browser.click(&id("tool-pixelate"));
    drag(&anna.browser, "mouse", (0.1, 0.5, 0.3, 0.7));
    counted(&anna, 3);
    anna.browser.click(&id("editor-undo"));
    counted(&anna, 2);
    anna.browser.click(&id("tool-turn"));
    counted(&anna, 3);
    finish_and_send(&anna, "Mit Bericht");

    for person in [&jonas, &anna] {
        person.sees("Mit Bericht");
        person.sees_picture();
        person.act("Mit Bericht", "action-details");
        let report = person.browser.text(&id("removal-report"));
        for words in [
            "2 Stellen geschwärzt",
            "gedreht",
            "Angaben der Kamera",
            "Aufnahmeort",
            "kleine Kopie des Originals",
            "Bearbeitungsangaben",
            "Bildbeschreibung",
            "Kommentare",
            "neu gezeichnet",
        ] {
            assert!(report.contains(words), "no “{words}” in {report}");
        }
        assert!(!report.contains("verpixelt"), "what was taken back is not there: {report}");
        person.look("report");
        person.browser.click(&id("sheet-close"));
    }

    // A photo that nobody edited has its report, too.
    anna.send_photo(&photo, "Ohne Bearbeitung");
    jonas.sees("Ohne Bearbeitung");
    jonas.act("Ohne Bearbeitung", "action-details");
    let report = jonas.browser.text(&id("removal-report"));
    assert!(report.contains("Aufnahmeort") && !report.contains("geschwärzt"), "{report}");
    anna.sees_state("Ohne Bearbeitung", "delivered");

    server.stop();
    let report = Needle::text("de.konsil.removal_report");
    let found = search(&server.data_dir(), &[report]);
    assert!(found.is_empty(), "the report stands in clear on the server");
}
