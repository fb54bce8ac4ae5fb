//! Waking devices that are not connected: push gateways and Web Push.
//! <https://spec.matrix.org/v1.19/client-server-api/#push-notifications>
//!
//! Nobody outside the hospital is asked unless its configuration names the host. Each pusher has a worker that waits for its
//! user's feed, asks the push rules, and sends one message after the other. How far it has come is stored after each message: what
//! was not sent before a restart is sent after it, and at most the last message twice.

pub mod badge;
pub mod evaluate;
mod gateway;
mod hosts;
mod news;
pub mod pause;
pub mod quiet;
pub mod web_push;
mod worker;

use std::{collections::HashMap, sync::Arc, time::Duration};

use base::Timestamp;
use parking_lot::Mutex;
use rand::RngCore;
use ruma::ServerName;
use store::push::PusherKey;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{AbortHandle, JoinSet},
};

use crate::{Homeserver, Policy, pushers};
pub use hosts::Hosts;
use web_push::Vapid;

/// How long a device may take to show that a message reached it (MSC4174).
const ACTIVATED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// What of push the hospital allows. By default nobody outside is asked.
#[derive(Clone, Debug)]
pub struct PushPolicy {
    /// `push.allowed_gateways`: hosts of push gateways.
    pub gateways: Hosts,
    /// `push.web_push_hosts`: hosts of browsers' push services.
    pub web_push: Hosts,
    /// `push.event_id_only`: a gateway learns ids and counts, whatever the pusher asks for.
    pub event_id_only: bool,
    /// `push.contact`: whom a push service may write to; empty is the hospital's public address.
    pub contact: String,
}

impl Default for PushPolicy {
    fn default() -> Self {
        Self {
            gateways: Hosts::default(),
            web_push: Hosts::default(),
            event_id_only: true,
            contact: String::new(),
        }
    }
}

impl Policy {
    /// Whom a push service may write to about this server. RFC 8292, section 2.1
    pub(crate) fn push_contact(&self, server_name: &ServerName) -> String {
        match (self.push.contact.as_str(), self.public_base_url.as_str()) {
            ("", url) if url.starts_with("https://") => url.to_owned(),
            ("", _) => format!("https://{server_name}"),
            (contact, _) => contact.to_owned(),
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was taken.
    Done,
    /// It was not, and never will be.
    Dropped,
    /// The device is not reached there any more.
    Rejected,
    /// It has to be tried again, at the earliest after this time.
    Later(Option<Duration>),
}

/// The pushers' common state.
pub struct Push {
    /// Signs for Web Push; `None` where the hospital does not allow it.
    pub vapid: Option<Vapid>,
    changed: UnboundedSender<PusherKey>,
    to_follow: Mutex<Option<UnboundedReceiver<PusherKey>>>,
    /// Activations that are waited for. In memory only: a device asks again.
    activations: Mutex<HashMap<PusherKey, (String, Timestamp)>>,
}

impl Push {
    /// No pusher is followed yet.
    pub fn new(vapid: Option<Vapid>) -> Self {
        let (changed, to_follow) = unbounded_channel();
        Self {
            vapid,
            changed,
            to_follow: Mutex::new(Some(to_follow)),
            activations: Mutex::default(),
        }
    }

    /// A pusher was set or removed: its worker begins anew.
    pub fn changed(&self, key: PusherKey) {
        // Where nothing is served, nobody follows.
        let _ = self.changed.send(key);
    }

    /// A token that the device has to give back; an earlier one is void.
    pub fn await_activation(&self, key: PusherKey, now: Timestamp) {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut activations = self.activations.lock();
        activations.retain(|_, (_, until)| until.after(ACTIVATED_WITHIN) > now);
        activations.insert(key, (token, now.after(ACTIVATED_WITHIN)));
    }

    /// The token that is waited for.
    fn activation(&self, key: &PusherKey, now: Timestamp) -> Option<String> {
        let activations = self.activations.lock();
        activations.get(key).filter(|(_, until)| *until > now).map(|(token, _)| token.clone())
    }

    /// Takes a token that a device gave back: `Some(true)` if it is in time, `None` if it is not known.
    pub fn take_activation(&self, key: &PusherKey, token: &str, now: Timestamp) -> Option<bool> {
        let mut activations = self.activations.lock();
        let until = activations.get(key).filter(|(known, _)| known == token)?.1;
        activations.remove(key);
        Some(until > now)
    }
}

/// Follows all pushers until the task is dropped.
pub async fn follow(hs: Arc<Homeserver>) {
    let Some(mut changed) = hs.push.to_follow.lock().take() else { return };
    let mut workers = Workers::default();
    match store::push::all_pushers(&hs.db).await {
        Ok(pushers) => {
            let asleep = pushers.iter().filter(|pusher| !pushers::is_allowed(&hs, pusher)).count();
            if asleep > 0 {
                tracing::warn!(
                    pushers = asleep,
                    "Some pushers' hosts are not allowed: they are not asked"
                );
            }
            pushers.into_iter().for_each(|pusher| workers.begin(&hs, pusher.key));
        }
        Err(error) => tracing::error!(%error, "The pushers could not be read"),
    }
    loop {
        tokio::select! {
            key = changed.recv() => match key {
                Some(key) => workers.begin(&hs, key),
                None => return,
            },
            Some(ended) = workers.tasks.join_next_with_id() => workers.ended(&ended),
        }
    }
}

#[derive(Default)]
struct Workers {
    running: HashMap<PusherKey, AbortHandle>,
    tasks: JoinSet<PusherKey>,
}

impl Workers {
    fn begin(&mut self, hs: &Arc<Homeserver>, key: PusherKey) {
        if let Some(running) = self.running.remove(&key) {
            running.abort();
        }
        let (hs, worker_key) = (hs.clone(), key.clone());
        let worker = self.tasks.spawn(async move {
            worker::run(hs, &worker_key).await;
            worker_key
        });
        self.running.insert(key, worker);
    }

    fn ended(&mut self, ended: &Result<(tokio::task::Id, PusherKey), tokio::task::JoinError>) {
        if let Ok((id, key)) = ended
            && self.running.get(key).is_some_and(|running| running.id() == *id)
        {
            self.running.remove(key);
        }
    }
}
