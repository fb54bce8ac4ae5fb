//! Random batches leave both databases with the same rows, answers and positions.
//!
//! SQLite runs batches one after the other, so it is the reference for what PostgreSQL's groups may do.

use db::{Batch, Change, CommitError, Db, Value, params};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::place::*;

db::stmt!(
    COUNT_NOTES,
    "UPDATE wards SET beds = (SELECT count(*) FROM notes WHERE ward = $1) WHERE nid = $1"
);
db::stmt!(COPY_HEAD, "UPDATE wards SET beds = head WHERE nid = $1");
db::stmt!(MOVE_NOTES, "UPDATE notes SET pos = $2 WHERE ward = $1");
db::stmt!(DELETE_NOTES, "DELETE FROM notes WHERE ward = $1");
db::stmt!(DELETE_WARD, "DELETE FROM wards WHERE nid = $1");
db::stmt!(DELETE_PAIRS, "DELETE FROM pairs WHERE a = $1");
db::stmt!(KEEP_PAIR, "INSERT INTO pairs (a, b) VALUES ($1, $2) ON CONFLICT (a, b) DO NOTHING");
db::stmt!(COUNT_MARKS, "UPDATE wards SET beds = (SELECT count(*) FROM marks) WHERE nid = $1");
db::stmt!(
    KEEP_NOTE,
    "INSERT INTO notes (nid, ward, pos) VALUES ($1, $2, $3) ON CONFLICT (nid) DO UPDATE SET ward = excluded.ward"
);
db::stmt!(
    PAIRS_OF_WARDS,
    "INSERT INTO pairs (a, b) SELECT nid + 10, 'z' FROM wards WHERE beds = $1 ON CONFLICT (a, b) DO NOTHING"
);

#[derive(Clone, Debug)]
enum Op {
    /// Raises the head that the batches before it should have left.
    GuardNext(i64),
    Guard(i64, i64),
    InsertWard(i64),
    InsertNote(i64, i64, Number),
    KeepNote(i64, i64, Number),
    InsertMark(i64, i64),
    CountMarks(i64),
    InsertPair(i64, &'static str),
    SetBeds(i64, Number),
    AddBeds(i64, i64),
    MoveNotes(i64, Number),
    CountNotes(i64),
    CopyHead(i64),
    DeleteNotes(i64),
    DeleteWard(i64),
    DeletePairs(i64),
    KeepPair(i64, &'static str),
    PairsOfWards(i64),
}

/// A number, or one of the batch's reserved positions.
#[derive(Clone, Debug)]
enum Number {
    Plain(i64),
    Reserved(usize),
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![(0..4i64).prop_map(Number::Plain), (0..3usize).prop_map(Number::Reserved)]
}

fn op() -> impl Strategy<Value = Op> {
    let ward = || 0..3i64;
    let text = || prop_oneof![Just("x"), Just("y")];
    prop_oneof![
        6 => ward().prop_map(Op::GuardNext),
        1 => (ward(), 0..3i64).prop_map(|(ward, head)| Op::Guard(ward, head)),
        2 => ward().prop_map(Op::InsertWard),
        6 => (0..40i64, ward(), number()).prop_map(|(nid, ward, pos)| Op::InsertNote(nid, ward, pos)),
        2 => (0..40i64, ward(), number()).prop_map(|(nid, ward, pos)| Op::KeepNote(nid, ward, pos)),
        2 => (0..40i64, 0..3i64).prop_map(|(note, mark)| Op::InsertMark(note, mark)),
        1 => ward().prop_map(Op::CountMarks),
        2 => (ward(), text()).prop_map(|(a, b)| Op::InsertPair(a, b)),
        3 => (ward(), number()).prop_map(|(ward, beds)| Op::SetBeds(ward, beds)),
        2 => (ward(), 1..5i64).prop_map(|(ward, beds)| Op::AddBeds(ward, beds)),
        1 => (ward(), number()).prop_map(|(ward, pos)| Op::MoveNotes(ward, pos)),
        1 => ward().prop_map(Op::CountNotes),
        1 => ward().prop_map(Op::CopyHead),
        1 => ward().prop_map(Op::DeleteNotes),
        1 => ward().prop_map(Op::DeleteWard),
        1 => ward().prop_map(Op::DeletePairs),
        2 => (ward(), text()).prop_map(|(a, b)| Op::KeepPair(a, b)),
        1 => (0..4i64).prop_map(Op::PairsOfWards),
    ]
}

/// Batches of a moment; each with the number of its changes.
type Burst = Vec<(usize, Vec<Op>)>;

fn burst() -> impl Strategy<Value = Burst> {
    prop::collection::vec((0..3usize, prop::collection::vec(op(), 0..5)), 1..12)
}

fn build(changes: usize, ops: &[Op], heads: &mut [i64; 3]) -> Batch {
    let mut batch = Batch::new();
    let reserved: Vec<_> = (0..changes as i64)
        .map(|kind| batch.change(Change { kind, subject: 1, object: 2 }))
        .collect();
    let value = |number: &Number| match number {
        Number::Plain(number) => Value::from(*number),
        Number::Reserved(index) => reserved.get(index % reserved.len().max(1)).copied().into(),
    };
    for op in ops {
        match op {
            Op::GuardNext(ward) => {
                let head = &mut heads[*ward as usize];
                batch.expect_one(&RAISE_HEAD, params![*ward, *head]);
                *head += 1;
            }
            Op::Guard(ward, head) => batch.expect_one(&RAISE_HEAD, params![*ward, *head]),
            Op::InsertWard(nid) => batch.insert(&INSERT_WARD, params![*nid, 0, 0, None::<&str>]),
            Op::InsertNote(nid, ward, pos) => {
                batch.insert(
                    &INSERT_NOTE,
                    params![*nid, *ward, value(pos), format!("note {nid}"), None::<&[u8]>],
                );
            }
            Op::KeepNote(nid, ward, pos) => {
                batch.exec(&KEEP_NOTE, params![*nid, *ward, value(pos)])
            }
            Op::InsertMark(note, mark) => batch.insert(&INSERT_MARK, params![*note, *mark]),
            Op::CountMarks(ward) => batch.exec(&COUNT_MARKS, params![*ward]),
            Op::InsertPair(a, b) => batch.insert(&INSERT_PAIR, params![*a, *b]),
            // The column takes no NULL: then the batch is refused, on both.
            Op::SetBeds(ward, beds) => batch.exec(&SET_BEDS, params![*ward, value(beds)]),
            Op::AddBeds(ward, beds) => batch.exec(&ADD_BEDS, params![*ward, *beds]),
            Op::MoveNotes(ward, pos) => batch.exec(&MOVE_NOTES, params![*ward, value(pos)]),
            Op::CountNotes(ward) => batch.exec(&COUNT_NOTES, params![*ward]),
            Op::CopyHead(ward) => batch.exec(&COPY_HEAD, params![*ward]),
            Op::DeleteNotes(ward) => batch.exec(&DELETE_NOTES, params![*ward]),
            Op::DeleteWard(ward) => batch.exec(&DELETE_WARD, params![*ward]),
            Op::DeletePairs(a) => batch.exec(&DELETE_PAIRS, params![*a]),
            Op::KeepPair(a, b) => batch.exec(&KEEP_PAIR, params![*a, *b]),
            Op::PairsOfWards(beds) => batch.exec(&PAIRS_OF_WARDS, params![*beds]),
        }
    }
    batch
}

/// What a caller learns, without the databases' own words.
type Answer = Result<(Option<u64>, Option<u64>), (&'static str, &'static str)>;

async fn commit(db: &Db, burst: &Burst, heads: &mut [i64; 3]) -> Vec<Answer> {
    let commits: Vec<_> =
        burst.iter().map(|(changes, ops)| db.commit(build(*changes, ops, heads))).collect();
    let answers = join_all(commits).await.into_iter().map(|result| match result {
        Ok(done) => Ok((done.first().map(|pos| pos.get()), done.last().map(|pos| pos.get()))),
        Err(CommitError::Conflict { statement }) => Err(("conflict", statement)),
        Err(CommitError::Invalid { statement, .. } | CommitError::BadValue { statement, .. }) => {
            Err(("invalid", statement))
        }
        Err(CommitError::Unavailable { reason }) => panic!("{reason}"),
    });
    answers.collect()
}

async fn tables(db: &Db) -> Vec<Vec<Vec<Value>>> {
    let all =
        join_all([&WARDS, &NOTES, &MARKS, &PAIRS, &LOG].map(|stmt| db.query(stmt, params![])))
            .await;
    all.into_iter()
        .map(|rows| rows.unwrap().iter().map(|row| row.columns().to_vec()).collect())
        .collect()
}

async fn heads(db: &Db) -> [i64; 3] {
    let mut heads = [0; 3];
    for row in db.query(&WARDS, params![]).await.unwrap() {
        heads[row.get::<u64>(0).unwrap() as usize] = row.get(1).unwrap();
    }
    heads
}

async fn run(bursts: &[Burst]) -> Result<usize, TestCaseError> {
    let (here, there) = (Place::sqlite(), Place::postgres());
    let (sqlite, postgres) = (here.open().await, there.open().await);
    let mut committed = 0;
    for db in [&sqlite, &postgres] {
        join_all([0, 1].map(|nid| db.commit(ward(nid)))).await;
    }
    for burst in bursts {
        let before = heads(&sqlite).await;
        let expected = commit(&sqlite, burst, &mut before.clone()).await;
        let found = commit(&postgres, burst, &mut before.clone()).await;
        prop_assert_eq!(&found, &expected, "the answers differ for {:?}", burst);
        prop_assert_eq!(
            tables(&postgres).await,
            tables(&sqlite).await,
            "the tables differ after {:?}",
            burst
        );
        prop_assert_eq!(postgres.pos(), sqlite.pos());
        committed += expected.iter().filter(|answer| answer.is_ok()).count();
    }
    for db in [sqlite, postgres] {
        prop_assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
        db.close().await;
    }
    Ok(committed)
}

/// `KONSIL_SEED` repeats a run, `PROPTEST_CASES` makes it longer.
#[test]
fn random_batches_leave_both_databases_alike() {
    let seed = std::env::var("KONSIL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| {
        std::time::UNIX_EPOCH.elapsed().expect("the clock stands after 1970").as_nanos() as u64
    });
    println!("KONSIL_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(40);
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let committed = std::cell::Cell::new(0);
    let result = runner.run(&prop::collection::vec(burst(), 1..6), |bursts| {
        committed.set(committed.get() + runtime.block_on(run(&bursts))?);
        Ok(())
    });
    if let Err(error) = result {
        panic!("KONSIL_SEED={seed}: {error}");
    }
    assert!(
        committed.get() > cases as usize,
        "hardly any batch was committed: the test shows nothing"
    );
}
