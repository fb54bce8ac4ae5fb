//! Two people write to each other.

use std::time::{Duration, Instant};

use konsil_client::{
    chat::{Body, Draft, FileToSend, ImageToSend, OwnState, ReplyTarget, RowKind, TextToSend},
    removal::{EditKind, RemovalReport},
    room_list::{Preview, RoomKind},
};

use crate::person::{Hospital, Pair, find, is_sent, message, plain, say, says, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_write_answer_react_edit_and_delete() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;

    say(&anna, "Wie geht es Herrn K.?").await;
    let question = text(&jonas, "Wie geht es Herrn K.?").await;
    assert!(!question.sender.is_me && question.own.is_none());
    assert_eq!(question.warning, None);

    jonas.mark_read().await;
    message("Anna sees that it was read", &anna, |it| {
        says(it, "Wie geht es Herrn K.?") && it.own == Some(OwnState::Read { by: 1, of: 1 })
    })
    .await;

    let answer = TextToSend { reply_to: Some(question.id.clone()), ..plain("Stabil.") };
    jonas.send_text(&answer).await.expect("it is queued");
    let answer = message("the answer with its quote", &anna, |it| {
        says(it, "Stabil.")
            && it.reply.as_ref().is_some_and(|reply| match &reply.target {
                ReplyTarget::Found { preview, sender } => {
                    *preview == Preview::Text("Wie geht es Herrn K.?".into()) && sender.is_me
                }
                _ => false,
            })
    })
    .await;

    anna.react(&answer.id, "👍").await.expect("it is queued");
    let reacted = |mine: bool| {
        move |it: &konsil_client::chat::Message| {
            says(it, "Stabil.")
                && it
                    .reactions
                    .iter()
                    .any(|it| it.emoji == "👍" && it.mine == mine && it.by.len() == 1)
        }
    };
    message("Jonas sees the reaction", &jonas, reacted(false)).await;
    message("Anna sees her reaction", &anna, reacted(true)).await;
    anna.react(&answer.id, "👍").await.expect("it is queued");
    message("Jonas sees that it was taken back", &jonas, |it| {
        says(it, "Stabil.") && it.reactions.is_empty()
    })
    .await;

    anna.edit(&question.id, &plain("Wie geht es Frau K.?")).await.expect("it is queued");
    message("the change arrives", &jonas, |it| says(it, "Wie geht es Frau K.?") && it.edited).await;

    anna.delete(&question.id).await.expect("it is queued");
    message("the deletion arrives", &jonas, |it| it.body == Body::Deleted).await;
    let rows = jonas.rows().peek();
    let deleted = rows
        .iter()
        .filter(|row| matches!(&row.kind, RowKind::Message(it) if it.body == Body::Deleted));
    assert_eq!(deleted.count(), 1, "a reaction that was taken back leaves no line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_reaches_somebody_who_never_wrote_and_stays_gone_after_reopening() {
    let mut pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "Visite um neun").await;
    // Jonas has never written here, so the key for his reaction has to be shared for it.
    let jonas = pair.jonass.open(&pair.chat).await;
    let seen = text(&jonas, "Visite um neun").await;
    jonas.react(&seen.id, "❤️").await.expect("it is queued");
    message("Anna sees it", &anna, |it| it.reactions.iter().any(|it| it.emoji == "❤️")).await;
    jonas.react(&seen.id, "❤️").await.expect("it is queued");
    message("and that it is gone", &anna, |it| {
        says(it, "Visite um neun") && it.reactions.is_empty()
    })
    .await;
    drop(anna);

    pair.annas.close().await;
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    text(&anna, "Visite um neun").await;
    assert!(find(&anna.rows().peek(), |it| it.body == Body::Deleted).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_files_arrive_byte_for_byte() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let picture: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let thumbnail = vec![7_u8; 900];
    let mut report = RemovalReport { drawn_anew: true, ..RemovalReport::default() };
    report.add(EditKind::Blackened, 4711);
    anna.send_image(ImageToSend {
        name: "Wunde.jpg".into(),
        mime: "image/jpeg".into(),
        bytes: picture.clone(),
        size_px: (1200, 900),
        thumbnail: Some((thumbnail.clone(), (320, 240))),
        caption: Some("linker Unterarm".into()),
        reply_to: None,
        removal: Some(report.clone()),
    })
    .await
    .expect("it is queued");
    let arrived =
        message("the picture arrives", &jonas, |it| matches!(it.body, Body::Image(_))).await;
    let Body::Image(image) = arrived.body else { unreachable!() };
    assert_eq!(image.size_px, Some((1200, 900)));
    assert_eq!(image.caption.as_deref(), Some("linker Unterarm"));
    assert_eq!(image.removal, Some(report.clone()), "what was taken out is said");
    assert_eq!(jonas.media(&image.full).await.expect("it can be fetched"), picture);
    assert_eq!(
        jonas.media(&image.thumbnail.expect("a thumbnail")).await.expect("it can be fetched"),
        thumbnail
    );

    let document = b"%PDF-1.7 Befund".to_vec();
    jonas
        .send_file(FileToSend {
            name: "Befund.pdf".into(),
            mime: "application/pdf".into(),
            bytes: document.clone(),
            caption: None,
            reply_to: None,
            removal: Some(report.clone()),
        })
        .await
        .expect("it is queued");
    let arrived = message("the file arrives", &anna, |it| matches!(it.body, Body::File(_))).await;
    let Body::File(file) = arrived.body else { unreachable!() };
    assert_eq!((file.name.as_str(), file.mime.as_deref()), ("Befund.pdf", Some("application/pdf")));
    assert_eq!(file.removal, Some(report), "what was taken out is said");
    assert_eq!(anna.media(&file.file).await.expect("it can be fetched"), document);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_who_wrote_what_and_how_much_is_unread() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "eins").await;
    say(&anna, "zwei").await;
    let mut list = pair.jonass.session().rooms().view();
    let seen = until("two unread messages", &mut list, |list| {
        list.rows.iter().any(|row| {
            row.unread == 2
                && row
                    .last
                    .as_ref()
                    .is_some_and(|last| last.preview == Preview::Text("zwei".into()))
        })
    })
    .await;
    assert_eq!(seen.unread_total, 2);
    let row = &seen.rows[0];
    assert!(
        matches!(&row.kind, RoomKind::Direct { other: Some(other) } if other.id.as_str() == pair.anna.id)
    );

    let jonas = pair.jonass.open(&pair.chat).await;
    text(&jonas, "zwei").await;
    jonas.mark_read().await;
    until("nothing unread", &mut list, |list| list.unread_total == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_writing_is_shown_to_the_other_only() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    anna.typing(true).await;
    let mut header = jonas.header();
    until("Jonas sees Anna writing", &mut header, |it| {
        it.typing.iter().any(|person| person.id.as_str() == pair.anna.id)
    })
    .await;
    assert!(anna.header().peek().typing.is_empty());
    anna.typing(false).await;
    until("and that she stopped", &mut header, |it| it.typing.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_and_the_history_survive_reopening() {
    let mut pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "Bitte Labor nachsehen").await;
    message("it was sent", &anna, is_sent).await;
    let draft = Draft { text: "Und noch".into(), ..Draft::default() };
    anna.keep_draft(&draft).await;
    drop(anna);
    pair.annas.close().await;
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    text(&anna, "Bitte Labor nachsehen").await;
    assert_eq!(anna.draft().await, draft);
    anna.keep_draft(&Draft::default()).await;
    assert_eq!(anna.draft().await, Draft::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_nothing_but_ciphertext() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    say(&anna, "Geheimnis eins").await;
    let seen = text(&jonas, "Geheimnis eins").await;
    jonas.react(&seen.id, "🙈").await.expect("it is queued");
    message("the reaction arrives", &anna, |it| !it.reactions.is_empty()).await;
    let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=100", pair.chat);
    let page = pair.jonas.plain().get(&path).ok();
    let text = page.to_string();
    assert!(text.contains("m.room.encrypted"), "the control is there");
    assert!(
        !text.contains("Geheimnis") && !text.contains("🙈") && !text.contains("m.annotation"),
        "{text}"
    );
    assert!(!text.contains("\"m.reaction\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_the_invitation_was_accepted_is_there_at_once() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
    let chat =
        annas.session().rooms().direct(&jonas.person()).await.expect("the chat can be created");
    let at_anna = annas.open(&chat).await;
    say(&at_anna, "Bitte bald ansehen").await;
    message("it was sent", &at_anna, is_sent).await;

    assert_eq!(jonass.accept_invitation().await, chat);
    let accepted = Instant::now();
    text(&jonass.open(&chat).await, "Bitte bald ansehen").await;
    // Well below the half minute that a request to the server waits for news: nothing may depend on its end.
    assert!(accepted.elapsed() < Duration::from_secs(15), "it took {:?}", accepted.elapsed());
}
