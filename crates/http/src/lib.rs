//! The client-server API over HTTP: one file per endpoint, named as the specification and ruma name it.
//!
//! Nothing is decided here: a route parses, asks [`homeserver`], and writes the answer. Errors become `M_…` in [`error`].

pub mod account;
pub mod account_data;
pub mod alias;
pub mod backup;
mod depth;
pub mod device;
pub mod directory;
pub mod discovery;
mod endpoint;
mod error;
pub mod filter;
pub mod keys;
pub mod media;
pub mod membership;
pub mod message;
pub mod profile;
pub mod push;
pub mod receipt;
pub mod relations;
pub mod room;
pub mod session;
pub mod state;
pub mod sync;
pub mod to_device;
pub mod typing;
mod web_app;

pub use endpoint::{Endpoints, Tenants};
pub use error::ApiError;

/// All routes of the server; `web_app` is the folder with the built app, if it is served from here.
pub fn router(tenants: Tenants, web_app: Option<std::path::PathBuf>) -> axum::Router {
    let endpoints = Endpoints::new()
        .with(discovery::routes)
        .with(session::routes)
        .with(account::routes)
        .with(device::routes)
        .with(profile::routes)
        .with(directory::routes)
        .with(room::routes)
        .with(alias::routes)
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
        .with(sync::routes);
    endpoints.into_router(tenants, web_app)
}
