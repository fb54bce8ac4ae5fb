//! Opening without the hospital's server, for the hours that it allows (`lock.offline_hours`, M.7, ADR 14).
//!
//! The server's share then also lies on the device, closed by the PIN *and* by a secret that the device's authenticator gives out
//! (WebAuthn PRF) once the person has shown it finger, face or the device's own code. Whoever has copied the files lacks that
//! secret and has no try at all. How long it opens is said by the server's clock and sealed with the share; how much of that time
//! has passed is told by the clock of the device alone.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keys::{self, Derived, SealKey};
use crate::vault::VaultError;

/// With so many wrong PINs in a row the share on the device is erased; then only the server opens, which counts its own.
pub const MAX_WRONG_TRIES: u32 = 5;

/// Clocks are corrected by a little now and then.
const CORRECTION_MS: u64 = 2 * 60 * 1000;

/// What the device's authenticator has made for this lock. Prints without the secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authenticator {
    /// By which the authenticator knows what it has made.
    pub credential: Vec<u8>,
    /// What it is asked with.
    pub input: Vec<u8>,
    /// What it answers, always the same and to nobody else.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator([redacted])")
    }
}

/// Whether the app opens without the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// It was not set up on this device, or the hospital does not allow it any more.
    NotSetUp,
    /// Until then, by the clock of this device.
    Until { at_ms: u64 },
    /// The time is over since then.
    Over { since_ms: u64 },
    /// The clock of this device shows a time before the latest that it has shown.
    ClockSetBack,
    /// There were too many wrong tries.
    UsedUp,
}

/// For how long the server allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowed {
    /// When it was said, by the server's clock.
    pub now_ts: u64,
    /// Until when, by the server's clock.
    pub until_ts: u64,
    /// When it was said, by the clock of this device.
    #[serde(default)]
    pub clock_ms: u64,
}

impl Allowed {
    /// The end, by the clock of this device.
    fn end_ms(self) -> u64 {
        self.clock_ms.saturating_add(self.until_ts.saturating_sub(self.now_ts))
    }

    fn at(self, seen_ms: u64, now_ms: u64) -> Offline {
        let latest_ms = seen_ms.max(self.clock_ms);
        if now_ms + CORRECTION_MS < latest_ms {
            return Offline::ClockSetBack;
        }
        // Whoever sets the clock back by a little gains nothing by doing so often.
        if latest_ms.max(now_ms) >= self.end_ms() {
            return Offline::Over { since_ms: self.end_ms() };
        }
        Offline::Until { at_ms: self.end_ms() }
    }
}

/// The share on the device, and what is known without opening it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OfflineShare {
    /// The PIN that opens it, by its number.
    pub generation: u64,
    /// Unpadded Base64, as all bytes here.
    pub credential: String,
    pub input: String,
    /// Shown before anything is opened. What is sealed counts.
    pub allowed: Allowed,
    /// The latest time that the clock of this device has shown.
    pub seen_ms: u64,
    pub wrong_tries: u32,
    /// Erased after too many wrong tries.
    pub sealed: Option<String>,
}

impl OfflineShare {
    /// Whether it opens now.
    pub fn standing(&self, now_ms: u64) -> Offline {
        match self.sealed {
            Some(_) if self.wrong_tries < MAX_WRONG_TRIES => self.allowed.at(self.seen_ms, now_ms),
            _ => Offline::UsedUp,
        }
    }

    /// Counts a try, before anything is compared.
    pub fn count(&mut self, now_ms: u64) {
        self.wrong_tries += 1;
        self.seen_ms = self.seen_ms.max(now_ms);
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Contents {
    share: Vec<u8>,
    allowed: Allowed,
}

/// Closes the share as long as the app is open.
#[derive(Clone)]
pub(crate) struct Armed {
    credential: Vec<u8>,
    input: Vec<u8>,
    key: SealKey,
    share: Zeroizing<Vec<u8>>,
}

impl Armed {
    pub fn new(derived: &Derived, authenticator: &Authenticator, share: &[u8]) -> Self {
        Self::of_key(of_share(derived, &authenticator.secret), authenticator, share)
    }

    /// With the key that was made when the PIN was typed.
    pub fn of_key(key: SealKey, authenticator: &Authenticator, share: &[u8]) -> Self {
        Self {
            credential: authenticator.credential.clone(),
            input: authenticator.input.clone(),
            key,
            share: Zeroizing::new(share.to_vec()),
        }
    }

    pub fn key(&self) -> &SealKey {
        &self.key
    }

    /// The share as it lies on the device for the time that the server allows.
    pub fn seal(&self, generation: u64, allowed: Allowed) -> Result<OfflineShare, VaultError> {
        let contents = Contents { share: self.share.to_vec(), allowed };
        let bytes = Zeroizing::new(serde_json::to_vec(&contents).expect("plain data serializes"));
        Ok(OfflineShare {
            generation,
            credential: keys::encoded(&self.credential),
            input: keys::encoded(&self.input),
            allowed,
            seen_ms: allowed.clock_ms,
            wrong_tries: 0,
            sealed: Some(self.key.seal(&bytes)?),
        })
    }
}

/// What closes the server's share on the device: PIN and the authenticator's secret.
fn of_share(derived: &Derived, secret: &[u8]) -> SealKey {
    SealKey::of(derived, secret, b"konsil app lock: key of the share without the server")
}

/// Opens the share, with what the authenticator has answered: `None` for another PIN or another authenticator. What is sealed says
/// for how long.
pub(crate) fn open(
    share: &OfflineShare,
    derived: &Derived,
    secret: &[u8],
    now_ms: u64,
) -> Option<(Zeroizing<Vec<u8>>, Offline)> {
    let opened = of_share(derived, secret).open(share.sealed.as_deref()?).ok()?;
    let Contents { share: bytes, allowed } = serde_json::from_slice(&opened).ok()?;
    Some((Zeroizing::new(bytes), allowed.at(share.seen_ms, now_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::keys::Kdf;

    const HOUR_MS: u64 = 60 * 60 * 1000;
    /// Set at noon by the server's clock; that of the device is an hour ahead.
    const ALLOWED: Allowed =
        Allowed { now_ts: 12 * HOUR_MS, until_ts: 24 * HOUR_MS, clock_ms: 13 * HOUR_MS };
    const QUICK: Kdf = Kdf { memory_kib: 64, passes: 1, lanes: 1 };

    fn derived(pin: &str) -> Derived {
        keys::derive(pin, b"0123456789abcdef", QUICK).expect("sound parameters")
    }

    fn authenticator(secret: u8) -> Authenticator {
        Authenticator { credential: vec![1, 2], input: vec![3, 4], secret: vec![secret; 32] }
    }

    fn share() -> OfflineShare {
        let armed = Armed::new(&derived("482913"), &authenticator(9), &[7; 32]);
        armed.seal(1, ALLOWED).expect("sealed")
    }

    #[test]
    fn it_opens_for_the_hours_that_the_server_has_allowed_and_not_a_moment_longer() {
        let end = 25 * HOUR_MS;
        let at = |seen, now| ALLOWED.at(seen, now);
        assert_eq!(at(0, 13 * HOUR_MS), Offline::Until { at_ms: end });
        assert_eq!(at(0, end - 1), Offline::Until { at_ms: end });
        assert_eq!(at(0, end), Offline::Over { since_ms: end });
        assert_eq!(at(end, end - 60_000), Offline::Over { since_ms: end }, "it was over already");
    }

    #[test]
    fn a_clock_that_was_set_back_opens_nothing() {
        assert_eq!(ALLOWED.at(0, 12 * HOUR_MS), Offline::ClockSetBack, "before it was allowed");
        assert_eq!(ALLOWED.at(20 * HOUR_MS, 19 * HOUR_MS), Offline::ClockSetBack);
        let corrected = ALLOWED.at(20 * HOUR_MS, 20 * HOUR_MS - 60_000);
        assert!(matches!(corrected, Offline::Until { .. }), "a minute is a correction");
    }

    #[test]
    fn pin_and_authenticator_are_both_needed() {
        let (share, now) = (share(), 14 * HOUR_MS);
        let opened = |pin: &str, secret: u8| {
            open(&share, &derived(pin), &authenticator(secret).secret, now).map(|it| it.0.to_vec())
        };
        assert_eq!(opened("482913", 9), Some(vec![7; 32]));
        assert_eq!(opened("482914", 9), None);
        assert_eq!(opened("482913", 8), None);
        assert!(open(&share, &derived("482913"), &[], now).is_none());
    }

    #[test]
    fn what_is_sealed_counts_and_not_what_is_written_beside_it() {
        let mut share = share();
        share.allowed.until_ts += 1000 * HOUR_MS;
        let late = 26 * HOUR_MS;
        assert!(matches!(share.standing(late), Offline::Until { .. }), "as it was changed");
        let secret = authenticator(9).secret;
        let (_, standing) = open(&share, &derived("482913"), &secret, late).expect("the right PIN");
        assert_eq!(standing, Offline::Over { since_ms: 25 * HOUR_MS });
    }

    #[test]
    fn five_tries_are_the_last() {
        let mut share = share();
        for _ in 0..4 {
            share.count(14 * HOUR_MS);
        }
        assert!(matches!(share.standing(14 * HOUR_MS), Offline::Until { .. }));
        share.count(14 * HOUR_MS);
        assert_eq!(share.standing(14 * HOUR_MS), Offline::UsedUp);
    }
}
