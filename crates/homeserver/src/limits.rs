//! Rate limits, in memory only: what is counted here is never written to disk (II.c).

use std::{collections::HashMap, time::Duration};

use base::{Timestamp, UserNid};
use parking_lot::Mutex;

/// Most buckets that are kept; full ones are dropped first, for they say nothing.
const MAX_BUCKETS: usize = 50_000;

/// What is limited, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Attempts to sign in as this user, whether there is one or not.
    SignIn(String),
    /// Attempts to register, all together: registration is for few, and rarely.
    Registration,
    /// Events that a user sends.
    Send(UserNid),
}

impl Subject {
    /// How many at once, and how long until one more.
    fn allowance(&self) -> (f64, Duration) {
        match self {
            Self::SignIn(_) => (10.0, Duration::from_secs(10)),
            Self::Registration => (20.0, Duration::from_secs(5)),
            Self::Send(_) => (200.0, Duration::from_millis(50)),
        }
    }
}

/// Too many: try again after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests")]
pub struct Exceeded {
    /// When the next one is let through.
    pub retry_after: Duration,
}

/// What each subject has left.
#[derive(Debug, Default)]
pub struct Limits {
    buckets: Mutex<HashMap<Subject, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    as_of: Timestamp,
}

/// Takes one from a bucket that fills up with time.
fn take(
    bucket: Bucket,
    (burst, per_one): (f64, Duration),
    now: Timestamp,
) -> (Bucket, Result<(), Exceeded>) {
    let passed_ms = now.0.saturating_sub(bucket.as_of.0) as f64;
    let per_one_ms = per_one.as_secs_f64() * 1000.0;
    let left = (bucket.left + passed_ms / per_one_ms).min(burst);
    if left >= 1.0 {
        return (Bucket { left: left - 1.0, as_of: now }, Ok(()));
    }
    let retry_after = Duration::from_secs_f64((1.0 - left) * per_one_ms / 1000.0);
    (Bucket { left, as_of: now }, Err(Exceeded { retry_after }))
}

impl Limits {
    /// Counts one, or says how long to wait.
    pub fn count(&self, subject: Subject, now: Timestamp) -> Result<(), Exceeded> {
        let allowance = subject.allowance();
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|subject, bucket| {
                let (burst, per_one) = subject.allowance();
                let (refilled, _) = take(*bucket, (burst, per_one), now);
                refilled.left < burst - 1.0
            });
        }
        let bucket = buckets.entry(subject).or_insert(Bucket { left: allowance.0, as_of: now });
        let (taken, answer) = take(*bucket, allowance, now);
        *bucket = taken;
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_burst_one_goes_through_for_each_step_of_time() {
        let limits = Limits::default();
        let anna = || Subject::SignIn("anna".to_owned());
        let mut now = Timestamp(1_000_000);
        for _ in 0..10 {
            limits.count(anna(), now).expect("within the burst");
        }
        let exceeded = limits.count(anna(), now).expect_err("one too many");
        assert_eq!(exceeded.retry_after, Duration::from_secs(10));
        limits.count(Subject::SignIn("jonas".to_owned()), now).expect("others are not slowed down");
        now = now.after(exceeded.retry_after);
        limits.count(anna(), now).expect("after the time that was named");
        limits.count(anna(), now).expect_err("and only one");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let limits = Limits::default();
        for _ in 0..20 {
            limits.count(Subject::Registration, Timestamp(5_000)).expect("within the burst");
        }
        limits.count(Subject::Registration, Timestamp(1_000)).expect_err("the bucket stays empty");
    }
}
