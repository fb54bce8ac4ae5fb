//! How long to wait after a failure: longer each time.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);

/// The waiting time of whoever failed so often in a row.
#[derive(Debug)]
pub struct Pause {
    next: Duration,
    longest: Duration,
}

impl Pause {
    /// Doubles from a second up to `longest`.
    pub fn up_to(longest: Duration) -> Self {
        Self { next: FIRST, longest }
    }

    /// After a success.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// After a failure: how long to wait now, if the other side asked for no more than that.
    pub fn take(&mut self, at_least: Option<Duration>) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.longest);
        now.max(at_least.unwrap_or_default().min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_time_up_to_the_longest() {
        let mut pause = Pause::up_to(Duration::from_secs(5));
        let seconds: Vec<_> = (0..4).map(|_| pause.take(None).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 5]);
        pause.reset();
        assert_eq!(pause.take(Some(Duration::from_secs(3))).as_secs(), 3);
        assert_eq!(pause.take(Some(Duration::from_secs(3_600))).as_secs(), 5);
    }
}
