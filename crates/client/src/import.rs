//! Taking messages over from a chat elsewhere (I.f): WhatsApp, a Matrix client, Konsil's own export.
//!
//! An export is read into [`Item`]s ([`reading`]). These are sent one after the other into a chat, encrypted anew, marked as taken over
//! ([`vocabulary::imported`]) and without waking anybody ([`sending`]).

pub mod archive;
mod konsil;
mod matrix;
mod reading;
mod sending;
mod whatsapp;

pub use reading::{NotAnExport, Reading};
pub use sending::{Begun, Import, ToImport};
pub(crate) use sending::{Waiting, mark};
pub use vocabulary::imported::{Gone, Imported, Source};
pub use whatsapp::DateOrder;

/// A message as an export has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Name of who wrote it, as the export has it. `None`: a line of the system, such as who came and who left.
    pub author: Option<String>,
    /// When it was written.
    pub at: When,
    /// What it says; the caption of an attachment.
    pub text: String,
    /// Name of the attachment's file within the export.
    pub attachment: Option<String>,
    /// Why there is nothing to read.
    pub gone: Option<Gone>,
    /// Was changed after it was sent.
    pub edited: bool,
    /// What a line of the system says, where the export has no words for it; `text` is empty then.
    pub line: Option<Line>,
}

/// A line of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Came in.
    Joined { who: String },
    /// Went.
    Left { who: String },
    /// Was asked in.
    Invited { who: String, by: String },
    /// Was removed.
    Removed { who: String, by: String },
    /// Is called otherwise.
    Renamed { from: String, to: String },
}

/// When a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Milliseconds since 1970.
    Utc(u64),
    /// As the clock of the device showed it that made the export; the export does not say in which time zone.
    Local(LocalTime),
}

/// Time as a clock on a wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime {
    /// Such as 2026.
    pub year: u16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 59; 0 where the export has none.
    pub second: u8,
}
