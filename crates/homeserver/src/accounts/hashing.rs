//! Passwords are hashed on threads of their own.
//!
//! Each hash takes a processor and 19 MiB. An allocator keeps what a thread has freed for that thread: on the runtime's many threads for
//! blocking work, a thousand registrations left 645 MiB behind.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, OnceLock, mpsc},
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// The threads of this process, as many as there are processors; they start with the first password.
fn threads() -> &'static mpsc::Sender<Job> {
    static THREADS: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    THREADS.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            let jobs = jobs.clone();
            let work = move || {
                // Waiting for a job under the lock is waiting in line for it.
                while let Ok(job) = { jobs.lock().expect("nothing panics while it is held").recv() }
                {
                    // A defect costs its own request an answer, and not everybody the thread.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            };
            thread::Builder::new()
                .name("password".to_owned())
                .spawn(work)
                .expect("the operating system gives a thread");
        }
        sender
    })
}

/// Does the work on one of the threads. If whoever waits for it goes, work that has not begun is left out.
pub(super) async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = oneshot::channel();
    let job = move || {
        if !answer.is_closed() {
            // An error means that nobody waits any more.
            let _ = answer.send(work());
        }
    };
    threads().send(Box::new(job)).expect("the threads live as long as the process");
    answered.await.expect("password hashing does not panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_at_once_are_all_answered_by_few_threads() {
        let work = || thread::current().id();
        let answers = futures_util::future::join_all((0..50).map(|_| hashing(work))).await;
        let threads: std::collections::HashSet<_> = answers.iter().collect();
        assert_eq!(answers.len(), 50);
        assert!(threads.len() <= thread::available_parallelism().map_or(2, usize::from));
        assert!(!threads.contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_left_out() {
        let (begin, begun) = mpsc::channel::<()>();
        // All threads are busy until told otherwise.
        let begun = Arc::new(Mutex::new(begun));
        let busy: Vec<_> = (0..thread::available_parallelism().map_or(2, usize::from))
            .map(|_| {
                let begun = begun.clone();
                tokio::spawn(hashing(move || begun.lock().expect("no panic").recv().is_ok()))
            })
            .collect();
        tokio::task::yield_now().await;
        let (done, was_done) = mpsc::channel();
        let given_up = tokio::spawn(hashing(move || done.send(())));
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.is_err_and(|error| error.is_cancelled()));
        busy.iter().for_each(|_| begin.send(()).expect("somebody waits"));
        for busy in busy {
            assert!(busy.await.expect("no panic"));
        }
        assert!(was_done.recv().is_err(), "it was dropped without being done");
    }
}
