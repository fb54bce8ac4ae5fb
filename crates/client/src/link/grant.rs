//! The side of the device that is signed in.

use matrix_sdk_base::crypto::{store::SecretsBundleExportError, types::SecretsBundle};
use ruma::api::{
    client::{
        session::get_login_token,
        uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier},
    },
    error::ErrorKind,
};

use super::{
    Arrived, Ending, Handover, Introduction, LinkError, channel::Channel, meeting::Meeting,
};
use crate::{DeviceId, session::Session, trouble::Trouble};

/// What this device grants to a new one. The steps follow each other: [`begin`](Self::begin), show [`digits`](Self::digits),
/// [`introduced`](Self::introduced), [`hand_over`](Self::hand_over), [`arrived`](Self::arrived).
pub struct Grant {
    session: Session,
    channel: Channel,
    secrets: SecretsBundle,
}

impl Grant {
    /// Greets the device whose code was read.
    pub async fn begin(session: &Session, code: &str) -> Result<Self, LinkError> {
        let (id, key) = code.trim().split_once('.').ok_or(LinkError::NoCode)?;
        let core = &session.inner.core;
        let machine = core.base.olm_machine().await;
        let machine = machine.as_ref().ok_or_else(|| LinkError::Failed("no keys".into()))?;
        let secrets =
            machine.store().export_secrets_bundle().await.map_err(|error| match error {
                SecretsBundleExportError::Store(_) => LinkError::Failed("store".into()),
                _ => LinkError::NotConfirmedHere,
            })?;
        let meeting = Meeting::at(core.client.clone(), id.to_owned());
        let channel = Channel::greet(meeting, key).await?;
        Ok(Self { session: session.clone(), channel, secrets })
    }

    /// Two digits for the person to type into the new device.
    pub fn digits(&self) -> String {
        self.channel.digits()
    }

    /// Waits until they were typed; gives the new device's name.
    pub async fn introduced(&mut self) -> Result<String, LinkError> {
        let Introduction { name } = self.channel.wait(1).await?;
        Ok(name)
    }

    /// Hands over the sign-in and the keys. After [`LinkError::WrongPassword`] it may be tried again.
    pub async fn hand_over(&mut self, password: &str) -> Result<(), LinkError> {
        let core = &self.session.inner.core;
        let handover = Handover {
            user_id: core.own_id.to_string(),
            login_token: login_token(&self.session, password).await?,
            secrets: self.secrets.clone(),
        };
        self.channel.write(2, &handover).await
    }

    /// Waits until the new device is signed in.
    pub async fn arrived(&mut self) -> Result<DeviceId, LinkError> {
        let Arrived { device_id } = self.channel.wait(3).await?;
        self.channel.close().await;
        Ok(DeviceId::new(&device_id))
    }

    /// By which the meeting ends when the person turns back.
    pub fn ending(&self) -> Ending {
        Ending(self.channel.meeting().clone())
    }
}

/// A token that signs in one device, within two minutes.
/// <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token>
async fn login_token(session: &Session, password: &str) -> Result<String, LinkError> {
    let core = &session.inner.core;
    let challenge = match core.client.send(get_login_token::v1::Request::new()).await {
        Ok(response) => return Ok(response.login_token),
        Err(error) => error,
    };
    let Some(info) = challenge.as_uiaa_response() else { return Err(trouble(&challenge)) };
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(core.own_id.to_string()));
    let mut answer = Password::new(user, password.to_owned());
    answer.session = info.session.clone();
    let mut request = get_login_token::v1::Request::new();
    request.auth = Some(AuthData::Password(answer));
    match core.client.send(request).await {
        Ok(response) => Ok(response.login_token),
        Err(error) if error.as_uiaa_response().is_some() => Err(LinkError::WrongPassword),
        Err(error) => Err(trouble(&error)),
    }
}

fn trouble(error: &matrix_sdk::HttpError) -> LinkError {
    match error.client_api_error_kind() {
        Some(ErrorKind::LimitExceeded(_)) => LinkError::TooManyTries,
        Some(ErrorKind::Forbidden) => LinkError::WrongPassword,
        _ => match Trouble::of_http(error) {
            Trouble::NoConnection => LinkError::NoConnection,
            other => LinkError::Failed(other.code()),
        },
    }
}
