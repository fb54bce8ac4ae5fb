//! Fingerprint and face and the clock: they stand in for the PIN for `lock.pin_hours` after it, and no longer.

use std::{sync::Arc, time::Duration};

use homeserver::{
    Homeserver, Policy,
    app_lock::{
        self, LockPolicy, SetUp, UnlockError,
        biometrics::{self, PinNeeded},
    },
};

use crate::{
    app_lock::{RIGHT, WRONG, anna},
    hospital::{Hospital, hospital_with},
};

const FINGER: [u8; 32] = [7; 32];
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn allows(pin_hours: u32) -> Hospital {
    let lock = LockPolicy { biometrics: true, pin_hours, ..LockPolicy::default() };
    hospital_with(Policy { lock, ..Policy::default() }).await
}

/// The lock of a device on which finger or face was set up just now.
async fn set_up(hs: &Homeserver) -> SetUp {
    let session = anna(hs).await;
    let lock = app_lock::set_up(hs, &session, &RIGHT).await.expect("set up");
    let unlocked = biometrics::set_up(hs, lock.token.expose(), &RIGHT, &FINGER).await;
    assert_eq!(unlocked.expect("the right PIN").share, lock.share);
    lock
}

async fn needs_pin(hs: &Homeserver, token: &str) -> bool {
    match biometrics::unlock(hs, token, &FINGER).await {
        Ok(_) => false,
        Err(UnlockError::PinNeeded(PinNeeded::TooLong)) => true,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn the_pin_is_needed_again_after_the_hours_and_no_finger_prolongs_them() {
    let Hospital { hs, clock, .. } = allows(12).await;
    let lock = set_up(&hs).await;
    let token = lock.token.expose();
    for _ in 0..11 {
        clock.advance(HOUR);
        assert!(!needs_pin(&hs, token).await);
    }
    let until = app_lock::state(&hs, token).await.expect("it lives").biometrics.expect("set up");
    assert_eq!(until.until.0 - until.now.0, 60 * 60 * 1000);
    clock.advance(HOUR - Duration::from_millis(1));
    assert!(!needs_pin(&hs, token).await);
    clock.advance(Duration::from_millis(1));
    assert!(needs_pin(&hs, token).await);
    assert!(needs_pin(&hs, token).await);
    assert_eq!(app_lock::state(&hs, token).await.expect("it lives").tries_left, 10, "no tries");

    // A wrong PIN changes nothing; the right one does, also where it only changes the PIN.
    assert!(app_lock::unlock(&hs, token, &WRONG).await.is_err());
    assert!(needs_pin(&hs, token).await);
    let unlocked = app_lock::unlock(&hs, token, &RIGHT).await.expect("the right one");
    assert!(unlocked.biometrics.is_some_and(|it| it.now < it.until));
    assert!(!needs_pin(&hs, token).await);
    clock.advance(12 * HOUR);
    assert!(needs_pin(&hs, token).await);
    app_lock::change(&hs, token, &RIGHT, &[9; 32]).await.expect("changed");
    assert!(!needs_pin(&hs, token).await);
}

#[tokio::test]
async fn the_hours_are_the_hospital_s_and_a_clock_set_back_gives_no_more() {
    let Hospital { hs, clock, .. } = allows(1).await;
    clock.advance(100 * HOUR);
    let lock = set_up(&hs).await;
    let token = lock.token.expose();
    clock.advance(59 * MINUTE);
    assert!(!needs_pin(&hs, token).await);
    // The clock counts round: so far on is an hour and a half back.
    clock.advance(Duration::from_millis(u64::MAX - 90 * 60 * 1000 + 1));
    assert!(needs_pin(&hs, token).await, "the PIN was typed in the future");
}

#[tokio::test]
async fn the_tenth_wrong_finger_destroys_the_share_and_at_once_no_more_are_compared_than_are_counted()
 {
    let Hospital { hs, clock, .. } = allows(72).await;
    let lock = set_up(&hs).await;
    let (hs, token) = (Arc::new(hs), lock.token.expose().clone());
    let tries = (0..40).map(|_| {
        let (hs, token) = (hs.clone(), token.clone());
        tokio::spawn(async move { biometrics::unlock(&hs, &token, &WRONG).await })
    });
    let mut compared = 0;
    for answer in futures_util::future::join_all(tries).await {
        match answer.expect("no panic") {
            Err(UnlockError::Wrong(_)) => compared += 1,
            Err(UnlockError::TooSoon(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    let left = app_lock::state(&hs, &token).await.expect("it lives").tries_left;
    assert_eq!(left, 10 - compared);
    assert!(compared <= 5, "{compared} were compared without a pause");
    for _ in 1..left {
        clock.advance(HOUR);
        let wrong = biometrics::unlock(&hs, &token, &WRONG).await;
        assert!(matches!(wrong, Err(UnlockError::Wrong(_))), "{wrong:?}");
    }
    clock.advance(HOUR);
    let tenth = biometrics::unlock(&hs, &token, &WRONG).await;
    assert!(matches!(tenth, Err(UnlockError::Destroyed)), "{tenth:?}");
    let right = biometrics::unlock(&hs, &token, &FINGER).await;
    assert!(matches!(right, Err(UnlockError::Destroyed)), "{right:?}");
    let pin = app_lock::unlock(&hs, &token, &RIGHT).await;
    assert!(matches!(pin, Err(UnlockError::Destroyed)), "{pin:?}");
}

#[tokio::test]
async fn after_a_right_finger_nobody_waits_longer_than_before() {
    let Hospital { hs, clock, .. } = allows(12).await;
    let lock = set_up(&hs).await;
    let token = lock.token.expose();
    for _ in 0..5 {
        assert!(app_lock::unlock(&hs, token, &WRONG).await.is_err());
    }
    clock.advance(30 * Duration::from_secs(1));
    assert!(!needs_pin(&hs, token).await);
    let standing = app_lock::state(&hs, token).await.expect("it lives");
    assert_eq!((standing.tries_left, standing.retry_after), (5, None));
    app_lock::unlock(&hs, token, &RIGHT).await.expect("the right one");
    assert_eq!(app_lock::state(&hs, token).await.expect("it lives").tries_left, 10);
}
