//! The screens.

mod chat;
mod details;
mod directory;
mod recipient;
mod recovery;
mod rooms;
mod settings;
mod shell;
mod sign_in;
mod verify;

pub use shell::Shell;
pub use sign_in::{OtherTab, SignIn, Splash, StoreBroken};
