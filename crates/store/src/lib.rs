//! All SQL of Konsil, by chapter of the Matrix specification, beside the rows that it fills.
//!
//! Each chapter owns its tables: `SCHEMA` creates them, `COLUMNS` says for what purpose and for how long each column is
//! kept (the metadata inventory, II.c), and its functions read rows or add writes to a [`db::Batch`].

pub mod account_data;
pub mod accounts;
pub mod app_locks;
pub mod appservices;
pub mod backup;
pub mod change;
pub mod crash_reports;
pub mod deletions;
pub mod filters;
pub mod inventory;
pub mod invitations;
pub mod keys;
pub mod media;
pub mod profiles;
pub mod push;
pub mod receipts;
pub mod reports;
pub mod rooms;
pub mod search;
pub mod sliding;
pub mod timeline;
pub mod to_device;

pub use change::Touched;

/// A chapter of the store: its tables and what the inventory says of their columns.
pub struct Chapter {
    /// The tables of the first step of [`migrations`], in the portable form of [`db::Migration`]. They never change: what comes later is a
    /// step of its own.
    pub schema: &'static [&'static str],
    /// One entry for every column of the chapter's tables, whenever they came.
    pub columns: &'static [inventory::Column],
}

/// Every chapter, in the order in which the tables are created.
pub const CHAPTERS: &[&Chapter] = &[
    &accounts::CHAPTER,
    &app_locks::CHAPTER,
    &rooms::CHAPTER,
    &profiles::CHAPTER,
    &account_data::CHAPTER,
    &receipts::CHAPTER,
    &filters::CHAPTER,
    &push::CHAPTER,
    &keys::CHAPTER,
    &to_device::CHAPTER,
    &backup::CHAPTER,
    &media::CHAPTER,
    &sliding::CHAPTER,
    &appservices::CHAPTER,
    &reports::CHAPTER,
    &invitations::CHAPTER,
    &crash_reports::CHAPTER,
    &deletions::CHAPTER,
];

/// The chapters' tables as one step, and what came since. A database remembers the text of each and refuses to open under another.
pub fn migrations() -> Vec<db::Migration> {
    let statements: Vec<&str> =
        CHAPTERS.iter().flat_map(|chapter| chapter.schema).copied().collect();
    let sql: &'static str = Box::leak(statements.join(";\n").into_boxed_str());
    vec![
        db::Migration { name: "0001 chapters", sql },
        media::UPLOADS,
        crash_reports::CRASH_REPORTS,
        app_locks::BIOMETRICS,
        deletions::RETENTION,
    ]
}
