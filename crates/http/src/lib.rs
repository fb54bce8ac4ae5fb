//! The client-server API over HTTP: one file per endpoint, named as the specification and ruma name it.
//!
//! Nothing is decided here: a route parses, asks [`homeserver`], and writes the answer. Errors become `M_…` in [`error`].

pub mod account;
pub mod account_data;
mod address;
pub mod admin;
pub mod alias;
pub mod appservice;
pub mod backup;
pub mod crash_reports;
pub mod device;
pub mod directory;
pub mod discovery;
mod endpoint;
mod error;
pub mod fallback;
pub mod filter;
pub mod invitation;
pub mod keys;
mod legacy_auth;
pub mod lock;
pub mod media;
pub mod membership;
pub mod message;
pub mod mutual_rooms;
mod patience;
pub mod peeking;
pub mod presence;
pub mod privacy;
pub mod profile;
pub mod push;
mod readable;
pub mod receipt;
mod receive;
pub mod refused;
pub mod relations;
pub mod rendezvous;
pub mod reporting;
pub mod room;
pub mod search;
mod service;
pub mod session;
mod standing;
pub mod state;
pub mod sync;
pub mod tally;
pub mod to_device;
pub mod typing;
pub mod voip;
mod web_app;

pub use endpoint::{Endpoints, Route, Tenants};
pub use error::ApiError;
pub use receive::Reception;
pub use service::Service;

/// All routes of the server; `web_app` is the folder with the built app, if it is served from here.
pub fn service(tenants: Tenants, web_app: Option<std::path::PathBuf>) -> Service {
    endpoints().into_service(tenants, web_app)
}

/// The route table, one line for each method and path. `docs/endpoints.md` is written from it.
pub fn table() -> Vec<Route> {
    endpoints().table
}

fn endpoints() -> Endpoints {
    Endpoints::new()
        .with(discovery::routes)
        .with(session::routes)
        .with(account::routes)
        .with(device::routes)
        .with(profile::routes)
        .with(directory::routes)
        .with(room::routes)
        .with(alias::routes)
        .with(appservice::routes)
        .with(membership::routes)
        .with(message::routes)
        .with(state::routes)
        .with(relations::routes)
        .with(receipt::routes)
        .with(typing::routes)
        .with(account_data::routes)
        .with(filter::routes)
        .with(push::routes)
        .with(keys::routes)
        .with(backup::routes)
        .with(to_device::routes)
        .with(media::routes)
        .with(sync::routes)
        .with(fallback::routes)
        .with(search::routes)
        .with(presence::routes)
        .with(mutual_rooms::routes)
        .with(admin::routes)
        .with(reporting::routes)
        .with(voip::routes)
        .with(peeking::routes)
        .with(privacy::routes)
        .with(invitation::routes)
        .with(rendezvous::routes)
        .with(lock::routes)
        .with(crash_reports::routes)
        .with(refused::routes)
}
