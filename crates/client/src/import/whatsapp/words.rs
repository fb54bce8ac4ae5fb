//! Sentences WhatsApp writes into an export by itself, as German and English devices have them.

/// Texts in place of a message that was deleted; without the dot, which not all devices write.
const DELETED: &[&str] = &[
    "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht",
    "du hast diese nachricht als admin gelöscht",
    "this message was deleted",
    "you deleted this message",
    "you deleted this message as admin",
];

/// How the texts begin that name who has deleted the message of somebody else.
const DELETED_BY: &[&str] =
    &["diese nachricht wurde von admin ", "this message was deleted by admin "];

/// Follows a text that was changed, between `<` and `>` and without the dot.
const EDITED: &[&str] = &["diese nachricht wurde bearbeitet", "this message was edited"];

/// What an export leaves out.
#[rustfmt::skip]
const LEFT_OUT: &[&str] = &[
    "medien", "bild", "foto", "video", "audio", "gif", "sticker", "dokument", "kontaktkarte", "videonachricht",
    "videonotiz", "sprachnachricht",
    "media", "image", "photo", "document", "contact card", "video message", "video note", "voice message", "message",
];

/// That it leaves it out.
const IS_LEFT_OUT: &[&str] = &[" weggelassen", " ausgelassen", " ausgeschlossen", " omitted"];

/// Words before and after the name of an attachment's file.
pub(super) const BEFORE_FILE: &[&str] = &["anhang:", "angehängt:", "attached:"];
pub(super) const AFTER_FILE: &[&str] = &[" (Datei angehängt)", " (file attached)"];

/// Parts of the notices about a chat and who is in it. They are looked for only where a text is marked as WhatsApp's own.
#[rustfmt::skip]
const NOTICES: &[&str] = &[
    "ende-zu-ende-verschlüssel", "end-to-end encrypt", "sicherheitsnummer", "sicherheitscode", "security code",
    " die gruppe ", "diese gruppe", "dieser gruppe", " der gruppe ", "gruppenname", "gruppenbild", "gruppenbeschreibung",
    "gruppeneinstellungen", "created group", "created the group", "created this group", " the group", "this group",
    "group name", "group description", "group settings", "changed the subject", "den betreff",
    " hinzugefügt", " entfernt", " added ", "was added", "were added", " removed ", "was removed", " left", " joined ",
    "beigetreten", "jetzt admin", "jetzt ein*e admin", "kein admin", "kein*e admin", "now an admin", "no longer an admin",
    "telefonnummer", "phone number", " gewechselt", " changed to ", "selbstlöschende nachrichten", "disappearing messages",
    "nachrichtendauer", "message timer", "ist ein kontakt", "is a contact", "diesen kontakt", "this contact",
    "chat-datenschutz", "chat privacy", "community", "dieses unternehmen", "unternehmenskonto", "this business", "business account",
    "angepinnt", "fixiert", "pinned a message", "meta ai",
];

/// How the notice begins that every chat begins with. It is known without a mark too.
const ENCRYPTED: &[&str] = &[
    "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.",
    "Messages and calls are end-to-end encrypted.",
];

/// Parts of the notices in which somebody names a group, whose name may look like what divides author and text.
#[rustfmt::skip]
const NAMES_GROUP: &[&str] = &[
    " die Gruppe ", " den Gruppennamen ", " den Betreff ", " created group ", " created the group ",
    " changed the group name ", " changed the subject ",
];

/// Longer texts are nobody's notice, and not worth the search.
const LONGEST: usize = 600;

/// In small letters, if it is short enough to be WhatsApp's.
fn small(text: &str) -> Option<String> {
    (text.len() <= LONGEST).then(|| text.trim().to_lowercase())
}

/// Stands in place of a deleted message.
pub(super) fn is_deleted(text: &str) -> bool {
    let Some(text) = small(text) else { return false };
    let text = text.strip_suffix('.').unwrap_or(&text);
    DELETED.contains(&text)
        || DELETED_BY.iter().any(|it| text.starts_with(it)) && !text.contains('\n')
}

/// Says that the text before it was changed.
pub(super) fn is_edited(words: &str) -> bool {
    small(words).is_some_and(|it| EDITED.contains(&it.strip_suffix('.').unwrap_or(&it)))
}

/// What comes before the words that something is left out.
pub(super) fn before_left_out(text: &str) -> Option<&str> {
    IS_LEFT_OUT.iter().find_map(|words| {
        let (before, end) = text.split_at_checked(text.len().checked_sub(words.len())?)?;
        end.eq_ignore_ascii_case(words).then_some(before)
    })
}

/// Such as `Bild` or `Contact card`, also what could be looked at once only.
pub(super) fn is_kind(words: &str) -> bool {
    small(words).is_some_and(|it| LEFT_OUT.contains(&it.strip_prefix("view once ").unwrap_or(&it)))
}

/// Is a notice about the chat: who came and who left, what it is called, that it is encrypted.
pub(super) fn is_notice(text: &str) -> bool {
    // A poll has several lines, and may ask who has left.
    let text = small(text).filter(|it| !it.contains('\n'));
    text.is_some_and(|it| NOTICES.iter().any(|words| it.contains(words)))
}

/// Is the notice that the chat is encrypted.
pub(super) fn is_encrypted(text: &str) -> bool {
    ENCRYPTED.iter().any(|words| text.starts_with(words))
}

/// What looks like an author is the beginning of a notice with a group's name in quotation marks.
pub(super) fn names_group(author: &str) -> bool {
    let named = NAMES_GROUP.iter().find_map(|words| author.split_once(words));
    named.is_some_and(|(_, rest)| rest.contains(['"', '„', '“', '”', '«', '»']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_kept_in_small_letters() {
        for words in [DELETED, DELETED_BY, EDITED, LEFT_OUT, NOTICES].concat() {
            assert_eq!(words, words.to_lowercase());
        }
    }

    #[test]
    fn a_group_with_a_colon_in_its_name_is_no_author() {
        assert!(names_group("Anna hat die Gruppe „Station 3"));
        assert!(names_group("You changed the group name from \"Ward 3"));
        assert!(!names_group("Anna „die Chefin“ Meyer"));
        assert!(!names_group("Team für die Gruppe Nord"));
    }
}
