//! A personal backup (I.l): what was written in all chats, the room keys, the own contacts and broadcast lists, in one file that nothing but
//! its owner's recovery key opens.
//!
//! The file is one of [age](https://age-encryption.org/v1), closed with the recovery key as its passphrase ([`sealing`]); in it lies a ZIP archive
//! ([`contents`]). So it can be opened without Konsil too. Attachments are not in it: they stay with the server, where the room keys open them.

mod contents;
mod sealing;

use std::{collections::BTreeSet, slice, time::Duration};

use futures_util::{FutureExt, select};
use matrix_sdk::sleep::sleep;
use ruma::MilliSecondsSinceUnixEpoch;
use vocabulary::export::EntryState;

pub use self::contents::{About, BackedUpChat, Contents, MAX_BACKUP_BYTES, MAX_CHAT_BYTES};
use self::contents::{KeptContact, KeptList, Packing};
use crate::{
    ChatId, Person, PersonId, Session,
    broadcast::List,
    chat::ActionError,
    contacts::{ContactError, import::Fate},
    trust::{DeviceTrust, KeysImported, RecoveryKey, TrustError, fetch_all_keys},
};

/// Longest that the own address book is waited for.
const BOOK_COMES_WITHIN: Duration = Duration::from_secs(20);

/// Where the file goes, piece by piece.
pub trait Sink {
    /// Takes the next piece; `None` if it cannot.
    fn write(&self, bytes: &[u8]) -> impl Future<Output = Option<()>>;
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Loading a chat.
    Chat {
        /// The how manieth, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// Events loaded so far.
        events: usize,
    },
    /// Putting the rest together.
    Rest,
}

/// What a new backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Chats with all that was written in them.
    pub chats: usize,
    /// Chats that could not be loaded, or are longer than [`MAX_CHAT_BYTES`], and are not in it.
    pub left_out: usize,
    /// Messages in the chats that this device could not read.
    pub unreadable: usize,
    /// Contacts of the own address book.
    pub contacts: usize,
    /// Broadcast lists.
    pub lists: usize,
    /// Room keys.
    pub keys: usize,
}

/// What a backup has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Contacts that are new or have got something new.
    pub contacts: usize,
    /// Contacts that were not taken, since the book is full or a line would become too long.
    pub contacts_left: usize,
    /// Whether the contacts were left alone: this device does not know the person's address book, since it is not confirmed or has no network.
    pub contacts_wait: bool,
    /// Broadcast lists that were not there.
    pub lists: usize,
    /// Room keys.
    pub keys: KeysImported,
}

/// Why a backup could not be made or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupError {
    /// Half of it is not made: the server could not be reached.
    NoConnection,
    /// This device is not confirmed: it can read too little to back it up.
    NotConfirmed,
    /// This device does not know the account's recovery key: it has to be typed.
    KeyNeeded,
    /// It is not this account's recovery key; for a file that is read, not the one that it was made with.
    WrongKey,
    /// It is no recovery key at all (typing error).
    MalformedKey,
    /// The file is no backup.
    NotABackup,
    /// It was changed, is cut off, or made by a later version.
    Damaged,
    /// It is larger than is taken ([`MAX_BACKUP_BYTES`]).
    TooLarge,
    /// There is no room for the file, or it may not be written there.
    NotWritten,
    /// Anything else, as a code without content.
    Failed(String),
}

/// Handle of a session; clone it freely.
#[derive(Clone)]
pub struct Backup {
    pub(crate) session: Session,
}

impl Backup {
    /// The recovery key that would close a new backup: the one that this device knows, or what was typed, if it is the account's. Needs the network.
    ///
    /// # Errors
    /// [`BackupError::KeyNeeded`] if this device does not know it and nothing was typed.
    pub async fn key(&self, typed: &str) -> Result<RecoveryKey, BackupError> {
        let trust = self.session.trust();
        if trust.view().peek().this_device != DeviceTrust::Confirmed {
            return Err(BackupError::NotConfirmed);
        }
        let key = match typed.trim() {
            "" => trust.recovery_key().await.map_err(|_| BackupError::KeyNeeded)?,
            typed => RecoveryKey(typed.to_owned()),
        };
        // Secret storage of other clients opens with a passphrase too, which would be too weak for a file.
        if !is_a_key(key.expose()) {
            return Err(BackupError::MalformedKey);
        }
        match trust.check_recovery_key(key.expose()).await {
            Ok(()) => Ok(key),
            // It was made anew on another device.
            Err(TrustError::WrongKey) if typed.trim().is_empty() => Err(BackupError::KeyNeeded),
            Err(error) => Err(of_trust(error)),
        }
    }

    /// Makes a backup. Dropped, it stops, and the file is none.
    ///
    /// # Errors
    /// Without the server, or without room for the file, nothing that could be taken for a backup is there.
    pub async fn make(
        &self,
        key: &RecoveryKey,
        sink: &impl Sink,
        progress: impl Fn(Step),
    ) -> Result<Made, BackupError> {
        let core = &self.session.inner.core;
        let mut out = Out { sink, bytes: 0 };
        let mut packing = Packing::begin(key.expose()).map_err(|_| failed("packing"))?;
        let (mut made, mut chats) = (Made::default(), Vec::new());
        // What this device has not needed yet lies in the key backup alone.
        fetch_all_keys(core.clone()).await;
        let contacts = self.contacts().await?;
        let rooms = core.client.joined_rooms();
        for (at, room) in rooms.iter().enumerate() {
            let loaded = |events| progress(Step::Chat { number: at + 1, of: rooms.len(), events });
            loaded(0);
            let exported = match self.session.open(&ChatId::new(room.room_id())).await {
                Ok(chat) => chat.export(loaded).await,
                Err(_) => Err(ActionError::NotAllowed),
            };
            match exported {
                Ok(exported) if exported.json.len() as u64 <= MAX_CHAT_BYTES => {
                    let entries = exported.entries.iter();
                    made.unreadable +=
                        entries.filter(|entry| entry.state == EntryState::Unreadable).count();
                    let chat = BackedUpChat::of(chats.len() + 1, &exported);
                    packing
                        .add(&chat.file, exported.json.as_bytes())
                        .map_err(|_| failed("packing"))?;
                    chats.push(chat);
                }
                Err(ActionError::NoConnection) => {
                    // The network, or this chat alone?
                    let there = self.session.trust().check_recovery_key(key.expose()).await;
                    if there == Err(TrustError::NoConnection) {
                        return Err(BackupError::NoConnection);
                    }
                    made.left_out += 1;
                }
                _ => made.left_out += 1,
            }
            out.take(packing.ready()).await?;
        }
        progress(Step::Rest);
        made.chats = chats.len();
        let keys = self.session.trust().room_keys().await.map_err(failed)?;
        made.keys = keys.len();
        made.contacts = contacts.len();
        let lists = self.session.broadcasts().lists().await;
        let lists: Vec<KeptList> = lists.iter().map(KeptList::of).collect();
        made.lists = lists.len();
        let me = core.me.get().person;
        let about = About::new(&me, MilliSecondsSinceUnixEpoch::now().get().into(), chats, &made);
        let rest = packing
            .add_rest(&keys, &contacts, &lists, &about)
            .and_then(|()| packing.finish())
            .map_err(|_| failed("packing"))?;
        out.take(rest).await?;
        Ok(made)
    }

    /// The own address book, as soon as it is known.
    async fn contacts(&self) -> Result<Vec<KeptContact>, BackupError> {
        let mut view = self.session.contacts().view();
        let mut now = view.get();
        let known = async {
            while !now.is_known {
                if now.needs_confirming {
                    return Err(BackupError::NotConfirmed);
                }
                now = view.next().await.ok_or_else(|| failed("contacts"))?;
            }
            Ok(now.contacts.iter().map(|contact| KeptContact::of(contact)).collect())
        };
        select! {
            contacts = Box::pin(known).fuse() => contacts,
            () = sleep(BOOK_COMES_WITHIN).fuse() => Err(BackupError::NoConnection),
        }
    }

    /// The chats of a backup, each with whether it is here.
    pub fn chats(&self, contents: &Contents) -> Vec<(BackedUpChat, bool)> {
        let rooms = self.session.inner.core.client.joined_rooms();
        let here: BTreeSet<String> = rooms.iter().map(|room| room.room_id().to_string()).collect();
        let chats = contents.about.chats.iter();
        chats.map(|chat| (chat.clone(), here.contains(&chat.room_id))).collect()
    }

    /// Takes contacts, lists and room keys over. Nothing is replaced; what is missing comes, also what was deleted since; done twice, nothing is
    /// there twice. `progress` hears how many keys of how many are stored. What was written in the chats is read with the keys where the server still has it, and taken over by
    /// [`crate::import`] where not.
    ///
    /// # Errors
    /// [`BackupError::Failed`] if the store does not take the keys; nothing is taken over then.
    pub async fn restore(
        &self,
        contents: &Contents,
        progress: impl Fn(usize, usize),
    ) -> Result<Restored, BackupError> {
        let keys = contents.keys().await?;
        let keys = self.session.trust().take_room_keys(keys, progress).await.map_err(failed)?;
        let book = self.session.contacts();
        // A book that comes from the server later would have everybody twice.
        let contacts_wait = self.contacts().await.is_err();
        let (mut contacts, mut contacts_left) = (0, 0);
        if !contacts_wait {
            let offers = book.offers(&contents.drafts(), |_| {}).await;
            let new: Vec<_> = offers.into_iter().filter(|it| it.fate != Fate::There).collect();
            match book.take(&new).await {
                Ok(taken) => contacts = taken,
                Err(ContactError::Full) => contacts_left = new.len(),
                // One that cannot be taken does not keep the others out.
                Err(_) => {
                    for offer in &new {
                        match book.take(slice::from_ref(offer)).await {
                            Ok(taken) => contacts += taken,
                            Err(_) => contacts_left += 1,
                        }
                    }
                }
            }
        }
        let broadcasts = self.session.broadcasts();
        let there: BTreeSet<String> =
            broadcasts.lists().await.into_iter().map(|list| list.id).collect();
        let missing = contents.lists.iter().filter(|list| !there.contains(&list.id));
        let mut lists = 0;
        for list in missing {
            let people = list.people.iter().map(|id| Person::unknown(PersonId::new(id)));
            let (id, name) = (list.id.clone(), list.name.clone());
            broadcasts.keep(&List { id, name, people: people.collect() }).await;
            lists += 1;
        }
        Ok(Restored { contacts, contacts_left, contacts_wait, lists, keys })
    }
}

/// What goes out, counted.
struct Out<'a, S> {
    sink: &'a S,
    bytes: u64,
}

impl<S: Sink> Out<'_, S> {
    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), BackupError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_BACKUP_BYTES {
            return Err(BackupError::TooLarge);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.sink.write(&bytes).await.ok_or(BackupError::NotWritten)
    }
}

/// Whether this is a recovery key by its look (client-server API, "Key representation"): base58 of 35 bytes that begin with 0x8B01.
fn is_a_key(typed: &str) -> bool {
    let key: Vec<char> = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let is_base58 = |c: &char| c.is_ascii_alphanumeric() && !matches!(c, '0' | 'O' | 'I' | 'l');
    key.len() == 48 && key.starts_with(&['E', 's']) && key.iter().all(is_base58)
}

fn of_trust(error: TrustError) -> BackupError {
    match error {
        TrustError::NoConnection => BackupError::NoConnection,
        TrustError::MalformedKey => BackupError::MalformedKey,
        TrustError::WrongKey => BackupError::WrongKey,
        TrustError::NotAvailableHere => BackupError::NotConfirmed,
        TrustError::Failed(code) => BackupError::Failed(code),
        other => failed(&format!("{other:?}")),
    }
}

fn failed(code: &str) -> BackupError {
    BackupError::Failed(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_no_recovery_key() {
        assert!(is_a_key("EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d"));
        assert!(is_a_key("EsTcLW2KPGiFwKEA3As5g5c4BXwkqeeJZJV8Q9fugUMNUE4d\n"));
        for other in ["", "quer über den Hof", "EsTc LW2K", &"x".repeat(48), &"Es0O".repeat(12)] {
            assert!(!is_a_key(other), "{other}");
        }
    }
}
