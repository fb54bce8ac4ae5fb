//! I.j: who deletes a message for all deletes its file at the server as well, and not that of a message which was passed on.

use std::{fs, path::Path};

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};
use crate::picture;

/// Files in the server's media directory.
fn files(server: &Server) -> usize {
    let entries = |directory: &Path| -> Vec<_> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries.map(|entry| entry.expect("it can be listed").path()).collect()
    };
    let hospitals = entries(&server.data_dir());
    let shards = hospitals.iter().flat_map(|hospital| entries(&hospital.join("media")));
    shards.map(|shard| entries(&shard).len()).sum()
}

/// Waits until there are so many of them.
fn has(server: &Server, person: &Person, expected: usize) {
    person.browser.wait_for(&format!("{expected} files at the server"), || {
        (files(server) == expected).then_some(())
    });
}

#[test]
fn a_deleted_photo_is_gone_from_the_server_and_the_one_that_was_passed_on_still_shows() {
    let server = Server::demo(&dist());
    let directory = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.make_group("Wundteam", &[("Weber", JONAS)]);
    jonas.open("Wundteam");
    anna.to_list();
    anna.write_to("Weber", JONAS);
    let before = files(&server);
    anna.send_photo(&picture::noise_file(directory.path(), "wunde.jpg", 11), "Unterarm am Montag");
    anna.sees_state("Unterarm am Montag", "sent");
    jonas.open(ANNA);
    jonas.sees("Unterarm am Montag");
    jonas.sees_picture();
    assert_eq!(files(&server), before + 2, "the photo, and a small one");

    anna.act("Unterarm am Montag", "action-forward");
    anna.click_with_text(&id("forward-to"), "Wundteam");
    has(&server, &anna, before + 4);
    anna.delete("Unterarm am Montag", true);
    anna.browser.find(&id("message-deleted"));
    has(&server, &anna, before + 2);
    jonas.gone("Unterarm am Montag");
    jonas.browser.find(&id("message-deleted"));

    // Nothing is left of it in memory, so what shows comes from the server.
    jonas.reload();
    jonas.open("Wundteam");
    jonas.sees("Unterarm am Montag");
    jonas.browser.wait_text(&id("forwarded"), "Weitergeleitet");
    jonas.sees_picture();
    jonas.look("passed-on");
    jonas.browser.click(&id("image"));
    jonas.browser.find(&id("lightbox-image"));
    jonas.look("passed-on-large");
}
