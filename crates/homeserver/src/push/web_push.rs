//! Web Push: the server itself wakes a browser through the browser's push service, which learns nothing but that.
//!
//! RFC 8030 (delivery), RFC 8291 over RFC 8188 (encryption to the device), RFC 8292 (VAPID: the hospital signs). The pusher kind
//! `webpush` is that of MSC4174. Every payload has the same length; inside are a class and opaque ids.

mod backend;

use std::time::Duration;

use base::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use net::Allowance;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use store::rooms::EventRow;

use super::{Sent, evaluate::Notice};
use crate::Homeserver;

const ALLOWANCE: Allowance = Allowance { time: Duration::from_secs(20), body_bytes: 16 * 1024 };

/// Length of every payload before encryption, in bytes. The longest ids that Matrix has fit in.
const PAYLOAD_BYTES: usize = 1_024;

/// How long a push service keeps a message for a device that is off. Afterwards the app finds it by itself.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a signature is valid. RFC 8292 allows a day at most.
const SIGNED_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// Where a device is reached, and how it is encrypted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The push resource of RFC 8030.
    pub endpoint: Uri,
    /// Public key of the device (P-256, uncompressed).
    pub key: Vec<u8>,
    /// Authentication secret of the device.
    pub auth: Vec<u8>,
}

impl Subscription {
    /// Reads the parts of a pusher: the pushkey is the key, `data` has the address and the secret.
    pub fn parse(pushkey: &str, data: &Value) -> Result<Self, &'static str> {
        let text = |field| data[field].as_str().unwrap_or_default();
        let endpoint: Uri = text("url").parse().map_err(|_| "The url is not valid")?;
        if endpoint.scheme_str() != Some("https") || endpoint.host().is_none_or(str::is_empty) {
            return Err("The url must be https://…");
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let (key, auth) = (decode(pushkey), decode(text("auth")));
        if key.len() != 65 || key[0] != 4 {
            return Err("The pushkey must be a P-256 key in URL-safe Base64");
        }
        if auth.len() != 16 {
            return Err("auth must be 16 bytes in URL-safe Base64");
        }
        Ok(Self { endpoint, key, auth })
    }
}

/// The key with which the hospital signs, so that a push service takes messages for its devices from nobody else.
pub struct Vapid {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Vapid {
    /// A new key, as it is stored (PKCS #8).
    pub fn generate() -> Result<Vec<u8>, ring::error::Unspecified> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
        Ok(document.as_ref().to_vec())
    }

    /// The key as it was stored; `None` if that is none.
    pub fn from_stored(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok()?;
        Some(Self { pair, random })
    }

    /// The public key, as browsers want it (`applicationServerKey`).
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref())
    }

    /// The `Authorization` header for a push service. RFC 8292, section 3
    fn authorization(&self, endpoint: &Uri, contact: &str, now: Timestamp) -> Option<String> {
        let audience = format!("{}://{}", endpoint.scheme_str()?, endpoint.authority()?);
        let expires = now.after(SIGNED_FOR).0 / 1000;
        let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let head = encode(json!({ "typ": "JWT", "alg": "ES256" }));
        let claims = encode(json!({ "aud": audience, "exp": expires, "sub": contact }));
        let signed = format!("{head}.{claims}");
        let signature = self.pair.sign(&self.random, signed.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public_key()))
    }
}

/// What is encrypted to the device: always [`PAYLOAD_BYTES`] long. White space behind an object is still JSON.
fn payload(content: &Value) -> Option<Vec<u8>> {
    let mut payload = content.to_string().into_bytes();
    if payload.len() > PAYLOAD_BYTES {
        return None;
    }
    payload.resize(PAYLOAD_BYTES, b' ');
    Some(payload)
}

/// Wakes the device for an event.
pub async fn notify(
    hs: &Homeserver,
    subscription: &Subscription,
    event: &EventRow,
    notice: &Notice,
) -> Sent {
    let class = if notice.urgent { "urgent" } else { "message" };
    let content = json!({
        "class": class,
        "room_id": notice.room_id,
        "event_id": event.event_id,
    });
    send(hs, subscription, &content, notice.urgent).await
}

/// Asks the device to show that messages reach it (MSC4174).
pub async fn ask_to_activate(
    hs: &Homeserver,
    subscription: &Subscription,
    app_id: &str,
    ack_token: &str,
) -> Sent {
    send(hs, subscription, &json!({ "app_id": app_id, "ack_token": ack_token }), false).await
}

async fn send(hs: &Homeserver, to: &Subscription, content: &Value, urgent: bool) -> Sent {
    let Some(vapid) = hs.push.vapid.as_ref() else { return Sent::Dropped };
    let Some(request) = request(
        vapid,
        to,
        content,
        urgent,
        &hs.policy.push_contact(&hs.server_name),
        hs.clock.now(),
    ) else {
        return Sent::Dropped;
    };
    match hs.outbound.by_others.send(request, ALLOWANCE).await {
        Ok(answer) => outcome(answer.status(), retry_after(answer.headers())),
        Err(error) => {
            tracing::info!(%error, "A push service was not reached");
            Sent::Later(None)
        }
    }
}

fn request(
    vapid: &Vapid,
    to: &Subscription,
    content: &Value,
    urgent: bool,
    contact: &str,
    now: Timestamp,
) -> Option<Request<Bytes>> {
    let body = backend::encrypt(&to.key, &to.auth, &payload(content)?)?;
    Request::post(to.endpoint.clone())
        .header("ttl", KEPT.as_secs())
        .header("urgency", if urgent { "high" } else { "normal" })
        .header(header::CONTENT_ENCODING, "aes128gcm")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::AUTHORIZATION, vapid.authorization(&to.endpoint, contact, now)?)
        .body(body.into())
        .ok()
}

fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What the push service's answer means. RFC 8030, sections 5 and 7.3
fn outcome(status: StatusCode, retry_after: Option<Duration>) -> Sent {
    if status.is_success() {
        return Sent::Done;
    }
    tracing::info!(status = status.as_u16(), "A push service refused a message");
    match status {
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => Sent::Rejected,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => Sent::Dropped,
        _ => Sent::Later(retry_after),
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    fn vapid() -> Vapid {
        Vapid::from_stored(&Vapid::generate().expect("a key")).expect("the same key")
    }

    fn subscription() -> Subscription {
        // A key pair of its own serves as the device's: only its public half is used.
        let key = vapid().pair.public_key().as_ref().to_vec();
        let endpoint = Uri::from_static("https://push.example:8443/wpush/v2/abc");
        Subscription { endpoint, key, auth: vec![7; 16] }
    }

    #[test]
    fn the_hospital_signs_for_one_push_service_and_half_a_day() {
        let vapid = vapid();
        let endpoint = subscription().endpoint;
        let header = vapid
            .authorization(&endpoint, "https://klinikum.example", Timestamp(1_000_000_000_000))
            .expect("signed");
        let (token, key) = header
            .strip_prefix("vapid t=")
            .and_then(|rest| rest.split_once(", k="))
            .expect("the form of RFC 8292");
        assert_eq!(key, vapid.public_key());
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("Base64");
        let public = URL_SAFE_NO_PAD.decode(key).expect("Base64");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(signed.as_bytes(), &signature)
            .expect("the signature fits the key");
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').expect("two parts").1);
        let claims: Value = serde_json::from_slice(&claims.expect("Base64")).expect("JSON");
        assert_eq!(
            claims,
            json!({ "aud": "https://push.example:8443", "exp": 1_000_043_200, "sub": "https://klinikum.example" })
        );
    }

    #[test]
    fn every_message_has_the_same_length() {
        let (vapid, to) = (vapid(), subscription());
        let length = |content: &Value| {
            let request = request(&vapid, &to, content, false, "https://x", Timestamp(0));
            request.expect("a request").body().len()
        };
        let short = length(&json!({ "class": "message" }));
        let long = length(
            &json!({ "class": "urgent", "room_id": "!".repeat(255), "event_id": "$".repeat(255) }),
        );
        assert_eq!(short, long);
        // Header (86), padding and tag are the only additions, and services take 4,096 bytes.
        assert!(short > PAYLOAD_BYTES + 86 && short <= 4_096, "{short}");
        assert!(payload(&json!("x".repeat(PAYLOAD_BYTES))).is_none());
    }

    #[test]
    fn a_subscription_needs_a_secure_address_a_key_and_a_secret() {
        let key = URL_SAFE_NO_PAD.encode(subscription().key);
        let data = |url: &str, auth: &str| json!({ "url": url, "auth": auth });
        let auth = URL_SAFE_NO_PAD.encode([7; 16]);
        assert!(Subscription::parse(&key, &data("https://push.example/x", &auth)).is_ok());
        for (key, data) in [
            (key.as_str(), data("http://push.example/x", &auth)),
            (key.as_str(), data("push", &auth)),
            (key.as_str(), data("https://push.example/x", "c2hvcnQ")),
            ("abc", data("https://push.example/x", &auth)),
        ] {
            assert!(Subscription::parse(key, &data).is_err(), "{data}");
        }
    }

    #[test]
    fn a_subscription_that_has_ended_is_given_up_and_a_busy_service_asked_again() {
        let wait = Some(Duration::from_secs(30));
        assert!(matches!(outcome(StatusCode::CREATED, None), Sent::Done));
        assert!(matches!(outcome(StatusCode::GONE, None), Sent::Rejected));
        assert!(
            matches!(outcome(StatusCode::TOO_MANY_REQUESTS, wait), Sent::Later(after) if after == wait)
        );
        assert!(matches!(outcome(StatusCode::PAYLOAD_TOO_LARGE, None), Sent::Dropped));
    }
}
