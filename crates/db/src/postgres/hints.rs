//! Nodes wake each other after commits. The wake-ups are hints: what is missed is seen by a look each second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::AsyncMessage;

use super::connection::{Address, Connection, Failure};
use super::publish::Publisher;
use crate::Pos;

/// Other nodes are told at most once in this time.
const QUIET: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_secs(1);

/// Follows the other nodes' commits, and tells them of this one's, until it is aborted.
pub(super) async fn run(address: Address, publisher: Arc<Publisher>) {
    loop {
        // Without a connection there is nothing to follow; the committers report what their callers need to know.
        if let Err(failure) = follow(&address, &publisher).await {
            tracing::warn!(?failure, "The wake-up connection is gone and will be made anew");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn follow(address: &Address, publisher: &Publisher) -> Result<(), Failure> {
    let (tell, mut heard) = mpsc::unbounded_channel();
    let unasked = move |message| {
        if let AsyncMessage::Notification(note) = message {
            // The receiver is gone when the connection is given up.
            let _ = tell.send(note.payload().parse().map_or(Pos::ZERO, Pos::new));
        }
    };
    let mut connection = address.connect(unasked).await?;
    let channel = format!("konsil_{}", address.schema());
    connection.client.batch_execute(&format!("LISTEN {channel}")).await?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut quiet_until = Instant::now();
    loop {
        tokio::select! {
            note = heard.recv() => match note {
                Some(pos) => publisher.follow(&mut connection, pos).await?,
                None => return Err(Failure::Unavailable("the connection is closed".to_owned())),
            },
            _ = look.tick() => {
                let last = tenant_pos(&connection).await?;
                publisher.follow(&mut connection, last).await?;
            }
            () = async { sleep_until(quiet_until).await; publisher.news.notified().await } => {
                quiet_until = Instant::now() + QUIET;
                let note = publisher.pos().to_string();
                connection.client.execute("SELECT pg_notify($1, $2)", &[&channel, &note]).await?;
            }
        }
    }
}

async fn tenant_pos(connection: &Connection) -> Result<Pos, Failure> {
    let row = connection.client.query_one("SELECT pos FROM tenant WHERE id = 1", &[]).await?;
    Ok(Pos::new(row.get::<_, i64>(0).cast_unsigned()))
}
