//! What becomes of the files behind messages.

use std::{path::Path, time::Duration};

use konsil_client::{
    Chat, ChatId,
    chat::{ActionError, Body, ImageToSend, ImageView, MediaError, Message, VoiceToSend},
};

use crate::person::{PATIENCE, Pair, find, is_sent, message, until};

/// Objects in the server's media storage.
fn objects(server: &Path) -> usize {
    let media = server.join(testkit::SERVER_NAME).join("media");
    let shards = std::fs::read_dir(media).expect("the media storage").flatten();
    shards.map(|shard| std::fs::read_dir(shard.path()).expect("a shard").count()).sum()
}

/// Waits until the media storage has so many objects.
async fn has(server: &Path, expected: usize) {
    let waiting = async {
        while objects(server) != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("{} objects instead of {expected}", objects(server));
    }
}

fn photo(caption: &str) -> ImageToSend {
    ImageToSend {
        name: "Wunde.jpg".into(),
        mime: "image/jpeg".into(),
        bytes: caption.as_bytes().repeat(3000),
        size_px: (1200, 900),
        thumbnail: Some((vec![7; 900], (320, 240))),
        caption: Some(caption.into()),
        reply_to: None,
        removal: None,
    }
}

fn image(message: &Message) -> Option<&ImageView> {
    match &message.body {
        Body::Image(image) => Some(image),
        _ => None,
    }
}

fn shows(message: &Message, caption: &str) -> bool {
    image(message).is_some_and(|image| image.caption.as_deref() == Some(caption))
}

async fn sent(chat: &Chat, caption: &str) -> Message {
    chat.send_image(photo(caption)).await.expect("it is queued");
    message("the photo is sent", chat, |it| shows(it, caption) && is_sent(it)).await
}

async fn group(pair: &Pair, name: &str) -> ChatId {
    let rooms = pair.annas.session().rooms();
    let group = rooms.create_group(name, &[pair.jonas.person()]).await.expect("it can be created");
    assert_eq!(pair.jonass.accept_invitation().await, group);
    group
}

async fn deleted(chat: &Chat, message: &Message) {
    chat.delete(&message.id).await.expect("it is queued");
    until("the message is gone", &mut chat.rows(), |rows| {
        find(rows, |it| it.id == message.id && it.body == Body::Deleted).is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_photo_goes_from_the_server_and_what_was_passed_on_stays() {
    let mut pair = Pair::meet().await;
    let Some(server) = pair.hospital.server() else { return };
    let data = server.data_dir();
    let (one, two) = (group(&pair, "Wundteam").await, group(&pair, "Chirurgie").await);
    let anna = pair.annas.open(&pair.chat).await;
    let first = sent(&anna, "linker Unterarm").await;
    assert_eq!(objects(&data), 2, "the photo and the small one");
    anna.forward(&first.id, &[one.clone(), two.clone()]).await.expect("it is passed on");
    has(&data, 6).await;
    let in_one = pair.jonass.open(&one).await;
    let passed_on =
        message("it arrives", &in_one, |it| it.forwarded && shows(it, "linker Unterarm")).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let before = message("the first one is there", &jonas, |it| image(it).is_some()).await;

    deleted(&anna, &first).await;
    has(&data, 4).await;
    let gone = image(&before).expect("a photo").full.clone();
    assert_eq!(jonas.media(&gone).await, Err(MediaError::Gone));
    let image = image(&passed_on).expect("a photo");
    let bytes = in_one.media(&image.full).await.expect("it opens");
    assert!(bytes == photo("linker Unterarm").bytes);
    let small = image.thumbnail.as_ref().expect("a small picture");
    assert_eq!(in_one.media(small).await.expect("it opens"), [7; 900]);

    // Jonas passes on what is Anna's, and deletes his own.
    in_one.forward(&passed_on.id, std::slice::from_ref(&pair.chat)).await.expect("it is queued");
    let own = message("it is sent", &jonas, |it| it.forwarded && is_sent(it)).await;
    has(&data, 6).await;
    deleted(&jonas, &own).await;
    has(&data, 4).await;
    assert!(in_one.media(&image.full).await.is_ok(), "Anna's is still there");
    pair.hospital.server().expect("as above").doctor();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_network_the_file_waits_with_the_deletion_and_goes_after_the_app_was_closed() {
    let (mut pair, line) = Pair::over_a_line().await;
    let Some(server) = pair.hospital.server() else { return };
    let data = server.data_dir();
    let anna = pair.annas.open(&pair.chat).await;
    let voice = VoiceToSend {
        mime: "audio/wav".into(),
        name: "Sprachnachricht.wav".into(),
        bytes: vec![7; 5000],
        duration_ms: 3200,
        waveform: vec![0.0, 0.5, 1.0],
        reply_to: None,
    };
    anna.send_voice(voice).await.expect("it is queued");
    let is_voice = |it: &Message| matches!(it.body, Body::Voice(_));
    let voice = message("it is sent", &anna, |it| is_voice(it) && is_sent(it)).await;
    let photo = sent(&anna, "rechter Unterarm").await;
    assert_eq!(objects(&data), 3);
    line.cut();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;
    anna.delete(&voice.id).await.expect("it is queued");
    let there = anna.forward(&photo.id, std::slice::from_ref(&pair.chat)).await;
    assert_eq!(there, Err(ActionError::NoConnection), "a file is not copied without the server");
    drop(anna);
    pair.annas.close().await;
    assert_eq!(objects(&data), 3, "whoever has the message has its file");
    line.mend();
    pair.annas.reopen().await;
    has(&data, 2).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    message("it is gone for him too", &jonas, |it| it.body == Body::Deleted).await;
    message("the photo is not", &jonas, |it| image(it).is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_on_too_late_says_that_its_file_is_gone() {
    let (mut pair, line) = Pair::over_a_line().await;
    let Some(server) = pair.hospital.server() else { return };
    let data = server.data_dir();
    let group = group(&pair, "Wundteam").await;
    let (anna, jonas) = (pair.annas.open(&pair.chat).await, pair.jonass.open(&pair.chat).await);
    let first = sent(&jonas, "linkes Knie vorn").await;
    let here = message("it arrives", &anna, |it| shows(it, "linkes Knie vorn")).await;
    // She hears nothing for a while.
    line.hold("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync");
    deleted(&jonas, &first).await;
    has(&data, 0).await;
    let lost = anna.forward(&here.id, std::slice::from_ref(&group)).await;
    assert_eq!(lost, Err(ActionError::FileGone));
    line.release();
    message("now she hears of it", &anna, |it| it.id == here.id && it.body == Body::Deleted).await;
    let there = pair.annas.open(&group).await;
    assert!(find(&there.rows().get(), |it| it.forwarded).is_none(), "nothing was sent");
}
