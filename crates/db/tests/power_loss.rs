//! What was acknowledged survives a power cut at any moment; and a disk that fails ends the writing.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use db::power_loss::{self, Chance, Disk, Synchronous, Trace};
use db::{Batch, Change, CommitError, CommitHook, Config, Db, Migration, PublishedChange, params};
use futures_util::stream::{FuturesUnordered, StreamExt};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "messages",
    sql: "CREATE TABLE messages (nid BIGINT PRIMARY KEY, pos BIGINT NOT NULL, body BYTEA NOT NULL);
          CREATE TABLE receipts (nid BIGINT PRIMARY KEY REFERENCES messages (nid), pos BIGINT NOT NULL);",
}];

db::insert!(INSERT_MESSAGE, "messages", [nid: int, pos: int, body: blob]);
db::insert!(INSERT_RECEIPT, "receipts", [nid: int, pos: int]);
db::stmt!(DELETE_RECEIPT, "DELETE FROM receipts WHERE nid = $1");
db::stmt!(MESSAGES, "SELECT nid, pos, body FROM messages ORDER BY nid");
db::stmt!(RECEIPTS, "SELECT nid, pos FROM receipts ORDER BY nid");

/// From 0 to 9,000 bytes, which differ from message to message.
fn body(nid: i64) -> Vec<u8> {
    let length = (nid * 7_919 % 9_001) as usize;
    (0..length).map(|at| (nid as usize * 31 + at) as u8).collect()
}

/// Message and receipt are one batch; every third time the receipt of an earlier message goes.
fn message(nid: i64) -> (Batch, db::PosRef) {
    let mut batch = Batch::new();
    let pos = batch.change(Change { kind: 1, subject: nid, object: 0 });
    batch.insert(&INSERT_MESSAGE, params![nid, pos, body(nid)]);
    batch.insert(&INSERT_RECEIPT, params![nid, pos]);
    if nid % 3 == 0 {
        batch.exec(&DELETE_RECEIPT, params![nid - 2]);
    }
    (batch, pos)
}

/// What the sender was told: message and position.
type Acknowledged = Vec<(i64, u64)>;

/// Sends messages, several at a time, and marks each acknowledgement in the disk's trace.
async fn run(
    disk: &'static Disk,
    synchronous: Synchronous,
    messages: i64,
) -> (Trace, Acknowledged) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tenant.db");
    let db = power_loss::open(path, disk, synchronous, MIGRATIONS, Arc::new(())).await.unwrap();
    let mut acknowledged = Vec::new();
    let mut waiting = FuturesUnordered::new();
    let mut next = 1;
    while next <= messages || !waiting.is_empty() {
        while next <= messages && waiting.len() < 6 {
            let nid = next;
            let (batch, pos) = message(nid);
            let commit = db.commit(batch);
            waiting.push(async move { (nid, commit.await.unwrap().pos(pos).get()) });
            next += 1;
        }
        let (nid, pos) = waiting.next().await.unwrap();
        disk.mark(nid as u64);
        acknowledged.push((nid, pos));
        if nid % 60 == 0 {
            db.empty_write_ahead_log().await.unwrap();
        }
    }
    db.close().await;
    (disk.trace(), acknowledged)
}

/// Writes what survived to a directory, opens it, and counts the acknowledged messages that are lost.
async fn lost(trace: &Trace, acknowledged: &Acknowledged, moment: usize, seed: u64) -> Vec<i64> {
    let survivors = trace.survivors(moment, &mut Chance::new(seed));
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in &survivors {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let db = reopen(directory.path()).await;
    let violations = db.integrity_check().await.unwrap();
    assert_eq!(violations, Vec::<String>::new(), "at moment {moment}");
    let messages = db.query(&MESSAGES, params![]).await.unwrap();
    let receipts = db.query(&RECEIPTS, params![]).await.unwrap();
    let kept: Vec<(i64, u64)> =
        messages.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
    for (row, (nid, _)) in messages.iter().zip(&kept) {
        assert_eq!(
            row.get::<&[u8]>(2).unwrap(),
            body(*nid),
            "message {nid} is torn at moment {moment}"
        );
    }
    // Batches are whole: which messages there are says which receipts there must be.
    let has = |nid: i64| kept.iter().any(|(kept, _)| *kept == nid);
    let expected: Vec<(i64, u64)> =
        kept.iter().copied().filter(|(nid, _)| !((nid + 2) % 3 == 0 && has(nid + 2))).collect();
    let found: Vec<(i64, u64)> =
        receipts.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
    assert_eq!(found, expected, "half a batch at moment {moment}");
    assert_eq!(db.pos().get() as usize, kept.len(), "each message has its position");
    // The database goes on from there.
    let (batch, _) = message(100_000);
    db.commit(batch).await.unwrap();
    db.close().await;
    let marked = trace.marks().filter(|(_, after)| *after <= moment);
    let promised =
        marked.map(|(nid, _)| acknowledged.iter().find(|(known, _)| *known == nid as i64).unwrap());
    promised.filter(|promise| !kept.contains(promise)).map(|(nid, _)| *nid).collect()
}

async fn reopen(directory: &Path) -> Db {
    let config = Config::Sqlite { path: directory.join("tenant.db") };
    Db::open(config, MIGRATIONS, Arc::new(())).await.expect("the database opens after a power cut")
}

fn seed() -> u64 {
    let seed = std::env::var("KONSIL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
    println!("KONSIL_SEED={seed}");
    seed
}

/// Half the moments lie right behind an acknowledgement, where a promise is freshest; half anywhere.
fn moments(trace: &Trace, cuts: usize, chance: &mut Chance) -> Vec<usize> {
    let fresh: Vec<usize> = trace.marks().map(|(_, after)| after).collect();
    (0..cuts)
        .map(|cut| match cut % 2 {
            0 => fresh[chance.below(fresh.len())],
            _ => chance.below(trace.len() + 1),
        })
        .collect()
}

/// `KONSIL_SEED` repeats the cuts, `KONSIL_POWER_CUTS` says how many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_batches_survive_a_power_cut_at_any_moment() {
    let seed = seed();
    let cuts =
        std::env::var("KONSIL_POWER_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(100);
    let (trace, acknowledged) = run(Disk::register("full"), Synchronous::Full, 240).await;
    assert_eq!(acknowledged.len(), 240);
    let mut chance = Chance::new(seed);
    for moment in moments(&trace, cuts, &mut chance) {
        let own_seed = chance.below(usize::MAX) as u64;
        let lost = lost(&trace, &acknowledged, moment, own_seed).await;
        assert!(
            lost.is_empty(),
            "KONSIL_SEED={seed}: at moment {moment} of {} {lost:?} are lost",
            trace.len()
        );
    }
}

/// The control: without a sync per commit the same test finds lost messages. What is left is still whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_synchronous_normal_the_same_power_cuts_lose_acknowledged_batches() {
    let seed = seed();
    let (trace, acknowledged) = run(Disk::register("normal"), Synchronous::Normal, 240).await;
    let mut chance = Chance::new(seed);
    let mut losses = 0;
    for moment in moments(&trace, 40, &mut chance) {
        let own_seed = chance.below(usize::MAX) as u64;
        losses += usize::from(!lost(&trace, &acknowledged, moment, own_seed).await.is_empty());
    }
    println!("{losses} of 40 power cuts lost acknowledged messages");
    assert!(losses > 0, "KONSIL_SEED={seed}: the test cannot see a loss");
}

/// Counts how often it hears of a failure, and keeps the positions.
#[derive(Default)]
struct Watch {
    failures: AtomicU32,
    heard: Mutex<Vec<u64>>,
}

impl CommitHook for Watch {
    fn committed(&self, commits: &[PublishedChange]) {
        self.heard.lock().unwrap().extend(commits.iter().map(|commit| commit.pos.get()));
    }

    fn failed(&self, _reason: &str) {
        self.failures.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_fsync_nothing_more_is_written_until_the_database_is_opened_again() {
    let disk = Disk::register("failing");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tenant.db");
    let watch = Arc::new(Watch::default());
    let db =
        power_loss::open(path, disk, Synchronous::Full, MIGRATIONS, watch.clone()).await.unwrap();
    db.commit(message(1).0).await.unwrap();
    disk.fail_syncs(true);
    let queued: Vec<_> = (2..30).map(|nid| db.commit(message(nid).0)).collect();
    for commit in queued {
        assert!(matches!(commit.await, Err(CommitError::Unavailable { .. })));
    }
    disk.fail_syncs(false);
    let later = db.commit(message(50).0).await;
    assert!(
        matches!(later, Err(CommitError::Unavailable { .. })),
        "a failed sync is never tried again"
    );
    assert_eq!(watch.failures.load(Ordering::SeqCst), 1);
    assert_eq!(*watch.heard.lock().unwrap(), [1], "what was not acknowledged was not published");
    let visible = db.query(&MESSAGES, params![]).await.unwrap();
    assert_eq!(visible.len(), 1, "nobody reads what may not survive");
    db.close().await;
    let db = reopen(directory.path()).await;
    let messages = db.query(&MESSAGES, params![]).await.unwrap();
    assert_eq!(messages[0].get::<i64>(0).unwrap(), 1);
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    db.commit(message(60).0).await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_it_cannot_hold_and_works_again_when_there_is_space() {
    let disk = Disk::register("filling");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tenant.db");
    let watch = Arc::new(Watch::default());
    let db =
        power_loss::open(path, disk, Synchronous::Full, MIGRATIONS, watch.clone()).await.unwrap();
    let mut kept = Vec::new();
    for round in 0..10 {
        disk.fill(round % 2 == 1);
        let commits: Vec<_> = (0..8)
            .map(|index| (round * 8 + index, db.commit(message(round * 8 + index).0)))
            .collect();
        for (nid, commit) in commits {
            match commit.await {
                Ok(_) => kept.push(nid),
                Err(CommitError::Unavailable { .. }) => assert_eq!(round % 2, 1),
                Err(error) => panic!("{error}"),
            }
        }
        // A checkpoint that meets the full disk is put off as well.
        let _ = tokio::time::timeout(Duration::from_secs(20), db.empty_write_ahead_log())
            .await
            .unwrap();
    }
    assert_eq!(kept.len(), 40);
    assert_eq!(watch.failures.load(Ordering::SeqCst), 0);
    let messages = db.query(&MESSAGES, params![]).await.unwrap();
    assert_eq!(messages.iter().map(|row| row.get::<i64>(0).unwrap()).collect::<Vec<_>>(), kept);
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    db.close().await;
}
