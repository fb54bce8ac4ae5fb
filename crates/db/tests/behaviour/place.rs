//! A place for a database: a file in a directory of its own, or a schema of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use db::{
    Batch, Change, CommitHook, Config, Db, Migration, OpenError, PosRef, PublishedChange, params,
};
use tempfile::TempDir;
use testkit::postgres::Postgres;

pub struct Place {
    pub config: Config,
    _directory: Option<TempDir>,
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = Config::Sqlite { path: directory.path().join("tenant.db") };
        Self { config, _directory: Some(directory) }
    }

    pub fn postgres() -> Self {
        Self::postgres_on(Postgres::shared())
    }

    pub fn postgres_on(server: &Postgres) -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let schema = format!("tenant_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed));
        Self { config: Config::Postgres { url: server.url(), schema }, _directory: None }
    }

    pub async fn open(&self) -> Db {
        self.open_with(MIGRATIONS, Arc::new(())).await.expect("the database opens")
    }

    pub async fn open_with(
        &self,
        migrations: &[Migration],
        hook: Arc<dyn CommitHook>,
    ) -> Result<Db, OpenError> {
        Db::open(self.config.clone(), migrations, hook).await
    }
}

/// Keeps what the hook hears.
#[derive(Default)]
pub struct Heard(Mutex<Vec<PublishedChange>>);

impl Heard {
    pub fn changes(&self) -> Vec<PublishedChange> {
        self.0.lock().unwrap().clone()
    }

    pub fn positions(&self) -> Vec<u64> {
        self.changes().iter().map(|heard| heard.pos.get()).collect()
    }
}

impl CommitHook for Heard {
    fn committed(&self, commits: &[PublishedChange]) {
        self.0.lock().unwrap().extend_from_slice(commits);
    }
}

pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "wards",
    sql: "CREATE TABLE wards (nid BIGINT PRIMARY KEY, head BIGINT NOT NULL, beds BIGINT NOT NULL, name TEXT);
          CREATE TABLE notes (
              nid BIGINT PRIMARY KEY,
              ward BIGINT NOT NULL REFERENCES wards (nid),
              pos BIGINT,
              text TEXT,
              picture BYTEA
          );
          CREATE TABLE marks (
              note BIGINT NOT NULL REFERENCES notes (nid) ON DELETE CASCADE, mark BIGINT NOT NULL, PRIMARY KEY (note, mark)
          ) WITHOUT ROWID;
          CREATE INDEX notes_by_ward ON notes (ward, pos);
          CREATE TABLE pairs (a BIGINT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID;",
}];

db::insert!(INSERT_WARD, "wards", [nid: int, head: int, beds: int, name: text]);
db::insert!(INSERT_NOTE, "notes", [nid: int, ward: int, pos: int, text: text, picture: blob]);
db::insert!(INSERT_MARK, "marks", [note: int, mark: int]);
db::stmt!(MARKS, "SELECT note, mark FROM marks ORDER BY note, mark");
db::insert!(INSERT_PAIR, "pairs", [a: int, b: text]);
db::stmt!(RAISE_HEAD, "UPDATE wards SET head = head + 1 WHERE nid = $1 AND head = $2");
db::stmt!(SET_BEDS, "UPDATE wards SET beds = $2 WHERE nid = $1");
db::stmt!(ADD_BEDS, "UPDATE wards SET beds = beds + $2 WHERE nid = $1");
db::stmt!(WARDS, "SELECT nid, head, beds, name FROM wards ORDER BY nid");
db::stmt!(NOTES, "SELECT nid, ward, pos, text, picture FROM notes ORDER BY nid");
db::stmt!(PAIRS, "SELECT a, b FROM pairs ORDER BY b, a");
db::stmt!(LOG, "SELECT pos, kind, subject, object FROM log ORDER BY pos");

/// A change whose numbers do not matter.
pub const CHANGE: Change = Change { kind: 1, subject: 2, object: 3 };

pub fn ward(nid: i64) -> Batch {
    let mut batch = Batch::new();
    batch.insert(&INSERT_WARD, params![nid, 0, 0, format!("Ward {nid}")]);
    batch
}

/// A note as a message is sent: guarded by the ward's head, with a position.
pub fn note(nid: i64, ward: i64, head: i64) -> (Batch, PosRef) {
    let mut batch = Batch::new();
    let pos = batch.change(Change { kind: 1, subject: ward, object: nid });
    batch.expect_one(&RAISE_HEAD, params![ward, head]);
    batch.insert(&INSERT_NOTE, params![nid, ward, pos, "note", vec![1u8, 2]]);
    batch.exec(&SET_BEDS, params![ward, pos]);
    (batch, pos)
}
