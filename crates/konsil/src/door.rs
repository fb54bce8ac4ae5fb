//! The door: who is let in, and with how much patience.

use std::{net::IpAddr, sync::Arc, time::Duration};

use http_api::Reception;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{config::Config, tls::Tls};

/// Descriptors that are left to databases, media and logs.
const OTHER_FILES: usize = 500;

/// What all connections of a node have in common.
pub struct Door {
    connections: Arc<Semaphore>,
    limit: usize,
    /// How long a client may leave something undone that was expected of it: a request's head, a piece of its body, taking
    /// a piece of the answer.
    pub patience: Duration,
    /// How requests are taken in.
    pub reception: Reception,
}

impl Door {
    pub fn of(config: &Config) -> Self {
        let limit = config.limits.connections.unwrap_or_else(default_connections);
        let patience = Duration::from_secs(config.limits.silence_seconds);
        let proxies = config.limits.trusted_proxies.clone();
        Self {
            connections: Arc::new(Semaphore::new(limit)),
            limit,
            patience,
            reception: Reception { patience, proxies },
        }
    }

    /// A place for one more connection, as long as the permit lives; `None` if there is none.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        self.connections.clone().try_acquire_owned().ok()
    }

    /// How many connections there are.
    pub fn open_connections(&self) -> usize {
        self.limit - self.connections.available_permits()
    }
}

/// A connection that was accepted.
pub struct Arrival {
    pub stream: TcpStream,
    pub peer: IpAddr,
    pub tls: Option<Tls>,
    pub permit: OwnedSemaphorePermit,
}

/// As many as the process may have files, less what else it opens.
fn default_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = files.and_then(|line| line.split_ascii_whitespace().next()?.parse::<usize>().ok());
    soft.unwrap_or(1_024).saturating_sub(OTHER_FILES).max(100)
}
