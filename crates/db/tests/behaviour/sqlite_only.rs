//! What is true of the file alone.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use db::{Batch, CommitError, CommitHook, Config, OpenError, PublishedChange, params};

use crate::place::*;

#[tokio::test]
async fn a_file_belongs_to_one_process_and_to_its_owner_alone() {
    let place = Place::sqlite();
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    assert!(matches!(
        place.open_with(MIGRATIONS, Arc::new(())).await.err(),
        Some(OpenError::InUse { .. })
    ));
    let Config::Sqlite { path } = &place.config else { unreachable!("it is SQLite") };
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    db.close().await;
    place.open().await;
}

// Limits the file for the connection that runs it, which is the writer's: as a full disk does.
db::stmt!(FULL, "PRAGMA max_page_count = 60");
db::stmt!(SPACE, "PRAGMA max_page_count = 1000000");

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_overcome() {
    let place = Place::sqlite();
    let db = place.open().await;
    let mut limit = ward(1);
    limit.exec(&FULL, params![]);
    db.commit(limit).await.unwrap();
    let large = |nid: i64| {
        let mut batch = Batch::new();
        let pos = batch.change(CHANGE);
        batch.insert(&INSERT_NOTE, params![nid, 1, pos, "note", vec![7u8; 10_000]]);
        batch
    };
    let mut kept = Vec::new();
    let mut refused = 0;
    for nid in 0..40 {
        match db.commit(large(nid)).await {
            Ok(_) => kept.push(nid),
            Err(CommitError::Unavailable { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(!kept.is_empty() && refused > 0);
    let mut space = Batch::new();
    space.exec(&SPACE, params![]);
    db.commit(space).await.unwrap();
    db.commit(large(100)).await.unwrap();
    kept.push(100);
    let notes = db.query(&NOTES, params![]).await.unwrap();
    assert_eq!(notes.iter().map(|row| row.get::<i64>(0).unwrap()).collect::<Vec<_>>(), kept);
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_is_in_no_file_once_the_log_is_emptied() {
    let place = Place::sqlite();
    let db = place.open().await;
    let Config::Sqlite { path } = &place.config else { unreachable!("it is SQLite") };
    let directory = path.parent().unwrap();
    let found = || {
        let files = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files
            .into_iter()
            .any(|bytes| bytes.windows(17).any(|window| window == b"a marker to purge"))
    };
    db.commit(ward(1)).await.unwrap();
    let mut batch = Batch::new();
    batch.insert(&INSERT_NOTE, params![1, 1, 0, "a marker to purge", None::<&[u8]>]);
    db.commit(batch).await.unwrap();
    assert!(found(), "the control finds what is there");
    let mut purge = Batch::new();
    purge.exec(&PURGE, params![1]);
    db.commit(purge).await.unwrap();
    db.empty_write_ahead_log().await.unwrap();
    assert!(!found(), "a file still holds what was purged");
}

#[tokio::test]
async fn the_log_of_a_new_database_does_not_grow_either() {
    let place = Place::sqlite();
    let Config::Sqlite { path } = &place.config else { unreachable!("it is SQLite") };
    let log = path.with_file_name("tenant.db-wal");
    for opened in ["first", "second"] {
        let db = place.open().await;
        let before = log.metadata().unwrap().len();
        assert_eq!(before, 32 + 8_000 * (24 + 4096), "opened for the {opened} time");
        db.commit(ward(if opened == "first" { 1 } else { 2 })).await.unwrap();
        assert_eq!(log.metadata().unwrap().len(), before, "opened for the {opened} time");
        assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
        db.close().await;
    }
}

db::stmt!(PURGE, "DELETE FROM notes WHERE nid = $1");

struct Panics;

impl CommitHook for Panics {
    fn committed(&self, _commits: &[PublishedChange]) {
        panic!("a hook that is wrong");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_writer_that_has_panicked() {
    let place = Place::sqlite();
    let db = place.open_with(MIGRATIONS, Arc::new(Panics)).await.unwrap();
    db.commit(ward(1)).await.unwrap();
    for head in 0..3 {
        let result = db.commit(note(1, 1, head).0).await;
        assert!(matches!(result, Err(CommitError::Unavailable { .. })), "{result:?}");
    }
    db.close().await;
}
