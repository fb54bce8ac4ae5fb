//! From the SDK's timeline items to rows. No waiting and no requests here.

use std::{collections::BTreeSet, sync::Arc};

use matrix_sdk_base::crypto::types::events::UtdCause;
use matrix_sdk_ui::timeline::{
    EncryptedMessage, EventSendState, EventTimelineItem, MsgLikeContent, MsgLikeKind, Profile,
    TimelineDetails, TimelineEventItemId, TimelineEventShieldState, TimelineEventShieldStateCode,
    TimelineItem, TimelineItemContent, TimelineItemKind, VirtualTimelineItem,
};
use ruma::{
    OwnedEventId, OwnedUserId, RoomId, UserId,
    events::room::{MediaSource, message::MessageType},
};

use vocabulary::{
    RoomDetailsEventContent,
    imported::{IMPORTED, Imported, Source},
    messages::{CONTACT, Contact, FORWARDED, TAKEN_OVER, URGENT, from_fields},
    removal::{REMOVAL_REPORT, RemovalReport},
};

use super::{
    Body, EmojiOnly, FileView, ImageView, MediaRef, Member, Message, OwnState, PollAnswer,
    PollView, Reaction, Reader, ReplyQuote, ReplyTarget, Row, RowKind, SendFailure, Sender,
    SystemLine, TrustWarning, UndecryptableReason, UrgentView, VideoView, VoiceView,
    delivery::Delivered,
    parts::{self, Assembly},
    preview,
    responses::{Waiting, What},
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
    /// Those in the chat, and those invited.
    pub members: &'a [Member],
    /// Which chat this is.
    pub room: &'a RoomId,
    /// Our responses that still wait to be sent.
    pub waiting: &'a [Waiting],
    /// How far our messages got with others.
    pub delivered: &'a Delivered,
    /// What is pinned.
    pub pinned: &'a [OwnedEventId],
    /// The last event that was read when the chat was opened.
    pub read_up_to: Option<&'a OwnedEventId>,
}

/// All rows, oldest first.
pub(super) fn rows<'a>(
    items: impl DoubleEndedIterator<Item = &'a Arc<TimelineItem>> + Clone,
    at: &Context<'_>,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let others = at.members.iter().filter(|member| !member.invited && !member.is_me).count();
    let readers = from_below(items.clone(), &at.core.own_id, at.delivered);
    let mut so_far = SoFar::default();
    // What a sync and a page of the history both brought is told once.
    let mut told = BTreeSet::new();
    let mut assembly = Assembly::default();
    let mut passed_read_mark = false;
    let mut marked = false;
    for (item, reach) in items.zip(readers) {
        let key = item.unique_id().0.clone();
        match item.kind() {
            TimelineItemKind::Virtual(VirtualTimelineItem::DateDivider(at)) => {
                (so_far.previous, so_far.from) = (None, None);
                rows.push(Row { key, kind: RowKind::Day { at_ms: at.get().into() } });
            }
            TimelineItemKind::Virtual(VirtualTimelineItem::TimelineStart) => {
                rows.push(Row { key, kind: RowKind::Start });
            }
            TimelineItemKind::Virtual(VirtualTimelineItem::ReadMarker) => {}
            TimelineItemKind::Event(event) => {
                let is_message = matches!(event.content(), TimelineItemContent::MsgLike(_));
                let again = !is_message && event.event_id().is_some_and(|id| !told.insert(id));
                if again {
                    continue;
                }
                let Some(kind) = event_row(event, reach, others, &mut so_far, at) else { continue };
                let part = event.content().as_message().and_then(|it| parts::part_of(it.msgtype()));
                let kind = match (kind, part) {
                    (RowKind::Message(message), Some(part)) => {
                        // Before its own row there may come the line that says what is new.
                        let lines = usize::from(passed_read_mark && !marked && !event.is_own());
                        let next = rows.len() + lines;
                        match assembly.add(&mut rows, next, part, *message) {
                            Some(message) => RowKind::Message(Box::new(message)),
                            None => continue,
                        }
                    }
                    (kind, _) => kind,
                };
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

/// Who stands above a message: its sender, or who has written it elsewhere.
type Writer = (OwnedUserId, Option<String>);

/// What the rows above decide about the next one.
#[derive(Default)]
struct SoFar {
    /// Sender of the message directly above, with who has written it elsewhere, and when it was written.
    previous: Option<(Writer, u64)>,
    /// Who has taken over the message directly above, and from where.
    from: Option<(OwnedUserId, Source)>,
    /// Name and topic of the room as of here.
    details: Option<RoomDetailsEventContent>,
}

/// With how many others a message got how far.
#[derive(Clone, Copy, Default)]
struct Reached {
    delivered: usize,
    read: usize,
}

/// For each item, how many others have it and have read it: the marks lie on it or further down.
fn from_below<'a>(
    items: impl DoubleEndedIterator<Item = &'a Arc<TimelineItem>>,
    own: &UserId,
    delivered: &Delivered,
) -> impl Iterator<Item = Reached> {
    let (mut has, mut read) = (BTreeSet::new(), BTreeSet::new());
    let mut counts: Vec<Reached> = items
        .rev()
        .map(|item| {
            if let Some(event) = item.as_event() {
                let readers = event.read_receipts().keys().filter(|user| *user != own);
                read.extend(readers.cloned());
                if let Some(id) = event.event_id() {
                    has.extend(delivered.at(id).cloned());
                }
            }
            Reached { delivered: has.union(&read).count(), read: read.len() }
        })
        .collect();
    counts.reverse();
    counts.into_iter()
}

fn event_row(
    event: &EventTimelineItem,
    reach: Reached,
    others: usize,
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
    let mut body = body(event, content, at)?;
    let imported = imported(event).or_else(|| {
        let message = content.as_message().filter(|_| event.is_local_echo())?;
        at.core.imports.get(at.room, message.body())
    });
    if let Some(imported) = &imported {
        body = as_imported(body, imported);
    }
    let author = imported.as_ref().and_then(|imported| imported.author.clone());
    let written_ms = imported.as_ref().map_or(at_ms, |imported| imported.at_ms);
    let by = (event.sender().to_owned(), author);
    let from = imported.as_ref().map(|imported| (by.0.clone(), imported.source));
    let imported_too = from.is_some() && so_far.from == from;
    so_far.from = from;
    let continues = so_far.previous.as_ref().is_some_and(|(before, then)| {
        *before == by && written_ms.checked_sub(*then).is_some_and(|ms| ms < TOGETHER_FOR_MS)
    });
    so_far.previous = Some((by, written_ms));
    let readable = !matches!(body, Body::Deleted | Body::Undecryptable(_));
    let message = content.as_message();
    // What somebody has written elsewhere stays as it was taken over.
    let can_edit = readable && event.is_editable() && imported.is_none();
    let urgent = matches!(body, Body::Urgent(_));
    let poll = matches!(body, Body::Poll(_));
    let mut reactions = reactions(event, content, at);
    if urgent {
        // Its card says who has taken it over.
        reactions.retain(|reaction| reaction.emoji != TAKEN_OVER);
    }
    let id = message_id(&event.identifier());
    let sender = at.sender(event.sender(), event.sender_profile());
    Some(RowKind::Message(Box::new(Message {
        reply: content.in_reply_to.as_ref().map(|reply| ReplyQuote {
            id: MessageId::Sent(reply.event_id.as_str().into()),
            target: reply_target(&reply.event, at),
        }),
        reactions,
        edited: message.as_ref().is_some_and(|message| message.is_edited()),
        own: event.is_own().then(|| own_state(event, reach, others)),
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
        mentions: message.as_ref().map(|message| at.mentions(message)).unwrap_or_default(),
        forwarded: readable && is_forwarded(event),
        imported: imported.filter(|_| readable),
        imported_too,
        pinned: event.event_id().is_some_and(|id| at.pinned.iter().any(|pinned| pinned == id)),
        warning: warning(event.get_shield(false)),
        can_edit: can_edit && event.is_own() && !urgent && !poll,
        can_delete: event.is_own() && !matches!(content.kind, MsgLikeKind::Redacted),
        can_reply: readable && event.event_id().is_some(),
        can_forward: readable && message.is_some() && event.event_id().is_some() && !urgent,
        ..Message::new(id, sender, at_ms, body)
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

    /// Names of those mentioned that stand in the text. An answer mentions its addressee without naming them.
    fn mentions(&self, message: &matrix_sdk_ui::timeline::Message) -> Vec<String> {
        let Some(mentions) = message.mentions() else { return Vec::new() };
        let named = |name: &String| message.body().contains(&format!("@{name}"));
        mentions.user_ids.iter().map(|user| self.name(user)).filter(named).collect()
    }

    fn people<'a>(&self, users: impl Iterator<Item = &'a UserId>) -> Vec<Person> {
        users.map(|user| self.core.people.person(self.core, user, None)).collect()
    }
}

/// A field of ours in a message. Only its whole content has it.
fn own_field(event: &EventTimelineItem, name: &str) -> Option<serde_json::Value> {
    #[derive(serde::Deserialize)]
    struct Event {
        content: serde_json::Map<String, serde_json::Value>,
    }
    let json = event.original_json()?.json().get();
    // A cheap look first: most messages do not have it.
    let event: Event = json.contains(name).then(|| serde_json::from_str(json).ok()).flatten()?;
    event.content.get(name).cloned()
}

/// Whether the message was passed on.
fn is_forwarded(event: &EventTimelineItem) -> bool {
    own_field(event, FORWARDED) == Some(true.into())
}

/// Where the message was taken over from.
pub(super) fn imported(event: &EventTimelineItem) -> Option<Imported> {
    serde_json::from_value(own_field(event, IMPORTED)?).ok().filter(Imported::has_a_time)
}

/// What it says, without what stands before it for other clients.
fn as_imported(body: Body, imported: &Imported) -> Body {
    let caption = |caption: Option<String>| {
        let caption = caption.map(|caption| imported.text(&caption).to_owned());
        caption.filter(|caption| !caption.is_empty())
    };
    match body {
        Body::Text { text, .. } => {
            Body::Text { text: imported.text(&text).to_owned(), emoji_only: EmojiOnly(false) }
        }
        Body::Image(image) => Body::Image(ImageView { caption: caption(image.caption), ..image }),
        Body::Video(video) => Body::Video(VideoView { caption: caption(video.caption), ..video }),
        Body::File(file) => Body::File(FileView { caption: caption(file.caption), ..file }),
        other => other,
    }
}

/// The sender's report of what was taken out of a file.
pub(super) fn removal_report(event: &EventTimelineItem) -> Option<RemovalReport> {
    serde_json::from_value(own_field(event, REMOVAL_REPORT)?).ok()
}

pub(super) fn message_id(id: &TimelineEventItemId) -> MessageId {
    match id {
        TimelineEventItemId::TransactionId(id) => MessageId::Waiting(id.as_str().into()),
        TimelineEventItemId::EventId(id) => MessageId::Sent(id.as_str().into()),
    }
}

fn body(event: &EventTimelineItem, content: &MsgLikeContent, at: &Context<'_>) -> Option<Body> {
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
                    removal: removal_report(event),
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
                    removal: removal_report(event),
                })
            }
            MessageType::Audio(audio) => {
                let info = audio.info.as_deref();
                let details = audio.audio.as_ref();
                let duration = details
                    .map(|details| details.duration)
                    .or_else(|| info.and_then(|info| info.duration));
                let percent = |value: &ruma::events::room::message::UnstableAmplitude| {
                    u8::try_from(u64::from(value.get()) * 100 / 1024).unwrap_or(100).min(100)
                };
                Body::Voice(VoiceView {
                    file: media_ref(&audio.source),
                    mime: info.and_then(|info| info.mimetype.clone()),
                    duration_ms: duration.and_then(|it| u64::try_from(it.as_millis()).ok()),
                    waveform: details
                        .map(|details| details.waveform.iter().map(percent).collect())
                        .unwrap_or_default(),
                })
            }
            MessageType::Video(video) => {
                let info = video.info.as_deref();
                Body::Video(VideoView {
                    file: media_ref(&video.source),
                    poster: info.and_then(|info| info.thumbnail_source.as_ref()).map(media_ref),
                    mime: info.and_then(|info| info.mimetype.clone()),
                    size_px: info
                        .and_then(|info| Some((small(info.width?)?, small(info.height?)?))),
                    duration_ms: info
                        .and_then(|info| info.duration)
                        .and_then(|it| u64::try_from(it.as_millis()).ok()),
                    size_bytes: info.and_then(|info| info.size).map(u64::from),
                    caption: video.caption().map(str::to_owned),
                    name: video.filename().to_owned(),
                    removal: removal_report(event),
                })
            }
            // The request to compare emoji is shown by the dialogue, not as a message.
            MessageType::VerificationRequest(_) => return None,
            other if other.msgtype() == CONTACT => match from_fields(&other.data()) {
                Some(contact) => Body::Contact(person_of(contact)),
                None => Body::Unknown { fallback: Some(other.body().to_owned()) },
            },
            other if other.msgtype() == URGENT => {
                Body::Urgent(urgent(other.body(), event, content, at))
            }
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
        MsgLikeKind::Poll(poll) => Body::Poll(poll_view(poll, event, at)),
        MsgLikeKind::LiveLocation(_) => Body::Unknown { fallback: None },
        MsgLikeKind::Other(_) => return None,
    })
}

fn person_of(contact: Contact) -> Person {
    let Contact { user_id, name, role, department, phone } = contact;
    Person { id: crate::ids::PersonId::new(user_id), name, role, department, phone }
}

/// Who has taken an urgent message over, and who is still asked.
fn urgent(
    text: &str,
    event: &EventTimelineItem,
    content: &MsgLikeContent,
    at: &Context<'_>,
) -> UrgentView {
    let all = reactions(event, content, at);
    let taken = all.into_iter().find(|reaction| reaction.emoji == TAKEN_OVER);
    let taken_by: Vec<Person> = taken
        .as_ref()
        .map(|reaction| reaction.by.clone())
        .unwrap_or_default()
        .into_iter()
        .filter(|person| person.id.as_str() != event.sender().as_str())
        .collect();
    let is_open = |member: &&Member| {
        member.person.id.as_str() != event.sender().as_str()
            && !taken_by.iter().any(|person| person.id == member.person.id)
    };
    UrgentView {
        text: text.to_owned(),
        open: at.members.iter().filter(is_open).map(|member| member.person.clone()).collect(),
        taken_by,
        mine: taken.as_ref().is_some_and(|reaction| reaction.mine),
        waiting: taken.is_some_and(|reaction| reaction.waiting),
    }
}

fn poll_view(
    poll: &matrix_sdk_ui::timeline::PollState,
    event: &EventTimelineItem,
    at: &Context<'_>,
) -> PollView {
    let results = poll.results();
    let of_this = |it: &&Waiting| event.event_id().is_some_and(|id| *id == it.target);
    let waiting = at.waiting.iter().rev().filter(of_this).find_map(|it| match &it.what {
        What::Vote { answers } => Some(answers),
        _ => None,
    });
    let own = at.core.own_id.as_str();
    let answers: Vec<PollAnswer> = results
        .answers
        .iter()
        .map(|answer| {
            let votes = results.votes.get(&answer.id).map(Vec::as_slice).unwrap_or_default();
            let mine = match waiting {
                Some(chosen) => chosen.contains(&answer.id),
                None => votes.iter().any(|user| user == own),
            };
            let others = votes.iter().filter(|user| *user != own).map(String::as_str);
            let users = others.chain(mine.then_some(own));
            let users: Vec<OwnedUserId> =
                users.filter_map(|user| UserId::parse(user).ok()).collect();
            PollAnswer {
                id: answer.id.clone(),
                text: answer.text.clone(),
                by: at.people(users.iter().map(|user| &**user)),
                mine,
            }
        })
        .collect();
    let voters: BTreeSet<&str> =
        answers.iter().flat_map(|answer| answer.by.iter().map(|it| it.id.as_str())).collect();
    let ending =
        at.waiting.iter().filter(of_this).any(|it| matches!(it.what, What::EndOfPoll { .. }));
    let ended = results.end_time.is_some() || ending;
    PollView {
        question: results.question,
        several: results.max_selections > 1,
        voters: voters.len(),
        ended,
        can_end: event.is_own() && !ended && event.event_id().is_some(),
        answers,
    }
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

fn own_state(event: &EventTimelineItem, reach: Reached, others: usize) -> OwnState {
    let of = others.max(1);
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
        _ if reach.read > 0 => OwnState::Read { by: reach.read.min(of), of },
        _ if reach.delivered > 0 => OwnState::Delivered { to: reach.delivered.min(of), of },
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
                .filter(|user| *user != own || !waiting.iter().any(|it| it.takes_back(emoji)))
                .map(|user| at.core.people.person(at.core, user, None))
                .collect(),
            mine: false,
            waiting: false,
        })
        .filter(|reaction| !reaction.by.is_empty())
        .collect();
    for emoji in waiting.iter().filter_map(|it| it.adds()) {
        let me = at.core.people.person(at.core, own, None);
        match list.iter_mut().find(|reaction| reaction.emoji == emoji) {
            Some(reaction) if reaction.by.iter().any(|person| person.id == me.id) => {}
            Some(reaction) => {
                reaction.by.push(me);
                reaction.waiting = true;
            }
            None => list.push(Reaction {
                emoji: emoji.to_owned(),
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
