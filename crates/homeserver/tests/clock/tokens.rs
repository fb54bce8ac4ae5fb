//! Tokens and the clock: what ends by itself ends in time.

use std::time::Duration;

use homeserver::{
    Homeserver,
    accounts::{self, AuthenticateError, DeviceWish, LoginError, SignedIn},
    tickets,
};
use ruma::owned_user_id;

use crate::hospital::{Hospital, hospital};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn sign_in(hs: &Homeserver, device_id: Option<&str>) -> SignedIn {
    let anna = owned_user_id!("@anna:klinikum.test");
    let known = store::accounts::account(&hs.db, &anna).await.expect("readable");
    let (user, user_id) = match known {
        Some(account) => (account.user, anna),
        None => accounts::create(hs, "anna", None).await.expect("a new account"),
    };
    let wish =
        DeviceWish { device_id: device_id.map(Into::into), refresh: true, ..DeviceWish::default() };
    accounts::sign_in(hs, user, &user_id, wish).await.expect("signed in")
}

#[tokio::test]
async fn an_access_token_ends_after_its_hour_and_the_device_may_go_on() {
    let Hospital { hs, clock, folder: _folder } = hospital().await;
    let first = sign_in(&hs, None).await;
    assert_eq!(first.expires_in, Some(HOUR));
    let access = |signed_in: &SignedIn| signed_in.access_token.expose().clone();
    let session = accounts::authenticate(&hs, &access(&first)).await.expect("fresh");
    clock.advance(HOUR);
    let ended = accounts::authenticate(&hs, &access(&first)).await;
    assert!(matches!(ended, Err(AuthenticateError::Ended)), "remembered in memory: {ended:?}");

    let token = first.refresh_token.as_ref().expect("it can refresh").expose();
    let second = accounts::refresh(&hs, token).await.expect("refreshed");
    let renewed = accounts::authenticate(&hs, &access(&second)).await.expect("fresh");
    assert_eq!(renewed.device, session.device);
    let gone = accounts::authenticate(&hs, &access(&first)).await;
    assert!(matches!(gone, Err(AuthenticateError::Unknown)), "{gone:?}");
    assert!(matches!(accounts::refresh(&hs, token).await, Err(LoginError::Refused)));

    clock.advance(HOUR);
    let again = sign_in(&hs, Some(renewed.device_id.as_str())).await;
    let session = accounts::authenticate(&hs, &access(&again)).await.expect("fresh");
    assert_eq!(session.device, renewed.device, "the device keeps what it has");
    hs.db.clone().close().await;
}

#[tokio::test]
async fn an_identity_is_proved_for_an_hour_and_a_sign_in_lasts_two_minutes() {
    let Hospital { hs, clock, folder: _folder } = hospital().await;
    let signed_in = sign_in(&hs, None).await;
    let session =
        accounts::authenticate(&hs, signed_in.access_token.expose()).await.expect("fresh");
    let identity = tickets::for_identity(&hs, &session);
    let ticket = tickets::for_sign_in(&hs, &session);
    assert_eq!(tickets::identity(&hs, identity.expose()), Some(session.user_id.clone()));
    assert_eq!(tickets::identity(&hs, ticket.expose()), None);
    assert!(tickets::redeem_sign_in(&hs, identity.expose()).is_none());
    clock.advance(tickets::SIGN_IN_LIFE);
    assert!(tickets::redeem_sign_in(&hs, ticket.expose()).is_none());
    assert!(tickets::identity(&hs, identity.expose()).is_some());
    clock.advance(tickets::IDENTITY_LIFE);
    assert!(tickets::identity(&hs, identity.expose()).is_none());
    hs.db.clone().close().await;
}
