//! A second device by the code that it shows.

use std::time::Duration;

use konsil_client::{
    link::{Grant, LinkError, NewDevice},
    trust::{DeviceTrust, Recovery},
};

use crate::person::{Account, Device, Hospital, Pair, say, text, until};

/// The code is read and the digits are typed in.
async fn met(new: &mut NewDevice, annas: &Device) -> Grant {
    let mut grant = Grant::begin(annas.session(), new.code()).await.expect("it is a code");
    new.scanned().await.expect("the code was read");
    new.confirm(&grant.digits(), "Neues Gerät").await.expect("both see the same digits");
    assert_eq!(grant.introduced().await.expect("it says who it is"), "Neues Gerät");
    grant
}

/// How many devices the account has.
fn devices(anna: &Account) -> usize {
    let answer = anna.plain().get("/_matrix/client/v3/devices").ok();
    // One is the asking client's.
    answer["devices"].as_array().map_or(0, Vec::len) - 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_needs_a_code_two_digits_and_the_password_and_reads_everything() {
    let pair = Pair::meet().await;
    let before = pair.annas.open(&pair.chat).await;
    say(&before, "Vor dem neuen Gerät").await;
    text(&pair.jonass.open(&pair.chat).await, "Vor dem neuen Gerät").await;
    until("all keys are safe", &mut pair.annas.session().trust().view(), |it| {
        it.keys_to_back_up == 0
    })
    .await;

    let (settings, directory) = pair.anna.new_device();
    let mut new = NewDevice::show(&settings).await.expect("a code");
    let mut grant = met(&mut new, &pair.annas).await;
    assert_eq!(grant.hand_over("falsch").await, Err(LinkError::WrongPassword));
    assert_eq!(devices(&pair.anna), 1, "nobody has signed in");
    grant.hand_over(&pair.anna.password).await.expect("the password is right");
    assert_eq!(new.handed_over().await.as_ref(), Ok(&pair.anna.id));
    let signed_in = new.sign_in(&settings).await.expect("it signs in");
    let arrived = grant.arrived().await.expect("it is said");
    let second = Device::of(signed_in, settings, directory).await;
    assert_eq!(second.session().me().peek().device, arrived);

    until("the device is confirmed", &mut second.session().trust().view(), |it| {
        it.this_device == DeviceTrust::Confirmed && it.recovery == Recovery::Ready
    })
    .await;
    let chat = second.open(&pair.chat).await;
    text(&chat, "Vor dem neuen Gerät").await;
    say(&chat, "Vom neuen Gerät").await;
    text(&pair.jonass.open(&pair.chat).await, "Vom neuen Gerät").await;
    text(&before, "Vom neuen Gerät").await;
    let trust = pair.annas.session().trust();
    let both_confirmed = async {
        loop {
            let known = trust.devices().await.expect("the devices");
            if known.len() == 2 && known.iter().all(|device| device.confirmed) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(60), both_confirmed).await;
    assert!(heard.is_ok(), "the first device does not see that the second is confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_the_code_without_showing_the_digits_gets_nowhere() {
    let hospital = Hospital::open();
    let (anna, eva) = (hospital.account("anna"), hospital.account("eva"));
    let (annas, evas) = (anna.first_device().await, eva.first_device().await);
    let (settings, _directory) = anna.new_device();

    // Eva was faster: Anna's device hears it at once, and her digits are not Eva's.
    let mut new = NewDevice::show(&settings).await.expect("a code");
    let mut theirs = Grant::begin(evas.session(), new.code()).await.expect("it is a code");
    let mine = Grant::begin(annas.session(), new.code()).await.map(drop);
    assert_eq!(mine, Err(LinkError::Ended));
    new.scanned().await.expect("somebody has read it");
    let wrong = if theirs.digits() == "00" { "01" } else { "00" };
    assert_eq!(new.confirm(wrong, "Neues Gerät").await, Err(LinkError::WrongDigits));
    assert_eq!(theirs.introduced().await, Err(LinkError::Ended));
    assert_eq!(new.handed_over().await.map(drop), Err(LinkError::Ended));
    assert_eq!(devices(&anna), 1);

    // Whoever gives up ends it for both.
    let mut new = NewDevice::show(&settings).await.expect("a code");
    let grant = met(&mut new, &annas).await;
    grant.ending().end().await;
    assert_eq!(new.handed_over().await.map(drop), Err(LinkError::Ended));

    for code in ["", "keiner", "ksm_x.y", "ksm_x.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = Grant::begin(annas.session(), code).await.map(drop);
        assert!(
            matches!(refused, Err(LinkError::NoCode | LinkError::Ended)),
            "{code}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_never_confirmed_hands_over_nothing() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let _first = anna.first_device().await;
    let second = anna.device().await;
    until("it is known as not confirmed", &mut second.session().trust().view(), |it| {
        it.this_device == DeviceTrust::NotConfirmed
    })
    .await;
    let (settings, _directory) = anna.new_device();
    let new = NewDevice::show(&settings).await.expect("a code");
    let refused = Grant::begin(second.session(), new.code()).await.map(drop);
    assert_eq!(refused, Err(LinkError::NotConfirmedHere));
}
