//! Konsil's client: everything the app does apart from drawing it.
//!
//! The crate wraps the Matrix SDK and hands out **view models**: plain data, comparable and cheap to clone, that a user
//! interface only has to render. What changes over time is a [`Live`] value. No type of the SDK leaves this crate, and
//! no error is a sentence: errors are enums, the words are the user interface's.
//!
//! In the browser the handles ([`Session`], [`Chat`], …) are not `Send`; the view models are.
#![recursion_limit = "256"]
// The same code runs natively on several threads; in the browser there is one, and the SDK's types say so.
#![cfg_attr(target_family = "wasm", allow(clippy::arc_with_non_send_sync))]

pub mod backup;
pub mod broadcast;
#[cfg(target_family = "wasm")]
mod browser;
pub mod chat;
pub mod connection;
pub mod contacts;
mod details;
pub mod directory;
mod endpoint;
mod expiry;
mod files;
pub mod ids;
pub mod import;
mod kept;
pub mod large;
pub mod link;
mod live;
pub mod lock;
mod members;
mod network;
mod notice;
pub mod people;
pub mod push;
pub mod room_list;
pub mod search;
mod sequence;
pub mod session;
pub mod tabs;
mod trouble;
pub mod trust;
mod urgent;
mod vault;
pub mod version;

pub use backup::Backup;
pub use broadcast::Broadcasts;
pub use chat::Chat;
pub use connection::Connection;
pub use contacts::Contacts;
pub use directory::Directory;
pub use ids::{ChatId, DeviceId, MessageId, PersonId};
pub use live::Live;
pub use people::Person;
pub use push::Push;
pub use room_list::RoomList;
pub use search::Search;
pub use session::{Session, Settings};
pub use trust::Trust;
pub use urgent::OpenUrgent;
pub use vocabulary::{export, removal};
