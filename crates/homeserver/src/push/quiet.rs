//! Quiet hours: when a person wants to hear only of what is urgent. Decided here, so that a device that sleeps is not woken.

use base::Timestamp;
use jiff::{civil::Time, tz::TimeZone};
use serde::Deserialize;

/// Type of the global account data in which a person keeps them.
pub const QUIET_HOURS: &str = "de.konsil.quiet_hours";

/// `{"from": "20:00", "to": "06:30", "time_zone": "Europe/Berlin"}`
#[derive(Debug, Deserialize)]
struct QuietHours {
    from: String,
    to: String,
    time_zone: String,
}

/// Whether `now` lies in the quiet hours of this account data. What cannot be read silences nobody.
pub fn is_quiet(content: &[u8], now: Timestamp) -> bool {
    inside(content, now).unwrap_or(false)
}

fn inside(content: &[u8], now: Timestamp) -> Option<bool> {
    let hours: QuietHours = serde_json::from_slice(content).ok()?;
    let clock = |text: &str| text.parse::<Time>().ok();
    let (from, to) = (clock(&hours.from)?, clock(&hours.to)?);
    let zone = TimeZone::get(&hours.time_zone).ok()?;
    let now = jiff::Timestamp::from_millisecond(i64::from(now)).ok()?;
    let now = zone.to_datetime(now).time();
    Some(match from < to {
        true => from <= now && now < to,
        // Over midnight; `from` equal to `to` is never quiet.
        false => from != to && (now >= from || now < to),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: &[u8] = br#"{"from":"20:00","to":"06:30","time_zone":"Europe/Berlin"}"#;

    fn at(text: &str) -> Timestamp {
        let time: jiff::Timestamp = text.parse().expect("a time");
        Timestamp(time.as_millisecond().cast_unsigned())
    }

    #[test]
    fn hours_over_midnight_follow_the_clock_on_the_wall() {
        // Central European Summer Time is two hours ahead, winter time one.
        for quiet in [
            "2026-07-01T18:00:00Z",
            "2026-07-01T23:00:00Z",
            "2026-07-02T04:29:59Z",
            "2026-01-10T19:00:00Z",
        ] {
            assert!(is_quiet(NIGHT, at(quiet)), "{quiet}");
        }
        for awake in [
            "2026-07-01T17:59:59Z",
            "2026-07-02T04:30:00Z",
            "2026-01-10T18:00:00Z",
            "2026-01-10T12:00:00Z",
        ] {
            assert!(!is_quiet(NIGHT, at(awake)), "{awake}");
        }
    }

    #[test]
    fn hours_within_a_day_end_where_they_say() {
        let noon = br#"{"from":"12:00","to":"13:00","time_zone":"Etc/UTC"}"#;
        assert!(is_quiet(noon, at("2026-07-01T12:00:00Z")));
        assert!(!is_quiet(noon, at("2026-07-01T13:00:00Z")));
        let never = br#"{"from":"12:00","to":"12:00","time_zone":"Etc/UTC"}"#;
        assert!(!is_quiet(never, at("2026-07-01T12:00:00Z")));
    }

    #[test]
    fn what_cannot_be_read_silences_nobody() {
        for odd in [
            &b"{}"[..],
            b"no",
            br#"{"from":"25:00","to":"06:00","time_zone":"Europe/Berlin"}"#,
            br#"{"from":"00:00","to":"23:59","time_zone":"Mars/Olympus"}"#,
        ] {
            assert!(!is_quiet(odd, at("2026-07-01T12:00:00Z")));
        }
    }
}
