//! What grouping commits is worth on this machine: the same batches by one sender, who waits for each commit, and by
//! many side by side. `cargo run --release -p db --example group_commit [-- sqlite | postgres]`
//!
//! Times depend on the disk; the ratios are what counts (ADR 2).

use std::sync::Arc;
use std::time::{Duration, Instant};

use db::{Batch, Change, Config, Db, Migration, params};
use testkit::postgres::{Fsync, Postgres};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "rooms",
    sql: "CREATE TABLE rooms (nid BIGINT PRIMARY KEY, head BIGINT NOT NULL, bump BIGINT NOT NULL, unread BIGINT NOT NULL);
          CREATE TABLE events (
              nid BIGINT PRIMARY KEY, room BIGINT NOT NULL, pos BIGINT NOT NULL, sender BIGINT NOT NULL, id TEXT NOT NULL
          );
          CREATE INDEX events_by_room ON events (room, pos);
          CREATE UNIQUE INDEX events_by_id ON events (id);
          CREATE TABLE event_json (nid BIGINT PRIMARY KEY, json BYTEA NOT NULL);
          CREATE TABLE edges (child BIGINT NOT NULL, parent BIGINT NOT NULL, PRIMARY KEY (child, parent)) WITHOUT ROWID;",
}];

db::insert!(INSERT_ROOM, "rooms", [nid: int, head: int, bump: int, unread: int]);
db::insert!(INSERT_EVENT, "events", [nid: int, room: int, pos: int, sender: int, id: text]);
db::insert!(INSERT_JSON, "event_json", [nid: int, json: blob]);
db::insert!(INSERT_EDGE, "edges", [child: int, parent: int]);
db::stmt!(RAISE_HEAD, "UPDATE rooms SET head = head + 1 WHERE nid = $1 AND head = $2");
db::stmt!(BUMP, "UPDATE rooms SET bump = $2, unread = unread + 1 WHERE nid = $1");

/// What sending a message writes, roughly.
fn message(nid: i64, room: i64, head: i64) -> Batch {
    let mut batch = Batch::new();
    batch.lane(room);
    let pos = batch.change(Change { kind: 1, subject: room, object: nid });
    batch.expect_one(&RAISE_HEAD, params![room, head]);
    batch.insert(&INSERT_JSON, params![nid, vec![b'x'; 900]]);
    batch.insert(&INSERT_EDGE, params![nid, nid - 1]);
    batch.insert(&INSERT_EVENT, params![nid, room, pos, 1, format!("${nid:043}")]);
    batch.exec(&BUMP, params![room, pos]);
    batch
}

/// Messages per second, and processor time per message of this process, if each of `senders` sends `each`.
async fn measure(db: &Db, senders: i64, each: i64) -> (f64, Duration) {
    let rooms =
        db.nids().take(u32::try_from(senders).expect("few senders")).await.expect("row numbers");
    let mut create = Batch::new();
    for room in rooms.clone() {
        create.insert(&INSERT_ROOM, params![room, 0, 0, 0]);
    }
    db.commit(create).await.expect("rooms are made");
    let (begun, used) = (Instant::now(), processor_time());
    let tasks: Vec<_> = rooms
        .map(|room| {
            let db = db.clone();
            tokio::spawn(async move {
                for head in 0..each {
                    let nid = db.nids().next().await.expect("a row number");
                    db.commit(message(nid, room, head)).await.expect("the message is committed");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a sender ends well");
    }
    let count = (senders * each) as f64;
    (count / begun.elapsed().as_secs_f64(), (processor_time() - used).div_f64(count))
}

/// User and system time of this process so far, from proc_pid_stat(5).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    let ticks = fields.get(11).zip(fields.get(12)).map_or(0, |(user, system)| user + system);
    Duration::from_millis(ticks * 10)
}

async fn report(name: &str, db: Db) {
    let mut alone = 0.0;
    measure(&db, 4, 50).await;
    for (senders, each) in [(1, 600), (8, 250), (64, 100), (256, 40)] {
        let (rate, processor) = measure(&db, senders, each).await;
        if senders == 1 {
            alone = rate;
        }
        println!(
            "{name:>8}  {senders:>3} senders  {rate:>7.0}/s  {:>5.1}×  {processor:>9.0?} processor time here per message",
            rate / alone
        );
    }
    db.close().await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("sqlite") {
        let directory = tempfile::tempdir_in(".").expect("a directory on this disk");
        let config = Config::Sqlite { path: directory.path().join("tenant.db") };
        report("SQLite", Db::open(config, MIGRATIONS, Arc::new(())).await.expect("SQLite opens"))
            .await;
    }
    if wanted("postgres") {
        let server = Postgres::start(Fsync::On);
        let config = Config::Postgres { url: server.url(), schema: "bench".to_owned() };
        report(
            "Postgres",
            Db::open(config, MIGRATIONS, Arc::new(())).await.expect("PostgreSQL opens"),
        )
        .await;
    }
}
