//! Words for what the client reports: one line of a chat, what happened, what failed.

use client::{
    chat::{ActionError, OwnState, SendFailure, SystemLine},
    room_list::{Preview, RoomError},
};
use leptos::prelude::*;

use super::{Icon, Picture};
use crate::i18n::{Lang, SystemText};

/// One line for a message, with the icon that belongs to it.
pub fn preview_words(preview: &Preview, lang: Lang) -> (Option<Icon>, String) {
    match preview {
        Preview::Text(text) => (None, text.clone()),
        Preview::Image { caption } => {
            (Some(Icon::Image), caption.clone().unwrap_or_else(|| lang.photo().into()))
        }
        Preview::File { name } => (Some(Icon::Document), name.clone()),
        Preview::Poll { question } => (Some(Icon::Poll), question.clone()),
        Preview::Contact { who } => (Some(Icon::Contact), who.clone()),
        Preview::Urgent(text) => (Some(Icon::Warning), text.clone()),
        Preview::Audio => (Some(Icon::Microphone), lang.voice_message().into()),
        Preview::Video => (Some(Icon::Video), lang.video().into()),
        Preview::Deleted => (Some(Icon::Trash), lang.message_deleted().into()),
        Preview::Older => (None, lang.older_messages().into()),
        Preview::Undecryptable => (Some(Icon::Lock), lang.cannot_be_read().into()),
        Preview::System(line) => (None, system_words(line, lang)),
    }
}

/// What happened, as a sentence.
pub fn system_words(line: &SystemLine, lang: Lang) -> String {
    lang.system_line(match line {
        SystemLine::Created { by } => SystemText::Created { by },
        SystemLine::Joined { who } => SystemText::Joined { who },
        SystemLine::Left { who } => SystemText::Left { who },
        SystemLine::Invited { who, by } => SystemText::Invited { who, by },
        SystemLine::InvitationEnded { who } => SystemText::InvitationEnded { who },
        SystemLine::Removed { who, by } => SystemText::Removed { who, by },
        SystemLine::Banned { who, by } => SystemText::Banned { who, by },
        SystemLine::NameChanged { from, to } => SystemText::NameChanged { from, to },
        SystemLine::Renamed { by, to } => SystemText::Renamed { by, to },
        SystemLine::TopicChanged { by, to } => SystemText::TopicChanged { by, to },
        SystemLine::SettingChanged { by } => SystemText::SettingChanged { by },
    })
}

/// Why something in a chat did not work, and what to do.
pub fn action_words(error: &ActionError, lang: Lang) -> String {
    match error {
        ActionError::UnknownMessage => lang.quote_missing().into(),
        ActionError::NotSentYet => lang.not_sent_yet().into(),
        ActionError::NotAllowed => lang.failed_refused().into(),
        ActionError::NoConnection => lang.needs_network().into(),
        ActionError::TooLarge { max_bytes } => lang.too_large(*max_bytes),
        ActionError::NoRoom { missing_bytes } => lang.no_room(*missing_bytes),
        ActionError::Stuck => lang.stuck().into(),
        ActionError::FileChanged => lang.file_changed().into(),
        ActionError::FileGone => lang.file_gone().into(),
        ActionError::Failed(code) => lang.failed_with(code),
    }
}

/// Why a chat could not be created, entered or left, and what to do.
pub fn room_words(error: &RoomError, lang: Lang) -> String {
    match error {
        RoomError::NoConnection => lang.chat_needs_network().into(),
        RoomError::UnknownChat => lang.chat_unknown().into(),
        RoomError::Refused => lang.chat_refused().into(),
        RoomError::NobodyChosen => lang.choose_members().into(),
        RoomError::Failed(code) => lang.failed_with(code),
    }
}

/// The mark behind our own message: clock, tick, filled ticks, or the word for what is wrong.
pub fn tick(state: &OwnState, lang: Lang) -> AnyView {
    let (icon, class, words) = match state {
        OwnState::Queued { progress_percent: Some(percent) } => {
            (Icon::Clock, "", lang.uploading(*percent))
        }
        OwnState::Queued { progress_percent: None } => {
            (Icon::Clock, "", lang.state_queued().into())
        }
        OwnState::Sent => (Icon::TickSent, "tick", lang.state_sent().into()),
        OwnState::Delivered { to, of } if *of > 1 => {
            (Icon::TickDelivered, "tick both", lang.delivered_to_of(*to, *of))
        }
        OwnState::Delivered { .. } => {
            (Icon::TickDelivered, "tick both", lang.state_delivered().into())
        }
        OwnState::Read { by, of } if *of > 1 => {
            (Icon::TickRead, "tick read", lang.read_by_of(*by, *of))
        }
        OwnState::Read { .. } => (Icon::TickRead, "tick read", lang.state_read().into()),
        OwnState::Failed(failure) => {
            return view! {
                <span class="failed">
                    <Picture icon=Icon::Alert/>
                    {failure_words(*failure, lang)}
                </span>
            }
            .into_any();
        }
    };
    view! {
        <span title=words.clone()>
            <Picture icon class/>
            <span class="sr">{words.clone()}</span>
        </span>
    }
    .into_any()
}

fn failure_words(failure: SendFailure, lang: Lang) -> &'static str {
    match failure {
        SendFailure::NoConnection => lang.failed_network(),
        SendFailure::IdentityChanged => lang.failed_identity(),
        SendFailure::ThisDeviceNotConfirmed => lang.failed_device(),
        SendFailure::Refused => lang.failed_refused(),
        SendFailure::TooLarge => lang.failed_too_large(),
        SendFailure::AttachmentLost => lang.failed_lost(),
        SendFailure::Other => lang.state_failed(),
    }
}
