//! The metadata inventory (II.c): for each column its purpose, whom it concerns and how long it is kept.

/// Whom a value tells something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// A person who uses Konsil, or a device of theirs.
    User,
    /// Nobody: technical data without reference to a person.
    Nobody,
    /// Ciphertext that the server cannot read.
    Ciphertext,
}

/// How long a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// As long as the account exists.
    Account,
    /// As long as the device is signed in.
    Device,
    /// As long as the room exists.
    Room,
    /// As long as the message that it belongs to.
    Message,
    /// Until it was delivered.
    Delivery,
    /// Until replaced by a newer value, at most as long as its owner's account.
    Replaced,
    /// As long as the installation.
    Installation,
}

/// One column of the database.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// `table.column`
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Whom it concerns.
    pub concerns: Concerns,
    /// How long it is kept.
    pub period: Period,
}

/// An entry of the inventory, short enough to stand in a table.
pub const fn column(
    name: &'static str,
    purpose: &'static str,
    concerns: Concerns,
    period: Period,
) -> Column {
    Column { name, purpose, concerns, period }
}
