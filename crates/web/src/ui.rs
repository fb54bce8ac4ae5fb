//! Parts that several screens use.

mod avatar;
mod emoji;
mod icon;
mod live_text;
mod reveal;
mod row;
mod sheet;
mod states;

pub use avatar::{Avatar, AvatarSize};
pub use emoji::{EmojiGrid, QUICK_REACTIONS};
pub use icon::{Icon, Picture};
pub use live_text::{action_words, preview_words, room_words, system_words, tick};
pub use reveal::Reveal;
pub use row::{PersonRow, RowBones};
pub use sheet::{Question, Sheet, Stage};
pub use states::{Empty, Problem};
