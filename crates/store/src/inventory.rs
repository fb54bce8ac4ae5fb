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
    /// As long as the message that it belongs to: until it is deleted or its period is over.
    Message,
    /// As long as the file: until it is deleted or its period is over.
    File,
    /// Until a file that comes in parts is complete or given up.
    Upload,
    /// Until it was delivered.
    Delivery,
    /// Until replaced by a newer value, at most as long as its owner's account.
    Replaced,
    /// At most this many days.
    Days(u16),
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

impl Concerns {
    fn words(self) -> &'static str {
        match self {
            Self::User => "a person",
            Self::Nobody => "nobody",
            Self::Ciphertext => "ciphertext",
        }
    }
}

impl Period {
    fn words(self) -> String {
        let words = match self {
            Self::Account => "as long as the account",
            Self::Device => "as long as the device is signed in",
            Self::Room => "as long as the room",
            Self::Message => "as long as the message, `retention.message_days` at most",
            Self::File => "as long as the file, `retention.media_days` at most",
            Self::Upload => {
                "until the file is complete or cancelled, at most 8 days after its last part"
            }
            Self::Delivery => "until delivered",
            Self::Replaced => "until replaced, at most as long as the account",
            Self::Days(days) => return format!("{days} days at most"),
            Self::Installation => "as long as the installation",
        };
        words.to_owned()
    }
}

/// The tables of the database driver, which orders all changes.
pub const OF_THE_DRIVER: &[Column] = &[
    column("tenant.id", "one row for each hospital", Concerns::Nobody, Period::Installation),
    column(
        "tenant.pos",
        "the last position of the change log",
        Concerns::Nobody,
        Period::Installation,
    ),
    column(
        "tenant.log_floor",
        "where the change log begins",
        Concerns::Nobody,
        Period::Installation,
    ),
    column("tenant.next_nid", "the next free row number", Concerns::Nobody, Period::Installation),
    column(
        "migrations.version",
        "which step of the schema",
        Concerns::Nobody,
        Period::Installation,
    ),
    column("migrations.name", "its name", Concerns::Nobody, Period::Installation),
    column(
        "migrations.sql",
        "what it did, to notice that it was changed",
        Concerns::Nobody,
        Period::Installation,
    ),
    column("log.pos", "the order of all changes", Concerns::Nobody, Period::Message),
    column("log.kind", "what kind of thing changed", Concerns::Nobody, Period::Message),
    column("log.subject", "of which room or user, by row number", Concerns::User, Period::Message),
    column(
        "log.object",
        "which event, user or device, by row number",
        Concerns::User,
        Period::Message,
    ),
];

/// Every column of the database.
pub fn columns() -> impl Iterator<Item = &'static Column> {
    crate::CHAPTERS.iter().flat_map(|chapter| chapter.columns).chain(OF_THE_DRIVER)
}

/// The inventory as a page: `docs/metadata-inventory.md`.
pub fn document() -> String {
    let mut page = String::from(PREFACE);
    let mut last_table = "";
    for Column { name, purpose, concerns, period } in columns() {
        let (table, column) = name.split_once('.').expect("a column's name is table.column");
        if table != last_table {
            page.push_str(&format!("\n## {table}\n\n| column | for what | concerns | kept |\n| --- | --- | --- | --- |\n"));
            last_table = table;
        }
        let (concerns, period) = (concerns.words(), period.words());
        page.push_str(&format!("| `{column}` | {purpose} | {concerns} | {period} |\n"));
    }
    page
}

const PREFACE: &str = "\
# Metadata inventory (II.c)

Every column of the server's database: for what, whom it concerns, how long it is kept. Generated from `store::inventory` by
`KONSIL_WRITE_DOCS=1 cargo test -p store`; a column without an entry fails the tests, and so does a page that is not current.

Besides the database: media objects (the bytes of `media` and `thumbnails`, as long as their rows) and the log of the process (identifiers, counts and
durations; kept by whoever collects standard error). IP addresses and user agents are in none of them: rate limits count addresses in memory
alone, as keyed hashes whose key ends with the process. Typing, open interactive sign-ins and what new devices and those that sign them in write to each other are in memory only.
";

/// An entry of the inventory, short enough to stand in a table.
pub const fn column(
    name: &'static str,
    purpose: &'static str,
    concerns: Concerns,
    period: Period,
) -> Column {
    Column { name, purpose, concerns, period }
}
