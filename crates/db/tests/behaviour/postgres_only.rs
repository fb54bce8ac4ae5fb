//! Several nodes, and a server that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use db::{CommitError, params};
use futures_util::future::join_all;
use testkit::postgres::{Fsync, Postgres};

use crate::place::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_one_gapless_log_and_each_hears_all_of_it_in_order() {
    let place = Place::postgres();
    let (heard_a, heard_b) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let a = place.open_with(MIGRATIONS, heard_a.clone()).await.unwrap();
    let b = place.open_with(MIGRATIONS, heard_b.clone()).await.unwrap();
    join_all((0..10).map(|nid| a.commit(ward(nid)))).await;
    let senders = [(a.clone(), 0), (b.clone(), 1)].map(|(db, node)| {
        tokio::spawn(async move {
            for head in 0..30 {
                let sent = (0..5).map(|ward| {
                    let ward = ward * 2 + node;
                    let (mut batch, _) = note(ward * 100 + head, ward, head);
                    batch.lane(ward);
                    db.commit(batch)
                });
                for result in join_all(sent).await {
                    result.unwrap();
                }
            }
        })
    });
    for sender in senders {
        sender.await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(10), async {
        while a.pos().get() < 300 || b.pos().get() < 300 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("each node hears of the other's commits");
    let all: Vec<u64> = (1..=300).collect();
    assert_eq!(heard_a.positions(), all);
    assert_eq!(heard_b.positions(), all);
    assert_eq!(heard_a.changes(), heard_b.changes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_raise_the_same_head_one_is_refused() {
    let place = Place::postgres();
    let (a, b) = (place.open().await, place.open().await);
    a.commit(ward(1)).await.unwrap();
    for head in 0..40 {
        let results = join_all([
            a.commit(note(head * 2, 1, head).0),
            b.commit(note(head * 2 + 1, 1, head).0),
        ])
        .await;
        let won = results.iter().filter(|result| result.is_ok()).count();
        let lost = results
            .iter()
            .filter(|result| matches!(result, Err(CommitError::Conflict { .. })))
            .count();
        assert_eq!((won, lost), (1, 1), "{results:?}");
    }
    assert_eq!(a.integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_numbers_of_two_nodes_differ() {
    let place = Place::postgres();
    let (a, b) = (place.open().await, place.open().await);
    let (of_a, of_b) = (a.nids().take(10).await.unwrap(), b.nids().take(10).await.unwrap());
    assert!(of_a.end <= of_b.start || of_b.end <= of_a.start);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_and_returns_is_used_again_and_nothing_acknowledged_is_lost() {
    let server = Postgres::start(Fsync::On);
    let place = Place::postgres_on(&server);
    let heard = Arc::new(Heard::default());
    let db = place.open_with(MIGRATIONS, heard.clone()).await.unwrap();
    db.commit(ward(1)).await.unwrap();
    let restarted = Arc::new(AtomicBool::new(false));
    let sender = tokio::spawn({
        let (db, restarted) = (db.clone(), restarted.clone());
        async move {
            let mut acknowledged = Vec::new();
            let mut since_restart = 0;
            for nid in 0.. {
                // Without a guard, since a batch in doubt may or may not have raised it.
                let mut batch = db::Batch::new();
                let pos = batch.change(CHANGE);
                batch.insert(&INSERT_NOTE, params![nid, 1, pos, "note", None::<&[u8]>]);
                match db.commit(batch).await {
                    Ok(_) => acknowledged.push(nid),
                    Err(CommitError::Unavailable { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                since_restart += i32::from(restarted.load(Ordering::SeqCst));
                if since_restart > 20 {
                    break;
                }
            }
            acknowledged
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let server = tokio::task::spawn_blocking(move || {
        server.crash_and_restart();
        server
    });
    let server = server.await.unwrap();
    restarted.store(true, Ordering::SeqCst);
    let acknowledged = sender.await.unwrap();
    let rows = db.query(&NOTES, params![]).await.unwrap();
    let kept: Vec<i64> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert!(acknowledged.len() >= 20, "notes are sent before and after the crash");
    assert!(acknowledged.iter().all(|nid| kept.contains(nid)), "an acknowledged note is lost");
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    let last = db.pos().get();
    assert_eq!(heard.positions(), (1..=last).collect::<Vec<_>>());
    assert_eq!(last as usize, kept.len());
    db.close().await;
    drop(server);
}
