//! Without a server.

use konsil_client::{
    Connection, Session,
    chat::{OwnState, RowKind},
    session::{Credentials, LoginError, Settings},
};

use crate::person::{Hospital, Pair, message, says, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_offline_survives_reopening_and_goes_out_in_order() {
    let mut pair = Pair::meet().await;
    let Some(server) = pair.hospital.server() else {
        // Somebody else's server is not ours to stop.
        return;
    };
    let anna = pair.annas.open(&pair.chat).await;
    anna.send_text("null", None).await.expect("it is queued");
    message("it is sent", &anna, |it| it.own == Some(OwnState::Sent)).await;
    server.kill();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;
    for number in ["eins", "zwei", "drei"] {
        anna.send_text(number, None).await.expect("it is queued");
    }
    message("it waits", &anna, |it| {
        says(it, "drei") && matches!(it.own, Some(OwnState::Queued { .. }))
    })
    .await;
    drop(anna);
    pair.annas.close().await;
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    text(&anna, "drei").await;
    pair.hospital.server().expect("as above").resume();
    until("Anna is back", &mut pair.annas.session().connection(), |it| *it == Connection::Online)
        .await;
    let jonas = pair.jonass.open(&pair.chat).await;
    text(&jonas, "drei").await;
    let rows = jonas.rows().peek();
    let order: Vec<&str> = ["null", "eins", "zwei", "drei"]
        .into_iter()
        .filter(|text| {
            rows.iter().any(|row| matches!(&row.kind, RowKind::Message(it) if says(it, text)))
        })
        .collect();
    assert_eq!(order, ["null", "eins", "zwei", "drei"]);
    let place = |text| {
        rows.iter().position(|row| matches!(&row.kind, RowKind::Message(it) if says(it, text)))
    };
    assert!(
        place("null") < place("eins")
            && place("eins") < place("zwei")
            && place("zwei") < place("drei")
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
    assert!(Session::restore(&settings).await.expect("nothing is damaged").is_none());
}
