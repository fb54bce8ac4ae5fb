//! What a file holds that somebody has exported elsewhere.

use std::collections::{BTreeMap, HashMap};

use super::{
    DateOrder, Item, Source, When,
    archive::{Archive, ArchiveError, Entry},
    konsil, matrix, whatsapp,
};
use vocabulary::imported::LAST_MS;

use crate::{large, sequence::sha256};

/// Texts that are longer belong to no chat that anybody has read.
const MAX_TEXT_BYTES: u64 = 64 * 1024 * 1024;

/// Why nothing can be taken over from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExport {
    /// Of a kind that is not known here.
    #[error("no export that is known")]
    Unknown,
    /// Konsil's export, but not as it was signed: this entry is the first that does not fit.
    #[error("changed since it was signed, from entry {number} on")]
    Altered { number: u64 },
    /// The archive cannot be read.
    #[error("the archive: {0}")]
    Archive(ArchiveError),
    /// There is nothing in it.
    #[error("empty")]
    Empty,
}

/// A chat that was read from a file.
pub struct Reading<S> {
    /// What has made the export.
    pub source: Source,
    /// What the chat was called.
    pub title: Option<String>,
    /// Its messages, in their order.
    pub items: Vec<Item>,
    /// How dates were read, where the export leaves that open.
    pub order: Option<DateOrder>,
    /// Both readings of its dates fit: the person knows better.
    pub is_ambiguous: bool,
    /// Stands for this very export.
    pub(super) id: String,
    text: String,
    archive: Option<Archive<S>>,
    /// Places of the files in the archive, by what messages call them.
    files: HashMap<String, usize>,
    /// What files were called when they were sent, where the archive calls them otherwise.
    names: BTreeMap<String, String>,
}

impl<S: large::Source> Reading<S> {
    /// Reads a file. `name` is the file's.
    pub async fn of(source: S, name: &str) -> Result<Self, NotAnExport> {
        let start = source.read(0..source.size_bytes().min(4)).await.unwrap_or_default();
        if !start.starts_with(b"PK") {
            let size_bytes = source.size_bytes();
            if size_bytes > MAX_TEXT_BYTES {
                return Err(NotAnExport::Unknown);
            }
            let bytes = source.read(0..size_bytes).await;
            let bytes = bytes.ok_or(NotAnExport::Archive(ArchiveError::Gone))?;
            return Self::of_text(bytes, name, None);
        }
        let archive = Archive::open(source).await.map_err(NotAnExport::Archive)?;
        let entry = chat_in(archive.entries()).ok_or(NotAnExport::Unknown)?.clone();
        let text = archive.read(&entry, MAX_TEXT_BYTES).await.map_err(NotAnExport::Archive)?;
        // WhatsApp for iOS calls the chat's text the same in every archive; the archive is named after the chat.
        let named = if entry.name().starts_with('_') { name } else { entry.name() };
        let named = named.to_owned();
        Self::of_text(text, &named, Some(archive))
    }

    fn of_text(
        bytes: Vec<u8>,
        name: &str,
        archive: Option<Archive<S>>,
    ) -> Result<Self, NotAnExport> {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        let mut reading = Self {
            source: Source::Whatsapp,
            title: title_in(name),
            items: Vec::new(),
            order: None,
            is_ambiguous: false,
            id: sha256(&text),
            text,
            archive,
            files: HashMap::new(),
            names: BTreeMap::new(),
        };
        if reading.text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            reading.read_json()?;
            reading.text = String::new();
        } else {
            reading.read_whatsapp(None)?;
            let places = reading.entries().iter().map(|entry| entry.name().to_owned());
            reading.files = places.zip(0..).collect();
        }
        for item in &mut reading.items {
            if let When::Utc(at_ms) = &mut item.at {
                *at_ms = (*at_ms).min(LAST_MS);
            }
        }
        if reading.items.is_empty() { Err(NotAnExport::Empty) } else { Ok(reading) }
    }

    fn read_json(&mut self) -> Result<(), NotAnExport> {
        match konsil::read(&self.text, sha256) {
            Ok(read) => {
                self.source = Source::Konsil;
                self.title = Some(read.title);
                self.items = read.items;
                return Ok(());
            }
            Err(konsil::Refusal::Altered { number }) => {
                return Err(NotAnExport::Altered { number });
            }
            Err(konsil::Refusal::Other) => {}
        }
        let paths: Vec<&str> = self.entries().iter().map(|entry| entry.path.as_str()).collect();
        let read = matrix::read(&self.text, &paths).ok_or(NotAnExport::Unknown)?;
        self.files = paths.iter().map(|path| (*path).to_owned()).zip(0..).collect();
        self.source = Source::Matrix;
        self.title = read.room_name;
        self.items = read.items;
        self.names = read.file_names;
        Ok(())
    }

    fn entries(&self) -> &[Entry] {
        self.archive.as_ref().map(Archive::entries).unwrap_or_default()
    }

    fn read_whatsapp(&mut self, order: Option<DateOrder>) -> Result<(), NotAnExport> {
        let read = whatsapp::read(&self.text, order).ok_or(NotAnExport::Unknown)?;
        self.items = read.items;
        self.order = Some(read.order);
        self.is_ambiguous = read.is_ambiguous;
        Ok(())
    }

    /// Reads the dates in this order.
    pub fn set_order(&mut self, order: DateOrder) {
        let was_ambiguous = self.is_ambiguous;
        if self.order.is_some() && self.read_whatsapp(Some(order)).is_ok() {
            // It can be changed again.
            self.is_ambiguous = was_ambiguous;
        }
    }

    /// Those who have written, and how much each, the most first.
    pub fn authors(&self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for author in self.items.iter().filter_map(|item| item.author.as_deref()) {
            *counts.entry(author).or_default() += 1;
        }
        let mut authors: Vec<(String, usize)> =
            counts.into_iter().map(|(author, n)| (author.to_owned(), n)).collect();
        authors.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        authors
    }

    /// How many of the attachments that messages name are there, how many bytes they have, and how many are not there.
    pub fn attachments(&self) -> (usize, u64, usize) {
        let named = self.items.iter().filter_map(|item| item.attachment.as_deref());
        named.fold((0, 0, 0), |(there, bytes, missing), name| match self.file(name) {
            Some(entry) => (there + 1, bytes + entry.size_bytes, missing),
            None => (there, bytes, missing + 1),
        })
    }

    /// The file of an attachment, with the archive it lies in and what it is called.
    pub fn attachment<'a>(&'a self, name: &'a str) -> Option<(&'a Archive<S>, &'a Entry, &'a str)> {
        let entry = self.file(name)?;
        let called = self.names.get(name).map_or(entry.name(), String::as_str);
        Some((self.archive.as_ref()?, entry, called))
    }

    fn file(&self, name: &str) -> Option<&Entry> {
        if let Some(at) = self.files.get(name) {
            return self.entries().get(*at);
        }
        // Letters such as ü are written in two ways; iOS numbers its files.
        let number = name.get(..9).filter(|it| is_number(it))?;
        self.entries().iter().find(|entry| entry.name().starts_with(number))
    }
}

/// `00000012-`, with which names of files in exports of iOS begin.
fn is_number(start: &str) -> bool {
    start.strip_suffix('-').is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The file in an archive that holds the messages.
fn chat_in(entries: &[Entry]) -> Option<&Entry> {
    let ends = |entry: &&Entry, end: &str| entry.name().to_lowercase().ends_with(end);
    // Documents that were sent may be texts too.
    let is_chat = |entry: &&Entry| {
        let name = entry.name().to_lowercase();
        name == "_chat.txt"
            || name.starts_with("whatsapp chat")
            || name.starts_with("whatsapp-chat")
    };
    let texts = || entries.iter().filter(|entry| ends(entry, ".txt"));
    let json = || entries.iter().find(|entry| ends(entry, ".json"));
    texts().find(is_chat).or_else(json).or_else(|| texts().next())
}

/// What a chat is called after which a file is named.
fn title_in(name: &str) -> Option<String> {
    const BEFORE: [&str; 6] = [
        "WhatsApp Chat mit ",
        "WhatsApp Chat with ",
        "WhatsApp Chat - ",
        "WhatsApp-Chat mit ",
        "WhatsApp-Chat with ",
        "WhatsApp-Chat - ",
    ];
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let title = BEFORE.iter().find_map(|before| stem.strip_prefix(before))?;
    // A second download of the same name.
    let title = match title.rsplit_once(" (") {
        Some((title, n)) if n.trim_end_matches(')').parse::<u8>().is_ok() => title,
        _ => title,
    };
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_called_as_its_file_says() {
        for (file, title) in [
            ("WhatsApp Chat mit Station 3.txt", Some("Station 3")),
            ("WhatsApp Chat - Dr. Meyer.zip", Some("Dr. Meyer")),
            ("WhatsApp Chat with ICU (2).zip", Some("ICU")),
            ("WhatsApp Chat with Team (Nord).zip", Some("Team (Nord)")),
            ("_chat.txt", None),
            ("export.json", None),
            ("WhatsApp Chat - .zip", None),
        ] {
            assert_eq!(title_in(file).as_deref(), title, "{file}");
        }
    }
}
