//! The screens.

mod chat;
mod details;
mod directory;
mod lock;
mod lock_settings;
mod privacy;
mod recipient;
mod recovery;
mod reminder;
mod rooms;
mod search;
mod settings;
mod shell;
mod shortcuts;
mod sign_in;
mod verify;

pub use lock::{LockScreen, SetPin};
pub use shell::Shell;
pub use sign_in::{OtherTab, SignIn, Splash, StoreBroken};
