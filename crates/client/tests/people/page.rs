//! Where a session lives, as in a browser's page: with it everything ends that the session has begun.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

/// Longest until what is just being written is on the disk.
const LETS_GO: Duration = Duration::from_secs(30);

/// A runtime of its own: the SDK's tasks hold its client, and go on at the store, for as long as it lives.
pub struct Page(Option<Runtime>);

impl Page {
    pub fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self(Some(runtime.expect("a runtime")))
    }

    /// Does it in the page: what it spawns ends with the page.
    pub async fn run<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        match runtime.spawn(what).await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Waits until nothing is done any more.
    pub async fn close(mut self) {
        let runtime = self.0.take().expect("it is there until it is dropped");
        let begun = Instant::now();
        let closing = move || runtime.shutdown_timeout(LETS_GO);
        tokio::task::spawn_blocking(closing).await.expect("it ends");
        assert!(begun.elapsed() < LETS_GO, "something went on in a closed page");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed in a task.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
