//! Who has written a message, and when: its sender, or, where it was taken over from elsewhere, whom the export names.

use client::{Person, PersonId, chat::Message};

use crate::{i18n::Lang, screens::import_chat::source_words};

/// Whether the reader has written it: here, or where they have taken it over from.
pub fn is_mine(message: &Message) -> bool {
    let wrote_it = message.imported.as_ref().is_none_or(|imported| imported.by_importer);
    message.sender.is_me && wrote_it
}

/// Who has written it. For a line of the system in another messenger that messenger.
pub fn writer(message: &Message, lang: Lang) -> Person {
    match &message.imported {
        Some(imported) if !imported.by_importer => {
            let name = imported.author.as_deref();
            let name = name.unwrap_or_else(|| source_words(imported.source, lang)).to_owned();
            Person { name: name.clone(), ..Person::unknown(PersonId::new(name)) }
        }
        _ => message.sender.person.clone(),
    }
}

/// The writer's name, or "you".
pub fn writer_words(message: &Message, lang: Lang) -> String {
    match is_mine(message) {
        true => lang.you().to_owned(),
        false => writer(message, lang).name,
    }
}

/// When it was written, in milliseconds since 1970.
pub fn written_ms(message: &Message) -> u64 {
    message.imported.as_ref().map_or(message.at_ms, |imported| imported.at_ms)
}
