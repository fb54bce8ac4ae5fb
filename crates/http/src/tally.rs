//! How often each route was asked, what it answered, and how long that took: by the route's template, never by what stood in its place,
//! so that nobody can be found in the numbers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode};

/// Upper ends of the times that are told apart, in microseconds; beyond the last there is one more class.
pub const TIMES_US: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000, 30_000_000];

/// The statuses that are told apart. Any other counts as the last one before its number, which keeps it in its class.
const STATUSES: [u16; 20] = [
    200, 201, 204, 206, 300, 302, 304, 400, 401, 403, 404, 405, 409, 413, 416, 429, 500, 502, 503,
    504,
];

/// What one route has answered so far.
#[derive(Debug, Default)]
pub struct Tally {
    statuses: [AtomicU64; STATUSES.len()],
    times: [AtomicU64; TIMES_US.len() + 1],
    total_us: AtomicU64,
}

impl Tally {
    /// Counts an answer. The time ends where the answer's head is ready, not where a slow client has taken its body.
    pub fn count(&self, status: StatusCode, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let status = STATUSES.partition_point(|known| *known <= status.as_u16()).saturating_sub(1);
        self.statuses[status].fetch_add(1, Relaxed);
        self.times[TIMES_US.partition_point(|end| *end < us)].fetch_add(1, Relaxed);
        self.total_us.fetch_add(us, Relaxed);
    }

    /// The numbers of the moment; `None` if nothing was answered yet.
    pub(crate) fn numbers(&self, method: Option<&Method>, path: &'static str) -> Option<Numbers> {
        let of = |count: &AtomicU64| count.load(Relaxed);
        let statuses =
            STATUSES.iter().zip(&self.statuses).map(|(status, count)| (*status, of(count)));
        let statuses: Vec<_> = statuses.filter(|(_, count)| *count > 0).collect();
        let method = method.map_or_else(|| "*".to_owned(), ToString::to_string);
        let times = self.times.each_ref().map(of);
        (!statuses.is_empty()).then(|| Numbers {
            method,
            path,
            statuses,
            times,
            total_us: of(&self.total_us),
        })
    }
}

/// What a route has answered up to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Its method, or `*`.
    pub method: String,
    /// Its template, or `*` for what no route has taken: files of the app, unknown paths, methods that a path has not.
    pub path: &'static str,
    /// Statuses that were answered, and how often.
    pub statuses: Vec<(u16, u64)>,
    /// How many answers took no longer than each end of [`TIMES_US`], and longer than the one before; then all others.
    pub times: [u64; TIMES_US.len() + 1],
    /// How long all answers took together, in microseconds.
    pub total_us: u64,
}

/// One for each route, shared with the requests that are being answered.
pub type Shared = Arc<Tally>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_status_and_time() {
        let tally = Tally::default();
        assert_eq!(tally.numbers(None, "*"), None);
        for (status, us) in [(200, 0), (200, 500), (200, 501), (404, 30_000_001), (418, 7)] {
            let status = StatusCode::from_u16(status).expect("a status");
            tally.count(status, Duration::from_micros(us));
        }
        let numbers = tally.numbers(Some(&Method::GET), "/{room_id}").expect("five answers");
        assert_eq!(numbers.method, "GET");
        assert_eq!(numbers.statuses, [(200, 3), (404, 1), (416, 1)]);
        assert_eq!(numbers.times, [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(numbers.total_us, 30_001_009);
    }

    #[test]
    fn every_status_counts_in_its_class() {
        for status in (200..600).filter_map(|status| StatusCode::from_u16(status).ok()) {
            let tally = Tally::default();
            tally.count(status, Duration::ZERO);
            let [(counted, 1)] = tally.numbers(None, "*").expect("one").statuses[..] else {
                panic!("{status} counts once")
            };
            assert_eq!(counted / 100, status.as_u16() / 100);
        }
    }
}
