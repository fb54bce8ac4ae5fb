//! A second device by QR code (J.1): the new one shows a code, a device of the account that is signed in reads it, and hands over the sign-in
//! and the account's keys. No recovery key, no comparing of emoji.
//!
//! The code holds the new device's public key and where both meet on the server ([`meeting`]). The device that reads it encrypts to that key
//! (vodozemac's ECIES, as in [MSC4108](https://github.com/matrix-org/matrix-spec-proposals/pull/4108)) and shows two digits that both
//! derive from the channel. Typed into the new device they prove that it is this device that has read the code, and no other. That the person
//! at the device that is signed in is its owner the server proves: it asks for the password before it gives out the token that signs in
//! (`POST /login/get_token`).
//!
//! What is written, each at its place: 0 the greeting, 1 the new device's name once the digits were right, 2 token and keys, 3 that the new
//! device is signed in. Whoever gives up ends the meeting.

mod channel;
mod grant;
mod meeting;
mod new_device;

pub use grant::Grant;
pub use new_device::NewDevice;

use serde::{Deserialize, Serialize};

use crate::session::LoginError;

/// Ends a meeting, for both, also while something waits in it.
#[derive(Clone)]
pub struct Ending(meeting::Meeting);

impl Ending {
    /// Ends it. Nothing happens where it has ended.
    pub async fn end(&self) {
        self.0.close().await;
    }
}

/// Why two devices did not come together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// This is no code of a new device.
    #[error("this is no code of a new device")]
    NoCode,
    /// The time is over, or the other device has given up.
    #[error("the meeting has ended")]
    Ended,
    /// The digits are wrong: begin anew, with another code.
    #[error("the digits are wrong")]
    WrongDigits,
    /// The password is wrong; it may be tried again.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many tries or devices; wait a minute.
    #[error("too many tries")]
    TooManyTries,
    /// The keys are not on this device, since it was never confirmed itself.
    #[error("this device is not confirmed")]
    NotConfirmedHere,
    /// No network or no answer.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The new device could not be signed in.
    #[error("the sign-in failed: {0}")]
    SignIn(#[from] LoginError),
    /// Something else; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

/// What the new device says of itself once the digits were right.
#[derive(Debug, Serialize, Deserialize)]
struct Introduction {
    /// Name under which it will stand in the list of devices.
    name: String,
}

/// What signs the new device in, and makes it one that is confirmed.
#[derive(Serialize, Deserialize)]
struct Handover {
    user_id: String,
    login_token: String,
    secrets: matrix_sdk_base::crypto::types::SecretsBundle,
}

/// That the new device is signed in, and as which.
#[derive(Debug, Serialize, Deserialize)]
struct Arrived {
    device_id: String,
}
