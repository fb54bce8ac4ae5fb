//! What is missing between the messages shows, and what is explained alarms nobody (II.b).

use std::sync::Arc;

use konsil_client::{
    Chat,
    chat::{DeviceProof, FindingKind, Message, Row, RowKind},
};
use testkit::copy::lose;

use crate::{
    line::Line,
    person::{Hospital, find, is_sent, message, say, says, text, texts, until},
};

/// What does not fit, with the text of the message behind it.
fn findings(rows: &[Arc<Row>]) -> Vec<(String, FindingKind, String)> {
    let found = rows.iter().enumerate().filter_map(|(at, row)| match &row.kind {
        RowKind::Finding { who, kind } => {
            let next = texts(&rows[at..]).into_iter().next().unwrap_or_default();
            Some((who.id.to_string(), *kind, next))
        }
        _ => None,
    });
    found.collect()
}

async fn sent(chat: &Chat, words: &str) -> Message {
    say(chat, words).await;
    message("it is on the server", chat, |it| says(it, words) && is_sent(it)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_never_sent_or_before_our_time_alarms_nobody_and_what_is_lost_shows() {
    let mut hospital = Hospital::open();
    let (anna, jonas, clara) =
        (hospital.account("anna"), hospital.account("jonas"), hospital.account("clara"));
    let line = Line::to(anna.url()).await;
    let annas = anna.at(line.url()).first_device().await;
    let (mut jonass, claras) = (jonas.first_device().await, clara.first_device().await);
    let people = [jonas.person(), clara.person()];
    let group = annas.session().rooms().create_group("Team", &people).await.expect("it is made");
    jonass.accept_invitation().await;
    claras.accept_invitation().await;
    let at_anna = annas.open(&group).await;
    let at_jonas = jonass.open(&group).await;

    // Deleted.
    sent(&at_anna, "eins").await;
    let two = sent(&at_anna, "zwei").await;
    text(&at_jonas, "zwei").await;
    sent(&at_anna, "drei").await;
    at_anna.delete(&two.id).await.expect("she may");
    // Taken back before it went out, between two that did.
    line.cut();
    for words in ["vier", "fünf", "sechs"] {
        say(&at_anna, words).await;
    }
    let five = text(&at_anna, "fünf").await;
    at_anna.delete(&five.id).await.expect("it waits");
    line.mend();
    text(&at_jonas, "sechs").await;
    // Changed, before it went out and after: the change counts too.
    let six = message("it is sent", &at_anna, |it| says(it, "sechs") && is_sent(it)).await;
    at_anna.edit(&six.id, &crate::person::plain("sechs und mehr")).await.expect("it is hers");
    text(&at_jonas, "sechs und mehr").await;
    line.cut();
    say(&at_anna, "sieben").await;
    let seven = text(&at_anna, "sieben").await;
    at_anna.edit(&seven.id, &crate::person::plain("sieben und mehr")).await.expect("it waits");
    line.mend();
    text(&at_jonas, "sieben und mehr").await;
    // Written while he was not a member.
    at_anna.remove(&jonas.person()).await.expect("she manages the group");
    sent(&at_anna, "nicht für Jonas").await;
    at_anna.invite(&[jonas.person()]).await.expect("she manages the group");
    jonass.accept_invitation().await;
    sent(&at_anna, "acht").await;
    text(&at_jonas, "acht").await;
    drop(at_jonas);
    jonass.close().await;

    // Lost, at the end of a session: with Clara's going the next message gets a key of its own.
    let lost = [sent(&at_anna, "neun").await, sent(&at_anna, "zehn").await];
    at_anna.remove(&clara.person()).await.expect("she manages the group");
    let server = hospital.server().expect("this test stops its server");
    server.stop();
    lose(server, &lost.each_ref().map(|it| it.id.event_id().expect("it is on the server")));
    server.resume();
    let last = sent(&at_anna, "elf").await;

    jonass.reopen().await;
    let at_jonas = jonass.open(&group).await;
    // An export looks for itself: it does not wait until the open chat has looked.
    let exported = at_jonas.export(|_| ()).await.expect("it can be exported");
    assert_eq!(exported.header.missing.into_iter().collect::<Vec<_>>(), [(anna.id.clone(), 2)]);
    text(&at_jonas, "elf").await;
    let mut rows = at_jonas.rows();
    let rows = until("the loss shows", &mut rows, |rows| !findings(rows).is_empty()).await;
    let expected = vec![(anna.id.clone(), FindingKind::Missing(2), "elf".to_owned())];
    assert_eq!(findings(&rows), expected, "and nothing else does");

    // Both sides prove the same.
    let proof = at_jonas.proof(&last.id).await.expect("it is there");
    assert_eq!(proof.trust, DeviceProof::Confirmed);
    let at_sender = at_anna.proof(&last.id).await.expect("it is there");
    assert_eq!((&proof.sha256, proof.number), (&at_sender.sha256, at_sender.number));
    assert!(proof.sha256.is_some() && proof.number.is_some() && proof.device.is_some());
    assert!(find(&at_jonas.rows().get(), |it| says(it, "neun")).is_none());
}
