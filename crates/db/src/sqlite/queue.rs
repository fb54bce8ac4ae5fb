use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue from async callers to worker threads; pushing never waits.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
    limit: usize,
}

struct State<T> {
    jobs: VecDeque<T>,
    /// Workers that wait: only then is a wake-up (a system call) needed.
    idle: usize,
    refusing: Option<String>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize) -> Self {
        let state =
            State { jobs: VecDeque::with_capacity(64), idle: 0, refusing: None, closed: false };
        Self { state: Mutex::new(state), ready: Condvar::new(), limit }
    }

    /// Appends a job, or gives it back with the reason.
    pub(super) fn push(&self, job: T) -> Result<(), (T, String)> {
        let mut state = self.lock();
        if let Some(reason) = &state.refusing {
            return Err((job, reason.clone()));
        }
        if state.jobs.len() >= self.limit {
            return Err((job, "too many requests are waiting for it".to_owned()));
        }
        state.jobs.push_back(job);
        let wake = state.idle > 0;
        drop(state);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Moves what is queued now, at most `max`, into `jobs`; waits only while there is nothing. `false` when the
    /// queue is closed and empty.
    pub(super) fn take(&self, max: usize, jobs: &mut Vec<T>) -> bool {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return false;
            }
            state.idle += 1;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        let count = state.jobs.len().min(max);
        jobs.extend(state.jobs.drain(..count));
        true
    }

    pub(super) fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Refuses further jobs for this reason; the first reason stays. Gives back what is queued.
    pub(super) fn refuse(&self, reason: &str) -> VecDeque<T> {
        let mut state = self.lock();
        state.refusing.get_or_insert_with(|| reason.to_owned());
        std::mem::take(&mut state.jobs)
    }

    /// Refuses further jobs; workers end once they have done what is queued.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.refusing.get_or_insert_with(|| "it has been closed".to_owned());
        state.closed = true;
        drop(state);
        self.ready.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_takes_what_is_there_up_to_its_limit_and_in_order() {
        let queue = Queue::new(10);
        (0..5).for_each(|job| queue.push(job).unwrap());
        let mut jobs = vec![];
        assert!(queue.take(3, &mut jobs));
        assert_eq!(jobs, [0, 1, 2]);
    }

    #[test]
    fn a_full_queue_gives_the_job_back() {
        let queue = Queue::new(1);
        queue.push(1).unwrap();
        assert_eq!(queue.push(2).unwrap_err().0, 2);
    }

    #[test]
    fn a_closed_queue_is_emptied_before_its_workers_end() {
        let queue = Queue::new(10);
        queue.push(1).unwrap();
        queue.close();
        assert!(queue.push(2).is_err());
        let mut jobs = vec![];
        assert!(queue.take(10, &mut jobs));
        assert!(!queue.take(10, &mut jobs));
        assert_eq!(jobs, [1]);
    }
}
