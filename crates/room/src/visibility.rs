//! Who may see which event.
//!
//! Spec: <https://spec.matrix.org/latest/client-server-api/#room-history-visibility>.

use ruma::events::room::{history_visibility::HistoryVisibility, member::MembershipState};

/// What a user's right to see an event depends on.
#[derive(Clone, Debug)]
pub struct Viewpoint<'a> {
    /// The room's history visibility at the event; `None` if the room has none.
    pub visibility: Option<&'a HistoryVisibility>,
    /// The user's membership at the event; `None` if there is none.
    pub membership: Option<&'a MembershipState>,
    /// Whether the user joined at any time after the event.
    pub joined_later: bool,
}

/// Whether a user may see an event.
///
/// A change of the history visibility, and a change of the user's own membership, are visible if
/// they are from *either* side: ask with the state before and with the state after the event.
pub fn visible(view: &Viewpoint<'_>) -> bool {
    let joined = view.membership == Some(&MembershipState::Join);
    match view.visibility {
        Some(HistoryVisibility::WorldReadable) => true,
        Some(HistoryVisibility::Joined) => joined,
        Some(HistoryVisibility::Invited) => {
            joined || view.membership == Some(&MembershipState::Invite)
        }
        // Unset, or a value we do not know, is `shared` by the specification.
        Some(_) | None => joined || view.joined_later,
    }
}
