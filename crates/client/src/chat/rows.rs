//! View models of a chat.

use std::{fmt, sync::Arc};

use vocabulary::{imported::Imported, removal::RemovalReport};

use super::FindingKind;
use crate::{
    ids::{ChatId, MessageId, PersonId},
    large::OnItsWay,
    people::Person,
    room_list::{Membership, Preview, RoomKind},
};

/// A row of the timeline, from the oldest to the newest.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Stable as long as the chat is open, also when a queued message becomes a sent one.
    pub key: String,
    /// What the row is.
    pub kind: RowKind,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq)]
pub enum RowKind {
    /// Here begins the conversation: nothing older exists.
    Start,
    /// A new day; any moment of that day in milliseconds since 1970.
    Day { at_ms: u64 },
    /// Below are messages that were not read when the chat was opened.
    NewMessages,
    /// A message.
    Message(Box<Message>),
    /// Messages of somebody are missing here, or are not what was sent (II.b).
    Finding { who: Person, kind: FindingKind },
    /// Somebody came, went, or changed something.
    System { at_ms: u64, line: SystemLine },
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// To reply, react, edit, delete.
    pub id: MessageId,
    /// Who wrote it.
    pub sender: Sender,
    /// When the server took it, or when it was written if it still waits. Milliseconds since 1970.
    pub at_ms: u64,
    /// What it says.
    pub body: Body,
    /// The message it answers.
    pub reply: Option<ReplyQuote>,
    /// Reactions in the order of their first appearance.
    pub reactions: Vec<Reaction>,
    /// Changed after it was sent.
    pub edited: bool,
    /// For our own messages: how far it got.
    pub own: Option<OwnState>,
    /// A large file of ours: how far it is on its way out.
    pub on_its_way: Option<OnItsWay>,
    /// The others who have read exactly up to here.
    pub read_by: Vec<Reader>,
    /// The message before is from the same person within five minutes: leave name and avatar out.
    pub continues: bool,
    /// We are mentioned.
    pub highlighted: bool,
    /// Names that stand in the text with an `@` before them, as they stand there.
    pub mentions: Vec<String>,
    /// The text came in parts.
    pub parts: Option<Parts>,
    /// Was passed on from another chat: who stands above it has not written it.
    pub forwarded: bool,
    /// Was taken over from a chat elsewhere, and from where.
    pub imported: Option<Imported>,
    /// So was the message before, from the same messenger and by the same person: that need not be said again.
    pub imported_too: bool,
    /// Is among the pinned messages of the chat.
    pub pinned: bool,
    /// Something about the sender's device that has to be said.
    pub warning: Option<TrustWarning>,
    /// May be changed by us.
    pub can_edit: bool,
    /// May be deleted by us.
    pub can_delete: bool,
    /// Can be answered and reacted to (the server has it and it is readable).
    pub can_reply: bool,
    /// Can be passed on to another chat.
    pub can_forward: bool,
}

impl Message {
    /// A message of which nothing more is known.
    pub(crate) fn new(id: MessageId, sender: Sender, at_ms: u64, body: Body) -> Self {
        Self {
            id,
            sender,
            at_ms,
            body,
            reply: None,
            reactions: Vec::new(),
            edited: false,
            own: None,
            on_its_way: None,
            read_by: Vec::new(),
            continues: false,
            highlighted: false,
            mentions: Vec::new(),
            parts: None,
            forwarded: false,
            imported: None,
            imported_too: false,
            pinned: false,
            warning: None,
            can_edit: false,
            can_delete: false,
            can_reply: false,
            can_forward: false,
        }
    }
}

/// How much of a text that came in parts is here.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// So many.
    pub have: usize,
    /// Of so many.
    pub of: usize,
    /// The messages of the parts behind the first one.
    pub others: Vec<MessageId>,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    /// The person, with role and department as far as the directory knows them.
    pub person: Person,
    /// It is us (on any device).
    pub is_me: bool,
}

/// Text consisting of nothing but emoji is drawn large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmojiOnly(pub bool);

/// Content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Text. Plain, never HTML: links are found by the user interface.
    Text { text: String, emoji_only: EmojiOnly },
    /// A picture.
    Image(ImageView),
    /// A recording to listen to.
    Voice(VoiceView),
    /// A video to watch.
    Video(VideoView),
    /// Any other file.
    File(FileView),
    /// A question with answers to choose from.
    Poll(PollView),
    /// Who somebody is, handed on.
    Contact(Person),
    /// Something that somebody has to take over.
    Urgent(UrgentView),
    /// Deleted by its sender or a moderator.
    Deleted,
    /// Cannot be decrypted here (yet).
    Undecryptable(UndecryptableReason),
    /// Of a kind this version does not know; the fallback text, if it has one.
    Unknown { fallback: Option<String> },
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageView {
    /// Fetch with [`crate::Chat::media`].
    pub full: MediaRef,
    /// Smaller version, if the sender made one.
    pub thumbnail: Option<MediaRef>,
    /// Size in pixels as the sender says, to reserve the place.
    pub size_px: Option<(u32, u32)>,
    /// Size in bytes as the sender says.
    pub size_bytes: Option<u64>,
    /// Text below the picture.
    pub caption: Option<String>,
    /// File name.
    pub name: String,
    /// What the sender took out of it before sending.
    pub removal: Option<RemovalReport>,
}

/// A video.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoView {
    /// Fetch with [`crate::Chat::media`].
    pub file: MediaRef,
    /// A picture out of it, if the sender made one.
    pub poster: Option<MediaRef>,
    /// Content type as the sender says.
    pub mime: Option<String>,
    /// Size in pixels as the sender says, to reserve the place.
    pub size_px: Option<(u32, u32)>,
    /// Length as the sender says.
    pub duration_ms: Option<u64>,
    /// Size in bytes as the sender says.
    pub size_bytes: Option<u64>,
    /// Text below the video.
    pub caption: Option<String>,
    /// File name.
    pub name: String,
    /// What the sender took out of it before sending.
    pub removal: Option<RemovalReport>,
}

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileView {
    /// Fetch with [`crate::Chat::media`].
    pub file: MediaRef,
    /// File name.
    pub name: String,
    /// Content type as the sender says.
    pub mime: Option<String>,
    /// Size in bytes as the sender says.
    pub size_bytes: Option<u64>,
    /// Text below the file.
    pub caption: Option<String>,
    /// What the sender took out of it before sending, and what had to stay.
    pub removal: Option<RemovalReport>,
}

/// A recording.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceView {
    /// Fetch with [`crate::Chat::media`].
    pub file: MediaRef,
    /// Content type as the sender says.
    pub mime: Option<String>,
    /// Length as the sender says.
    pub duration_ms: Option<u64>,
    /// Loudness from 0 to 100 over its length.
    pub waveform: Vec<u8>,
}

/// A question with answers to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct PollView {
    /// What is asked.
    pub question: String,
    /// What can be answered.
    pub answers: Vec<PollAnswer>,
    /// More than one answer can be chosen.
    pub several: bool,
    /// How many have answered.
    pub voters: usize,
    /// No more votes are taken.
    pub ended: bool,
    /// It is ours to end.
    pub can_end: bool,
}

/// One answer of a poll.
#[derive(Clone, Debug, PartialEq)]
pub struct PollAnswer {
    /// To choose it.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Who has chosen it.
    pub by: Vec<Person>,
    /// We have.
    pub mine: bool,
}

/// Something that somebody has to take over.
#[derive(Clone, Debug, PartialEq)]
pub struct UrgentView {
    /// What it says.
    pub text: String,
    /// Who has taken it over.
    pub taken_by: Vec<Person>,
    /// Who is asked and has not answered.
    pub open: Vec<Person>,
    /// We have taken it over.
    pub mine: bool,
    /// Our own answer still waits to be sent.
    pub waiting: bool,
}

/// How far a message of ours got with one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// With whom.
    pub person: Person,
    /// How far.
    pub stage: Stage,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// On the hospital's server.
    OnServer,
    /// On a device of theirs.
    OnDevice,
    /// Read; when, if known.
    Read { at_ms: Option<u64> },
}

/// A message that is kept in sight.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// To go to it.
    pub id: MessageId,
    /// Name of its sender.
    pub sender: String,
    /// One line of it.
    pub preview: Preview,
}

/// Where an attachment lies and the key that opens it. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MediaRef(pub(crate) Arc<str>);

impl fmt::Debug for MediaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaRef([redacted])")
    }
}

/// Why a message cannot be read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndecryptableReason {
    /// The key has not arrived yet; it appears by itself.
    WaitingForKey,
    /// Written before this device existed; readable after the device was confirmed or the recovery key entered.
    NeedsRecovery,
    /// Written before this device existed, and the backup does not have the key.
    NotInBackup,
    /// Written before we were a member.
    BeforeJoining,
    /// The sender gives keys only to confirmed devices, and this one is not.
    DeviceNotConfirmed,
    /// The sender's own device is not confirmed by its owner, so its messages are not shown.
    SenderNotConfirmed,
    /// The sender's identity changed after it had been verified.
    SenderIdentityChanged,
    /// Damaged or of an unknown format.
    Broken,
}

/// Something about the sender's device that has to be said beside the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustWarning {
    /// Sent from a device that its owner has not confirmed.
    DeviceNotConfirmed,
    /// The sender's identity changed after it had been verified.
    IdentityChanged,
    /// The key came by a way that does not prove who wrote it (for example the backup of an old device).
    NotProven,
    /// Arrived without encryption.
    SentInClear,
}

/// The message a reply answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyQuote {
    /// To scroll to it.
    pub id: MessageId,
    /// What it says, as far as it could be found.
    pub target: ReplyTarget,
}

/// What a reply answers.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyTarget {
    /// Being fetched.
    Loading,
    /// Name of the sender and one line of the message.
    Found { sender: Sender, preview: Preview },
    /// Gone or not accessible.
    Missing,
}

/// All reactions with one emoji.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who reacted with it, the first one first.
    pub by: Vec<Person>,
    /// We are among them; toggling takes it back.
    pub mine: bool,
    /// Ours still waits to be sent.
    pub waiting: bool,
}

/// How far our own message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnState {
    /// Clock: waits in the queue or is on its way. Percent of an attachment already uploaded, if known.
    Queued { progress_percent: Option<u8> },
    /// Did not go out and will not by itself.
    Failed(SendFailure),
    /// One tick: the server has it on disk.
    Sent,
    /// Two ticks: it is on a device; in a group, with how many of how many.
    Delivered { to: usize, of: usize },
    /// Two filled ticks: somebody has read it; in a group, how many of how many.
    Read { by: usize, of: usize },
}

/// Why a message did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// Network or server trouble; goes out when the queue runs again.
    NoConnection,
    /// Somebody's verified identity has changed. Confirm the new one or withdraw the verification.
    IdentityChanged,
    /// This device is not confirmed yet, so it may not send.
    ThisDeviceNotConfirmed,
    /// The server refuses it (no permission, not a member any more).
    Refused,
    /// Larger than the server takes.
    TooLarge,
    /// The attachment is not there any more (the tab was closed before it was uploaded).
    AttachmentLost,
    /// Something else.
    Other,
}

/// Somebody who has read up to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// Who.
    pub person: Person,
    /// When, in milliseconds since 1970.
    pub at_ms: Option<u64>,
}

/// What happened, for a line in the middle. Names are ready to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemLine {
    /// The chat was created.
    Created { by: String },
    /// Came in.
    Joined { who: String },
    /// Went.
    Left { who: String },
    /// Was asked in.
    Invited { who: String, by: String },
    /// Declined, or the invitation was withdrawn.
    InvitationEnded { who: String },
    /// Was removed.
    Removed { who: String, by: String },
    /// Was removed for good.
    Banned { who: String, by: String },
    /// Changed the display name.
    NameChanged { from: String, to: String },
    /// Gave the chat a name (which travels encrypted).
    Renamed { by: String, to: String },
    /// Gave the chat a topic (which travels encrypted).
    TopicChanged { by: String, to: String },
    /// A setting of the chat changed.
    SettingChanged { by: String },
}

/// What stands above the chat and above the composer.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatHeader {
    /// Which chat.
    pub id: ChatId,
    /// Kind, with the other person.
    pub kind: RoomKind,
    /// Joined or invited.
    pub membership: Membership,
    /// Name to show.
    pub title: String,
    /// The group's topic.
    pub topic: Option<String>,
    /// Role and department of the other person.
    pub subtitle: Option<String>,
    /// One or two letters for the avatar.
    pub initials: String,
    /// Colour of the avatar, 0 to 7.
    pub tint: u8,
    /// Those in the chat and those invited, by name.
    pub members: Vec<Member>,
    /// Who is writing just now (never us).
    pub typing: Vec<Person>,
    /// We may rename the chat and invite others.
    pub can_manage: bool,
    /// We may pin messages.
    pub can_pin: bool,
    /// Messages that are kept in sight, the latest first.
    pub pinned: Arc<Vec<Pinned>>,
    /// Stands above the other chats.
    pub favourite: bool,
    /// Does not count as unread and does not ring.
    pub muted: bool,
    /// Out of the way.
    pub archived: bool,
    /// The chat is encrypted. `false` only for broken rooms: say so and do not offer the composer.
    pub encrypted: bool,
    /// After how many days the server deletes messages; `None`: not by itself.
    pub kept_days: Option<u16>,
}

/// Somebody in a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Invited but not in it yet.
    pub invited: bool,
    /// Manages the group.
    pub manages: bool,
    /// It is us.
    pub is_me: bool,
    /// We have compared emoji with them.
    pub verified: bool,
    /// They have an identity, by which their devices are known as theirs.
    pub has_identity: bool,
    /// It is known that they have none, as before their first sign-in: what is written now they will never read, since keys go only to
    /// devices that an identity vouches for.
    pub beyond_reach: bool,
    /// We may let them manage the group, or no longer.
    pub can_change: bool,
    /// We may remove them.
    pub can_remove: bool,
}

impl ChatHeader {
    /// The member with this identifier.
    pub fn member(&self, id: &PersonId) -> Option<&Member> {
        self.members.iter().find(|member| &member.person.id == id)
    }

    /// Who will not be able to read what is written now, because they have no device that one could encrypt to.
    pub fn beyond_reach(&self) -> impl Iterator<Item = &Person> {
        self.members.iter().filter(|member| member.beyond_reach).map(|member| &member.person)
    }
}

/// What is above the oldest row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrollBack {
    /// There is more; call [`crate::Chat::load_older`] when the top comes near.
    More,
    /// Loading: show the skeleton above the rows.
    Loading,
    /// The beginning is reached.
    Beginning,
    /// Could not be loaded; offer to try again.
    Failed,
}
