//! Opening, closing, migrating, checking, trimming.

use std::collections::HashSet;
use std::sync::Arc;

use db::{Batch, CommitError, Error, Migration, OpenError, Pos, params};
use futures_util::future::join_all;

use crate::place::*;

crate::on_both!(
    what_is_committed_is_there_after_reopening,
    what_is_queued_is_committed_before_closing,
    a_closed_database_answers_unavailable,
    migrations_are_applied_once_and_may_not_change,
    a_failed_migration_leaves_nothing_behind,
    row_numbers_are_never_handed_out_twice,
    a_gap_in_the_log_is_found,
    a_trimmed_log_is_sound_and_keeps_what_is_above,
);

async fn what_is_committed_is_there_after_reopening(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    db.commit(note(1, 1, 0).0).await.unwrap();
    db.close().await;
    let heard = Arc::new(Heard::default());
    let db = place.open_with(MIGRATIONS, heard.clone()).await.unwrap();
    assert_eq!(db.pos(), Pos::new(1));
    assert_eq!(db.query(&NOTES, params![]).await.unwrap().len(), 1);
    let (batch, pos) = note(2, 1, 1);
    assert_eq!(db.commit(batch).await.unwrap().pos(pos), Pos::new(2));
    assert_eq!(heard.positions(), [2], "what lies before the opening is not told again");
}

async fn what_is_queued_is_committed_before_closing(place: Place) {
    let db = place.open().await;
    let commits: Vec<_> = (0..200).map(|nid| db.commit(ward(nid))).collect();
    db.close().await;
    for commit in join_all(commits).await {
        commit.unwrap();
    }
    assert_eq!(place.open().await.query(&WARDS, params![]).await.unwrap().len(), 200);
}

async fn a_closed_database_answers_unavailable(place: Place) {
    let db = place.open().await;
    let other = db.clone();
    db.close().await;
    assert!(matches!(other.commit(ward(1)).await, Err(CommitError::Unavailable { .. })));
    assert!(matches!(other.query(&WARDS, params![]).await, Err(Error::Unavailable { .. })));
    assert!(matches!(other.nids().next().await, Err(CommitError::Unavailable { .. })));
}

const SECOND: Migration =
    Migration { name: "beds", sql: "CREATE TABLE beds (nid BIGINT PRIMARY KEY)" };

async fn migrations_are_applied_once_and_may_not_change(place: Place) {
    let open =
        async |migrations: &[Migration]| match place.open_with(migrations, Arc::new(())).await {
            Ok(db) => {
                db.close().await;
                Ok(())
            }
            Err(error) => Err(error),
        };
    open(MIGRATIONS).await.unwrap();
    open(MIGRATIONS).await.unwrap();
    open(&[MIGRATIONS[0], SECOND]).await.unwrap();
    assert!(matches!(open(MIGRATIONS).await, Err(OpenError::Newer { .. })));
    let changed = Migration { sql: "CREATE TABLE other (nid BIGINT PRIMARY KEY)", ..SECOND };
    assert!(matches!(
        open(&[MIGRATIONS[0], changed]).await,
        Err(OpenError::ChangedMigration { .. })
    ));
    open(&[MIGRATIONS[0], SECOND]).await.unwrap();
}

async fn a_failed_migration_leaves_nothing_behind(place: Place) {
    let broken = Migration {
        name: "beds",
        sql: "CREATE TABLE beds (nid BIGINT PRIMARY KEY); CREATE TABLE beds (nid TEXT)",
    };
    let failed = place.open_with(&[MIGRATIONS[0], broken], Arc::new(())).await;
    assert!(matches!(failed.err(), Some(OpenError::Migration { name, .. }) if name == "beds"));
    place.open_with(&[MIGRATIONS[0], SECOND], Arc::new(())).await.unwrap().close().await;
}

async fn row_numbers_are_never_handed_out_twice(place: Place) {
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let db = place.open().await;
        let takers = (0..4).map(|_| {
            let nids = db.nids();
            tokio::spawn(async move {
                let mut own = Vec::new();
                for _ in 0..600 {
                    own.push(nids.next().await.unwrap());
                }
                own.extend(nids.take(1_500).await.unwrap());
                own
            })
        });
        for own in join_all(takers).await {
            for nid in own.unwrap() {
                assert!(nid > 0 && seen.insert(nid), "{nid} was handed out twice");
            }
        }
        db.close().await;
    }
}

db::stmt!(DELETE_LOG_ROW, "DELETE FROM log WHERE pos = $1");

async fn a_gap_in_the_log_is_found(place: Place) {
    let db = place.open().await;
    let mut batch = Batch::new();
    for _ in 0..5 {
        batch.change(CHANGE);
    }
    db.commit(batch).await.unwrap();
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    let mut harm = Batch::new();
    harm.exec(&DELETE_LOG_ROW, params![3]);
    db.commit(harm).await.unwrap();
    let violations = db.integrity_check().await.unwrap();
    assert_eq!(violations, ["1 positions of the log are missing, the first after position 2"]);
}

async fn a_trimmed_log_is_sound_and_keeps_what_is_above(place: Place) {
    let db = place.open().await;
    let mut batch = Batch::new();
    for _ in 0..5 {
        batch.change(CHANGE);
    }
    db.commit(batch).await.unwrap();
    let trim = |up_to| {
        let mut batch = Batch::new();
        batch.trim_log(Pos::new(up_to));
        db.commit(batch)
    };
    trim(3).await.unwrap();
    assert!(matches!(trim(6).await, Err(CommitError::Conflict { .. })), "6 is not committed yet");
    assert!(matches!(trim(2).await, Err(CommitError::Conflict { .. })), "the floor never falls");
    assert_eq!(db.query(&LOG, params![]).await.unwrap().len(), 2);
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    trim(5).await.unwrap();
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
}
