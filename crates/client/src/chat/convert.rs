//! From the SDK's timeline items to rows. No waiting and no requests here.

use std::{collections::BTreeSet, sync::Arc};

use matrix_sdk_base::crypto::types::events::UtdCause;
use matrix_sdk_ui::timeline::{
    EncryptedMessage, EventSendState, EventTimelineItem, MsgLikeContent, MsgLikeKind, Profile,
    TimelineDetails, TimelineEventItemId, TimelineEventShieldState, TimelineEventShieldStateCode,
    TimelineItem, TimelineItemContent, TimelineItemKind, VirtualTimelineItem,
};
use ruma::{
    OwnedEventId, OwnedUserId, UserId,
    events::room::{MediaSource, message::MessageType},
};

use vocabulary::RoomDetailsEventContent;

use super::{
    Body, EmojiOnly, FileView, ImageView, MediaRef, Message, OwnState, Reaction, Reader,
    ReplyQuote, ReplyTarget, Row, RowKind, SendFailure, Sender, SystemLine, TrustWarning,
    UndecryptableReason, preview, reactions::Waiting,
};
use crate::{
    details, ids::MessageId, people::Person, room_list::Preview, session::core::Core,
    trouble::Trouble,
};

/// Messages of one person that follow each other within this time stand together.
const TOGETHER_FOR_MS: u64 = 5 * 60 * 1000;

/// What the rows depend on besides the items.
pub(super) struct Context<'a> {
    pub core: &'a Arc<Core>,
    /// Other members who have joined.
    pub others: usize,
    /// Our reactions that still wait to be sent.
    pub waiting: &'a [Waiting],
    /// The last event that was read when the chat was opened.
    pub read_up_to: Option<&'a OwnedEventId>,
}

/// All rows, oldest first.
pub(super) fn rows<'a>(
    items: impl DoubleEndedIterator<Item = &'a Arc<TimelineItem>> + Clone,
    at: &Context<'_>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let readers = readers_from_below(items.clone(), &at.core.own_id);
    let mut so_far = SoFar::default();
    let mut passed_read_mark = false;
    let mut marked = false;
    for (item, read_by) in items.zip(readers) {
        let key = item.unique_id().0.clone();
        match item.kind() {
            TimelineItemKind::Virtual(VirtualTimelineItem::DateDivider(at)) => {
                so_far.previous = None;
                rows.push(Row { key, kind: RowKind::Day { at_ms: at.get().into() } });
            }
            TimelineItemKind::Virtual(VirtualTimelineItem::TimelineStart) => {
                rows.push(Row { key, kind: RowKind::Start });
            }
            TimelineItemKind::Virtual(VirtualTimelineItem::ReadMarker) => {}
            TimelineItemKind::Event(event) => {
                let Some(kind) = event_row(event, read_by, &mut so_far, at) else { continue };
                if passed_read_mark && !marked && !event.is_own() {
                    marked = true;
                    rows.push(Row { key: "new".into(), kind: RowKind::NewMessages });
                }
                passed_read_mark |=
                    at.read_up_to.is_some_and(|read| event.event_id() == Some(read));
                rows.push(Row { key, kind });
            }
        }
    }
    rows
}

/// What the rows above decide about the next one.
#[derive(Default)]
struct SoFar {
    /// Sender and time of the message directly above.
    previous: Option<(OwnedUserId, u64)>,
    /// Name and topic of the room as of here.
    details: Option<RoomDetailsEventContent>,
}

/// For each item, how many others have read it: their receipts lie on it or further down.
fn readers_from_below<'a>(
    items: impl DoubleEndedIterator<Item = &'a Arc<TimelineItem>>,
    own: &UserId,
) -> impl Iterator<Item = usize> {
    let mut seen = BTreeSet::new();
    let mut counts: Vec<usize> = items
        .rev()
        .map(|item| {
            if let Some(event) = item.as_event() {
                seen.extend(event.read_receipts().keys().filter(|user| *user != own).cloned());
            }
            seen.len()
        })
        .collect();
    counts.reverse();
    counts.into_iter()
}

fn event_row(
    event: &EventTimelineItem,
    read_by: usize,
    so_far: &mut SoFar,
    at: &Context<'_>,
) -> Option<RowKind> {
    let at_ms = u64::from(event.timestamp().get());
    let TimelineItemContent::MsgLike(content) = event.content() else {
        so_far.previous = None;
        let by = at.person(event.sender(), event.sender_profile()).name;
        let line = preview::system_line(event.content(), &by, |user| at.name(user))?;
        return Some(RowKind::System { at_ms, line });
    };
    if let MsgLikeKind::Other(_) = content.kind {
        let line = renamed(event, so_far, at)?;
        so_far.previous = None;
        return Some(RowKind::System { at_ms, line });
    }
    let body = body(event, content)?;
    let continues = so_far.previous.as_ref().is_some_and(|(sender, then)| {
        sender == event.sender() && at_ms.saturating_sub(*then) < TOGETHER_FOR_MS
    });
    so_far.previous = Some((event.sender().to_owned(), at_ms));
    let readable = !matches!(body, Body::Deleted | Body::Undecryptable(_));
    let message = content.as_message();
    Some(RowKind::Message(Box::new(Message {
        id: message_id(&event.identifier()),
        sender: at.sender(event.sender(), event.sender_profile()),
        at_ms,
        body,
        reply: content.in_reply_to.as_ref().map(|reply| ReplyQuote {
            id: MessageId::Sent(reply.event_id.as_str().into()),
            target: reply_target(&reply.event, at),
        }),
        reactions: reactions(event, content, at),
        edited: message.is_some_and(|message| message.is_edited()),
        own: event.is_own().then(|| own_state(event, read_by, at.others)),
        read_by: event
            .read_receipts()
            .iter()
            .filter(|(user, _)| **user != at.core.own_id)
            .map(|(user, receipt)| Reader {
                person: at.core.people.person(at.core, user, None),
                at_ms: receipt.ts.map(|ts| ts.get().into()),
            })
            .collect(),
        continues,
        highlighted: event.is_highlighted(),
        warning: warning(event.get_shield(false)),
        can_edit: readable && event.is_editable() && event.is_own(),
        can_delete: event.is_own() && !matches!(content.kind, MsgLikeKind::Redacted),
        can_reply: readable && event.event_id().is_some(),
    })))
}

impl Context<'_> {
    fn person(&self, user: &UserId, profile: &TimelineDetails<Profile>) -> Person {
        let fallback = match profile {
            TimelineDetails::Ready(profile) => profile.display_name.as_deref(),
            _ => None,
        };
        self.core.people.person(self.core, user, fallback)
    }

    fn sender(&self, user: &UserId, profile: &TimelineDetails<Profile>) -> Sender {
        Sender { person: self.person(user, profile), is_me: user == self.core.own_id }
    }

    fn name(&self, user: &UserId) -> String {
        self.core.people.person(self.core, user, None).name
    }
}

pub(super) fn message_id(id: &TimelineEventItemId) -> MessageId {
    match id {
        TimelineEventItemId::TransactionId(id) => MessageId::Waiting(id.as_str().into()),
        TimelineEventItemId::EventId(id) => MessageId::Sent(id.as_str().into()),
    }
}

fn body(event: &EventTimelineItem, content: &MsgLikeContent) -> Option<Body> {
    Some(match &content.kind {
        MsgLikeKind::Message(message) => match message.msgtype() {
            MessageType::Image(image) => {
                let info = image.info.as_deref();
                Body::Image(ImageView {
                    full: media_ref(&image.source),
                    thumbnail: info.and_then(|info| info.thumbnail_source.as_ref()).map(media_ref),
                    size_px: info
                        .and_then(|info| Some((small(info.width?)?, small(info.height?)?))),
                    size_bytes: info.and_then(|info| info.size).map(u64::from),
                    caption: image.caption().map(str::to_owned),
                    name: image.filename().to_owned(),
                })
            }
            MessageType::File(file) => {
                let info = file.info.as_deref();
                Body::File(FileView {
                    file: media_ref(&file.source),
                    name: file.filename().to_owned(),
                    mime: info.and_then(|info| info.mimetype.clone()),
                    size_bytes: info.and_then(|info| info.size).map(u64::from),
                    caption: file.caption().map(str::to_owned),
                })
            }
            MessageType::Audio(audio) => {
                let info = audio.info.as_deref();
                Body::File(FileView {
                    file: media_ref(&audio.source),
                    name: audio.filename().to_owned(),
                    mime: info.and_then(|info| info.mimetype.clone()),
                    size_bytes: info.and_then(|info| info.size).map(u64::from),
                    caption: audio.caption().map(str::to_owned),
                })
            }
            MessageType::Video(video) => {
                let info = video.info.as_deref();
                Body::File(FileView {
                    file: media_ref(&video.source),
                    name: video.filename().to_owned(),
                    mime: info.and_then(|info| info.mimetype.clone()),
                    size_bytes: info.and_then(|info| info.size).map(u64::from),
                    caption: video.caption().map(str::to_owned),
                })
            }
            // The request to compare emoji is shown by the dialogue, not as a message.
            MessageType::VerificationRequest(_) => return None,
            other => Body::Text {
                text: other.body().to_owned(),
                emoji_only: EmojiOnly(event.contains_only_emojis()),
            },
        },
        MsgLikeKind::Redacted => Body::Deleted,
        MsgLikeKind::UnableToDecrypt(message) => Body::Undecryptable(undecryptable(message)),
        MsgLikeKind::Sticker(sticker) => {
            Body::Unknown { fallback: Some(sticker.content().body.clone()) }
        }
        MsgLikeKind::Poll(_) | MsgLikeKind::LiveLocation(_) => Body::Unknown { fallback: None },
        MsgLikeKind::Other(_) => return None,
    })
}

fn small(number: ruma::UInt) -> Option<u32> {
    u32::try_from(u64::from(number)).ok()
}

pub(super) fn media_ref(source: &MediaSource) -> MediaRef {
    MediaRef(serde_json::to_string(source).expect("a media source serializes").into())
}

fn undecryptable(message: &EncryptedMessage) -> UndecryptableReason {
    let EncryptedMessage::MegolmV1AesSha2 { cause, .. } = message else {
        return UndecryptableReason::Broken;
    };
    match cause {
        UtdCause::SentBeforeWeJoined => UndecryptableReason::BeforeJoining,
        UtdCause::VerificationViolation => UndecryptableReason::SenderIdentityChanged,
        UtdCause::UnsignedDevice | UtdCause::UnknownDevice => {
            UndecryptableReason::SenderNotConfirmed
        }
        UtdCause::HistoricalMessageAndBackupIsDisabled => UndecryptableReason::NotInBackup,
        UtdCause::HistoricalMessageAndDeviceIsUnverified => UndecryptableReason::NeedsRecovery,
        UtdCause::WithheldForUnverifiedOrInsecureDevice | UtdCause::WithheldBySender => {
            UndecryptableReason::DeviceNotConfirmed
        }
        UtdCause::Unknown => UndecryptableReason::WaitingForKey,
    }
}

fn warning(shield: TimelineEventShieldState) -> Option<TrustWarning> {
    use TimelineEventShieldStateCode as Code;
    let (TimelineEventShieldState::Red { code } | TimelineEventShieldState::Grey { code }) = shield
    else {
        return None;
    };
    match code {
        Code::AuthenticityNotGuaranteed | Code::MismatchedSender => Some(TrustWarning::NotProven),
        Code::UnknownDevice | Code::UnsignedDevice => Some(TrustWarning::DeviceNotConfirmed),
        Code::VerificationViolation => Some(TrustWarning::IdentityChanged),
        Code::SentInClear => Some(TrustWarning::SentInClear),
        // The hospital's certificates vouch for people (a later issue); not having compared emoji is normal.
        Code::UnverifiedIdentity => None,
    }
}

fn own_state(event: &EventTimelineItem, read_by: usize, others: usize) -> OwnState {
    match event.send_state() {
        Some(EventSendState::NotSentYet { progress }) => OwnState::Queued {
            progress_percent: progress.as_ref().and_then(|it| {
                let percent = (it.progress.current * 100).checked_div(it.progress.total)?;
                u8::try_from(percent.min(100)).ok()
            }),
        },
        // It goes out by itself when the server answers again.
        Some(EventSendState::SendingFailed { is_recoverable: true, .. }) => {
            OwnState::Queued { progress_percent: None }
        }
        Some(EventSendState::SendingFailed { error, .. }) => OwnState::Failed(send_failure(error)),
        _ if read_by > 0 => OwnState::Read { by: read_by.min(others.max(1)), of: others.max(1) },
        _ => OwnState::Sent,
    }
}

fn send_failure(error: &matrix_sdk::Error) -> SendFailure {
    use matrix_sdk_base::crypto::SessionRecipientCollectionError as Recipients;
    if let matrix_sdk::Error::OlmError(olm) = error
        && let matrix_sdk_base::crypto::OlmError::SessionRecipientCollectionError(error) = &**olm
    {
        return match error {
            Recipients::VerifiedUserChangedIdentity(_) => SendFailure::IdentityChanged,
            Recipients::CrossSigningNotSetup | Recipients::SendingFromUnverifiedDevice => {
                SendFailure::ThisDeviceNotConfirmed
            }
            Recipients::VerifiedUserHasUnsignedDevice(_) => SendFailure::Other,
        };
    }
    if let matrix_sdk::Error::SendQueueWedgeError(wedged) = error {
        use matrix_sdk::QueueWedgeError as Wedged;
        return match &**wedged {
            Wedged::IdentityViolations { .. } => SendFailure::IdentityChanged,
            Wedged::CrossVerificationRequired => SendFailure::ThisDeviceNotConfirmed,
            Wedged::MissingMediaContent => SendFailure::AttachmentLost,
            _ => SendFailure::Other,
        };
    }
    match Trouble::of(error) {
        Trouble::NoConnection => SendFailure::NoConnection,
        Trouble::Refused => SendFailure::Refused,
        Trouble::TooLarge => SendFailure::TooLarge,
        _ => SendFailure::Other,
    }
}

fn reply_target(
    event: &TimelineDetails<Box<matrix_sdk_ui::timeline::EmbeddedEvent>>,
    at: &Context<'_>,
) -> ReplyTarget {
    match event {
        TimelineDetails::Unavailable | TimelineDetails::Pending => ReplyTarget::Loading,
        TimelineDetails::Error(_) => ReplyTarget::Missing,
        TimelineDetails::Ready(event) => {
            let sender = at.sender(&event.sender, &event.sender_profile);
            match preview::preview(&event.content, &sender.person.name, |user| at.name(user)) {
                Some(preview) => ReplyTarget::Found { sender, preview },
                None => ReplyTarget::Found { sender, preview: Preview::Text(String::new()) },
            }
        }
    }
}

fn reactions(
    event: &EventTimelineItem,
    content: &MsgLikeContent,
    at: &Context<'_>,
) -> Vec<Reaction> {
    let own = &at.core.own_id;
    let waiting: Vec<&Waiting> = at
        .waiting
        .iter()
        .filter(|it| event.event_id().is_some_and(|id| *id == it.target))
        .collect();
    let mut list: Vec<Reaction> = content
        .reactions
        .iter()
        .map(|(emoji, senders)| Reaction {
            emoji: emoji.clone(),
            by: senders
                .keys()
                // Ours that is being taken back is gone for us at once.
                .filter(|user| {
                    *user != own || !waiting.iter().any(|it| !it.add && it.emoji == *emoji)
                })
                .map(|user| at.core.people.person(at.core, user, None))
                .collect(),
            mine: false,
            waiting: false,
        })
        .filter(|reaction| !reaction.by.is_empty())
        .collect();
    for waiting in waiting.iter().filter(|it| it.add) {
        let me = at.core.people.person(at.core, own, None);
        match list.iter_mut().find(|reaction| reaction.emoji == waiting.emoji) {
            Some(reaction) if reaction.by.iter().any(|person| person.id == me.id) => {}
            Some(reaction) => {
                reaction.by.push(me);
                reaction.waiting = true;
            }
            None => list.push(Reaction {
                emoji: waiting.emoji.clone(),
                by: vec![me],
                mine: true,
                waiting: true,
            }),
        }
    }
    for reaction in &mut list {
        reaction.mine = reaction.by.iter().any(|person| person.id.as_str() == own.as_str());
    }
    list
}

/// The line for an encrypted change of name or topic. What is only repeated for a newcomer is not shown.
fn renamed(event: &EventTimelineItem, so_far: &mut SoFar, at: &Context<'_>) -> Option<SystemLine> {
    event.encryption_info()?;
    let (content, _) = details::parse(event.original_json()?.json().get())?;
    let before = so_far.details.replace(content.clone()).unwrap_or_default();
    let by = at.person(event.sender(), event.sender_profile()).name;
    if let Some(name) = content.name
        && before.name.as_ref() != Some(&name)
    {
        return Some(SystemLine::Renamed { by, to: name });
    }
    let topic = content.topic.filter(|topic| before.topic.as_ref() != Some(topic))?;
    Some(SystemLine::TopicChanged { by, to: topic })
}
