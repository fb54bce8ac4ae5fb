//! The app lock and the clock: tries are counted before they are compared, pauses grow, the tenth wrong try is the last.

use std::{sync::Arc, time::Duration};

use homeserver::{
    Homeserver, Session,
    accounts::{self, DeviceWish},
    app_lock::{self, Standing, UnlockError},
};

use crate::hospital::{Hospital, hospital};

pub const RIGHT: [u8; 32] = [1; 32];
pub const WRONG: [u8; 32] = [2; 32];
const OTHER: [u8; 32] = [3; 32];

pub async fn anna(hs: &Homeserver) -> Session {
    let (user, user_id) = accounts::create(hs, "anna", None).await.expect("a new account");
    let signed_in =
        accounts::sign_in(hs, user, &user_id, DeviceWish::default()).await.expect("signed in");
    accounts::authenticate(hs, signed_in.access_token.expose()).await.expect("a session")
}

async fn wrong(hs: &Homeserver, token: &str) -> Standing {
    match app_lock::unlock(hs, token, &WRONG).await {
        Err(UnlockError::Wrong(standing)) => standing,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pauses_grow_from_the_fifth_wrong_try_and_the_tenth_destroys_the_share() {
    let Hospital { hs, clock, folder } = hospital().await;
    let session = anna(&hs).await;
    let lock = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    let (token, share) = (lock.token.expose().as_str(), lock.share.expose());
    for left in [9, 8, 7, 6] {
        let standing = wrong(&hs, token).await;
        assert_eq!((standing.tries_left, standing.retry_after), (left, None));
    }
    for (left, pause_s) in [(5, 30), (4, 60), (3, 300), (2, 900), (1, 3600)] {
        let pause = Duration::from_secs(pause_s);
        let standing = wrong(&hs, token).await;
        assert_eq!((standing.tries_left, standing.retry_after), (left, Some(pause)));
        clock.advance(pause - Duration::from_secs(1));
        // Also the right one has to wait, and is not counted.
        let early = app_lock::unlock(&hs, token, &RIGHT).await;
        assert!(
            matches!(early, Err(UnlockError::TooSoon(rest)) if rest.as_secs() == 1),
            "{early:?}"
        );
        assert_eq!(app_lock::state(&hs, token).await.expect("it lives").tries_left, left);
        clock.advance(Duration::from_secs(1));
    }
    let tenth = app_lock::unlock(&hs, token, &WRONG).await;
    assert!(matches!(tenth, Err(UnlockError::Destroyed)), "{tenth:?}");
    clock.advance(Duration::from_secs(24 * 3600));
    let right = app_lock::unlock(&hs, token, &RIGHT).await;
    assert!(matches!(right, Err(UnlockError::Destroyed)), "not even for the right PIN: {right:?}");
    assert!(matches!(app_lock::state(&hs, token).await, Err(UnlockError::Destroyed)));
    // It is not only out of reach but gone from the files.
    hs.db.clone().close().await;
    for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let found = bytes.windows(share.len()).any(|part| part == share);
        assert!(!found, "the share still stands in {:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_right_try_forgets_the_wrong_ones_and_gives_out_the_same_share() {
    let Hospital { hs, folder, .. } = hospital().await;
    let session = anna(&hs).await;
    let lock = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    let token = lock.token.expose();
    for _ in 0..3 {
        wrong(&hs, token).await;
        wrong(&hs, token).await;
        let unlocked = app_lock::unlock(&hs, token, &RIGHT).await.expect("the right one");
        assert_eq!(unlocked.share, lock.share);
        assert_eq!(app_lock::state(&hs, token).await.expect("it lives").tries_left, 10);
    }
    // The control of the search above: a living share does stand in a file.
    hs.db.clone().close().await;
    let share = lock.share.expose();
    let database = std::fs::read(folder.path().join("konsil.db")).expect("the database");
    assert!(database.windows(share.len()).any(|part| part == share));
}

#[tokio::test]
async fn of_tries_at_the_same_time_no_more_are_compared_than_are_counted() {
    let Hospital { hs, .. } = hospital().await;
    let session = anna(&hs).await;
    let lock = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    let (hs, token) = (Arc::new(hs), lock.token.expose().clone());
    let tries = (0..40).map(|_| {
        let (hs, token) = (hs.clone(), token.clone());
        tokio::spawn(async move { app_lock::unlock(&hs, &token, &WRONG).await })
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
}

#[tokio::test]
async fn the_pin_is_changed_only_by_who_knows_it_and_a_wrong_one_counts() {
    let Hospital { hs, .. } = hospital().await;
    let session = anna(&hs).await;
    let lock = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    let token = lock.token.expose();
    let refused = app_lock::change(&hs, token, &WRONG, &OTHER).await;
    assert!(matches!(refused, Err(UnlockError::Wrong(_))), "{refused:?}");
    assert_eq!(app_lock::state(&hs, token).await.expect("it lives").tries_left, 9);
    assert_eq!(app_lock::change(&hs, token, &RIGHT, &OTHER).await.expect("changed"), 2);
    let state = app_lock::state(&hs, token).await.expect("it lives");
    assert_eq!((state.generation, state.tries_left), (2, 10));
    assert!(matches!(app_lock::unlock(&hs, token, &RIGHT).await, Err(UnlockError::Wrong(_))));
    let unlocked = app_lock::unlock(&hs, token, &OTHER).await.expect("the new one");
    assert_eq!(unlocked.share, lock.share, "the share stays");
}

#[tokio::test]
async fn whose_device_is_signed_out_or_account_closed_gets_no_share() {
    let Hospital { hs, .. } = hospital().await;
    let session = anna(&hs).await;
    let first = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    let second = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up anew");
    assert_ne!(first.share, second.share);
    let replaced = app_lock::unlock(&hs, first.token.expose(), &RIGHT).await;
    assert!(matches!(replaced, Err(UnlockError::Unknown)), "{replaced:?}");
    accounts::sign_out(&hs, session.user, session.device).await.expect("signed out");
    let token = second.token.expose();
    let gone = app_lock::unlock(&hs, token, &RIGHT).await;
    assert!(matches!(gone, Err(UnlockError::Unknown)), "{gone:?}");
    let kept = store::app_locks::lock(&hs.db, b"").await.expect("readable");
    assert!(kept.is_none());

    let wish = DeviceWish::default();
    let again = accounts::sign_in(&hs, session.user, &session.user_id, wish).await.expect("in");
    let session =
        accounts::authenticate(&hs, again.access_token.expose()).await.expect("a session");
    let third = app_lock::set_up(&hs, &session, &RIGHT).await.expect("set up");
    accounts::deactivate(&hs, &session, false).await.expect("closed");
    let gone = app_lock::unlock(&hs, third.token.expose(), &RIGHT).await;
    assert!(matches!(gone, Err(UnlockError::Unknown)), "{gone:?}");
}
