//! What can be done in a chat.

use matrix_sdk::{
    ComposerDraft, ComposerDraftType, Room,
    room::{
        edit::EditedContent,
        reply::{EnforceThread, Reply},
    },
    send_queue::LocalEchoContent,
};
use matrix_sdk_ui::timeline::{
    AttachmentConfig, AttachmentSource, EventTimelineItem, TimelineEventItemId,
};
use ruma::{
    EventId, OwnedEventId, OwnedMxcUri, OwnedTransactionId, RoomId, UInt, UserId,
    api::client::receipt::create_receipt::v3::ReceiptType,
    events::{
        AnyMessageLikeEventContent, Mentions,
        room::message::{
            AddMentions, MessageType, RoomMessageEventContent,
            RoomMessageEventContentWithoutRelation, TextMessageEventContent,
        },
    },
    int,
    serde::Raw,
};
use serde_json::{Map, Value, value::to_raw_value};
use vocabulary::{
    imported::{IMPORTED, Imported},
    messages::{CONTACT, Contact, FORWARDED, TAKEN_OVER, URGENCY, URGENT, fields},
    removal::{REMOVAL_REPORT, RemovalReport},
    sequence::SEQUENCE,
};

use super::{
    ActionError, Body, Chat, Draft, FileToSend, ImageToSend, Open, TextToSend, VideoToSend,
    VoiceToSend, convert, parts, responses, upload::Upload,
};
use crate::{
    details, files,
    ids::{ChatId, MessageId, PersonId},
    large::{LargeToSend, Source, outbox, sealing},
    people::Person,
    sequence,
    trouble::{self, Trouble},
};

impl Chat {
    /// Sends text. Returns as soon as it is safely queued; it is shown at once.
    pub async fn send_text(&self, text: &TextToSend) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let pieces = parts::pieces(&text.text);
        if let [_, _, ..] = pieces[..] {
            return self.send_parts(text, &pieces).await;
        }
        let message = match text.urgent {
            true => {
                MessageType::new(URGENT, text.text.clone(), Default::default()).map_err(failed)?
            }
            false => MessageType::text_plain(&text.text),
        };
        let content = with_mentions(RoomMessageEventContentWithoutRelation::new(message), text);
        if text.urgent {
            return open.send_urgent(content, text.reply_to.as_ref()).await;
        }
        open.send(content, text.reply_to.as_ref()).await
    }

    /// Sends a text in parts; the first one answers and mentions.
    async fn send_parts(&self, text: &TextToSend, pieces: &[&str]) -> Result<(), ActionError> {
        if text.urgent {
            // It is taken over by a reaction to the one message that it is.
            return Err(ActionError::TooLarge { max_bytes: pieces[0].len() as u64 });
        }
        for (at, message) in parts::messages(pieces).map_err(failed)?.into_iter().enumerate() {
            let content = RoomMessageEventContentWithoutRelation::new(message);
            let (content, reply_to) = match at {
                0 => (with_mentions(content, text), text.reply_to.as_ref()),
                _ => (content, None),
            };
            self.inner.open.send(content, reply_to).await?;
        }
        Ok(())
    }

    /// Changes an own message. Urgent and what it answers stay as they were.
    pub async fn edit(&self, message: &MessageId, text: &TextToSend) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let item = open.item(message).await?;
        if !item.is_own() || !item.is_editable() {
            return Err(ActionError::NotAllowed);
        }
        if let [first, _, ..] = parts::pieces(&text.text)[..] {
            // What was one message stays one.
            return Err(ActionError::TooLarge { max_bytes: first.len() as u64 });
        }
        let is_text = item
            .content()
            .as_message()
            .is_some_and(|it| matches!(it.msgtype(), MessageType::Text(_)));
        let content = if is_text {
            let content = RoomMessageEventContentWithoutRelation::text_plain(&text.text);
            EditedContent::RoomMessage(with_mentions(content, text))
        } else {
            let caption = Some(text.text.clone()).filter(|text| !text.is_empty());
            EditedContent::MediaCaption { caption, formatted_caption: None, mentions: None }
        };
        match (item.event_id(), content) {
            (Some(id), content) => {
                let content = open.room.make_edit_event(id, content).await.map_err(failed)?;
                sequence::send(&open.core, &open.room, content, Map::new()).await.map_err(failed)
            }
            (None, EditedContent::RoomMessage(content)) => open.edit_waiting(&item, content).await,
            (None, content) => {
                open.timeline().edit(&item.identifier(), content).await.map_err(failed)
            }
        }
    }

    /// Takes over what somebody has sent as urgent, or no longer. Everybody in the chat sees it.
    pub async fn take_over(&self, message: &MessageId) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let mine = open
            .shown(message)
            .is_some_and(|shown| matches!(&shown.body, super::Body::Urgent(urgent) if urgent.mine));
        let target = event_id(message)?;
        responses::toggle(&open.core, open.room.room_id(), target, TAKEN_OVER, mine).await;
        Ok(())
    }

    /// Hands on who somebody is.
    pub async fn send_contact(&self, person: &Person) -> Result<(), ActionError> {
        let contact = Contact {
            user_id: person.id.to_string(),
            name: person.name.clone(),
            role: person.role.clone(),
            department: person.department.clone(),
            phone: person.phone.clone(),
        };
        let message =
            MessageType::new(CONTACT, contact.body(), fields(&contact)).map_err(failed)?;
        let content = RoomMessageEventContent::new(message);
        self.inner.open.queue(content.into()).await
    }

    /// Passes a message on to other chats, marked as such. An attachment is not sent again, its keys are; the server gives it a file of its own in each
    /// chat, so that each message is deleted by itself. That needs the network.
    ///
    /// # Errors
    /// [`ActionError::FileGone`] if the server has the file no longer. The chats before the one where something failed have got it.
    pub async fn forward(&self, message: &MessageId, to: &[ChatId]) -> Result<(), ActionError> {
        let open = &self.inner.open;
        event_id(message)?;
        let item = open.item(message).await?;
        // Whoever passes it on has not written it.
        let imported = convert::imported(&item).map(|it| Imported { by_importer: false, ..it });
        let in_parts = open.shown(message).filter(|shown| shown.parts.is_some());
        let message = item.content().as_message().ok_or(ActionError::NotAllowed)?;
        let whole = match in_parts.map(|shown| shown.body) {
            Some(Body::Text { text, .. }) => {
                let text = imported.as_ref().map_or(text.clone(), |imported| imported.body(&text));
                parts::messages(&parts::pieces(&text)).map_err(failed)?
            }
            _ => vec![message.msgtype().clone()],
        };
        let mut mark = Map::from_iter([(FORWARDED.to_owned(), Value::Bool(true))]);
        mark.extend(report_field(convert::removal_report(&item)));
        mark.extend(imported_field(imported.as_ref()));
        for chat in to {
            let id = RoomId::parse(chat.as_str()).map_err(failed)?;
            let room = open.core.client.get_room(&id).ok_or(ActionError::NotAllowed)?;
            for message in whole.iter().cloned() {
                let mut made = Vec::new();
                let queued = open.queue_forwarded(&room, message, mark.clone(), &mut made).await;
                if queued.is_err() {
                    files::forget(&open.core, &room, made).await;
                }
                queued?;
            }
        }
        Ok(())
    }

    /// Deletes a message on this device alone; the others keep it.
    pub async fn hide(&self, message: &MessageId) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let mut ids = vec![event_id(message)?];
        for part in open.other_parts(message) {
            ids.push(event_id(&part)?);
        }
        for id in ids {
            open.core.hidden.add(&open.core.client, open.room.room_id(), id.as_str()).await;
        }
        open.core.room_changed(open.room.room_id());
        Ok(())
    }

    /// Lets somebody manage the group, or no longer. Needs the network.
    pub async fn set_manages(&self, person: &PersonId, manages: bool) -> Result<(), ActionError> {
        let user = UserId::parse(person.as_str()).map_err(failed)?;
        let level = if manages { int!(100) } else { int!(0) };
        let room = &self.inner.open.room;
        let changed = room.update_power_levels(vec![(&*user, level)]).await;
        changed.map(drop).map_err(|error| refused(&Trouble::of(&error)))
    }

    /// Removes somebody from the group. Needs the network.
    pub async fn remove(&self, person: &PersonId) -> Result<(), ActionError> {
        let user = UserId::parse(person.as_str()).map_err(failed)?;
        let removed = self.inner.open.room.kick_user(&user, None).await;
        removed.map_err(|error| refused(&Trouble::of(&error)))
    }

    /// Deletes a message for everybody; takes a waiting one out of the queue. Its files at the server go as well, as soon as the server has accepted
    /// the deletion, in the next session if need be; what keeps them from going is no error here.
    pub async fn delete(&self, message: &MessageId) -> Result<(), ActionError> {
        let open = &self.inner.open;
        if let Some(id) = outbox::id_of(message) {
            outbox::cancel(&open.core, id).await;
            return Ok(());
        }
        for part in open.other_parts(message) {
            let item = open.item(&part).await?;
            open.timeline().redact(&item.identifier(), None).await.map_err(failed)?;
        }
        let item = open.item(message).await?;
        let (timeline, id) = (open.timeline(), item.identifier());
        let deletion = timeline.redact(&id, None);
        files::with_files(&open.core, &open.room, &item, deletion).await.map_err(failed)
    }

    /// Adds our reaction or takes it back. Encrypted; waits in a queue while offline.
    pub async fn react(&self, message: &MessageId, emoji: &str) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let target = event_id(message)?;
        let shown = open.shown(message).ok_or(ActionError::UnknownMessage)?;
        let mine = shown.reactions.iter().any(|reaction| reaction.emoji == emoji && reaction.mine);
        responses::toggle(&open.core, open.room.room_id(), target, emoji, mine).await;
        Ok(())
    }

    /// Sends a picture. Returns as soon as it is queued.
    pub async fn send_image(&self, image: ImageToSend) -> Result<(), ActionError> {
        self.inner.open.upload(image.into()).await
    }

    /// Sends a video. Returns as soon as it is queued.
    pub async fn send_video(&self, video: VideoToSend) -> Result<(), ActionError> {
        self.inner.open.upload(video.into()).await
    }

    /// Sends a recording. Returns as soon as it is queued.
    pub async fn send_voice(&self, voice: VoiceToSend) -> Result<(), ActionError> {
        self.inner.open.upload(voice.into()).await
    }

    /// Sends a file. Returns as soon as it is queued.
    pub async fn send_file(&self, file: FileToSend) -> Result<(), ActionError> {
        self.inner.open.upload(file.into()).await
    }

    /// Sends a large file, or a video that is one, piece by piece. Returns when it is encrypted onto the device: until then the app has to stay open,
    /// and `source` has to stay what it is. It is shown at once.
    pub async fn send_large(
        &self,
        file: LargeToSend,
        source: &impl Source,
    ) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let reply_to = file.reply_to.as_ref().map(event_id).transpose()?;
        sealing::take(&open.core, open.room.room_id(), file, reply_to, source).await
    }

    /// Tries a failed message again.
    pub async fn retry(&self, message: &MessageId) -> Result<(), ActionError> {
        let open = &self.inner.open;
        if let Some(id) = outbox::id_of(message) {
            outbox::retry(&open.core, id).await;
            return Ok(());
        }
        let item = open.item(message).await?;
        let handle = item.local_echo_send_handle().ok_or(ActionError::NotAllowed)?;
        handle.unwedge().await.map_err(failed)?;
        open.core.client.send_queue().set_enabled(true).await;
        Ok(())
    }

    /// Tells the others that we are writing, or no longer. Call it on every keystroke; it is throttled here.
    pub async fn typing(&self, writing: bool) {
        // Nobody misses it when it fails.
        let _ = self.inner.open.room.typing_notice(writing).await;
    }

    /// We see the newest row: moves our read mark there. Call it when the chat is visible and at the bottom.
    pub async fn mark_read(&self) {
        let open = &self.inner.open;
        for receipt in [ReceiptType::Read, ReceiptType::FullyRead] {
            if let Err(error) = open.timeline().mark_as_read(receipt).await {
                tracing::debug!(
                    error = trouble::kind_of(&error),
                    "The read mark could not be moved"
                );
                return;
            }
        }
        open.core.room_changed(open.room.room_id());
    }

    /// What was begun in the composer earlier.
    pub async fn draft(&self) -> Draft {
        let open = &self.inner.open;
        let kept = open.room.load_composer_draft(None).await.ok().flatten();
        let draft = kept.map(of_kept).unwrap_or_default();
        open.draft.lock().expect("no panic while held").get_or_insert_with(|| draft.clone());
        draft
    }

    /// Keeps what is begun in the composer, encrypted on this device. An empty draft is deleted.
    pub async fn keep_draft(&self, draft: &Draft) {
        let open = &self.inner.open;
        let before = open.draft.lock().expect("no panic while held").replace(draft.clone());
        // Having been looked at makes it no younger.
        if before.as_ref() == Some(draft) {
            return;
        }
        let is_draft = *draft != Draft::default();
        open.core.expiry.drafted(&open.core.client, open.room.room_id(), is_draft).await;
        let kept = if !is_draft {
            open.room.clear_composer_draft(None).await
        } else {
            let of = |id: &Option<MessageId>| id.as_ref().and_then(|id| event_id(id).ok());
            let draft_type = match (of(&draft.editing), of(&draft.reply_to)) {
                (Some(event_id), _) => ComposerDraftType::Edit { event_id },
                (None, Some(event_id)) => ComposerDraftType::Reply { event_id },
                (None, None) => ComposerDraftType::NewMessage,
            };
            let draft = ComposerDraft {
                plain_text: draft.text.clone(),
                html_text: None,
                draft_type,
                attachments: Vec::new(),
            };
            open.room.save_composer_draft(draft, None).await
        };
        if kept.is_err() {
            tracing::warn!("A draft could not be kept");
        }
        open.core.room_changed(open.room.room_id());
    }

    /// Names the group. Travels encrypted.
    pub async fn rename(&self, name: &str) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let topic = open.core.details.get(open.room.room_id()).and_then(|details| details.topic);
        details::give(&open.core, &open.room, filled(name), topic).await.map_err(failed)
    }

    /// Gives the group a topic. Travels encrypted.
    pub async fn set_topic(&self, topic: &str) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let name = open.core.details.get(open.room.room_id()).and_then(|details| details.name);
        details::give(&open.core, &open.room, name, filled(topic)).await.map_err(failed)
    }

    /// Asks people in.
    pub async fn invite(&self, people: &[PersonId]) -> Result<(), ActionError> {
        let open = &self.inner.open;
        for person in people {
            let user = UserId::parse(person.as_str()).map_err(failed)?;
            open.room
                .invite_user_by_id(&user)
                .await
                .map_err(|error| refused(&Trouble::of(&error)))?;
        }
        // Invited people get the room's keys already, so they see the name before they accept.
        details::repeat(&open.core, &open.room).await;
        Ok(())
    }

    /// Leaves the chat.
    pub async fn leave(&self) -> Result<(), ActionError> {
        self.inner.open.room.leave().await.map_err(|error| refused(&Trouble::of(&error)))
    }
}

fn of_kept(draft: ComposerDraft) -> Draft {
    let (reply_to, editing) = match draft.draft_type {
        ComposerDraftType::NewMessage => (None, None),
        ComposerDraftType::Reply { event_id } => {
            (Some(MessageId::Sent(event_id.as_str().into())), None)
        }
        ComposerDraftType::Edit { event_id } => {
            (None, Some(MessageId::Sent(event_id.as_str().into())))
        }
    };
    Draft { text: draft.plain_text, reply_to, editing }
}

impl Open {
    /// Queues a message, or an answer.
    async fn send(
        &self,
        content: RoomMessageEventContentWithoutRelation,
        reply_to: Option<&MessageId>,
    ) -> Result<(), ActionError> {
        let content = self.related(content, reply_to).await?;
        self.queue(content.into()).await
    }

    pub(super) async fn queue(
        &self,
        content: AnyMessageLikeEventContent,
    ) -> Result<(), ActionError> {
        sequence::send(&self.core, &self.room, content, Map::new()).await.map_err(failed)
    }

    /// Queues a message that is passed on, with files of its own, whose addresses are added to `made`.
    async fn queue_forwarded(
        &self,
        room: &Room,
        mut message: MessageType,
        mark: Map<String, Value>,
        made: &mut Vec<OwnedMxcUri>,
    ) -> Result<(), ActionError> {
        let copied = files::own_files(&self.core, &mut message, made).await;
        copied.map_err(|trouble| match trouble {
            Trouble::NotFound => ActionError::FileGone,
            other => refused(&other),
        })?;
        let content = RoomMessageEventContent::new(message).into();
        sequence::send(&self.core, room, content, mark).await.map_err(failed)
    }

    async fn related(
        &self,
        content: RoomMessageEventContentWithoutRelation,
        reply_to: Option<&MessageId>,
    ) -> Result<RoomMessageEventContent, ActionError> {
        let Some(target) = reply_to else { return Ok(content.with_relation(None)) };
        let reply = Reply {
            event_id: event_id(target)?,
            enforce_thread: EnforceThread::MaybeThreaded,
            add_mentions: AddMentions::Yes,
        };
        self.room.make_reply_event(content, reply).await.map_err(failed)
    }

    /// Changes a text that has not gone out; what it answers and its number stay.
    async fn edit_waiting(
        &self,
        item: &EventTimelineItem,
        content: RoomMessageEventContentWithoutRelation,
    ) -> Result<(), ActionError> {
        let handle = item.local_echo_send_handle().ok_or(ActionError::NotAllowed)?;
        let (echoes, _) = self.room.send_queue().subscribe().await.map_err(failed)?;
        let echo = echoes.iter().find(|it| Some(&*it.transaction_id) == item.transaction_id());
        let Some(LocalEchoContent::Event { serialized_event, .. }) = echo.map(|it| &it.content)
        else {
            return Err(ActionError::UnknownMessage);
        };
        let before: Map<String, Value> =
            serialized_event.raw().0.deserialize_as_unchecked().map_err(failed)?;
        let mut content = fields(&content.with_relation(None));
        let stays = ["m.relates_to", SEQUENCE, IMPORTED];
        content.extend(before.into_iter().filter(|(field, _)| stays.contains(&field.as_str())));
        let raw = to_raw_value(&content).expect("a message serialises");
        match handle.edit_raw(Raw::from_json(raw), "m.room.message".to_owned()).await {
            Ok(true) => Ok(()),
            // It has just gone out.
            Ok(false) => Err(ActionError::UnknownMessage),
            Err(error) => Err(failed(error)),
        }
    }

    /// Queues a message that asks to be taken over.
    async fn send_urgent(
        &self,
        content: RoomMessageEventContentWithoutRelation,
        reply_to: Option<&MessageId>,
    ) -> Result<(), ActionError> {
        let content = self.related(content, reply_to).await?;
        let number = sequence::next(&self.core, self.room.room_id()).await;
        let mut content = marked_urgent(&content);
        content.extend(number.field());
        let raw = to_raw_value(&content).expect("a message serialises");
        let queue = self.room.send_queue();
        queue.send_raw(Raw::from_json(raw), "m.room.message".to_owned()).await.map_err(failed)?;
        number.used();
        Ok(())
    }

    /// The message as it is shown.
    fn shown(&self, message: &MessageId) -> Option<super::Message> {
        let rows = self.rows.read();
        rows.iter().find_map(|row| match &row.kind {
            super::RowKind::Message(it) if it.id == *message => Some((**it).clone()),
            _ => None,
        })
    }

    /// The messages of the parts behind the first one, if the text came in parts.
    fn other_parts(&self, message: &MessageId) -> Vec<MessageId> {
        self.shown(message).and_then(|shown| shown.parts).map(|it| it.others).unwrap_or_default()
    }

    async fn item(&self, message: &MessageId) -> Result<EventTimelineItem, ActionError> {
        let id = match message {
            MessageId::Sent(id) => TimelineEventItemId::EventId(
                EventId::parse(&**id).map_err(|_| ActionError::UnknownMessage)?,
            ),
            MessageId::Waiting(id) => {
                TimelineEventItemId::TransactionId(OwnedTransactionId::from(&**id))
            }
        };
        let items = self.timeline().items().await;
        let found = items.iter().rev().filter_map(|item| item.as_event()).find(|event| match &id {
            TimelineEventItemId::EventId(id) => event.event_id() == Some(id),
            TimelineEventItemId::TransactionId(id) => event.transaction_id() == Some(id),
        });
        found.cloned().ok_or(ActionError::UnknownMessage)
    }

    async fn upload(&self, upload: Upload) -> Result<(), ActionError> {
        // Asked for once and then remembered; offline the server's answer comes with the upload itself.
        if let Ok(limit) = self.core.client.load_or_fetch_max_upload_size().await
            && UInt::new(upload.bytes.len() as u64).is_none_or(|size| size > limit)
        {
            return Err(ActionError::TooLarge { max_bytes: limit.into() });
        }
        let mime = upload.content_type();
        let number = sequence::next(&self.core, self.room.room_id()).await;
        let mut extra_content = report_field(upload.removal);
        extra_content.extend(number.field());
        let source = AttachmentSource::Data { bytes: upload.bytes, filename: upload.name };
        let caption = upload.caption.filter(|text| !text.is_empty());
        let config = AttachmentConfig {
            info: Some(upload.info),
            thumbnail: upload.thumbnail,
            caption: caption.map(TextMessageEventContent::plain),
            in_reply_to: upload.reply_to.as_ref().map(event_id).transpose()?,
            // Within the content, so it is encrypted with it.
            extra_content: Some(extra_content),
            ..AttachmentConfig::default()
        };
        let sent = self.timeline().send_attachment(source, mime, config).use_send_queue().await;
        sent.map_err(failed)?;
        number.used();
        Ok(())
    }
}

/// What stands for a message in requests.
pub(super) fn event_id(message: &MessageId) -> Result<OwnedEventId, ActionError> {
    match message {
        MessageId::Sent(id) => EventId::parse(&**id).map_err(|_| ActionError::UnknownMessage),
        MessageId::Waiting(_) => Err(ActionError::NotSentYet),
    }
}

/// What was taken out of a file, as a field of its message.
pub(crate) fn report_field(report: Option<RemovalReport>) -> Map<String, Value> {
    let report = report.and_then(|report| serde_json::to_value(report).ok());
    report.into_iter().map(|report| (REMOVAL_REPORT.to_owned(), report)).collect()
}

/// Where a message was taken over from, as a field of it.
pub(crate) fn imported_field(imported: Option<&Imported>) -> Map<String, Value> {
    let imported = imported.and_then(|imported| serde_json::to_value(imported).ok());
    imported.into_iter().map(|imported| (IMPORTED.to_owned(), imported)).collect()
}

/// The content with its class in the relation, the only part that stands in clear too: so the server knows whom to wake in quiet
/// hours. It says nothing but that.
fn marked_urgent(content: &RoomMessageEventContent) -> Map<String, Value> {
    let mut content = fields(content);
    let relation = content.entry("m.relates_to").or_insert_with(|| Map::new().into());
    relation[URGENCY] = "urgent".into();
    content
}

fn with_mentions(
    content: RoomMessageEventContentWithoutRelation,
    text: &TextToSend,
) -> RoomMessageEventContentWithoutRelation {
    let users: Vec<_> =
        text.mentions.iter().filter_map(|person| UserId::parse(person.as_str()).ok()).collect();
    if users.is_empty() { content } else { content.add_mentions(Mentions::with_user_ids(users)) }
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(crate) fn failed(error: impl std::fmt::Debug) -> ActionError {
    ActionError::Failed(trouble::kind_of(&error))
}

fn refused(trouble: &Trouble) -> ActionError {
    match trouble {
        Trouble::NoConnection => ActionError::NoConnection,
        Trouble::Refused => ActionError::NotAllowed,
        other => ActionError::Failed(other.code()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_urgent_says_so_in_the_part_that_stays_in_clear_and_nothing_else() {
        let message = MessageType::new(URGENT, "Bitte kommen".into(), Default::default());
        let message = RoomMessageEventContentWithoutRelation::new(message.expect("a message"));
        let alone = marked_urgent(&message.with_relation(None));
        assert_eq!(alone["m.relates_to"], json!({ "de.konsil.urgency": "urgent" }));
        assert_eq!((&alone["msgtype"], &alone["body"]), (&json!(URGENT), &json!("Bitte kommen")));
        let answer: RoomMessageEventContent = serde_json::from_value(json!({
            "msgtype": URGENT, "body": "Bitte kommen",
            "m.relates_to": { "m.in_reply_to": { "event_id": "$1" } },
        }))
        .expect("a message");
        assert_eq!(
            marked_urgent(&answer)["m.relates_to"],
            json!({ "m.in_reply_to": { "event_id": "$1" }, "de.konsil.urgency": "urgent" })
        );
    }
}
