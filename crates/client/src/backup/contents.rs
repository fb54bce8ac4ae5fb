//! What lies in a backup, as a ZIP archive:
//!
//! ```text
//! chats/1.json      the signed export of a chat (vocabulary::export), each
//! room-keys.json    session keys as in the client-server API, "Key exports", in clear
//! contacts.json     the own address book
//! lists.json        broadcast lists
//! backup.json       whose it is, when it was made, and what is in it: About
//! ```

use std::{
    io::{self, Write},
    ops::Range,
};

use age::stream::StreamWriter;
use flate2::{Compression, write::DeflateEncoder};
use matrix_sdk_base::crypto::olm::ExportedRoomKey;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    BackupError, Made,
    sealing::{self, Closed, Outbox},
};
use crate::{
    Person, PersonId,
    broadcast::List,
    chat::Exported,
    contacts::{Contact, Phone, PhoneKind, import::Draft},
    import::archive::{Archive, ArchiveError},
    large::Source,
};

/// The largest backup that is read, in bytes; it is opened in memory.
pub const MAX_BACKUP_BYTES: u64 = 256 * 1024 * 1024;
/// The longest chat that goes into a backup, in bytes of its export: what [`crate::import`] reads.
pub const MAX_CHAT_BYTES: u64 = 64 * 1024 * 1024;
/// The largest other file in it, unpacked.
const MAX_FILE_BYTES: u64 = 128 * 1024 * 1024;

/// Value of [`About::format`].
const FORMAT: &str = "de.konsil.backup.v1";
const ABOUT: &str = "backup.json";
const KEYS: &str = "room-keys.json";
const CONTACTS: &str = "contacts.json";
const LISTS: &str = "lists.json";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    format: String,
    /// Whose it is: their user ID.
    pub user_id: String,
    /// And their name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// The chats in it.
    pub chats: Vec<BackedUpChat>,
    /// How many contacts.
    pub contacts: usize,
    /// How many broadcast lists.
    pub lists: usize,
    /// How many room keys.
    pub keys: usize,
    /// How many chats are not in it, since they could not be loaded or are too long.
    pub left_out: usize,
    /// How many messages could not be read when it was made.
    pub unreadable: usize,
}

/// A chat in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUpChat {
    /// Where its export lies in the archive.
    pub file: String,
    /// The room's ID.
    pub room_id: String,
    /// What it was called.
    pub title: String,
    /// How many messages are in it.
    pub messages: usize,
}

impl BackedUpChat {
    pub(super) fn of(number: usize, exported: &Exported) -> Self {
        let messages = exported.entries.iter().filter(|entry| entry.kind == "m.room.message");
        Self {
            file: format!("chats/{number}.json"),
            room_id: exported.header.room_id.clone(),
            title: exported.header.title.clone(),
            messages: messages.count(),
        }
    }
}

impl About {
    pub(super) fn new(me: &Person, now_ms: u64, chats: Vec<BackedUpChat>, made: &Made) -> Self {
        Self {
            format: FORMAT.to_owned(),
            user_id: me.id.to_string(),
            name: me.name.clone(),
            made_at_ms: now_ms,
            chats,
            contacts: made.contacts,
            lists: made.lists,
            keys: made.keys,
            left_out: made.left_out,
            unreadable: made.unreadable,
        }
    }
}

/// A contact as it lies in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptContact {
    name: String,
    role: String,
    department: String,
    hospital: String,
    /// Kind and number each.
    phones: Vec<(String, String)>,
    mails: Vec<String>,
    matrix: Option<String>,
    note: String,
    favourite: bool,
}

impl KeptContact {
    pub fn of(contact: &Contact) -> Self {
        let phone = |it: &Phone| (it.kind.name().to_owned(), it.number.clone());
        Self {
            name: contact.name.clone(),
            role: contact.role.clone(),
            department: contact.department.clone(),
            hospital: contact.hospital.clone(),
            phones: contact.phones.iter().map(phone).collect(),
            mails: contact.mails.clone(),
            matrix: contact.matrix.as_ref().map(ToString::to_string),
            note: contact.note.clone(),
            favourite: contact.favourite,
        }
    }

    fn contact(&self) -> Contact {
        let phone = |(kind, number): &(String, String)| Phone {
            kind: PhoneKind::named(kind),
            number: number.clone(),
        };
        Contact {
            name: self.name.clone(),
            role: self.role.clone(),
            department: self.department.clone(),
            hospital: self.hospital.clone(),
            phones: self.phones.iter().map(phone).collect(),
            mails: self.mails.clone(),
            matrix: self.matrix.as_deref().map(PersonId::new),
            note: self.note.clone(),
            favourite: self.favourite,
            ..Contact::default()
        }
    }
}

/// A broadcast list as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptList {
    pub id: String,
    pub name: String,
    /// User IDs.
    pub people: Vec<String>,
}

impl KeptList {
    pub fn of(list: &List) -> Self {
        Self {
            id: list.id.clone(),
            name: list.name.clone(),
            people: list.people.iter().map(|person| person.id.to_string()).collect(),
        }
    }
}

/// A backup that is being made.
pub(super) struct Packing {
    archive: ZipArchiveWriter<StreamWriter<Outbox>>,
    outbox: Outbox,
}

impl Packing {
    pub fn begin(key: &str) -> io::Result<Self> {
        let outbox = Outbox::default();
        let writer = sealing::seal(key, outbox.clone())?;
        Ok(Self { archive: ZipArchiveWriter::new(writer), outbox })
    }

    /// What can be handed on.
    pub fn ready(&self) -> Vec<u8> {
        self.outbox.taken()
    }

    pub fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let file = self.archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().map_err(io::Error::other)?;
        let packed = DeflateEncoder::new(&mut entry, Compression::default());
        let mut writer = config.wrap(packed);
        writer.write_all(content)?;
        let (packed, descriptor) = writer.finish().map_err(io::Error::other)?;
        packed.finish()?;
        entry.finish(descriptor).map_err(io::Error::other)?;
        Ok(())
    }

    pub fn add_rest(
        &mut self,
        keys: &[ExportedRoomKey],
        contacts: &[KeptContact],
        lists: &[KeptList],
        about: &About,
    ) -> io::Result<()> {
        self.add(KEYS, &serde_json::to_vec(keys)?)?;
        self.add(CONTACTS, &serde_json::to_vec_pretty(contacts)?)?;
        self.add(LISTS, &serde_json::to_vec_pretty(lists)?)?;
        self.add(ABOUT, &serde_json::to_vec_pretty(about)?)
    }

    /// The end of the file.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.archive.finish().map_err(io::Error::other)?.finish()?;
        Ok(self.outbox.taken())
    }
}

/// A backup that was opened.
pub struct Contents {
    /// What it says of itself.
    pub about: About,
    pub(super) contacts: Vec<KeptContact>,
    pub(super) lists: Vec<KeptList>,
    archive: Archive<Opened>,
}

impl Contents {
    /// Opens a backup with the recovery key that its owner had when it was made. Nothing of it is taken over yet.
    ///
    /// # Errors
    /// See [`BackupError`]; of a file that was changed nothing is read.
    pub async fn open(file: &[u8], key: &str) -> Result<Self, BackupError> {
        if file.len() as u64 > MAX_BACKUP_BYTES {
            return Err(BackupError::TooLarge);
        }
        let opened = sealing::open(file, key, MAX_BACKUP_BYTES).map_err(|closed| match closed {
            Closed::Other => BackupError::NotABackup,
            Closed::WrongKey => BackupError::WrongKey,
            Closed::Damaged => BackupError::Damaged,
            Closed::TooMuch => BackupError::TooLarge,
        })?;
        let archive = Archive::open(Opened(opened)).await.map_err(|_| BackupError::NotABackup)?;
        let about: About = read(&archive, ABOUT).await?;
        if about.format != FORMAT {
            return Err(BackupError::Damaged);
        }
        let contacts = read(&archive, CONTACTS).await?;
        let lists = read(&archive, LISTS).await?;
        let contents = Self { about, contacts, lists, archive };
        // Looked at before anything is taken over.
        contents.keys().await?;
        Ok(contents)
    }

    /// The room keys; read anew each time, so that they lie in memory no longer than needed.
    pub(super) async fn keys(&self) -> Result<Vec<ExportedRoomKey>, BackupError> {
        read(&self.archive, KEYS).await
    }

    /// The contacts, to be compared with those that are there.
    pub(super) fn drafts(&self) -> Vec<Draft> {
        let lines = self.contacts.iter().enumerate();
        lines.map(|(at, it)| Draft { line: at + 1, contact: it.contact() }).collect()
    }

    /// The signed export of a chat in it: JSON that [`crate::import`] reads.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] if it is not there.
    pub async fn chat(&self, chat: &BackedUpChat) -> Result<Vec<u8>, BackupError> {
        bytes(&self.archive, &chat.file).await
    }
}

async fn bytes(archive: &Archive<Opened>, name: &str) -> Result<Vec<u8>, BackupError> {
    let entry = archive.entries().iter().find(|entry| entry.path == name);
    let read = archive.read(entry.ok_or(BackupError::Damaged)?, MAX_FILE_BYTES).await;
    read.map_err(|error| match error {
        ArchiveError::TooLarge => BackupError::TooLarge,
        _ => BackupError::Damaged,
    })
}

async fn read<T: DeserializeOwned>(
    archive: &Archive<Opened>,
    name: &str,
) -> Result<T, BackupError> {
    let bytes = bytes(archive, name).await?;
    serde_json::from_slice(&bytes).map_err(|_| BackupError::Damaged)
}

/// The opened archive, in memory.
struct Opened(Vec<u8>);

impl Source for Opened {
    fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        self.0.get(start..end).map(<[u8]>::to_vec)
    }
}
