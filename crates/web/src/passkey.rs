//! The device's authenticator (WebAuthn): a secret that it gives out once the person has shown it finger, face or the device's own
//! code (extension `prf`). Nobody but this device learns it, and a copy of the browser's profile does not hold it.
//! <https://www.w3.org/TR/webauthn-3/#prf-extension>

use std::cell::Cell;

use js_sys::{Array, Promise, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::by_name::{call, get, object};
use client::lock::Authenticator;

const RANDOM_BYTES: usize = 32;
/// How long the person may take.
const PATIENCE_MS: u32 = 60_000;
/// COSE's ES256 and RS256: what platforms make. Nothing is signed for anybody; the protocol wants a key.
const ALGORITHMS: [i32; 2] = [-7, -257];

thread_local! {
    /// Since when the authenticator has been asking the person, if it is.
    static ASKING_SINCE_MS: Cell<Option<f64>> = const { Cell::new(None) };
}

/// Why the authenticator did not give its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyError {
    /// This device or browser has none that could.
    Unsupported,
    /// The person turned back, or the authenticator does not know this app any more; it does not say which.
    Refused,
}

/// Since when the authenticator's own window has been in front of the app, if it is.
pub fn asking_since_ms() -> Option<f64> {
    ASKING_SINCE_MS.get()
}

/// Whether this device has an authenticator of its own that recognises people, and a browser that asks it for secrets. That the
/// authenticator has them shows only when one is made.
pub async fn is_available() -> bool {
    let class = get(&window(), "PublicKeyCredential");
    let recognises = said(&class, "isUserVerifyingPlatformAuthenticatorAvailable").await;
    // Browsers that cannot be asked may have it all the same.
    let can = said(&class, "getClientCapabilities").await.unwrap_or(JsValue::UNDEFINED);
    recognises == Some(JsValue::TRUE) && get(&can, "extension:prf") != JsValue::FALSE
}

/// What a method of the class says, where there is such a method.
async fn said(class: &JsValue, method: &str) -> Option<JsValue> {
    let promise = call(class, method, &[]).ok()?.dyn_into::<Promise>().ok()?;
    JsFuture::from(promise).await.ok()
}

fn random() -> Uint8Array {
    let bytes = Uint8Array::new_with_length(RANDOM_BYTES as u32);
    if let Ok(crypto) = window().crypto() {
        let _ = call(&crypto, "getRandomValues", &[bytes.clone().into()]);
    }
    bytes
}

/// Makes one for this app, and asks it for its secret.
///
/// # Errors
/// It may have been made all the same, and is of no use then.
pub async fn make() -> Result<Authenticator, PasskeyError> {
    let input = random();
    let parameters = ALGORITHMS.map(|algorithm| {
        JsValue::from(object([("type", "public-key".into()), ("alg", algorithm.into())]))
    });
    // The system lists what was made under these names, to whoever holds the device: nobody's own is among them.
    let name = JsValue::from("Konsil");
    let user =
        object([("id", random().into()), ("name", name.clone()), ("displayName", name.clone())]);
    let selection = object([
        ("authenticatorAttachment", "platform".into()),
        ("residentKey", "discouraged".into()),
        ("userVerification", "required".into()),
    ]);
    let public_key = object([
        ("rp", object([("name", name)]).into()),
        ("user", user.into()),
        ("challenge", random().into()),
        ("pubKeyCredParams", parameters.iter().collect::<Array>().into()),
        ("authenticatorSelection", selection.into()),
        ("attestation", "none".into()),
        ("timeout", PATIENCE_MS.into()),
        ("extensions", extension(&input)),
    ]);
    let made = ask("create", public_key.into()).await?;
    let credential = Uint8Array::new(&get(&made, "rawId")).to_vec();
    let results = call(&made, "getClientExtensionResults", &[]).unwrap_or(JsValue::UNDEFINED);
    if get(&get(&results, "prf"), "enabled") != JsValue::TRUE {
        return Err(PasskeyError::Unsupported);
    }
    let input = input.to_vec();
    // Most tell it only when they are asked a second time.
    let secret = match answer(&results) {
        Some(secret) => secret,
        None => secret_of(&credential, &input).await?,
    };
    Ok(Authenticator { credential, input, secret })
}

/// Asks for the secret of what was made earlier.
pub async fn secret_of(credential: &[u8], input: &[u8]) -> Result<Vec<u8>, PasskeyError> {
    let known = object([
        ("type", "public-key".into()),
        ("id", Uint8Array::from(credential).into()),
        ("transports", Array::of1(&"internal".into()).into()),
    ]);
    let public_key = object([
        ("challenge", random().into()),
        ("allowCredentials", Array::of1(&known).into()),
        ("userVerification", "required".into()),
        ("timeout", PATIENCE_MS.into()),
        ("extensions", extension(&Uint8Array::from(input))),
    ]);
    let answered = ask("get", public_key.into()).await?;
    let results = call(&answered, "getClientExtensionResults", &[]).unwrap_or(JsValue::UNDEFINED);
    answer(&results).ok_or(PasskeyError::Unsupported)
}

fn extension(input: &Uint8Array) -> JsValue {
    let evaluate = object([("first", input.clone().into())]);
    object([("prf", object([("eval", evaluate.into())]).into())]).into()
}

fn answer(results: &JsValue) -> Option<Vec<u8>> {
    let first = get(&get(&get(results, "prf"), "results"), "first");
    first.is_object().then(|| Uint8Array::new(&first).to_vec()).filter(|it| !it.is_empty())
}

/// Asks the authenticator. What it shows meanwhile lies in front of the app, and is no reason to lock it.
async fn ask(method: &str, public_key: JsValue) -> Result<JsValue, PasskeyError> {
    let credentials = get(&window().navigator(), "credentials");
    let options = object([("publicKey", public_key)]);
    ASKING_SINCE_MS.set(Some(js_sys::Date::now()));
    let asked = call(&credentials, method, &[options.into()]);
    let answered = match asked.map(|it| it.dyn_into::<Promise>()) {
        Ok(Ok(promise)) => JsFuture::from(promise).await,
        _ => {
            ASKING_SINCE_MS.set(None);
            return Err(PasskeyError::Unsupported);
        }
    };
    ASKING_SINCE_MS.set(None);
    answered.map_err(|error| match get(&error, "name").as_string().as_deref() {
        Some("NotSupportedError" | "SecurityError" | "ConstraintError") => {
            PasskeyError::Unsupported
        }
        _ => PasskeyError::Refused,
    })
}
