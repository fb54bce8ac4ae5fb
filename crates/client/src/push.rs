//! Waking this device when the app is closed (J.9): what the server has to know for it, and when it shall be quiet.
//!
//! The pusher's kind is that of MSC4174; `docs/developer.md`, "Web Push, between server and app", has the whole conversation. The
//! browser's half (permission, subscription, notifications) is the user interface's.

use std::time::Duration;

use matrix_sdk::{HttpError, timeout::timeout};
use ruma::{
    api::{
        BytesBody, Metadata, OutgoingRequest,
        auth_scheme::AccessToken,
        client::{
            discovery::get_capabilities,
            push::{Pusher, PusherIds, get_pushers, set_pusher},
        },
        error::{Error, IntoHttpError},
        metadata,
    },
    serde::Raw,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::to_raw_value};

use crate::{Session, kept, trouble::Trouble};

const APP_ID: &str = "de.konsil.web";
const CAPABILITY: &str = "org.matrix.msc4174.webpush";
const QUIET_HOURS: &str = "de.konsil.quiet_hours";

/// Under which the pushkey lies that this device has set last: the browser may change it.
const KEPT_AS: &str = "konsil.pushkey";

/// Longest that a question about the quiet hours, or a change of them, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the browser's push service reaches this device. Prints nothing of it: whoever knows the address can disturb.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The push service's address for this device.
    pub endpoint: String,
    /// The device's public key (`p256dh`), URL-safe Base64 without padding.
    pub key: String,
    /// Its secret for authentication (`auth`), URL-safe Base64 without padding.
    pub auth: String,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscription([redacted])")
    }
}

/// What the server knows of this device's subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waking {
    /// Nothing, or another one.
    Unknown,
    /// It has sent a token through the push service and waits for it ([`Push::acknowledge`]).
    Awaited,
    /// Messages wake this device.
    Active,
}

/// Why the server did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The hospital does not allow this browser's push service.
    #[error("the hospital does not allow this push service")]
    NotAllowed,
    /// No network or no answer.
    #[error("the server cannot be reached")]
    NoConnection,
    /// Something else; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

/// When only what is urgent wakes anybody: the person's own wish, for all their devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// From this time of day on, `HH:MM`.
    pub from: String,
    /// Up to this time of day, `HH:MM`; earlier than `from` means the next morning.
    pub to: String,
    /// The clock that is meant, a name of the IANA database such as `Europe/Berlin`.
    pub time_zone: String,
}

/// Handle of a session; clone it freely.
#[derive(Clone)]
pub struct Push {
    pub(crate) session: Session,
}

impl Push {
    /// The hospital's key, with which the browser has to subscribe; `None` if the hospital does not allow Web Push.
    ///
    /// # Errors
    /// Without the server nobody knows.
    pub async fn key(&self) -> Result<Option<String>, PushError> {
        let request = get_capabilities::v3::Request::new();
        let answer = self.client().send(request).await.map_err(|error| push_error(&error))?;
        let offered = answer.capabilities.get(CAPABILITY);
        Ok(offered
            .filter(|it| it["enabled"] == true)
            .and_then(|it| it["vapid"].as_str().map(str::to_owned)))
    }

    /// What the server knows of this subscription.
    ///
    /// # Errors
    /// Without the server nobody knows.
    pub async fn state(&self, subscription: &Subscription) -> Result<Waking, PushError> {
        let request = get_pushers::v3::Request::new();
        let answer = self.client().send(request).await.map_err(|error| push_error(&error))?;
        Ok(state_among(&answer.pushers, subscription))
    }

    /// Has the server wake this device, in place of an earlier subscription of it. Unless the server knows it already, it sends a token
    /// through the push service and wakes nobody before the token came back.
    ///
    /// # Errors
    /// Nothing has changed then.
    pub async fn set(&self, subscription: &Subscription, lang: &str) -> Result<Waking, PushError> {
        let client = self.client();
        if let Some(earlier) = self.kept().await
            && earlier != subscription.key
        {
            self.delete(&earlier).await?;
        }
        let device = &self.session.inner.core.settings.device_name;
        let request = set_pusher::v3::Request::post(pusher(subscription, lang, device));
        client.send(request).await.map_err(|error| push_error(&error))?;
        kept::write(client, KEPT_AS, &Some(&subscription.key)).await;
        self.state(subscription).await
    }

    /// Has the server ask once more whether messages arrive here, also where it knows that they did.
    ///
    /// # Errors
    /// The server may not know the subscription any more; the next [`Push::set`] tells it.
    pub async fn set_anew(
        &self,
        subscription: &Subscription,
        lang: &str,
    ) -> Result<Waking, PushError> {
        self.delete(&subscription.key).await?;
        self.set(subscription, lang).await
    }

    /// Has the server no longer wake this device.
    ///
    /// # Errors
    /// The server may still wake it then.
    pub async fn remove(&self) -> Result<(), PushError> {
        let Some(key) = self.kept().await else { return Ok(()) };
        self.delete(&key).await?;
        kept::write(self.client(), KEPT_AS, &None::<String>).await;
        Ok(())
    }

    /// Whether this session has switched it on. What the browser still has from somebody else's session is nobody's wish here.
    pub async fn is_wanted(&self) -> bool {
        self.kept().await.is_some()
    }

    /// Gives a token back that came through the push service: now the server knows that messages arrive here.
    ///
    /// # Errors
    /// The server waits on then, five minutes at most; a token that it does not wait for is an error too.
    pub async fn acknowledge(&self, token: &str) -> Result<(), PushError> {
        let request = Acknowledge { app_id: APP_ID, ack_token: token.to_owned() };
        self.client().send(request).await.map(drop).map_err(|error| push_error(&error))
    }

    /// The person's quiet hours, as the server has them; `None` if there are none.
    ///
    /// # Errors
    /// Without the server nobody knows.
    pub async fn quiet_hours(&self) -> Result<Option<QuietHours>, PushError> {
        let _turn = self.session.inner.core.quiet_hours.lock().await;
        let account = self.client().account();
        let found = in_time(account.fetch_account_data(QUIET_HOURS.into())).await?;
        // What cannot be read silences nobody on the server either.
        Ok(found.and_then(|found| found.deserialize_as_unchecked::<QuietHours>().ok()))
    }

    /// Keeps the person's quiet hours; `None` ends them. Of several calls the last one holds, however slowly the earlier ones arrive.
    ///
    /// # Errors
    /// The earlier ones hold then.
    pub async fn set_quiet_hours(&self, hours: Option<&QuietHours>) -> Result<(), PushError> {
        let _turn = self.session.inner.core.quiet_hours.lock().await;
        let content = hours.map_or_else(|| json!({}), |hours| json!(hours));
        let content = Raw::from_json(to_raw_value(&content).expect("plain data"));
        let account = self.client().account();
        in_time(account.set_account_data_raw(QUIET_HOURS.into(), content)).await.map(drop)
    }

    async fn kept(&self) -> Option<String> {
        kept::read::<Option<String>>(self.client(), KEPT_AS).await.flatten()
    }

    async fn delete(&self, pushkey: &str) -> Result<(), PushError> {
        let ids = PusherIds::new(pushkey.to_owned(), APP_ID.to_owned());
        let request = set_pusher::v3::Request::delete(ids);
        self.client().send(request).await.map(drop).map_err(|error| push_error(&error))
    }

    fn client(&self) -> &matrix_sdk::Client {
        &self.session.inner.core.client
    }
}

/// A request that holds up others: the browser alone would let it hang, and them with it.
async fn in_time<T>(asked: impl Future<Output = matrix_sdk::Result<T>>) -> Result<T, PushError> {
    let answer = timeout(asked, PATIENCE).await.map_err(|_| PushError::NoConnection)?;
    answer.map_err(|error| of_trouble(Trouble::of(&error)))
}

fn pusher(subscription: &Subscription, lang: &str, device: &str) -> Pusher {
    let pusher = json!({
        "app_id": APP_ID,
        "pushkey": subscription.key,
        "kind": "webpush",
        "app_display_name": "Konsil",
        "device_display_name": device,
        "lang": lang,
        "data": { "url": subscription.endpoint, "auth": subscription.auth },
    });
    serde_json::from_value(pusher).expect("this is a pusher")
}

fn state_among(pushers: &[Pusher], subscription: &Subscription) -> Waking {
    let ours = pushers
        .iter()
        .find(|pusher| pusher.ids.app_id == APP_ID && pusher.ids.pushkey == subscription.key);
    let data = ours.and_then(|pusher| Some(serde_json::to_value(pusher).ok()?["data"].take()));
    match data {
        Some(data) if data["url"] == subscription.endpoint.as_str() => {
            if data["activated"] == Value::Bool(true) { Waking::Active } else { Waking::Awaited }
        }
        _ => Waking::Unknown,
    }
}

fn push_error(error: &HttpError) -> PushError {
    of_trouble(Trouble::of_http(error))
}

fn of_trouble(trouble: Trouble) -> PushError {
    match trouble {
        Trouble::Refused => PushError::NotAllowed,
        Trouble::NoConnection => PushError::NoConnection,
        other => PushError::Failed(other.code()),
    }
}

/// `POST …/org.matrix.msc4174/pushers/ack`, which ruma does not have.
#[derive(Clone, Serialize)]
struct Acknowledge {
    app_id: &'static str,
    ack_token: String,
}

impl std::fmt::Debug for Acknowledge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acknowledge([redacted])")
    }
}

metadata! {
    @for Acknowledge,
    method: POST,
    rate_limited: true,
    authentication: AccessToken,
    path: "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack"
}

impl OutgoingRequest for Acknowledge {
    type Body = BytesBody;
    type EndpointError = Error;
    // `{}`, as after setting a pusher.
    type IncomingResponse = set_pusher::v3::Response;

    fn try_into_http_request_inner(
        self,
        base_url: &str,
        (): (),
    ) -> Result<http::Request<BytesBody>, IntoHttpError> {
        Ok(http::Request::builder()
            .method(Self::METHOD)
            .uri(Self::make_endpoint_url((), base_url, &[], "")?)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(BytesBody(serde_json::to_vec(&self)?))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> Subscription {
        Subscription {
            endpoint: "https://push.example/1".into(),
            key: "BKey".into(),
            auth: "secret".into(),
        }
    }

    fn listed(change: impl Fn(&mut Value)) -> Vec<Pusher> {
        let mut listed = json!(pusher(&subscription(), "de", "Chrome, Android"));
        change(&mut listed);
        vec![serde_json::from_value(listed).expect("a pusher")]
    }

    #[test]
    fn the_pusher_is_the_one_that_the_server_wants() {
        assert_eq!(
            json!(pusher(&subscription(), "de", "Chrome, Android")),
            json!({
                "app_id": "de.konsil.web", "pushkey": "BKey", "kind": "webpush", "lang": "de",
                "app_display_name": "Konsil", "device_display_name": "Chrome, Android",
                "data": { "url": "https://push.example/1", "auth": "secret" },
            })
        );
    }

    #[test]
    fn only_this_subscription_at_this_address_is_known() {
        let state = |change: &dyn Fn(&mut Value)| state_among(&listed(change), &subscription());
        assert_eq!(state(&|it| it["data"]["activated"] = true.into()), Waking::Active);
        assert_eq!(state(&|it| it["data"]["activated"] = false.into()), Waking::Awaited);
        assert_eq!(state(&|_| {}), Waking::Awaited);
        assert_eq!(state(&|it| it["pushkey"] = "BOther".into()), Waking::Unknown);
        assert_eq!(state(&|it| it["app_id"] = "im.other".into()), Waking::Unknown);
        assert_eq!(
            state(&|it| it["data"]["url"] = "https://push.example/2".into()),
            Waking::Unknown
        );
        assert_eq!(state_among(&[], &subscription()), Waking::Unknown);
    }

    #[test]
    fn the_token_goes_back_in_the_body_as_json() {
        let request = Acknowledge { app_id: APP_ID, ack_token: "abc".into() };
        assert_eq!(format!("{request:?}"), "Acknowledge([redacted])");
        let request = request.try_into_http_request_inner("https://klinikum.example", ());
        let request = request.expect("it serialises");
        assert_eq!(
            (request.method().as_str(), request.uri().path()),
            ("POST", "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack")
        );
        let body: Value = serde_json::from_slice(&request.body().0).expect("JSON");
        assert_eq!(body, json!({ "app_id": "de.konsil.web", "ack_token": "abc" }));
    }
}
