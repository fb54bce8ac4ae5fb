//! The screens.

mod broadcasts;
mod chat;
mod contacts;
mod crash;
mod details;
mod directory;
mod export;
mod home_screen;
mod invitation;
mod key_file;
mod link;
mod lock;
mod lock_settings;
mod notifications;
mod privacy;
mod recipient;
mod recovery;
mod reminder;
mod residents;
mod rooms;
mod search;
mod settings;
mod shell;
mod shortcuts;
mod sign_in;
mod update;
mod verify;

pub use chat::Taken;
pub use home_screen::HomeScreenGuide;
pub use invitation::Invited;
pub use lock::{LockScreen, SetPin};
pub use residents::Residents;
pub use shell::Shell;
pub use sign_in::{OtherTab, SignIn, Splash, StoreBroken};
pub use update::{TooOld, UpdateBanner};
