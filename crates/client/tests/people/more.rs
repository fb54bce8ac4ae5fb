//! What is said beyond text: polls, contacts, urgent messages, mentions, what was passed on; and finding it again.

use konsil_client::{
    chat::{Body, OwnState, PollToSend, Stage, TextToSend, VoiceToSend},
    room_list::Preview,
    search::OlderEnd,
};

use crate::person::{Pair, find, is_sent, message, plain, say, says, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_then_on_a_device_then_read() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    say(&anna, "Ist es da?").await;
    let seen = message("it is on Jonas' device", &anna, |it| {
        says(it, "Ist es da?") && it.own == Some(OwnState::Delivered { to: 1, of: 1 })
    })
    .await;
    let stages = |reach: Vec<konsil_client::chat::Reach>| {
        reach.into_iter().map(|it| (it.person.id, it.stage)).collect::<Vec<_>>()
    };
    assert_eq!(stages(anna.reach(&seen.id).await), [(pair.jonas.person(), Stage::OnDevice)]);
    text(&jonas, "Ist es da?").await;
    jonas.mark_read().await;
    message("and read", &anna, |it| it.own == Some(OwnState::Read { by: 1, of: 1 })).await;
    let [(_, stage)] = stages(anna.reach(&seen.id).await)[..] else { panic!("one other person") };
    assert!(matches!(stage, Stage::Read { at_ms: Some(_) }), "{stage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_count_once_can_be_changed_and_say_nothing_to_the_server() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let poll = PollToSend {
        question: "Wer kann Samstag?".into(),
        answers: vec!["Ich".into(), "Ich nicht".into()],
        several: false,
    };
    anna.ask(&poll).await.expect("it is queued");
    let poll_in = |it: &konsil_client::chat::Message| match &it.body {
        Body::Poll(poll) => Some(poll.clone()),
        _ => None,
    };
    let asked = message("the poll arrives", &jonas, |it| poll_in(it).is_some()).await;
    let view = poll_in(&asked).expect("just seen");
    assert_eq!(view.question, "Wer kann Samstag?");
    assert!(!view.can_end, "it is not his");
    let votes = |it: &konsil_client::chat::Message| -> Vec<usize> {
        poll_in(it)
            .map(|poll| poll.answers.iter().map(|it| it.by.len()).collect())
            .unwrap_or_default()
    };
    jonas.vote(&asked.id, vec![view.answers[0].id.clone()]).await.expect("it is queued");
    message("his vote is shown at once", &jonas, |it| votes(it) == [1, 0]).await;
    message("and arrives", &anna, |it| votes(it) == [1, 0]).await;
    jonas.vote(&asked.id, vec![view.answers[1].id.clone()]).await.expect("it is queued");
    message("the later one counts", &anna, |it| votes(it) == [0, 1]).await;
    anna.vote(&asked.id, vec![view.answers[1].id.clone()]).await.expect("it is queued");
    message("both are counted", &jonas, |it| votes(it) == [0, 2]).await;
    anna.end_poll(&asked.id, "Umfrage beendet").await.expect("it is queued");
    message("it has ended", &jonas, |it| poll_in(it).is_some_and(|poll| poll.ended)).await;

    let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=100", pair.chat);
    let page = pair.jonas.plain().get(&path).ok().to_string();
    assert!(page.contains("m.room.encrypted"), "the control is there");
    for word in ["poll", "Samstag", "m.reference", "m.relates_to"] {
        assert!(!page.contains(word), "the server reads {word}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_message_shows_who_has_taken_it_over() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let urgent = TextToSend { urgent: true, ..plain("Bitte CTA ansehen") };
    anna.send_text(&urgent).await.expect("it is queued");
    let view = |it: &konsil_client::chat::Message| match &it.body {
        Body::Urgent(urgent) => Some(urgent.clone()),
        _ => None,
    };
    message("she sees who is asked", &anna, |it| {
        view(it).is_some_and(|it| it.open.len() == 1 && it.taken_by.is_empty())
    })
    .await;
    let asked = message("it arrives", &jonas, |it| {
        view(it).is_some_and(|it| it.text == "Bitte CTA ansehen" && !it.mine)
    })
    .await;
    jonas.take_over(&asked.id).await.expect("it is queued");
    message("he sees it at once", &jonas, |it| view(it).is_some_and(|it| it.mine)).await;
    let taken = message("she sees who it was", &anna, |it| {
        view(it).is_some_and(|it| it.taken_by.len() == 1 && it.open.is_empty())
    })
    .await;
    assert_eq!(view(&taken).expect("just seen").taken_by[0].id, pair.jonas.person());
    assert!(taken.reactions.is_empty(), "the answer is no reaction beside the card");
    jonas.take_over(&asked.id).await.expect("it is queued");
    message("he can take it back", &anna, |it| view(it).is_some_and(|it| it.open.len() == 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_mentioned_sees_it_marked_and_counted() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let name =
        anna.header().peek().member(&pair.jonas.person()).expect("a member").person.name.clone();
    let mention = TextToSend {
        mentions: vec![pair.jonas.person()],
        ..plain(&format!("Bitte @{name} übernehmen"))
    };
    anna.send_text(&mention).await.expect("it is queued");
    until("it counts as a mention", &mut pair.jonass.session().rooms().view(), |list| {
        list.rows.iter().any(|row| row.highlights == 1)
    })
    .await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let seen = message("it is marked", &jonas, |it| it.highlighted).await;
    assert_eq!(seen.mentions, [name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_recordings_arrive_as_what_they_are() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let person =
        anna.header().peek().member(&pair.jonas.person()).expect("a member").person.clone();
    anna.send_contact(&person).await.expect("it is queued");
    let arrived =
        message("the contact arrives", &jonas, |it| matches!(it.body, Body::Contact(_))).await;
    assert_eq!(arrived.body, Body::Contact(person));

    let bytes = vec![7_u8; 5000];
    let voice = VoiceToSend {
        mime: "audio/wav".into(),
        name: "Sprachnachricht.wav".into(),
        bytes: bytes.clone(),
        duration_ms: 3200,
        waveform: vec![0.0, 0.5, 1.0],
        reply_to: None,
    };
    anna.send_voice(voice).await.expect("it is queued");
    let arrived =
        message("the recording arrives", &jonas, |it| matches!(it.body, Body::Voice(_))).await;
    let Body::Voice(voice) = &arrived.body else { unreachable!() };
    assert_eq!(
        (voice.duration_ms, voice.waveform.as_slice()),
        (Some(3200), [0, 50, 100].as_slice())
    );
    assert_eq!(jonas.media(&voice.file).await.expect("it can be fetched"), bytes);
    let mut list = pair.jonass.session().rooms().view();
    until("the list says so", &mut list, |list| {
        list.rows[0].last.as_ref().is_some_and(|last| last.preview == Preview::Audio)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_on_is_marked_and_what_is_hidden_is_gone_for_this_device_alone() {
    let pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let rooms = pair.annas.session().rooms();
    let group =
        rooms.create_group("Team", &[pair.jonas.person()]).await.expect("it can be created");
    pair.jonass.accept_invitation().await;
    say(&anna, "Befund unauffällig").await;
    let sent =
        message("it is sent", &anna, |it| says(it, "Befund unauffällig") && is_sent(it)).await;
    anna.forward(&sent.id, std::slice::from_ref(&group)).await.expect("it is queued");
    let there = pair.jonass.open(&group).await;
    message("it arrives there", &there, |it| says(it, "Befund unauffällig") && it.forwarded).await;
    assert!(!text(&jonas, "Befund unauffällig").await.forwarded, "here it was written");

    anna.hide(&sent.id).await.expect("it is kept");
    until("it is gone for her", &mut anna.rows(), |rows| {
        find(rows, |it| says(it, "Befund unauffällig")).is_none()
    })
    .await;
    text(&jonas, "Befund unauffällig").await;
    let found = pair.annas.session().search().messages("unauffällig", Some(&pair.chat)).await;
    assert!(found.is_empty(), "nor is it found: {found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_found_here_at_once_and_further_back_on_request() {
    let mut pair = Pair::meet().await;
    let anna = pair.annas.open(&pair.chat).await;
    say(&anna, "Thrombose links bestätigt").await;
    let sent = message("it is sent", &anna, is_sent).await;
    for number in 0..60 {
        say(&anna, &format!("Zeile {number}")).await;
    }
    message("all are sent", &anna, |it| says(it, "Zeile 59") && is_sent(it)).await;
    anna.edit(&sent.id, &plain("Thrombose rechts bestätigt")).await.expect("it is queued");
    let jonas = pair.jonass.open(&pair.chat).await;
    message("the change arrives", &jonas, |it| says(it, "Zeile 59")).await;

    let here = |device: &crate::person::Device| device.session().search();
    // The change is found once it has come back from the server.
    let mut hits = here(&pair.annas).messages("thrombose BESTÄTIGT", None).await;
    for _ in 0..100 {
        if hits.first().is_some_and(|hit| hit.excerpt == "Thrombose rechts bestätigt") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        hits = here(&pair.annas).messages("thrombose BESTÄTIGT", None).await;
    }
    assert_eq!(hits.len(), 1, "{hits:?}");
    assert_eq!(hits[0].excerpt, "Thrombose rechts bestätigt");
    assert_eq!((&hits[0].id, &hits[0].chat), (&sent.id, &pair.chat));
    assert!(here(&pair.annas).messages("thrombose zeile", None).await.is_empty());
    assert!(here(&pair.annas).messages("  ", None).await.is_empty());

    // A device that was set up later has the latest events alone; the rest is with the server.
    until("all keys are safe", &mut pair.annas.session().trust().view(), |it| {
        it.keys_to_back_up == 0
    })
    .await;
    let key = pair.annas.session().trust().recovery_key().await.expect("it was made");
    let second = pair.anna.device().await;
    second.session().trust().recover(key.expose()).await.expect("the key opens everything");
    until("the chat is there", &mut second.session().rooms().view(), |list| !list.rows.is_empty())
        .await;
    assert!(here(&second).messages("Thrombose", None).await.is_empty(), "not on this device");
    let search = here(&second).older("Thrombose", &pair.chat).expect("the chat is known");
    let found = until("the search ends", &mut search.view(), |it| it.end.is_some()).await;
    assert_eq!(found.end, Some(OlderEnd::Beginning));
    assert_eq!(found.hits.len(), 1, "{found:?}");
    assert!(found.looked_at > 60 && found.down_to_ms.is_some());
    assert!(here(&second).messages("Thrombose", None).await.is_empty(), "and nothing is kept");
    let chat = second.open(&pair.chat).await;
    assert!(chat.load_until(&sent.id).await, "one can go there");
    pair.annas.close().await;
}
