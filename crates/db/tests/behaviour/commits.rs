//! Batches: whole or not at all, in the order of the calls, with gapless positions.

use std::sync::Arc;

use db::{Batch, Change, CommitError, Db, Pos, ReadSet, params};
use futures_util::future::join_all;

use crate::place::*;

crate::on_both!(
    a_batch_is_written_as_a_whole_with_consecutive_positions,
    a_guard_that_does_not_hold_refuses_the_whole_batch,
    a_refused_batch_fails_none_of_its_neighbours,
    a_chain_of_guards_falls_with_its_first_link,
    batches_are_decided_in_the_order_of_the_calls_not_of_the_polls,
    dropping_the_future_does_not_take_the_batch_back,
    the_hook_hears_each_position_once_in_order_and_before_the_caller,
    a_row_refers_to_one_that_an_earlier_batch_of_the_same_moment_made,
    a_child_before_its_parent_is_refused,
    a_child_is_refused_although_a_later_batch_makes_its_parent,
    what_is_wrong_with_a_batch_is_its_own_fault,
    a_guard_may_read,
    guards_run_first_and_statements_with_positions_last,
    an_empty_batch_commits,
    what_is_read_behind_a_batch_is_what_it_wrote,
);

async fn notes(db: &Db) -> Vec<i64> {
    db.query(&NOTES, params![]).await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

async fn log(db: &Db) -> Vec<u64> {
    db.query(&LOG, params![]).await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

async fn a_batch_is_written_as_a_whole_with_consecutive_positions(place: Place) {
    let db = place.open().await;
    let mut batch = ward(1);
    let first = batch.change(Change { kind: 10, subject: 20, object: 30 });
    let second = batch.change(Change { kind: 11, subject: -21, object: i64::MAX });
    batch.insert(&INSERT_NOTE, params![7, 1, second, None::<&str>, None::<&[u8]>]);
    batch.exec(&SET_BEDS, params![1, first]);
    let done = db.commit(batch).await.unwrap();
    assert_eq!((done.pos(first), done.pos(second)), (Pos::new(1), Pos::new(2)));
    assert_eq!((done.first(), done.last()), (Some(Pos::new(1)), Some(Pos::new(2))));
    assert_eq!(db.pos(), Pos::new(2));

    let note = db.query_opt(&NOTES, params![]).await.unwrap().unwrap();
    assert_eq!(note.get::<Pos>(2).unwrap(), Pos::new(2));
    let row = db.query_opt(&WARDS, params![]).await.unwrap().unwrap();
    assert_eq!(row.get::<i64>(2).unwrap(), 1, "the update got the first position");
    let log = db.query(&LOG, params![]).await.unwrap();
    assert_eq!(log[0].columns(), params![1, 10, 20, 30]);
    assert_eq!(log[1].columns(), params![2, 11, -21, i64::MAX]);

    let (batch, pos) = note_after(&db).await;
    assert_eq!(db.commit(batch).await.unwrap().pos(pos), Pos::new(3));
}

async fn what_is_read_behind_a_batch_is_what_it_wrote(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    let rows = db.commit_and_read(note(7, 1, 0).0, ReadSet::new().get(&NOTES, params![]));
    let rows = rows.await.unwrap().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][0].get::<i64>(0).unwrap(), 7);

    // What is refused is not read behind, and what cannot be read is written all the same.
    let refused = db.commit_and_read(note(8, 1, 99).0, ReadSet::new().get(&NOTES, params![]));
    assert!(matches!(refused.await, Err(CommitError::Conflict { .. })));
    let unreadable = db.commit_and_read(note(8, 1, 1).0, ReadSet::new().get(&NOTES, params![1]));
    assert!(unreadable.await.unwrap().is_err());
    assert_eq!(notes(&db).await, [7, 8]);
}

async fn note_after(db: &Db) -> (Batch, db::PosRef) {
    let head = db.query_opt(&WARDS, params![]).await.unwrap().unwrap().get(1).unwrap();
    note(8, 1, head)
}

async fn a_guard_that_does_not_hold_refuses_the_whole_batch(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    let (mut batch, _) = note(1, 1, 0);
    batch.expect_one(&RAISE_HEAD, params![1, 99]);
    assert_eq!(db.commit(batch).await, Err(CommitError::Conflict { statement: "RAISE_HEAD" }));
    assert!(notes(&db).await.is_empty());
    assert!(log(&db).await.is_empty());
    let head: i64 = db.query_opt(&WARDS, params![]).await.unwrap().unwrap().get(1).unwrap();
    assert_eq!(head, 0, "the guard that held is undone too");
    assert_eq!(db.pos(), Pos::ZERO);
}

async fn a_refused_batch_fails_none_of_its_neighbours(place: Place) {
    let db = place.open().await;
    join_all((0..40).map(|nid| db.commit(ward(nid)))).await;
    let results = join_all((0..40).map(|nid| {
        let head = if nid % 7 == 3 { 5 } else { 0 };
        let (mut batch, _) = note(nid, nid, head);
        if nid % 10 == 4 {
            batch.insert(&INSERT_WARD, params![0, 0, 0, "taken"]);
        }
        db.commit(batch)
    }))
    .await;
    for (nid, result) in results.iter().enumerate() {
        match result {
            Err(CommitError::Conflict { statement: "RAISE_HEAD" }) => assert_eq!(nid % 7, 3),
            Err(CommitError::Invalid { statement: "INSERT_WARD", .. }) => assert_eq!(nid % 10, 4),
            result => assert!(result.is_ok() && nid % 7 != 3 && nid % 10 != 4, "{nid}: {result:?}"),
        }
    }
    let written = notes(&db).await;
    let committed = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(written.len(), committed);
    assert_eq!(
        log(&db).await,
        (1..=committed as u64).collect::<Vec<_>>(),
        "refused batches leave no gap"
    );
}

async fn a_chain_of_guards_falls_with_its_first_link(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    // Built one on the other without waiting, as a room's queue does; the second is spoilt.
    let results = join_all((0..5).map(|head| {
        let (mut batch, _) = note(head, 1, head);
        if head == 1 {
            batch.insert(&INSERT_NOTE, params![0, 1, 0, "taken", None::<&[u8]>]);
        }
        db.commit(batch)
    }))
    .await;
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(CommitError::Invalid { .. })));
    for result in &results[2..] {
        assert_eq!(*result, Err(CommitError::Conflict { statement: "RAISE_HEAD" }));
    }
    assert_eq!(notes(&db).await, [0]);
}

async fn batches_are_decided_in_the_order_of_the_calls_not_of_the_polls(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    let commits: Vec<_> = (0..100).map(|head| db.commit(note(head, 1, head).0)).collect();
    for commit in commits.into_iter().rev() {
        commit.await.unwrap();
    }
}

async fn dropping_the_future_does_not_take_the_batch_back(place: Place) {
    let db = place.open().await;
    drop(db.commit(ward(1)));
    db.commit(note(1, 1, 0).0).await.unwrap();
}

async fn the_hook_hears_each_position_once_in_order_and_before_the_caller(place: Place) {
    let heard = Arc::new(Heard::default());
    let db = place.open_with(MIGRATIONS, heard.clone()).await.unwrap();
    join_all((0..8).map(|nid| db.commit(ward(nid)))).await;
    let senders = (0..8).map(|ward| {
        let (db, heard) = (db.clone(), heard.clone());
        tokio::spawn(async move {
            for head in 0..25 {
                let (mut batch, pos) = note(ward * 100 + head, ward, head);
                batch.lane(ward);
                let committed = db.commit(batch).await.unwrap();
                let pos = committed.pos(pos);
                assert!(heard.positions().contains(&pos.get()), "the caller heard of {pos} first");
                assert!(db.pos() >= pos);
            }
        })
    });
    for sender in join_all(senders).await {
        sender.unwrap();
    }
    assert_eq!(heard.positions(), (1..=200).collect::<Vec<_>>());
    assert!(heard.changes().iter().all(|heard| heard.change.object / 100 == heard.change.subject));
}

async fn a_row_refers_to_one_that_an_earlier_batch_of_the_same_moment_made(place: Place) {
    let db = place.open().await;
    let made = db.commit(ward(1));
    let sent: Vec<_> = (0..10).map(|head| db.commit(note(head, 1, head).0)).collect();
    made.await.unwrap();
    for result in join_all(sent).await {
        result.unwrap();
    }
}

async fn a_child_before_its_parent_is_refused(place: Place) {
    let db = place.open().await;
    let mut batch = Batch::new();
    batch.insert(&INSERT_NOTE, params![1, 1, 0, "child", None::<&[u8]>]);
    batch.insert(&INSERT_WARD, params![1, 0, 0, "parent"]);
    let neighbours = [db.commit(ward(2)), db.commit(batch), db.commit(ward(3))];
    let results = join_all(neighbours).await;
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(
        matches!(results[1], Err(CommitError::Invalid { statement: "INSERT_NOTE", .. })),
        "{:?}",
        results[1]
    );
}

async fn a_child_is_refused_although_a_later_batch_makes_its_parent(place: Place) {
    let db = place.open().await;
    let mut child = Batch::new();
    child.insert(&INSERT_NOTE, params![1, 2, 0, "child", None::<&[u8]>]);
    // The first keeps a committer busy, so that the others make one group.
    let results = join_all([ward(1), child, ward(2), ward(3)].map(|batch| db.commit(batch))).await;
    assert!(
        matches!(results[1], Err(CommitError::Invalid { statement: "INSERT_NOTE", .. })),
        "{:?}",
        results[1]
    );
    assert!(results[0].is_ok() && results[2].is_ok() && results[3].is_ok());
}

db::stmt!(NO_SUCH_TABLE, "UPDATE nothing SET a = 1");
db::stmt!(
    OVERFLOW,
    "UPDATE wards SET beds = beds + 9223372036854775807 + 9223372036854775807 WHERE nid = $1"
);

async fn what_is_wrong_with_a_batch_is_its_own_fault(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    /// The statement that is refused, and how a batch comes to have it.
    type Wrong = (&'static str, fn(&mut Batch));
    let wrong: [Wrong; 6] = [
        ("NO_SUCH_TABLE", |batch| batch.exec(&NO_SUCH_TABLE, params![])),
        ("OVERFLOW", |batch| batch.exec(&OVERFLOW, params![1])),
        ("SET_BEDS", |batch| batch.exec(&SET_BEDS, params![1])),
        ("INSERT_PAIR", |batch| batch.insert(&INSERT_PAIR, params![1, None::<&str>])),
        ("INSERT_PAIR", |batch| batch.insert(&INSERT_PAIR, params![1, "a\0b"])),
        ("SET_BEDS", |batch| batch.exec(&SET_BEDS, params![1, u64::MAX])),
    ];
    let commits = wrong.iter().enumerate().flat_map(|(index, (_, spoil))| {
        let mut batch = Batch::new();
        batch.change(CHANGE);
        spoil(&mut batch);
        [db.commit(batch), db.commit(ward(10 + index as i64))]
    });
    let results = join_all(commits).await;
    for (pair, (expected, _)) in results.chunks(2).zip(&wrong) {
        match &pair[0] {
            Err(
                CommitError::Invalid { statement, .. } | CommitError::BadValue { statement, .. },
            ) => assert_eq!(statement, expected),
            result => panic!("{expected}: {result:?}"),
        }
        assert!(pair[1].is_ok(), "the neighbour of {expected} failed");
    }
    assert_eq!(db.pos(), Pos::ZERO);
}

db::stmt_pair!(
    WARD_EXISTS,
    sqlite: "SELECT 1 FROM wards WHERE nid = $1",
    postgres: "SELECT 1 FROM wards WHERE nid = $1 FOR SHARE"
);

async fn a_guard_may_read(place: Place) {
    let db = place.open().await;
    let guarded = |nid: i64| {
        let mut batch = Batch::new();
        batch.expect_one(&WARD_EXISTS, params![1]);
        batch.insert(&INSERT_PAIR, params![nid, "x"]);
        batch
    };
    assert_eq!(
        db.commit(guarded(1)).await,
        Err(CommitError::Conflict { statement: "WARD_EXISTS" })
    );
    db.commit(ward(1)).await.unwrap();
    db.commit(guarded(2)).await.unwrap();
    assert_eq!(db.query(&PAIRS, params![]).await.unwrap().len(), 1);
}

async fn guards_run_first_and_statements_with_positions_last(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    let mut batch = Batch::new();
    let pos = batch.change(CHANGE);
    batch.exec(&SET_BEDS, params![1, pos]);
    batch.exec(&SET_BEDS, params![1, 500]);
    batch.expect_one(&RAISE_HEAD, params![1, 0]);
    db.commit(batch).await.unwrap();
    let row = db.query_opt(&WARDS, params![]).await.unwrap().unwrap();
    assert_eq!(
        row.get::<i64>(2).unwrap(),
        1,
        "the position was written last, though it was called first"
    );
}

async fn an_empty_batch_commits(place: Place) {
    let db = place.open().await;
    let committed = db.commit(Batch::new()).await.unwrap();
    assert_eq!((committed.first(), committed.as_of()), (None, Pos::ZERO));
}
