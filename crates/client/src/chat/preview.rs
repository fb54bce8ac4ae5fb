//! One line that stands for a message: in the list of chats and in quotes.

use matrix_sdk_ui::timeline::{MembershipChange, MsgLikeKind, TimelineItemContent};
use ruma::events::room::message::MessageType;

use vocabulary::messages::{CONTACT, URGENT};

use super::SystemLine;
use crate::room_list::Preview;

/// The line for some content; `None` for what is not shown at all. `name` gives the name of a user.
pub(crate) fn preview(
    content: &TimelineItemContent,
    sender: &str,
    name: impl Fn(&ruma::UserId) -> String,
) -> Option<Preview> {
    match content {
        TimelineItemContent::MsgLike(message) => match &message.kind {
            MsgLikeKind::Message(message) => Some(of_message(message.msgtype())),
            MsgLikeKind::Redacted => Some(Preview::Deleted),
            MsgLikeKind::UnableToDecrypt(_) => Some(Preview::Undecryptable),
            MsgLikeKind::Sticker(sticker) => Some(Preview::Text(one_line(&sticker.content().body))),
            MsgLikeKind::Poll(poll) => {
                Some(Preview::Poll { question: one_line(&poll.results().question) })
            }
            MsgLikeKind::LiveLocation(_) | MsgLikeKind::Other(_) => None,
        },
        other => system_line(other, sender, name).map(Preview::System),
    }
}

/// The line for a message.
pub(super) fn of_message(message: &MessageType) -> Preview {
    match message {
        MessageType::Image(image) => Preview::Image { caption: image.caption().map(one_line) },
        MessageType::File(file) => Preview::File { name: file.filename().to_owned() },
        MessageType::Audio(_) => Preview::Audio,
        MessageType::Video(_) => Preview::Video,
        other if other.msgtype() == CONTACT => Preview::Contact { who: one_line(other.body()) },
        other if other.msgtype() == URGENT => Preview::Urgent(one_line(other.body())),
        other => Preview::Text(one_line(other.body())),
    }
}

/// The line for a change of members; `None` for what is not shown.
pub(crate) fn system_line(
    content: &TimelineItemContent,
    sender: &str,
    name: impl Fn(&ruma::UserId) -> String,
) -> Option<SystemLine> {
    match content {
        TimelineItemContent::MembershipChange(change) => {
            let who = name(change.user_id());
            let by = sender.to_owned();
            match change.change()? {
                MembershipChange::Joined
                | MembershipChange::InvitationAccepted
                | MembershipChange::KnockAccepted => Some(SystemLine::Joined { who }),
                MembershipChange::Left => Some(SystemLine::Left { who }),
                MembershipChange::Invited => Some(SystemLine::Invited { who, by }),
                MembershipChange::InvitationRejected | MembershipChange::InvitationRevoked => {
                    Some(SystemLine::InvitationEnded { who })
                }
                MembershipChange::Kicked => Some(SystemLine::Removed { who, by }),
                MembershipChange::Banned | MembershipChange::KickedAndBanned => {
                    Some(SystemLine::Banned { who, by })
                }
                _ => None,
            }
        }
        TimelineItemContent::ProfileChange(change) => {
            let names = change.displayname_change()?;
            let fallback = || name(change.user_id());
            Some(SystemLine::NameChanged {
                from: names.old.clone().unwrap_or_else(fallback),
                to: names.new.clone().unwrap_or_else(fallback),
            })
        }
        TimelineItemContent::OtherState(state) => match state.content() {
            matrix_sdk_ui::timeline::AnyOtherStateEventContentChange::RoomCreate(_) => {
                Some(SystemLine::Created { by: sender.to_owned() })
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_short_line() {
        assert_eq!(one_line("Herr K.\n\n  fiebert "), "Herr K. fiebert");
        assert_eq!(one_line(&"ä".repeat(1000)).chars().count(), 200);
    }
}
