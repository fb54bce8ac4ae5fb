//! The list of chats.

mod actions;
mod build;

pub(crate) use actions::direct;
pub(crate) use build::{AT_MOST_EVERY, face, is_muted, keep_rows};

use std::sync::Arc;

use crate::{
    Live, Session,
    chat::{OwnState, SystemLine},
    ids::ChatId,
    people::Person,
};

/// One row of the list of chats.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomRow {
    /// Which chat; stable key of the row.
    pub id: ChatId,
    /// Between two people, or a group.
    pub kind: RoomKind,
    /// Name to show: the group's encrypted name, the other person's name, or the members' names.
    pub title: String,
    /// Role and department of the other person, in a chat between two.
    pub subtitle: Option<String>,
    /// One or two letters for the avatar.
    pub initials: String,
    /// Colour of the avatar, 0 to 7.
    pub tint: u8,
    /// Whether we are in it or only invited.
    pub membership: Membership,
    /// The last thing that happened.
    pub last: Option<LastLine>,
    /// When something happened, in the server's order (`bump_stamp` of MSC4186): orders chats of which this device was told no time.
    pub recency: u64,
    /// Messages since we last read here, as counted on this device.
    pub unread: u64,
    /// How many of them mention us.
    pub highlights: u64,
    /// Names of those who are writing just now.
    pub typing: Vec<String>,
    /// Text that was begun and not sent.
    pub draft: Option<String>,
    /// Stands above the others.
    pub favourite: bool,
    /// Does not count as unread and does not ring.
    pub muted: bool,
    /// Out of the way, but not gone.
    pub archived: bool,
}

/// Kind of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomKind {
    /// Two people; the other one, if still a member.
    Direct { other: Option<Person> },
    /// More than two, or a group of any size that was created as such.
    Group { members: u64 },
}

/// Whether we are in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// A member.
    Joined,
    /// Asked in, to accept or decline; by whom, if known.
    Invited { by: Option<Person> },
}

/// The last line below a chat's name.
#[derive(Clone, Debug, PartialEq)]
pub struct LastLine {
    /// Name of the sender; `None` for our own messages and system lines.
    pub sender: Option<String>,
    /// What it says.
    pub preview: Preview,
    /// When, in milliseconds since 1970; `None` if this device was never told.
    pub at_ms: Option<u64>,
    /// For our own messages: how far they got.
    pub own: Option<OwnState>,
}

/// One line that stands for a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// Text, in one line.
    Text(String),
    /// A picture, with its caption.
    Image { caption: Option<String> },
    /// A file, with its name.
    File { name: String },
    /// A poll, with what it asks.
    Poll { question: String },
    /// Who somebody is, handed on.
    Contact { who: String },
    /// Something that somebody has to take over.
    Urgent(String),
    /// A recording.
    Audio,
    /// A video.
    Video,
    /// The message was deleted.
    Deleted,
    /// It is too old to be on this device (I.e); the server has it.
    Older,
    /// Cannot be decrypted (yet).
    Undecryptable,
    /// Somebody came, went, or changed something.
    System(SystemLine),
}

/// Everything the list shows.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomListView {
    /// Still waiting for the first rows: show a skeleton.
    pub loading: bool,
    /// Invitations first, then favourites, then the latest on top. Unchanged rows keep their `Arc`.
    pub rows: Arc<Vec<Arc<RoomRow>>>,
    /// Sum over all chats that are neither muted nor archived, for the tab's title and the bottom bar.
    pub unread_total: u64,
}

impl Default for RoomListView {
    fn default() -> Self {
        Self { loading: true, rows: Arc::default(), unread_total: 0 }
    }
}

/// Handle to the list of chats.
#[derive(Clone)]
pub struct RoomList {
    pub(crate) session: Session,
}

/// Whether a row matches what was typed into the search field: every word must occur in title or subtitle.
pub fn matches(row: &RoomRow, search: &str) -> bool {
    let haystack =
        format!("{} {}", row.title, row.subtitle.as_deref().unwrap_or_default()).to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| haystack.contains(word))
}

/// Why a chat could not be created, entered or left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// No network or no answer.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The chat is not known here (any more).
    #[error("the chat is not known")]
    UnknownChat,
    /// The server does not allow it.
    #[error("the server refuses it")]
    Refused,
    /// Nobody was chosen.
    #[error("nobody was chosen")]
    NobodyChosen,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl RoomList {
    /// The rows.
    pub fn view(&self) -> Live<RoomListView> {
        Live::of(&self.session.inner.core.rooms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str, subtitle: Option<&str>) -> RoomRow {
        RoomRow {
            id: ChatId::new("!1:klinikum.example"),
            kind: RoomKind::Group { members: 3 },
            title: title.into(),
            subtitle: subtitle.map(Into::into),
            initials: String::new(),
            tint: 0,
            membership: Membership::Joined,
            last: None,
            recency: 0,
            unread: 0,
            highlights: 0,
            typing: Vec::new(),
            draft: None,
            favourite: false,
            muted: false,
            archived: false,
        }
    }

    #[test]
    fn the_filter_wants_every_word_in_title_or_subtitle() {
        let anna = row("Dr. Anna Meyer", Some("Oberärztin · Kardiologie"));
        for (search, expected) in
            [("", true), ("ann kardio", true), ("MEYER", true), ("anna chirurgie", false)]
        {
            assert_eq!(matches(&anna, search), expected, "{search}");
        }
        assert!(!matches(&row("Station 3", None), "anna"));
    }
}
