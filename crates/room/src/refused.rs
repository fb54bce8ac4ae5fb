//! Why an event is not let into a room.

/// The answer to an event that breaks a rule. Each variant tells the caller who has to act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The authorisation rules of the room refuse it (`M_FORBIDDEN`). The reason is written for
    /// developers; it holds identifiers, never content.
    #[error("the room's rules refuse the event: {0}")]
    Forbidden(String),
    /// A part or the whole is longer than the specification allows (`M_TOO_LARGE`).
    #[error("{what} has {bytes} bytes; at most {max_bytes} are allowed")]
    TooLarge {
        /// The part that is too long.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The specification's limit.
        max_bytes: usize,
    },
    /// Not JSON (`M_NOT_JSON`), or not representable as canonical JSON: fractions, exponents,
    /// numbers beyond ±(2^53 − 1), a key given twice, lone surrogates (`M_BAD_JSON`).
    #[error("the JSON is not usable: {0}")]
    BadJson(String),
    /// Well-formed JSON that is not a well-formed event (`M_BAD_JSON`).
    #[error("the event is malformed: {0}")]
    BadEvent(String),
    /// A hash or signature does not fit: altered on the way, or not from whom it says.
    #[error("the event's signature or hash does not fit: {0}")]
    BadSignature(String),
    /// The room version is not one that Konsil knows (`M_UNSUPPORTED_ROOM_VERSION`).
    #[error("the room version is not supported")]
    UnsupportedVersion,
}

impl Refused {
    pub(crate) fn bad_event(reason: impl ToString) -> Self {
        Self::BadEvent(reason.to_string())
    }
}
