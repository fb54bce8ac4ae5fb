//! Without a server.

use konsil_client::{
    Connection, Session,
    chat::{Body, FileToSend, OwnState, RowKind, ScrollBack},
    lock::Stored,
    session::{Credentials, LoginError, Settings},
};

use crate::person::{Hospital, Pair, find, is_sent, message, say, says, text, texts, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_offline_survives_reopening_and_goes_out_in_order() {
    let mut pair = Pair::meet().await;
    let Some(server) = pair.hospital.server() else {
        // Somebody else's server is not ours to stop.
        return;
    };
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "null").await;
    message("it is sent", &anna, is_sent).await;
    server.kill();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;
    for number in ["eins", "zwei", "drei"] {
        say(&anna, number).await;
    }
    message("it waits", &anna, |it| {
        says(it, "drei") && matches!(it.own, Some(OwnState::Queued { .. }))
    })
    .await;
    drop(anna);
    pair.annas.close().await;
    // The PIN needs the server.
    pair.hospital.server().expect("as above").resume();
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    text(&anna, "drei").await;
    until("Anna is back", &mut pair.annas.session().connection(), |it| *it == Connection::Online)
        .await;
    let jonas = pair.jonass.open(&pair.chat).await;
    // The last message may be seen before the page that holds the others.
    let written = ["null", "eins", "zwei", "drei"];
    let rows = until("all of it arrives", &mut jonas.rows(), |rows| {
        let seen = texts(rows);
        written.iter().all(|text| seen.iter().any(|it| it == text))
    })
    .await;
    assert_eq!(texts(&rows), written, "in order and once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_above_even_in_a_chat_that_had_been_seen_from_its_beginning() {
    let (pair, line) = Pair::over_a_line().await;
    let (anna, jonas) = (pair.annas.open(&pair.chat).await, pair.jonass.open(&pair.chat).await);
    say(&jonas, "Anfang").await;
    text(&anna, "Anfang").await;
    let at_beginning = |it: &ScrollBack| *it == ScrollBack::Beginning;
    until("all of it is there", &mut anna.scroll_back(), at_beginning).await;
    line.cut();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;
    // More than one sync brings.
    for number in 0..60 {
        say(&jonas, &format!("Zeile {number}")).await;
    }
    message("all are sent", &jonas, |it| says(it, "Zeile 59") && is_sent(it)).await;
    line.mend();
    pair.annas.session().retry_now();
    text(&anna, "Zeile 59").await;
    assert!(find(&anna.rows().get(), |it| says(it, "Zeile 0")).is_none(), "there is a gap");
    until("there is more above", &mut anna.scroll_back(), |it| !at_beginning(it)).await;
    for _ in 0..10 {
        anna.load_older().await;
    }
    text(&anna, "Zeile 0").await;
    text(&anna, "Anfang").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_app_had_not_kept_yet_when_it_was_killed_comes_at_the_next_start() {
    let mut pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    say(&jonas, "Gehalten").await;
    text(&anna, "Gehalten").await;
    let files = pair.annas.files();
    let is_cache = |(name, _): &&(String, Vec<u8>)| name.ends_with("event-cache.sqlite3");
    let cache = &files.iter().find(is_cache).expect("the SDK has a file for the cache").0;
    let busy = rusqlite::Connection::open(cache).expect("it is a database");
    busy.execute_batch("BEGIN IMMEDIATE").expect("nobody writes just now");
    say(&jonas, "Nicht mehr gehalten").await;
    // Anna's app says so with its next question, by the position that it has noted.
    message("it is on Anna's device", &jonas, |it| {
        let own = it.own.clone();
        says(it, "Nicht mehr gehalten") && matches!(own, Some(OwnState::Delivered { .. }))
    })
    .await;
    let image = pair.annas.image();
    drop(busy);
    drop(anna);
    pair.annas.close().await;
    pair.annas.restore(&image);
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    text(&anna, "Nicht mehr gehalten").await;
    text(&anna, "Gehalten").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_that_wait_survive_reopening_and_leave_no_copy_behind() {
    let mut pair = Pair::meet().await;
    let Some(server) = pair.hospital.server() else {
        return;
    };
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "vorher").await;
    message("it is sent", &anna, is_sent).await;
    server.kill();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;
    let content = b"%PDF-1.7 Befund, der wartet".to_vec();
    let file = FileToSend {
        name: "Befund.pdf".into(),
        mime: "application/pdf".into(),
        bytes: content.clone(),
        caption: None,
        reply_to: None,
        removal: None,
    };
    anna.send_file(file).await.expect("it is queued");
    say(&anna, "danach").await;
    message("both wait", &anna, |it| says(it, "danach")).await;
    drop(anna);
    pair.annas.close().await;
    let kept = pair.annas.files();
    assert!(kept.iter().any(|(name, _)| name.contains("queue")), "the attachment is kept");
    let in_clear =
        |(_, bytes): &(String, Vec<u8>)| bytes.windows(16).any(|part| part == b"Befund, der wart");
    assert!(!kept.iter().any(in_clear), "and sealed");

    pair.hospital.server().expect("as above").resume();
    pair.annas.reopen().await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let arrived = message("the file arrives", &jonas, |it| matches!(it.body, Body::File(_))).await;
    let Body::File(view) = &arrived.body else { unreachable!() };
    assert_eq!(jonas.media(&view.file).await.expect("it can be fetched"), content);
    text(&jonas, "danach").await;
    let rows = jonas.rows().peek();
    let files = rows.iter().filter(
        |row| matches!(&row.kind, RowKind::Message(it) if matches!(it.body, Body::File(_))),
    );
    assert_eq!(files.count(), 1, "once");
    assert!(
        !pair.annas.files().iter().any(|(name, _)| name.contains("queue/")),
        "nothing is left of the copy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_missing_server_are_told_apart() {
    let hospital = Hospital::open();
    let account = hospital.account("anna");
    let directory = tempfile::tempdir().expect("a directory");
    let mut settings = Settings {
        homeserver: account.url().to_owned(),
        store: directory.path().join("konsil").to_str().expect("readable").to_owned(),
        device_name: "test".into(),
    };
    let wrong = Credentials { user: account.localpart.clone(), password: "falsch".into() };
    assert_eq!(Session::login(&settings, &wrong).await.err(), Some(LoginError::WrongCredentials));
    settings.homeserver = "http://127.0.0.1:9".into();
    assert_eq!(Session::login(&settings, &wrong).await.err(), Some(LoginError::NoConnection));
    let stored = Session::stored(&settings).await.expect("nothing is damaged");
    assert!(matches!(stored, Stored::Nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_nobody_is_seen_writing() {
    let (pair, line) = Pair::over_a_line().await;
    let (anna, jonas) = (pair.annas.open(&pair.chat).await, pair.jonass.open(&pair.chat).await);
    jonas.typing(true).await;
    until("Jonas is seen writing", &mut anna.header(), |it| !it.typing.is_empty()).await;
    // Nobody says from now on that he has stopped.
    line.cut();
    until("nobody is seen writing", &mut anna.header(), |it| it.typing.is_empty()).await;
    until("nor in the list", &mut pair.annas.session().rooms().view(), |list| {
        list.rows.iter().all(|row| row.typing.is_empty())
    })
    .await;
}
