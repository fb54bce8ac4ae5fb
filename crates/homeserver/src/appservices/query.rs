//! Users and aliases that nobody has made yet: the service whose they are is asked, and may make them meanwhile.
//! <https://spec.matrix.org/v1.19/application-service-api/#querying>

use http::Method;
use ruma::{RoomAliasId, UserId};

use super::call::{Ask, ask, encode};
use crate::Homeserver;

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A service says that it is there now.
    Yes,
    /// No service knows it.
    No,
    /// A service that may know it does not answer.
    NoAnswer,
}

/// Asks for a user.
pub async fn user(hs: &Homeserver, user: &UserId) -> Found {
    let name = encode(user.as_str());
    let services = hs.appservices.iter().filter(|service| service.is_its_user(user));
    first(hs, services, &format!("/users/{name}")).await
}

/// Asks for an alias.
pub async fn alias(hs: &Homeserver, alias: &RoomAliasId) -> Found {
    let name = encode(alias.as_str());
    let services = hs.appservices.iter().filter(|service| service.is_its_alias(alias));
    first(hs, services, &format!("/rooms/{name}")).await
}

async fn first<'a>(
    hs: &Homeserver,
    services: impl Iterator<Item = &'a std::sync::Arc<super::Appservice>>,
    path: &str,
) -> Found {
    let mut outcome = Found::No;
    for service in services {
        let question = Ask {
            method: Method::GET,
            path: &format!("/_matrix/app/v1{path}"),
            legacy_path: Some(path),
            query: "",
            body: None,
        };
        match ask(hs, service, question).await {
            Some(Ok(answer)) if answer.status().is_success() => return Found::Yes,
            Some(Ok(_)) | None => {}
            Some(Err(error)) => {
                tracing::info!(service = service.id, %error, "An application service does not answer");
                outcome = Found::NoAnswer;
            }
        }
    }
    outcome
}
