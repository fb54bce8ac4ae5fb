//! What a message says besides its words: that it was deleted or changed, and what was attached.

use super::{
    Gone,
    marks::{OWN_WORDS, is_mark, plain},
    words,
};

/// A message without its head and author.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub text: String,
    pub attachment: Option<String>,
    pub gone: Option<Gone>,
    pub edited: bool,
    /// It is WhatsApp's own, although it has an author.
    pub is_notice: bool,
}

impl Body {
    /// Reads what follows the author. `is_marked`: the line begins with WhatsApp's mark for its own words.
    pub(super) fn read(text: &str, is_marked: bool) -> Self {
        let (text, edited) = without_edited(text);
        let whole = plain(text);
        if whole.is_empty() {
            // Nobody can send an empty message: it was to be looked at once only, or could not be exported.
            return Self { gone: Some(Gone::LeftOut), edited, ..Self::default() };
        }
        if words::is_deleted(&whole) {
            return Self { gone: Some(Gone::Deleted), ..Self::default() };
        }
        if let Some((file, caption)) = attached(&whole) {
            let (attachment, text) = (Some(file.to_owned()), caption.trim().to_owned());
            return Self { text, attachment, edited, ..Self::default() };
        }
        if let Some(text) = left_out_in_brackets(&whole).or_else(|| left_out(text, is_marked)) {
            return Self { text, gone: Some(Gone::LeftOut), edited, ..Self::default() };
        }
        let is_own = text.starts_with(OWN_WORDS);
        let is_notice = words::is_encrypted(&whole) || is_own && words::is_notice(&whole);
        Self { text: whole.into_owned(), edited, is_notice, ..Self::default() }
    }
}

/// Takes `<Diese Nachricht wurde bearbeitet.>` from the end.
fn without_edited(text: &str) -> (&str, bool) {
    let ended = text.trim_end_matches(|it: char| is_mark(it) || it.is_whitespace());
    let before = ended.strip_suffix('>').and_then(|it| it.rsplit_once('<'));
    match before {
        Some((before, words)) if words::is_edited(words) => (before, true),
        _ => (text, false),
    }
}

/// Name of the attachment's file, and the caption.
fn attached(text: &str) -> Option<(&str, &str)> {
    attached_android(text).or_else(|| attached_ios(text))
}

/// `IMG-20240312-WA0001.jpg (Datei angehängt)`, the caption on the next line.
fn attached_android(text: &str) -> Option<(&str, &str)> {
    let (line, caption) = text.split_once('\n').unwrap_or((text, ""));
    let file = words::AFTER_FILE.iter().find_map(|it| line.trim_end().strip_suffix(it))?;
    is_file(file).then_some((file, caption))
}

/// `<Anhang: 00000012-PHOTO-2024-03-12-14-05-33.jpg>`, the caption before it.
fn attached_ios(text: &str) -> Option<(&str, &str)> {
    let (caption, file) = match text.strip_suffix('>') {
        Some(before) => before.rsplit_once('<')?,
        None => {
            let (file, caption) = text.strip_prefix('<')?.split_once('>')?;
            (caption, file)
        }
    };
    let file = words::BEFORE_FILE.iter().find_map(|it| {
        let words = file.get(..it.len())?;
        (words.to_lowercase() == *it).then(|| file[it.len()..].trim())
    })?;
    is_file(file).then_some((file, caption))
}

/// Can be the name of a file within the export.
fn is_file(name: &str) -> bool {
    let kind = name.rsplit_once('.').filter(|(name, _)| !name.is_empty()).map(|(_, kind)| kind);
    kind.is_some_and(|it| {
        matches!(it.len(), 1..=10) && it.bytes().all(|it| it.is_ascii_alphanumeric())
    }) && !name.contains(['/', '\\', '\n', '<', '>'])
}

/// `<Medien ausgeschlossen>`, the caption or the document's name on the next line. Gives the latter.
fn left_out_in_brackets(text: &str) -> Option<String> {
    let (words, caption) = text.strip_prefix('<')?.split_once('>')?;
    let kind = words::before_left_out(words)?;
    words::is_kind(kind).then(|| caption.trim().to_owned())
}

/// `Bild weggelassen` or `Befund.pdf • 3 Seiten Dokument weggelassen`. Gives the caption or the document's name.
///
/// Without the mark these are words somebody has typed.
fn left_out(text: &str, is_marked: bool) -> Option<String> {
    let text = text.trim_end_matches(|it: char| is_mark(it) || it.is_whitespace());
    let text = words::before_left_out(text)?;
    let (caption, kind) = match text.rsplit_once(OWN_WORDS) {
        Some(parts) => parts,
        None if is_marked => ("", text),
        None => return None,
    };
    if words::is_kind(kind) {
        return Some(plain(caption).trim_end_matches(['•', ' ']).to_owned());
    }
    // A document: the mark is before its name or before the number of its pages.
    let text = plain(text);
    let name = match text.rsplit_once(' ') {
        Some((name, kind)) if words::is_kind(kind) => name,
        _ => &text,
    };
    let name = match name.rsplit_once('•') {
        Some((name, pages)) if pages.trim().starts_with(|it: char| it.is_ascii_digit()) => name,
        _ => name,
    };
    is_file(name.trim()).then(|| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        Body::read(text, false)
    }

    fn gone(text: &str, why: Gone) -> Body {
        Body { text: text.to_owned(), gone: Some(why), ..Body::default() }
    }

    fn words(text: &str) -> Body {
        Body { text: text.to_owned(), ..Body::default() }
    }

    fn file(name: &str, caption: &str) -> Body {
        Body { attachment: Some(name.to_owned()), ..words(caption) }
    }

    #[test]
    fn what_was_deleted_is_gone() {
        for text in [
            "Diese Nachricht wurde gelöscht",
            "\u{200e}Diese Nachricht wurde gelöscht.",
            "Du hast diese Nachricht gelöscht.\r\n",
            "This message was deleted",
            "\u{200e}You deleted this message.",
            "This message was deleted by admin Petra Holm.",
        ] {
            assert_eq!(body(text), gone("", Gone::Deleted), "{text}");
        }
        let quoted = "Diese Nachricht wurde gelöscht, warum?";
        assert_eq!(body(quoted), words(quoted));
    }

    #[test]
    fn what_was_changed_is_told_beside_the_text() {
        for text in [
            "OP um 9 <Diese Nachricht wurde bearbeitet.>",
            "OP um 9 \u{200e}<Diese Nachricht wurde bearbeitet>\r\n",
            "OP um 9\u{200e} <This message was edited>",
            "OP um 9 \u{200e}<This message was edited.>\u{200e}",
        ] {
            assert_eq!(body(text), Body { edited: true, ..words("OP um 9") }, "{text}");
        }
        let typed = "Da steht <Diese Nachricht wurde bearbeitet.> davor";
        assert_eq!(body(typed), words(typed));
    }

    #[test]
    fn what_the_export_leaves_out_is_known_by_the_mark_or_the_brackets() {
        for text in [
            "<Medien ausgeschlossen>",
            "<Media omitted>\n",
            "<Video message omitted>",
            "<View once voice message omitted>",
            "\u{200e}Bild weggelassen",
            "\u{200e}Image omitted\r\n",
            "\u{200e}Kontaktkarte ausgelassen",
            "\u{200e}GIF omitted",
            "<\u{200e}audio omitted>",
        ] {
            assert_eq!(body(text), gone("", Gone::LeftOut), "{text}");
        }
        assert_eq!(Body::read("Video weggelassen", true), gone("", Gone::LeftOut));
        for typed in
            ["Bild weggelassen", "<Gruß weggelassen>", "@\u{2068}Anna\u{2069} Video weggelassen"]
        {
            assert_eq!(body(typed), words(&plain(typed)), "{typed}");
        }
    }

    #[test]
    fn captions_and_names_of_what_is_left_out_stay() {
        let caption = gone("EKG von Bett 3", Gone::LeftOut);
        assert_eq!(body("<Medien ausgeschlossen>\nEKG von Bett 3"), caption);
        assert_eq!(body("EKG von Bett 3 \u{200e}Bild weggelassen"), caption);
        for text in [
            "\u{200e}Befund Nord.pdf • \u{200e}3 Seiten Dokument weggelassen",
            "\u{200e}Befund Nord.pdf • 1 Seite Dokument weggelassen",
            "\u{200e}Befund Nord.pdf • \u{200e}3 pages document omitted",
            "Befund Nord.pdf \u{200e}Dokument weggelassen",
            "\u{200e}Befund Nord.pdf weggelassen",
        ] {
            assert_eq!(body(text), gone("Befund Nord.pdf", Gone::LeftOut), "{text}");
        }
    }

    #[test]
    fn attachments_are_named_and_keep_their_captions() {
        let photo = "00000012-PHOTO-2024-03-12-14-05-33.jpg";
        assert_eq!(body(&format!("\u{200e}<Anhang: {photo}>\r\n")), file(photo, ""));
        assert_eq!(body(&format!("\u{200e}<attached: {photo}>")), file(photo, ""));
        let caption = file(photo, "EKG,\nBett 3");
        assert_eq!(body(&format!("EKG,\nBett 3 \u{200e}<attached: {photo}>")), caption);
        assert_eq!(body(&format!("<attached: {photo}>\nEKG,\nBett 3")), caption);
        let image = "IMG-20240312-WA0001.jpg";
        assert_eq!(body(&format!("\u{200e}{image} (Datei angehängt)")), file(image, ""));
        let caption = file(image, "EKG,\nBett 3");
        assert_eq!(body(&format!("{image} (file attached)\nEKG,\nBett 3\n")), caption);
        let edited = format!("{image} (file attached)\nBett 3 <This message was edited>");
        assert_eq!(body(&edited), Body { edited: true, ..file(image, "Bett 3") });
        for typed in ["siehe oben (Datei angehängt)", "<Anhang: ../chat.txt>", "<Anhang: fehlt>"] {
            assert_eq!(body(typed), words(typed));
        }
    }

    #[test]
    fn notices_are_known_by_their_mark() {
        for text in [
            "\u{200e}Petra Holm hat die Gruppe „Nord“ erstellt",
            "\u{200e}Anna wurde hinzugefügt.",
            "\u{200e}Anna left",
            "\u{200e}You're now an admin",
            "\u{200e}Jonas changed their phone number to a new number.",
            "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Tippe, um mehr zu erfahren.",
        ] {
            assert_eq!(body(text), Body { is_notice: true, ..words(&plain(text)) }, "{text}");
        }
        for typed in ["Anna left", "Ich habe Anna hinzugefügt", "\u{200e}Guten Tag"] {
            assert_eq!(body(typed), words(&plain(typed)), "{typed}");
        }
    }

    #[test]
    fn an_empty_message_could_not_be_exported() {
        for text in ["", " \r\n", "\u{200e}"] {
            assert_eq!(body(text), gone("", Gone::LeftOut));
        }
    }

    #[test]
    fn calls_polls_and_places_are_texts() {
        for text in [
            "\u{200e}Verpasster Sprachanruf. Zum Zurückrufen tippen",
            "\u{200e}Voice call. \u{200e}12 min",
            "\u{200e}UMFRAGE:\nWer hat die Gruppe verlassen?\n\u{200e}OPTION: Ja (1 Stimme)",
            "\u{200e}POLL:\nWho left?\n\u{200e}OPTION: Anna (2 votes)",
            "Standort: https://maps.example/?q=52.37,9.73",
            "null",
        ] {
            assert_eq!(body(text), words(&plain(text)), "{text}");
        }
    }
}
