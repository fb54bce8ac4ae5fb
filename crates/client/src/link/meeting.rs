//! Where two devices meet on the server: a list to which both append. `crates/http/src/rendezvous.rs` says what is answered.

use std::time::Duration;

use matrix_sdk::{Client, HttpError, config::RequestConfig, sleep::sleep};
use ruma::api::{auth_scheme::NoAuthentication, error::ErrorKind};
use serde::Deserialize;
use serde_json::json;

use super::LinkError;
use crate::{
    endpoint::{Answer, Parts, endpoint},
    trouble::Trouble,
};

/// Longer than a working server takes.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Pause before it is asked again whether the other has written.
const PAUSE: Duration = Duration::from_millis(700);

endpoint!(Open, POST, "/_konsil/rendezvous", NoAuthentication, Answer);
endpoint!(Append, POST, "/_konsil/rendezvous/append", NoAuthentication, Answer);
endpoint!(Read, POST, "/_konsil/rendezvous/read", NoAuthentication, Answer);
endpoint!(Close, POST, "/_konsil/rendezvous/close", NoAuthentication, Answer);

macro_rules! ask {
    ($client:expr, $request:ident, $body:expr) => {
        $client
            .send($request(Parts::json(None, &$body)))
            .with_request_config(RequestConfig::new().disable_retry().timeout(TIMEOUT))
            .await
            .map_err(|error| trouble(&error))
    };
}

/// A meeting, by its id. Dropping it does not end it.
#[derive(Clone)]
pub(super) struct Meeting {
    client: Client,
    id: String,
}

impl Meeting {
    /// Opens one.
    pub async fn open(client: Client) -> Result<Self, LinkError> {
        #[derive(Deserialize)]
        struct Opened {
            id: String,
        }
        let opened: Opened = read(ask!(client, Open, json!({}))?)?;
        Ok(Self { client, id: opened.id })
    }

    /// The one that the other device has opened.
    pub fn at(client: Client, id: String) -> Self {
        Self { client, id }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes at a place of the list. Without network, and where many ask from the same address, it is tried again until the meeting ends.
    pub async fn write(&self, place: usize, message: &str) -> Result<(), LinkError> {
        loop {
            let body = json!({ "id": self.id, "place": place, "message": message });
            match ask!(self.client, Append, body) {
                Err(error) if error.passes() => sleep(PAUSE).await,
                answer => return answer.map(drop),
            }
        }
    }

    /// Waits in the same way for what the other writes at a place.
    pub async fn wait(&self, place: usize) -> Result<String, LinkError> {
        #[derive(Deserialize)]
        struct Said {
            message: Option<String>,
        }
        loop {
            match ask!(self.client, Read, json!({ "id": self.id, "place": place })) {
                Ok(answer) => {
                    if let Said { message: Some(message) } = read(answer)? {
                        return Ok(message);
                    }
                }
                Err(error) if error.passes() => {}
                Err(error) => return Err(error),
            }
            sleep(PAUSE).await;
        }
    }

    /// Ends it, for both.
    pub async fn close(&self) {
        // If this fails it ends by itself.
        let _ = ask!(self.client, Close, json!({ "id": self.id }));
    }
}

impl LinkError {
    /// Whether the same may be asked again in a moment.
    fn passes(&self) -> bool {
        matches!(self, Self::NoConnection | Self::TooManyTries)
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: Answer) -> Result<T, LinkError> {
    answer.read().map_err(|_| LinkError::Failed("unexpected answer".into()))
}

fn trouble(error: &HttpError) -> LinkError {
    match error.client_api_error_kind() {
        Some(ErrorKind::LimitExceeded(_)) => return LinkError::TooManyTries,
        // Somebody else has written where it was our turn.
        Some(kind) if kind.errcode().as_str() == "DE.KONSIL.PLACE_TAKEN" => {
            return LinkError::Ended;
        }
        _ => {}
    }
    match Trouble::of_http(error) {
        Trouble::NotFound => LinkError::Ended,
        Trouble::NoConnection => LinkError::NoConnection,
        other => LinkError::Failed(other.code()),
    }
}
