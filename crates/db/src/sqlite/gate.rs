use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets the checkpointer in between two groups, however busy the writer is.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    writing: bool,
    checkpoint_wanted: bool,
}

impl Gate {
    /// Runs `write` while no checkpoint holds the writer up.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        while state.checkpoint_wanted {
            state = self.wait(state);
        }
        state.writing = true;
        drop(state);
        let result = write();
        let mut state = self.lock();
        state.writing = false;
        if state.checkpoint_wanted {
            self.changed.notify_all();
        }
        result
    }

    /// Runs `checkpoint` between two groups; only the one checkpointer calls this.
    pub(super) fn between_groups<T>(&self, checkpoint: impl FnOnce() -> T) -> T {
        let mut state = self.lock();
        state.checkpoint_wanted = true;
        while state.writing {
            state = self.wait(state);
        }
        drop(state);
        let result = checkpoint();
        self.lock().checkpoint_wanted = false;
        self.changed.notify_all();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}
