//! The side of the device that is not signed in yet.

use std::sync::Arc;

use matrix_sdk_base::crypto::vodozemac::ecies::Ecies;
use ruma::api::client::session::login::v3::{LoginInfo, Token};

use super::{
    Arrived, Ending, Handover, Introduction, LinkError,
    channel::{self, Channel},
    meeting::Meeting,
};
use crate::{
    lock::{self, SignedIn},
    session::{Arrival, Session, Settings},
};

/// A device that shows its code and waits for another to read it. The steps follow each other: [`scanned`](Self::scanned),
/// [`confirm`](Self::confirm), [`handed_over`](Self::handed_over), [`sign_in`](Self::sign_in).
pub struct NewDevice {
    meeting: Meeting,
    code: String,
    key: Option<Ecies>,
    channel: Option<Channel>,
    handover: Option<Handover>,
}

impl NewDevice {
    /// Makes the code.
    pub async fn show(settings: &Settings) -> Result<Self, LinkError> {
        let client = lock::plain_client(settings).await;
        let client = client.map_err(|error| LinkError::Failed(error.to_string()))?;
        let meeting = Meeting::open(client).await?;
        let key = channel::new_key();
        let code = format!("{}.{}", meeting.id(), channel::public_half(&key));
        Ok(Self { meeting, code, key: Some(key), channel: None, handover: None })
    }

    /// What the QR code holds; for [`Grant::begin`](super::Grant::begin) on the other device. No secret, but whoever reads it first can
    /// answer.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Waits until a device has read the code, which then shows two digits.
    pub async fn scanned(&mut self) -> Result<(), LinkError> {
        let key = self.key.take().ok_or(LinkError::Ended)?;
        self.channel = Some(Channel::be_greeted(self.meeting.clone(), key).await?);
        Ok(())
    }

    /// The digits that the other device shows, which then learns this one's `name`. Wrong ones end the meeting: somebody else may have read
    /// the code.
    pub async fn confirm(&mut self, digits: &str, name: &str) -> Result<(), LinkError> {
        let channel = self.channel.as_mut().ok_or(LinkError::Ended)?;
        if digits.trim() != channel.digits() {
            channel.close().await;
            self.channel = None;
            return Err(LinkError::WrongDigits);
        }
        channel.write(1, &Introduction { name: name.to_owned() }).await
    }

    /// Waits for the other device to hand over; tells whose account it is.
    pub async fn handed_over(&mut self) -> Result<String, LinkError> {
        let channel = self.channel.as_mut().ok_or(LinkError::Ended)?;
        let handover: Handover = channel.wait(2).await?;
        let user_id = handover.user_id.clone();
        self.handover = Some(handover);
        Ok(user_id)
    }

    /// Signs in with what was handed over. What is left is a PIN.
    pub async fn sign_in(&mut self, settings: &Settings) -> Result<SignedIn, LinkError> {
        let channel = self.channel.as_mut().ok_or(LinkError::Ended)?;
        let handover = self.handover.take().ok_or(LinkError::Ended)?;
        let Handover { user_id, login_token, secrets } = handover;
        let login = LoginInfo::Token(Token::new(login_token));
        let arrival = Arrival::Secrets(Arc::new(secrets));
        let signed_in = match Session::sign_in(settings, &user_id, login, arrival).await {
            Ok(signed_in) => signed_in,
            Err(error) => {
                channel.close().await;
                return Err(error.into());
            }
        };
        let device_id = signed_in.device_id().to_owned();
        // Whether the other learns of it or not, this device is signed in.
        let _ = channel.write(3, &Arrived { device_id }).await;
        Ok(signed_in)
    }

    /// By which the meeting ends when the person turns back.
    pub fn ending(&self) -> Ending {
        Ending(self.meeting.clone())
    }
}
