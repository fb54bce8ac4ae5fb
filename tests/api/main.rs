//! The client-server API, endpoint by endpoint: the module tree is the route tree, each file is named as the
//! specification and ruma name the endpoint. `../README.md` shows how to write one.

use std::sync::OnceLock;

use testkit::{Server, Settings};

mod account;
mod admin;
mod alias;
mod appservice;
mod backup;
mod config;
mod context;
mod crash_reports;
mod dehydrated_device;
mod device;
mod directory;
mod discovery;
mod fallback;
mod filter;
mod invitation;
mod keys;
mod lock;
mod media;
mod membership;
mod message;
mod mutual_rooms;
mod peeking;
mod presence;
mod profile;
mod push;
mod read_marker;
mod receipt;
mod redact;
mod relations;
mod rendezvous;
mod reporting;
mod retention;
mod room;
mod search;
mod send;
mod session;
mod sliding_sync;
mod state;
mod sync;
mod tag;
mod thirdparty;
mod threads;
mod to_device;
mod typing;
mod user_directory;
mod voip;
mod wrong_input;

/// The one server of this binary, strict defaults. Tests make their own people and rooms.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// A server that takes messages in clear and shows its room directory to strangers.
fn open_server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let tenant = "rooms.require_encryption = false\ndirectory.list_without_login = true";
        Server::with(&Settings { tenant: tenant.to_owned(), ..Settings::default() })
    })
}
