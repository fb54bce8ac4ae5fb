//! New devices: the recovery key, the emoji, logging out.

use std::time::{Duration, Instant};

use konsil_client::{
    PersonId,
    chat::{Body, ChatHeader, ScrollBack, UndecryptableReason},
    lock::Stored,
    room_list::Preview,
    session::{LogoutMode, Session},
    trust::{DeviceTrust, Recovery, TrustError, VerificationStep, VerifyWith},
};
use serde_json::json;

use crate::{
    line::Line,
    person::{Device, Hospital, PATIENCE, Pair, is_sent, message, say, says, text, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_reads_old_messages_with_the_recovery_key() {
    let pair = Pair::meet().await;
    let before = pair.annas.open(&pair.chat).await;
    say(&before, "Vor dem neuen Gerät").await;
    text(&pair.jonass.open(&pair.chat).await, "Vor dem neuen Gerät").await;
    until("all keys are safe", &mut pair.annas.session().trust().view(), |it| {
        it.keys_to_back_up == 0
    })
    .await;
    let key =
        pair.annas.session().trust().recovery_key().await.expect("it was made at the first login");
    let shown = pair.annas.session().trust().new_recovery_key().peek();
    assert_eq!(shown.as_ref(), Some(&key), "it is shown until it was kept");
    pair.annas.session().trust().recovery_key_kept().await;
    assert_eq!(pair.annas.session().trust().new_recovery_key().peek(), None);

    let second = pair.anna.device().await;
    let trust = second.session().trust();
    until("it is known as not confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::NotConfirmed && it.recovery == Recovery::NeedsKey
    })
    .await;
    let chat = second.open(&pair.chat).await;
    message("the old message cannot be read yet", &chat, |it| {
        matches!(it.body, Body::Undecryptable(UndecryptableReason::NeedsRecovery))
    })
    .await;
    assert_eq!(trust.check_recovery_key("keine Ahnung").await, Err(TrustError::MalformedKey));
    trust.recover(key.expose()).await.expect("the key opens everything");
    until("the device is confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::Confirmed && it.recovery == Recovery::Ready
    })
    .await;
    text(&chat, "Vor dem neuen Gerät").await;
    trust.check_recovery_key(key.expose()).await.expect("the printed key can be tested");

    // And from here on the new device takes part.
    say(&chat, "Vom neuen Gerät").await;
    text(&pair.jonass.open(&pair.chat).await, "Vom neuen Gerät").await;
    text(&before, "Vom neuen Gerät").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_key_that_was_shown_first_stays_the_right_one() {
    let hospital = Hospital::open();
    let device = hospital.account("anna").device().await;
    let trust = device.session().trust();
    // The app offers to set up what the first login is still setting up in the background, perhaps more than once.
    let (one, other) = tokio::join!(trust.set_up(None), trust.set_up(None));
    assert_eq!((one, other), (Ok(()), Ok(())));
    let shown = until("the key is shown", &mut trust.new_recovery_key(), Option::is_some).await;
    let shown = shown.expect("just seen");
    trust.set_up(None).await.expect("there is nothing to do");
    assert_eq!(trust.recovery_key().await.as_ref(), Ok(&shown));
    trust.check_recovery_key(shown.expose()).await.expect("it is the account's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_confirmed_by_emoji_reads_old_messages() {
    let pair = Pair::meet().await;
    let before = pair.annas.open(&pair.chat).await;
    say(&before, "Vor dem Vergleich").await;
    text(&pair.jonass.open(&pair.chat).await, "Vor dem Vergleich").await;
    let second = pair.anna.device().await;
    compare(&second, &pair.annas, &VerifyWith::MyOtherDevice).await;
    until(
        "the new device is confirmed and has the secrets",
        &mut second.session().trust().view(),
        |it| it.this_device == DeviceTrust::Confirmed && it.recovery == Recovery::Ready,
    )
    .await;
    text(&second.open(&pair.chat).await, "Vor dem Vergleich").await;
    let devices = second.session().trust().devices().await.expect("the devices are known");
    assert_eq!(devices.iter().filter(|device| device.confirmed).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_device_can_begin_the_comparison_too() {
    let pair = Pair::meet().await;
    let second = pair.anna.device().await;
    compare(&pair.annas, &second, &VerifyWith::MyOtherDevice).await;
    until("the new device is confirmed", &mut second.session().trust().view(), |it| {
        it.this_device == DeviceTrust::Confirmed
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_can_compare_emoji() {
    let pair = Pair::meet().await;
    compare(&pair.annas, &pair.jonass, &VerifyWith::Person(pair.jonas.person())).await;
    let chat = pair.annas.open(&pair.chat).await;
    until("Jonas is marked as verified", &mut chat.header(), |header| {
        header.member(&pair.jonas.person()).is_some_and(|member| member.verified)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_never_signed_in_is_named_until_they_do() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let annas = anna.first_device().await;
    let chat =
        annas.session().rooms().direct(&jonas.person()).await.expect("the chat can be created");
    let at_anna = annas.open(&chat).await;
    let beyond_reach = |header: &ChatHeader| -> Vec<PersonId> {
        header.beyond_reach().map(|person| person.id.clone()).collect()
    };
    until("Jonas is named", &mut at_anna.header(), |header| {
        beyond_reach(header) == [jonas.person()]
    })
    .await;

    let jonass = jonas.first_device().await;
    until("Jonas has a device", &mut at_anna.header(), |header| beyond_reach(header).is_empty())
        .await;
    // The invitation is still open, and keys go to the new device already.
    say(&at_anna, "Schon lesbar").await;
    message("it is sent", &at_anna, |it| says(it, "Schon lesbar") && is_sent(it)).await;
    jonass.accept_invitation().await;
    say(&at_anna, "Jetzt lesbar").await;
    let at_jonas = jonass.open(&chat).await;
    text(&at_jonas, "Jetzt lesbar").await;
    text(&at_jonas, "Schon lesbar").await;
    let header = at_anna.header().peek();
    assert!(beyond_reach(&header).is_empty(), "{header:?}");
}

/// For so long the SDK lets each message wait as long as the server has not been asked about somebody's devices.
const SDK_WAITS: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_who_has_never_signed_in_waits_for_nobody() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let annas = anna.first_device().await;
    let chat =
        annas.session().rooms().direct(&jonas.person()).await.expect("the chat can be created");
    let at_anna = annas.open(&chat).await;
    until("Jonas is named", &mut at_anna.header(), |header| header.beyond_reach().count() == 1)
        .await;
    let sent_after = async |text: &str| {
        let began = Instant::now();
        say(&at_anna, text).await;
        message("it is sent", &at_anna, |it| says(it, text) && is_sent(it)).await;
        began.elapsed()
    };
    let (first, second) = (sent_after("Sofort fort").await, sent_after("Gleich danach").await);
    assert!(first.max(second) < SDK_WAITS, "{first:?} and {second:?}");
}

/// `asking` begins, `asked` accepts, both see the same emoji and say so.
async fn compare(asking: &Device, asked: &Device, with: &VerifyWith) {
    let (a, b) = (asking.session().trust(), asked.session().trust());
    let (mut at_a, mut at_b) = (a.view(), b.view());
    a.verify(with).await.expect("the question goes out");
    let step =
        |it: &konsil_client::trust::TrustView| it.verification.as_ref().map(|it| it.step.clone());
    until("the question arrives", &mut at_b, |it| step(it) == Some(VerificationStep::AskedByOther))
        .await;
    b.accept().await.expect("it can be accepted");
    let emoji = |it: &konsil_client::trust::TrustView| match step(it) {
        Some(VerificationStep::Compare { emoji }) => Some(emoji),
        _ => None,
    };
    let left = until("emoji here", &mut at_a, |it| emoji(it).is_some()).await;
    let right = until("emoji there", &mut at_b, |it| emoji(it).is_some()).await;
    assert_eq!(emoji(&left), emoji(&right));
    assert_eq!(emoji(&left).map(|emoji| emoji.len()), Some(7));
    a.confirm().await.expect("yes");
    b.confirm().await.expect("yes");
    until("done here", &mut at_a, |it| step(it) == Some(VerificationStep::Done)).await;
    until("done there", &mut at_b, |it| step(it) == Some(VerificationStep::Done)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_waits_for_the_keys_and_leaves_nothing_on_the_device() {
    let mut pair = Pair::meet().await;
    let chat = pair.annas.open(&pair.chat).await;
    say(&chat, "Zum Schluss").await;
    text(&pair.jonass.open(&pair.chat).await, "Zum Schluss").await;
    drop(chat);
    let session = pair.annas.session().clone();
    session.logout(LogoutMode::KeepKeys).await.expect("all keys are safe");
    drop(session);
    pair.annas.close().await;
    let again = Session::stored(pair.annas.settings()).await.expect("nothing is damaged");
    assert!(matches!(again, Stored::Nothing), "nobody is logged in");
}

/// The app would say that the hospital has ended the session, and begin anew before everything is gone.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_not_told_that_the_server_has_ended_the_session() {
    let (pair, line) = Pair::over_a_line().await;
    let session = pair.annas.session();
    line.hold("/_matrix/client/v3/logout");
    let heard_elsewhere = async {
        // The sync hears of it, and that the token cannot be refreshed.
        line.refused("/_matrix/client/v3/refresh").await;
        // And has thought about it.
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(25)).await;
            assert_eq!(session.ended().peek(), None);
        }
        line.release();
    };
    let (end, ()) = tokio::join!(session.logout(LogoutMode::LoseKeys), heard_elsewhere);
    end.expect("she is signed out");
    assert_eq!(session.ended().peek(), None);
}

/// Somebody writes for the first time from a computer of the ward and signs out there before the other one looks: the key says which
/// device it is of, but not yet whose that is, and the server no longer knows the device.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_a_device_that_has_left_since_can_be_read() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let line = Line::to(jonas.url()).await;
    let jonas = jonas.at(line.url());
    let annas = anna.first_device().await;
    let mut fresh = annas.session().trust().new_recovery_key();
    let key = until("the recovery key", &mut fresh, Option::is_some).await.expect("just seen");
    let mut jonass = jonas.first_device().await;
    jonass.close().await;

    let mut wards = anna.device().await;
    let trust = wards.session().trust();
    until("the ward's computer waits for the key", &mut trust.view(), |it| {
        it.recovery == Recovery::NeedsKey
    })
    .await;
    trust.recover(key.expose()).await.expect("the key opens everything");
    until("the ward's computer is confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::Confirmed && it.recovery == Recovery::Ready
    })
    .await;
    drop(trust);
    let direct = wards.session().rooms().direct(&jonas.person()).await;
    let chat = wards.open(&direct.expect("the chat can be created")).await;
    say(&chat, "Vom Stationsrechner").await;
    message("it is out", &chat, |it| says(it, "Vom Stationsrechner") && is_sent(it)).await;
    drop(chat);
    let ward = wards.session().me().peek().device;
    wards.session().logout(LogoutMode::KeepKeys).await.expect("all keys are safe");
    wards.close().await;

    jonass.reopen().await;
    let id = jonass.accept_invitation().await;
    let chat = jonass.open(&id).await;
    text(&chat, "Vom Stationsrechner").await;

    // And nothing is encrypted for it any more.
    line.record();
    say(&chat, "Gelesen").await;
    text(&annas.open(&id).await, "Gelesen").await;
    let sent = line.recorded();
    assert!(
        sent.contains(annas.session().me().peek().device.as_str()),
        "the other one gets the key"
    );
    assert!(!sent.contains(ward.as_str()), "the computer of the ward has left");
}

/// How much is written before the second device comes: more than one page.
const WRITTEN: usize = 30;

/// Anna's second device, which has its keys from the backup, after the sender's device got another name: the SDK looks at all keys of a
/// device once more when it changes, and refuses then what came from the backup.
async fn restored_before_the_senders_device_was_renamed() -> (Pair, Device) {
    let pair = Pair::meet().await;
    let chat = pair.jonass.open(&pair.chat).await;
    for n in 0..WRITTEN {
        say(&chat, &format!("Befund {n}.")).await;
    }
    text(&pair.annas.open(&pair.chat).await, &format!("Befund {}.", WRITTEN - 1)).await;
    let trust = pair.annas.session().trust();
    until("all keys are safe", &mut trust.view(), |it| it.keys_to_back_up == 0).await;
    let key = trust.recovery_key().await.expect("it was made at the first login");

    let line = Line::to(pair.anna.url()).await;
    let second = pair.anna.at(line.url()).device().await;
    let trust = second.session().trust();
    until("it waits for the key", &mut trust.view(), |it| it.recovery == Recovery::NeedsKey).await;
    trust.recover(key.expose()).await.expect("the key opens everything");
    let mut list = second.session().rooms().view();
    until("the keys have come", &mut list, |list| {
        let last = list.rows.first().and_then(|row| row.last.as_ref());
        last.is_some_and(|it| it.preview == Preview::Text(format!("Befund {}.", WRITTEN - 1)))
    })
    .await;

    line.record();
    let device = pair.jonass.session().me().peek().device;
    let path = format!("/_matrix/client/v3/devices/{}", device.as_str());
    pair.jonas.plain().put(&path, &json!({ "display_name": "Diensttelefon 3" })).ok();
    let deadline = Instant::now() + PATIENCE;
    let asks = |sent: &str| {
        let asked = sent.rsplit_once("/keys/query").map(|(_, after)| after);
        asked.is_some_and(|after| after.contains(&pair.jonas.id))
    };
    while !asks(&line.recorded()) {
        assert!(Instant::now() < deadline, "nobody asks about the device");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (pair, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_backup_brought_stays_readable_when_its_senders_device_is_renamed() {
    let (pair, second) = restored_before_the_senders_device_was_renamed().await;
    let chat = second.open(&pair.chat).await;
    text(&chat, &format!("Befund {}.", WRITTEN - 1)).await;
    let mut state = chat.scroll_back();
    while until("it is loaded", &mut state, |it| *it != ScrollBack::Loading).await
        != ScrollBack::Beginning
    {
        chat.load_older().await;
    }
    for n in 0..WRITTEN {
        text(&chat, &format!("Befund {n}.")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_backup_brought_is_exported_when_its_senders_device_is_renamed() {
    let (pair, second) = restored_before_the_senders_device_was_renamed().await;
    let chat = second.open(&pair.chat).await;
    let exported = chat.export(|_| ()).await.expect("it is exported");
    for n in 0..WRITTEN {
        assert!(exported.json.contains(&format!("Befund {n}.")), "{n} was closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_in_again_on_the_same_device_keeps_it_with_all_that_is_on_it() {
    let mut pair = Pair::meet().await;
    let chat = pair.annas.open(&pair.chat).await;
    say(&chat, "Vor dem erneuten Anmelden").await;
    text(&pair.jonass.open(&pair.chat).await, "Vor dem erneuten Anmelden").await;
    drop(chat);
    let before = pair.annas.session().me().peek().device;
    let anna = pair.anna.clone();
    pair.annas.log_in_again(&anna).await;

    let session = pair.annas.session();
    assert_eq!(session.me().peek().device, before);
    let mut trust = session.trust().view();
    until("the device is still confirmed", &mut trust, |it| {
        it.this_device == DeviceTrust::Confirmed
    })
    .await;
    let chat = pair.annas.open(&pair.chat).await;
    text(&chat, "Vor dem erneuten Anmelden").await;
    say(&chat, "Wieder da").await;
    text(&pair.jonass.open(&pair.chat).await, "Wieder da").await;
}
