//! The client-server API, endpoint by endpoint: the module tree is the route tree, each file is named as the
//! specification and ruma name the endpoint. `../README.md` shows how to write one.

use std::sync::OnceLock;

use testkit::Server;

mod account;
mod backup;
mod config;
mod context;
mod device;
mod directory;
mod discovery;
mod filter;
mod keys;
mod media;
mod membership;
mod message;
mod profile;
mod push;
mod read_marker;
mod receipt;
mod redact;
mod relations;
mod room;
mod send;
mod session;
mod sliding_sync;
mod state;
mod sync;
mod tag;
mod threads;
mod to_device;
mod typing;
mod user_directory;
mod wrong_input;

/// The one server of this binary, strict defaults. Tests make their own people and rooms.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}
