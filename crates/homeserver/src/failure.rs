//! The storage failed: what the operating system's cache still holds can no longer be trusted, so the process ends, and the
//! next start reads afresh what the disk really has (architecture, section 5).

use std::sync::Arc;

use db::{CommitHook, PublishedChange};
use tokio::sync::watch;

use crate::{Homeserver, feeds::Feeds};

/// Whether the database has failed for good.
#[derive(Debug, Default)]
pub struct Failure(watch::Sender<bool>);

impl Failure {
    async fn happened(&self) {
        // The sender lives as long as this future.
        let _ = self.0.subscribe().wait_for(|failed| *failed).await;
    }
}

/// What the committer tells of: commits to the feeds, the end to whoever waits for it.
pub(crate) struct Hook {
    pub feeds: Arc<Feeds>,
    pub failure: Arc<Failure>,
}

impl CommitHook for Hook {
    fn committed(&self, commits: &[PublishedChange]) {
        self.feeds.committed(commits);
    }

    fn failed(&self, _reason: &str) {
        self.failure.0.send_replace(true);
    }
}

impl Homeserver {
    /// Returns when the database or the media storage has failed for good: nothing more is accepted, and the process
    /// should end.
    pub async fn storage_failed(&self) {
        tokio::select! {
            () = self.failure.happened() => {}
            () = self.blobs.failed() => {}
        }
    }
}
