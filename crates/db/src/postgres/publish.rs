//! Tells the hook of every position once and in order: of this node's commits, and of other nodes'.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, Notify};

use super::connection::{Connection, Failure};
use super::plan::Step;
use crate::batch::Target;
use crate::{Change, CommitHook, LOG_AFTER, Pos, PublishedChange, Row, params};

/// Rows of the log that are fetched at once.
const PAGE: i64 = 1_000;

pub(super) struct Publisher {
    hook: Arc<dyn CommitHook>,
    published: AtomicU64,
    /// Held while positions are published, so that they are published in order.
    order: Mutex<()>,
    /// Awakens the task that tells the other nodes.
    pub(super) news: Notify,
}

impl Publisher {
    pub(super) fn new(hook: Arc<dyn CommitHook>, last: Pos) -> Self {
        Self {
            hook,
            published: AtomicU64::new(last.get()),
            order: Mutex::new(()),
            news: Notify::new(),
        }
    }

    pub(super) fn pos(&self) -> Pos {
        Pos::new(self.published.load(Ordering::Acquire))
    }

    /// Publishes a commit of this node: `changes` follow the position `before`. What other commits put between the
    /// last published position and `before` is committed too, and read from the log.
    pub(super) async fn committed(
        &self,
        connection: &mut Connection,
        before: Pos,
        changes: impl Iterator<Item = Change>,
    ) -> Result<(), Failure> {
        let _order = self.order.lock().await;
        self.catch_up(connection, before).await?;
        let known = self.pos();
        let news: Vec<PublishedChange> = (before.get() + 1..)
            .zip(changes)
            .map(|(pos, change)| PublishedChange { pos: Pos::new(pos), change })
            .filter(|change| change.pos > known)
            .collect();
        self.tell_hook(&news);
        self.news.notify_one();
        Ok(())
    }

    /// Publishes what is in the log up to `last`.
    pub(super) async fn follow(
        &self,
        connection: &mut Connection,
        last: Pos,
    ) -> Result<(), Failure> {
        if last <= self.pos() {
            return Ok(());
        }
        let _order = self.order.lock().await;
        self.catch_up(connection, last).await
    }

    async fn catch_up(&self, connection: &mut Connection, last: Pos) -> Result<(), Failure> {
        while self.pos() < last {
            let known = self.pos();
            let limit = i64::try_from(last.get() - known.get()).unwrap_or(PAGE).min(PAGE);
            let values = params![known, limit];
            let step =
                Step { target: Target::Stmt(&LOG_AFTER), positions: 0, rows: vec![(0, &values)] };
            let (statement, params) = connection.ready(&step, |_| 0).await?;
            let rows = connection.query(&statement, &params).await?;
            let news = rows.iter().map(published_change).collect::<Result<Vec<_>, _>>();
            let news = news.map_err(|error| Failure::Unavailable(error.to_string()))?;
            match news.last() {
                Some(_) => self.tell_hook(&news),
                // The rows were purged before this node saw them; there is nothing to tell.
                None => self.published.store(last.get(), Ordering::Release),
            }
        }
        Ok(())
    }

    fn tell_hook(&self, news: &[PublishedChange]) {
        if let Some(last) = news.last() {
            self.hook.committed(news);
            self.published.store(last.pos.get(), Ordering::Release);
        }
    }
}

fn published_change(row: &Row) -> Result<PublishedChange, crate::Error> {
    let change = Change { kind: row.get(1)?, subject: row.get(2)?, object: row.get(3)? };
    Ok(PublishedChange { pos: row.get(0)?, change })
}
