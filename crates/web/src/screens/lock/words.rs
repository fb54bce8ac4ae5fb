//! What became of a PIN or of an authenticator, in words.

use client::lock::{Offline, PinNeeded, UnlockError, Weakness};

use crate::{i18n::Lang, passkey::PasskeyError, platform};

/// What is wrong with a new PIN.
pub fn weak_words(weakness: Weakness, min_length: u32, lang: Lang) -> String {
    match weakness {
        Weakness::TooShort => lang.pin_at_least(min_length),
        Weakness::Obvious => lang.pin_obvious().into(),
    }
}

/// What went wrong with a PIN, in words.
pub fn unlock_words(error: &UnlockError, min_length: u32, lang: Lang) -> String {
    match error {
        UnlockError::Wrong { tries_left, .. } => {
            format!("{} {}", lang.wrong_pin(), lang.tries_left(*tries_left))
        }
        UnlockError::TooSoon { retry_after_ms } => lang.next_try_in(retry_after_ms.div_ceil(1000)),
        UnlockError::Destroyed => lang.lock_destroyed().into(),
        UnlockError::SignedOut => lang.lock_signed_out().into(),
        UnlockError::AccountLocked => lang.lock_account().into(),
        UnlockError::NoConnection if !platform::is_online() => lang.lock_offline().into(),
        UnlockError::NoConnection => lang.lock_unreachable().into(),
        UnlockError::WrongOffline { tries_left: 0 } => lang.offline_used_up().into(),
        UnlockError::WrongOffline { tries_left } => {
            let left = lang.tries_left(u64::from(*tries_left));
            format!("{} {left}", lang.wrong_pin_offline())
        }
        UnlockError::NotOffline(offline) => offline_words(*offline, 0, lang),
        UnlockError::PinNeeded(why) => pin_needed_words(*why, None, lang),
        UnlockError::Weak(weakness) => weak_words(*weakness, min_length, lang),
        UnlockError::Store(_) => lang.sign_in_store().into(),
        UnlockError::Failed(code) => lang.failed_with(code),
    }
}

/// Whether it opens without the server, and for how long or why not. `allowed_hours` is the hospital's, 0 if it does not allow it.
pub fn offline_words(offline: Offline, allowed_hours: u32, lang: Lang) -> String {
    let moment = |at_ms: u64| {
        let (then, now) = (platform::local_time(at_ms), platform::now());
        let day = |time: crate::clock::LocalTime| (time.year, time.month, time.day);
        if day(then) == day(now) { then.clock() } else { crate::clock::exact(then, now, lang) }
    };
    match offline {
        Offline::Until { at_ms } => lang.offline_until(&moment(at_ms)),
        Offline::Over { since_ms } => lang.offline_over(&moment(since_ms)),
        Offline::ClockSetBack => lang.offline_clock().into(),
        Offline::UsedUp => lang.offline_used_up().into(),
        Offline::NotSetUp if allowed_hours == 0 => lang.offline_not_allowed().into(),
        Offline::NotSetUp => lang.offline_not_set_up().into(),
    }
}

/// What went wrong with the device's authenticator.
pub fn passkey_words(error: PasskeyError, lang: Lang) -> &'static str {
    match error {
        PasskeyError::Unsupported => lang.passkey_unsupported(),
        PasskeyError::Refused => lang.passkey_refused(),
    }
}

/// Why only the PIN opens it now. `hours` are the hospital's, as far as they are known.
pub fn pin_needed_words(why: PinNeeded, hours: Option<u32>, lang: Lang) -> String {
    match (why, hours) {
        (PinNeeded::TooLong, Some(hours)) => lang.pin_needed_after(hours),
        (PinNeeded::TooLong, None) => lang.pin_needed().into(),
        (PinNeeded::NotAllowed, _) => lang.biometrics_not_allowed().into(),
        (PinNeeded::NotSetUp, _) => lang.biometrics_gone().into(),
    }
}
