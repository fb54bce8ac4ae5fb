//! A hospital in a folder of its own, whose clock the test moves.

use std::sync::Arc;

use base::{MovedClock, Timestamp};
use homeserver::{Homeserver, Policy, setup};
use ruma::owned_server_name;

pub struct Hospital {
    pub hs: Homeserver,
    pub clock: Arc<MovedClock>,
    /// Everything it stores; gone with this value.
    pub folder: tempfile::TempDir,
}

pub async fn hospital() -> Hospital {
    hospital_with(Policy::default()).await
}

pub async fn hospital_with(policy: Policy) -> Hospital {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(MovedClock::at(Timestamp(1_000_000)));
    let hs = setup::open(setup::Options {
        server_name: owned_server_name!("klinikum.test"),
        policy,
        database: db::Config::Sqlite { path: folder.path().join("konsil.db") },
        media: folder.path().join("media"),
        clock: clock.clone(),
        outbound: net::Outbound::new(&net::Options::default()).expect("the system's roots"),
        appservices: Vec::new(),
    })
    .await
    .expect("a hospital");
    Hospital { hs, clock, folder }
}
