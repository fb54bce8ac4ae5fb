//! Application services: bots and bridges that the operator registers by files.
//! <https://spec.matrix.org/v1.19/application-service-api/>
//!
//! A service acts as the users of its namespaces ([`masquerade`]), is asked for users and aliases that nobody has made yet
//! ([`query`]), and gets the events that concern it ([`transactions`]).

pub mod call;
pub mod masquerade;
pub mod ping;
pub mod query;
pub mod registration;
pub mod third_party;
pub mod transactions;

use std::sync::Arc;

use ruma::{OwnedServerName, OwnedUserId, RoomAliasId, RoomId, UserId};
use sha2::{Digest, Sha256};

use crate::{Homeserver, Session, accounts};
use base::Secret;
use db::Batch;
use http::Uri;
use registration::Namespaces;
pub use registration::{Registration, RegistrationError};

/// A registered service.
pub struct Appservice {
    /// The operator's name for it.
    pub id: String,
    /// Where it listens; `None` if it wants nothing.
    pub url: Option<Uri>,
    /// The user that it is when it says nothing else.
    pub sender: OwnedUserId,
    /// Networks that it knows.
    pub protocols: Vec<String>,
    /// Whether it wants receipts and typing.
    pub receive_ephemeral: bool,
    /// Whether its users are slowed down like people.
    rate_limited: bool,
    as_token_hash: [u8; 32],
    hs_token: Secret<String>,
    server_name: OwnedServerName,
    namespaces: Namespaces,
}

impl std::fmt::Debug for Appservice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Appservice").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Appservice {
    /// Whether a user is the service's: its sender, or one of its namespaces'.
    pub fn is_its_user(&self, user: &UserId) -> bool {
        user == self.sender
            || (user.server_name() == self.server_name && self.namespaces.has_user(user.as_str()))
    }

    /// Whether an alias lies in the service's namespaces.
    pub fn is_its_alias(&self, alias: &RoomAliasId) -> bool {
        self.namespaces.has_alias(alias.as_str())
    }

    /// Whether a room lies in the service's namespaces.
    pub fn is_its_room(&self, room: &RoomId) -> bool {
        self.namespaces.has_room(room.as_str())
    }

    fn has_user_to_itself(&self, user: &UserId) -> bool {
        user == self.sender || self.namespaces.has_user_to_itself(user.as_str())
    }

    /// Whether requests as this user are counted.
    pub fn is_slowed_down(&self, user: &UserId) -> bool {
        self.rate_limited && user != self.sender
    }
}

/// All services of a hospital.
#[derive(Debug, Default)]
pub struct Appservices {
    all: Vec<Arc<Appservice>>,
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Appservices {
    /// The services of these files.
    ///
    /// # Errors
    /// Names what is wrong with a registration, for the operator.
    pub fn new(
        server_name: &OwnedServerName,
        registrations: Vec<Registration>,
    ) -> Result<Self, RegistrationError> {
        let mut all: Vec<Arc<Appservice>> = Vec::new();
        for registration in registrations {
            let service = registration.read(server_name)?;
            // "each as_token and id MUST be unique per application service"
            if all.iter().any(|known| known.id == service.id) {
                return Err(RegistrationError::SameId(service.id));
            }
            if all.iter().any(|known| known.as_token_hash == service.as_token_hash) {
                return Err(RegistrationError::SameToken(service.id));
            }
            all.push(Arc::new(service));
        }
        Ok(Self { all })
    }

    /// Each service.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Appservice>> {
        self.all.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The service with this token.
    pub fn by_token(&self, token: &str) -> Option<&Arc<Appservice>> {
        if self.all.is_empty() {
            return None;
        }
        let hash = hash_of(token);
        self.all.iter().find(|service| service.as_token_hash == hash)
    }

    /// Whether somebody who is not this service may make or have this user.
    pub fn leaves_user_to(&self, user: &UserId, who: Option<&Appservice>) -> bool {
        !self.others(who).any(|service| service.has_user_to_itself(user))
    }

    /// Whether somebody who is not this service may make or remove this alias.
    pub fn leaves_alias_to(&self, alias: &RoomAliasId, who: Option<&Appservice>) -> bool {
        let alias = alias.as_str();
        !self.others(who).any(|service| service.namespaces.has_alias_to_itself(alias))
    }

    fn others(&self, who: Option<&Appservice>) -> impl Iterator<Item = &Arc<Appservice>> {
        self.all.iter().filter(move |service| who.is_none_or(|who| who.id != service.id))
    }
}

/// Whether a session may make or remove an alias: services in their own namespaces, people outside of those that a service has
/// to itself.
pub fn may_use_alias(hs: &Homeserver, session: &Session, alias: &RoomAliasId) -> bool {
    match &session.appservice {
        Some(service) => {
            service.is_its_alias(alias) && hs.appservices.leaves_alias_to(alias, Some(service))
        }
        None => hs.appservices.leaves_alias_to(alias, None),
    }
}

/// Whether a session is that of the service that owns this alias.
pub fn owns_alias(session: &Session, alias: &RoomAliasId) -> bool {
    session.appservice.as_ref().is_some_and(|service| service.is_its_alias(alias))
}

/// Makes the accounts of the services' own users, and the place where each one's events begin.
pub(crate) async fn enter(hs: &Homeserver) -> Result<(), accounts::AccountError> {
    for service in hs.appservices.iter() {
        match accounts::create(hs, service.sender.localpart(), None).await {
            Ok(_) | Err(accounts::AccountError::Taken) => {}
            Err(error) => return Err(error),
        }
    }
    let known = store::appservices::ids(&hs.db).await?;
    let mut batch = Batch::new();
    for id in &known {
        if !hs.appservices.iter().any(|service| service.id == *id) {
            store::appservices::leave(&mut batch, id);
        }
    }
    for service in hs.appservices.iter().filter(|service| !known.contains(&service.id)) {
        store::appservices::enter(&mut batch, &service.id, hs.db.pos());
    }
    if !batch.is_empty() {
        hs.db.commit(batch).await?;
    }
    Ok(())
}
