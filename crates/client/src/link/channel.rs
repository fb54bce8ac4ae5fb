//! What the two devices write to each other, encrypted from the one to the other.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use matrix_sdk_base::crypto::vodozemac::{
    Curve25519PublicKey,
    ecies::{DigitMode, Ecies, EstablishedEcies, InitialMessage, Message},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{LinkError, meeting::Meeting};

/// Keeps this channel apart from every other use of the same scheme.
const INFO: &str = "DE_KONSIL_LINK";

/// First words of who has read the code.
const GREETING: &[u8] = b"DE_KONSIL_LINK_INITIATE";

/// A new key pair.
pub(super) fn new_key() -> Ecies {
    Ecies::with_info(INFO)
}

/// The public half as it stands in an address.
pub(super) fn public_half(key: &Ecies) -> String {
    URL_SAFE_NO_PAD.encode(key.public_key().as_bytes())
}

/// The channel of two devices that have met.
pub(super) struct Channel {
    meeting: Meeting,
    ecies: EstablishedEcies,
}

impl Channel {
    /// Greets the device that has shown its key.
    pub async fn greet(meeting: Meeting, key: &str) -> Result<Self, LinkError> {
        let key = URL_SAFE_NO_PAD.decode(key).map_err(|_| LinkError::NoCode)?;
        let key = Curve25519PublicKey::from_slice(&key).map_err(|_| LinkError::NoCode)?;
        let made = new_key().establish_outbound_channel(key, GREETING);
        let made = made.map_err(|_| LinkError::NoCode)?;
        meeting.write(0, &made.message.encode()).await?;
        Ok(Self { meeting, ecies: made.ecies })
    }

    /// Waits for the greeting of who has read the code.
    pub async fn be_greeted(meeting: Meeting, own: Ecies) -> Result<Self, LinkError> {
        let greeting = meeting.wait(0).await?;
        let greeting = InitialMessage::decode(&greeting).map_err(|_| LinkError::Ended)?;
        let made = own.establish_inbound_channel(&greeting).map_err(|_| LinkError::Ended)?;
        if made.message != GREETING {
            return Err(LinkError::Ended);
        }
        Ok(Self { meeting, ecies: made.ecies })
    }

    /// Two digits that both derive from the channel, `07` for example.
    pub fn digits(&self) -> String {
        format!("{:02}", self.ecies.check_code().to_digit(DigitMode::AllowLeadingZero))
    }

    pub async fn write(&mut self, place: usize, what: &impl Serialize) -> Result<(), LinkError> {
        let plain = serde_json::to_vec(what).expect("JSON serializes");
        let message = self.ecies.encrypt(&plain).encode();
        self.meeting.write(place, &message).await
    }

    pub async fn wait<T: DeserializeOwned>(&mut self, place: usize) -> Result<T, LinkError> {
        let message = self.meeting.wait(place).await?;
        let message = Message::decode(&message).map_err(|_| LinkError::Ended)?;
        let plain = self.ecies.decrypt(&message).map_err(|_| LinkError::Ended)?;
        serde_json::from_slice(&plain).map_err(|_| LinkError::Ended)
    }

    pub fn meeting(&self) -> &Meeting {
        &self.meeting
    }

    pub async fn close(&self) {
        self.meeting.close().await;
    }
}
