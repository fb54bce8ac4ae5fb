//! I.l: a personal backup, made on one device and taken over on others.

use std::{ops::Range, sync::Mutex};

use konsil_client::{
    Person,
    backup::{BackupError, Contents, Made, Sink},
    broadcast::List,
    chat::{Body, UndecryptableReason},
    contacts::Contact,
    import::Reading,
    large::Source,
};

use crate::person::{Hospital, Pair, message, say, text, until};

const MESSAGE: &str = "Aortenbogen-Sicherung-7301";
const ANSWER: &str = "Trommelfell-Antwort-7302";
const CONTACT: &str = "Dr. Lindenbaum-7303";
const LIST: &str = "Frühdienst-7304";

/// A file that is being written.
#[derive(Default)]
struct File(Mutex<Vec<u8>>);

impl Sink for File {
    async fn write(&self, bytes: &[u8]) -> Option<()> {
        self.0.lock().ok()?.extend_from_slice(bytes);
        Some(())
    }
}

/// A disk without room.
struct Full;

impl Sink for Full {
    async fn write(&self, _: &[u8]) -> Option<()> {
        None
    }
}

/// A file in memory.
struct Whole(Vec<u8>);

impl Source for Whole {
    fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        self.0.get(range.start as usize..range.end as usize).map(<[u8]>::to_vec)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_a_backup_is_there_again_with_its_key_and_closed_without() {
    let pair = Pair::meet().await;
    let chat = pair.annas.open(&pair.chat).await;
    say(&chat, MESSAGE).await;
    let jonass = pair.jonass.open(&pair.chat).await;
    text(&jonass, MESSAGE).await;
    say(&jonass, ANSWER).await;
    text(&chat, ANSWER).await;
    let session = pair.annas.session();
    let contact = Contact { name: CONTACT.into(), ..Contact::default() };
    session.contacts().keep(&Contact::default(), &contact).await.expect("it is kept");
    let people = vec![Person::unknown(pair.jonas.person())];
    session.broadcasts().keep(&List { id: String::new(), name: LIST.into(), people }).await;

    let backup = session.backup();
    let key = backup.key("").await.expect("the first device has the key");
    assert_eq!(backup.make(&key, &Full, |_| {}).await, Err(BackupError::NotWritten));
    let file = File::default();
    let made = backup.make(&key, &file, |_| {}).await.expect("a backup");
    let expected =
        Made { chats: 1, left_out: 0, unreadable: 0, contacts: 1, lists: 1, keys: made.keys };
    assert_eq!(made, expected);
    assert!(made.keys >= 2, "a key for what each of the two has written");
    let file = file.0.into_inner().expect("no panic");
    // What is in the archive is packed: its own marks and names would be there in clear.
    for needle in ["PK\u{3}\u{4}", "PK\u{1}\u{2}", "chats/1.json", "backup.json"] {
        let is_in_it = file.windows(needle.len()).any(|bytes| bytes == needle.as_bytes());
        assert!(!is_in_it, "{needle} is there in clear");
    }

    // A new device that is not confirmed: from the server it can read nothing.
    let second = pair.anna.device().await;
    let at_second = second.open(&pair.chat).await;
    message("what was written cannot be read yet", &at_second, |it| {
        matches!(it.body, Body::Undecryptable(UndecryptableReason::NeedsRecovery))
    })
    .await;
    let backup = second.session().backup();
    assert_eq!(backup.key(key.expose()).await, Err(BackupError::NotConfirmed));
    let jonass_key = pair.jonass.session().trust().recovery_key().await.expect("he has one");
    let of_anna = session.backup();
    assert_eq!(of_anna.key(jonass_key.expose()).await, Err(BackupError::WrongKey));
    assert_eq!(of_anna.key("quer über den Hof").await, Err(BackupError::MalformedKey));
    let refused = async |file: &[u8], typed: &str| Contents::open(file, typed).await.err();
    assert_eq!(refused(&file, jonass_key.expose()).await, Some(BackupError::WrongKey));
    let cut = &file[..file.len() - 1];
    assert_eq!(refused(cut, key.expose()).await, Some(BackupError::Damaged));
    assert_eq!(refused(MESSAGE.as_bytes(), key.expose()).await, Some(BackupError::NotABackup));

    let contents = Contents::open(&file, key.expose()).await.expect("its key opens it");
    let chats: Vec<_> = backup.chats(&contents);
    assert!(
        matches!(&chats[..], [(chat, true)] if chat.room_id == pair.chat.as_str()),
        "{chats:?}"
    );
    let restored = backup.restore(&contents, |_, _| {}).await.expect("it is taken over");
    assert_eq!((restored.keys.all, restored.lists), (made.keys, 1));
    assert!(restored.contacts_wait, "a device that is not confirmed does not know the book");
    assert!(restored.keys.new >= 2, "{restored:?}");
    text(&at_second, MESSAGE).await;
    text(&at_second, ANSWER).await;
    let again = backup.restore(&contents, |_, _| {}).await.expect("it is taken over");
    assert_eq!((again.keys.new, again.contacts, again.lists), (0, 0, 0), "nothing comes twice");

    // Nothing is left of the hospital: another server, a new account.
    let elsewhere = Hospital::open();
    let anna = elsewhere.account("annas-zweites");
    let new = anna.first_device().await;
    let backup = new.session().backup();
    let contents = Contents::open(&file, key.expose()).await.expect("the old key opens it");
    assert_eq!(contents.about.user_id, pair.anna.id);
    // A device that has just come does not know at once that the server has no book of hers.
    until("the empty book is known", &mut new.session().contacts().view(), |view| {
        view.is_known && !view.needs_confirming
    })
    .await;
    let restored = backup.restore(&contents, |_, _| {}).await.expect("it is taken over");
    assert!(!restored.contacts_wait, "{restored:?}");
    assert_eq!((restored.contacts, restored.contacts_left, restored.lists), (1, 0, 1));
    let again = backup.restore(&contents, |_, _| {}).await.expect("it is taken over");
    assert_eq!((again.contacts, again.lists), (0, 0), "nothing comes twice");
    until("the contact is there", &mut new.session().contacts().view(), |view| {
        view.contacts.iter().any(|contact| contact.name == CONTACT)
    })
    .await;
    let lists = new.session().broadcasts().lists().await;
    assert!(matches!(&lists[..], [list] if list.name == LIST && list.people.len() == 1));
    let chats = backup.chats(&contents);
    let [(chat, false)] = &chats[..] else { panic!("the chat is not here: {chats:?}") };
    let json = contents.chat(chat).await.expect("it is in the file");
    let reading = Reading::of(Whole(json), "chat.json").await.expect("an export");
    let texts: Vec<&str> = reading.items.iter().map(|item| item.text.as_str()).collect();
    assert!(texts.contains(&MESSAGE) && texts.contains(&ANSWER), "{texts:?}");
}
