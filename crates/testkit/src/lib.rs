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
pub mod peer;
pub mod postgres;
pub mod python;
pub mod search;
pub mod server;
pub mod web_push;

pub use browser::{Browser, Screen};
pub use matrix::{Answer, Api, User};
pub use peer::{Peer, Received, Reply};
pub use server::{Database, SERVER_NAME, Server, Settings};
pub use web_push::PushDevice;
