//! Rate limits, in memory only: what is counted here is never written to disk (II.c). Addresses are not even kept in
//! memory, only a hash of each, whose key ends with the process.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    net::IpAddr,
    time::Duration,
};

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
    /// Attempts to sign in from this address, as whomever.
    SignInFrom(Origin),
    /// Requests without an access token from this address.
    Stranger(Origin),
    /// Crash reports from this address.
    CrashReport(Origin),
    /// Requests of a user.
    Request(UserNid),
    /// Events that a user sends, state and memberships among them.
    Send(UserNid),
    /// Tokens that a user makes for another device.
    SignInToken(UserNid),
    /// Reports that a user makes.
    Report(UserNid),
    /// Rooms that a user makes.
    Rooms(UserNid),
    /// Requests by which a user's devices send to other devices.
    ToDevice(UserNid),
}

/// Where a request comes from: a keyed hash of the address. Prints as `[redacted]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin(u64);

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Origin([redacted])")
    }
}

/// What is given to one party: of IPv6 the network, whose other half its owner chooses at will.
fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

impl Subject {
    /// How many at once, and how long until one more.
    fn allowance(&self) -> (f64, Duration) {
        match self {
            Self::SignIn(_) => (10.0, Duration::from_secs(10)),
            Self::Registration => (20.0, Duration::from_secs(5)),
            // Behind one address there may be a whole hospital.
            Self::SignInFrom(_) => (100.0, Duration::from_secs(1)),
            Self::Stranger(_) => (500.0, Duration::from_millis(50)),
            Self::CrashReport(_) => (20.0, Duration::from_secs(30)),
            Self::Request(_) => (1_000.0, Duration::from_millis(10)),
            Self::Send(_) => (200.0, Duration::from_millis(50)),
            Self::SignInToken(_) => (5.0, Duration::from_secs(60)),
            Self::Report(_) => (10.0, Duration::from_secs(60)),
            Self::Rooms(_) => (50.0, Duration::from_secs(36)),
            Self::ToDevice(_) => (500.0, Duration::from_millis(50)),
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
    origins: RandomState,
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
    // Whole milliseconds, as clients are told them, and never none.
    let retry_after = Duration::from_millis(((1.0 - left) * per_one_ms).ceil().max(1.0) as u64);
    (Bucket { left, as_of: now }, Err(Exceeded { retry_after }))
}

impl Limits {
    /// An address as it is counted here.
    pub fn origin(&self, address: IpAddr) -> Origin {
        Origin(self.origins.hash_one(party(address)))
    }

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
    fn an_address_is_counted_by_a_hash_that_tells_nothing() {
        let limits = Limits::default();
        let origin = |address: &str| limits.origin(address.parse().expect("an address"));
        assert_eq!(origin("203.0.113.7"), origin("::ffff:203.0.113.7"), "written in two ways");
        assert_ne!(origin("203.0.113.7"), origin("203.0.113.8"));
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:2"), "one network is one party");
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(format!("{:?}", origin("203.0.113.7")), "Origin([redacted])");
        let other = Limits::default();
        assert_ne!(other.origin("203.0.113.7".parse().expect("an address")), origin("203.0.113.7"));
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
