//! A copy of a stopped hospital, to be broken on purpose.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;

use crate::server::{SERVER_NAME, Server, binary};

/// The copied `data_dir` with its configuration. Goes when it is dropped.
pub struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    /// Of a server that does not run.
    pub fn of(server: &Server) -> Self {
        assert!(server.pid().is_none(), "the server is stopped before its data is copied");
        let directory = tempfile::tempdir().expect("a directory for the copy");
        let data = directory.path().join("data");
        let copied = Command::new("cp").arg("-a").args([&server.data_dir(), &data]).status();
        assert!(copied.is_ok_and(|status| status.success()), "the data is copied");
        let config = std::fs::read_to_string(server.config_file()).expect("the configuration");
        let (old, new) = (server.data_dir(), data.display().to_string());
        let config = config.replace(old.to_str().expect("a temporary path is text"), &new);
        std::fs::write(directory.path().join("konsil.toml"), config).expect("it is written");
        Self { directory }
    }

    /// The hospital's own folder: database and media.
    pub fn folder(&self) -> PathBuf {
        self.directory.path().join("data").join(SERVER_NAME)
    }

    /// The file with the configuration.
    pub fn config_file(&self) -> PathBuf {
        self.directory.path().join("konsil.toml")
    }

    /// The database, with nothing between the test and the tables: no foreign keys, no triggers of ours.
    pub fn database(&self) -> Connection {
        let database = Connection::open(self.folder().join("konsil.db")).expect("it opens");
        database.pragma_update(None, "foreign_keys", false).expect("they are switched off");
        database
    }

    /// Runs some statements and says how many rows they changed.
    pub fn execute(&self, sql: &str) -> u64 {
        let database = self.database();
        let before = database.total_changes();
        database.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        database.total_changes() - before
    }

    /// Whether `konsil doctor` finds all well, and what it says.
    pub fn doctor(&self) -> (bool, String) {
        let output = Command::new(binary())
            .args(["doctor", "--config"])
            .arg(self.config_file())
            .env("RUST_LOG", "warn")
            .output()
            .expect("the doctor starts");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// All objects of the media storage.
    pub fn objects(&self) -> Vec<PathBuf> {
        let shards = list(&self.folder().join("media"));
        shards.iter().flat_map(|shard| list(shard)).collect()
    }
}

/// Has a stopped hospital lose events: nobody is told of them any more, though all later ones are there.
pub fn lose(server: &Server, event_ids: &[&str]) {
    assert!(server.pid().is_none(), "the server is stopped before its data is changed");
    let file = server.data_dir().join(SERVER_NAME).join("konsil.db");
    let database = Connection::open(file).expect("it opens");
    for event_id in event_ids {
        let changed =
            database.execute("UPDATE events SET pos = NULL WHERE event_id = ?1", [event_id]);
        assert_eq!(changed.expect("it is changed"), 1, "{event_id}");
    }
}

fn list(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory is listed");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
