//! Fields of a person's profile beyond the name, filled by the hospital's directory.
//!
//! They are custom profile fields as in the specification since v1.16 (client-server API, «Profiles»). The server sends
//! them in `GET /profile/{userId}` and with each result of a search in the user directory.

/// What somebody is: "Oberärztin".
pub const ROLE: &str = "de.konsil.role";
/// Where somebody works: "Kardiologie".
pub const DEPARTMENT: &str = "de.konsil.department";
/// Telephone number within the hospital.
pub const PHONE: &str = "de.konsil.phone";
