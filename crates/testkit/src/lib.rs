//! What Konsil's tests stand on: the real server as a process, a plain Matrix client, real browsers.
//!
//! Everything here panics with a sentence when it cannot do its work: a test has nothing better to do with
//! the error, and a missing tool must fail the run instead of skipping the test.

pub mod axe;
pub mod browser;
pub mod copy;
mod devtools;
pub mod faults;
pub mod fuzz;
pub mod guard;
pub mod matrix;
pub mod outgoing;
pub mod peer;
pub mod postgres;
pub mod proxy;
pub mod python;
pub mod search;
pub mod server;
pub mod web_push;
mod websocket;

pub use browser::{Browser, Engine, Screen};
pub use matrix::{Answer, Api, User};
pub use outgoing::Outgoing;
pub use peer::{Peer, Received, Reply};
pub use proxy::Proxy;
pub use server::{Database, SERVER_NAME, Server, Settings};
pub use web_push::PushDevice;
