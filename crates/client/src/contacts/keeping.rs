//! Keeping the address book on this device, and in step with the person's other devices.
//!
//! At the server it lies in sixteen drawers, pieces of account data of their own, so that a change of one contact moves a sixteenth of
//! the book. Before a drawer is written, what lies there is fetched and merged; whoever finds that another device's writing lacks something
//! of theirs, because both wrote in the same moment, merges and writes again. A change is on this device's disk before any of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use eyeball::SharedObservable;
use futures_util::{FutureExt, select};
use matrix_sdk::{Client, sleep::sleep};
use matrix_sdk_base::crypto::store::SecretsBundleExportError;
use ruma::{
    events::{
        AnyGlobalAccountDataEvent, AnyGlobalAccountDataEventContent, GlobalAccountDataEventType,
    },
    serde::Raw,
};
use serde::{Deserialize, Serialize};

use super::{
    BookView, ContactError,
    book::{self, Book},
    sealing::{BookKey, Sealed, Unreadable},
    shown,
};
use crate::{Connection, kept, session::core::Core, trust::DeviceTrust};

const KEPT_AS: &str = "konsil.contacts";
/// What the drawers are called at the server; a hexadecimal digit follows.
const DRAWER: &str = "de.konsil.contacts.";
const DRAWERS: &str = "0123456789abcdef";

/// What a drawer may hold before it is closed, in bytes of JSON: a server takes 256 KiB of Base64.
const MAX_DRAWER_BYTES: usize = 180 * 1024;

/// Pause before the server is asked again that has refused.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long somebody may go on writing before it goes out: several changes are one then.
const GATHER: Duration = Duration::from_millis(150);

/// The book as this device keeps it, in its encrypted store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    book: Book,
    /// Drawers whose content the server does not have as it is here.
    waiting: BTreeSet<char>,
    /// With which key this device has last written to the server or read from it.
    key: Option<String>,
}

/// The book of a session.
#[derive(Default)]
pub(crate) struct Keeping {
    kept: Mutex<Kept>,
    /// Whoever writes the store holds it, so that the later state comes to lie above the earlier one.
    writing: tokio::sync::Mutex<()>,
    pub(super) view: SharedObservable<BookView>,
    /// Counted up when there is something to do.
    wake: SharedObservable<u64>,
}

impl Keeping {
    pub async fn load(&self, client: &Client) {
        let Some(kept) = kept::read::<Kept>(client, KEPT_AS).await else { return };
        *self.kept.lock().expect("no panic while held") = kept;
        self.view.update(|view| view.is_known = true);
        self.show();
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.kept.lock().expect("no panic while held").book)
    }

    /// Changes contacts on this device; it goes out by itself. Nothing is changed where the server would not take it.
    pub(super) async fn change<'a>(
        &self,
        core: &Core,
        change: impl FnOnce(&mut Book),
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ContactError> {
        {
            let mut kept = self.kept.lock().expect("no panic while held");
            let mut book = kept.book.clone();
            change(&mut book);
            let drawers: BTreeSet<char> = ids.into_iter().filter_map(drawer_of).collect();
            if drawers.iter().any(|drawer| size_of(*drawer, &book) > MAX_DRAWER_BYTES) {
                return Err(ContactError::Full);
            }
            kept.book = book;
            kept.waiting.extend(drawers);
        }
        self.write(core).await;
        self.show();
        self.wake.update(|n| *n += 1);
        Ok(())
    }

    async fn write(&self, core: &Core) {
        let _turn = self.writing.lock().await;
        let kept = self.kept.lock().expect("no panic while held").clone();
        kept::write(&core.client, KEPT_AS, &kept).await;
    }

    fn show(&self) {
        // Held to the end, so that the later state is the one that is shown.
        let kept = self.kept.lock().expect("no panic while held");
        self.view.update_if(|view| {
            // Rows that did not change stay the same.
            let before: BTreeMap<&str, _> = view.contacts.iter().map(|it| (&*it.id, it)).collect();
            let now = shown(&kept.book).into_iter();
            let now: Vec<_> = now
                .map(|contact| match before.get(&*contact.id) {
                    Some(old) if **old == contact => (*old).clone(),
                    _ => contact,
                })
                .collect();
            let is_waiting = !kept.waiting.is_empty();
            if *view.contacts == now && view.is_waiting == is_waiting {
                return false;
            }
            view.contacts = Arc::new(now);
            view.is_waiting = is_waiting;
            true
        });
    }

    fn drawer(&self, drawer: char) -> Book {
        let kept = self.kept.lock().expect("no panic while held");
        let inside = kept.book.iter().filter(|(id, _)| drawer_of(id) == Some(drawer));
        inside.map(|(id, entry)| (id.clone(), entry.clone())).collect()
    }

    fn set_waiting(&self, drawer: char, is_waiting: bool) {
        let mut kept = self.kept.lock().expect("no panic while held");
        if is_waiting {
            kept.waiting.insert(drawer);
        } else {
            kept.waiting.remove(&drawer);
        }
    }

    fn waiting(&self) -> Vec<char> {
        self.kept.lock().expect("no panic while held").waiting.iter().copied().collect()
    }
}

fn drawer_of(id: &str) -> Option<char> {
    id.chars().next().filter(|digit| DRAWERS.contains(*digit))
}

fn size_of(drawer: char, book: &Book) -> usize {
    let inside = book.iter().filter(|(id, _)| drawer_of(id) == Some(drawer));
    let sizes = inside.map(|(id, entry)| {
        id.len() + serde_json::to_vec(entry).expect("plain data serializes").len() + 4
    });
    sizes.sum()
}

fn kind(drawer: char) -> GlobalAccountDataEventType {
    GlobalAccountDataEventType::from(format!("{DRAWER}{drawer}"))
}

/// Notices what another device has written.
pub(crate) fn handle_events(core: &Arc<Core>) {
    let weak = Arc::downgrade(core);
    core.client.add_event_handler(move |event: AnyGlobalAccountDataEvent| {
        let core = weak.upgrade();
        async move {
            if let Some(core) = core
                && event.event_type().to_string().starts_with(DRAWER)
            {
                core.contacts.wake.update(|n| *n += 1);
            }
        }
    });
}

/// Runs as long as the session.
pub(crate) async fn keep(core: Arc<Core>) {
    let mut wake = core.contacts.wake.subscribe();
    let mut connection = core.connection.subscribe();
    let mut trust = core.trust.view.subscribe();
    // What has been read of each drawer, so that nothing is opened twice.
    let mut read: BTreeMap<char, String> = BTreeMap::new();
    loop {
        // What changes from here on is another round's.
        let _ = wake.next_now();
        let _ = connection.next_now();
        let _ = trust.next_now();
        let is_done = round(&core, &mut read).await;
        let again =
            async { if is_done { std::future::pending().await } else { sleep(RETRY_AFTER).await } };
        select! {
            it = wake.next().fuse() => if it.is_none() { return },
            it = connection.next().fuse() => if it.is_none() { return },
            it = trust.next().fuse() => if it.is_none() { return },
            () = Box::pin(again).fuse() => {}
        }
        sleep(GATHER).await;
    }
}

/// Reads what has come and writes what waits. Whether it is done, or has to be tried again.
async fn round(core: &Arc<Core>, read: &mut BTreeMap<char, String>) -> bool {
    let keeping = &core.contacts;
    let is_confirmed = core.trust.view.get().this_device;
    let key = match is_confirmed {
        DeviceTrust::Confirmed => key(core).await,
        _ => None,
    };
    let needs_confirming = is_confirmed == DeviceTrust::NotConfirmed;
    keeping.view.update_if(|view| {
        std::mem::replace(&mut view.needs_confirming, needs_confirming) != needs_confirming
    });
    let Some(key) = key else { return true };
    if take_key(core, &key) {
        read.clear();
    }
    let mut news = false;
    for drawer in DRAWERS.chars() {
        let Ok(Some(content)) = core.client.account().account_data_raw(kind(drawer)).await else {
            continue;
        };
        let json = content.json().get();
        if read.get(&drawer).is_some_and(|before| before == json) {
            continue;
        }
        read.insert(drawer, json.to_owned());
        news |= take_over(core, &key, drawer, &content);
    }
    let is_online = core.connection.get() == Connection::Online;
    let was_known = keeping.view.get().is_known;
    if news || is_online && !was_known {
        keeping.write(core).await;
    }
    if is_online {
        keeping.view.update_if(|view| !std::mem::replace(&mut view.is_known, true));
    }
    keeping.show();
    if !is_online {
        return true;
    }
    let mut is_done = true;
    for drawer in keeping.waiting() {
        is_done &= put(core, &key, drawer).await;
        keeping.show();
    }
    is_done
}

/// The key, on a device that has the person's identity.
async fn key(core: &Core) -> Option<BookKey> {
    let machine = core.base.olm_machine().await;
    match machine.as_ref()?.store().export_secrets_bundle().await {
        Ok(secrets) => BookKey::of(core.own_id.as_str(), &secrets.cross_signing.master_key),
        Err(SecretsBundleExportError::Store(_)) => {
            tracing::warn!("The key of the contacts could not be read");
            None
        }
        // They come a moment after the confirmation.
        Err(_) => None,
    }
}

/// With another identity there is another key: all of the book has to be closed anew. Whether it is another one.
fn take_key(core: &Core, key: &BookKey) -> bool {
    let mut kept = core.contacts.kept.lock().expect("no panic while held");
    let before = kept.key.replace(key.id().to_owned());
    if before.as_deref() == Some(key.id()) {
        return false;
    }
    // Also what was written before this device had any key.
    let all: Vec<char> = kept.book.keys().filter_map(|id| drawer_of(id)).collect();
    kept.waiting.extend(all);
    true
}

/// Merges what lies in a drawer at the server. Whether anything has changed here.
fn take_over(
    core: &Core,
    key: &BookKey,
    drawer: char,
    content: &Raw<AnyGlobalAccountDataEventContent>,
) -> bool {
    let keeping = &core.contacts;
    let sealed = content.deserialize_as_unchecked::<Sealed>().map_err(|_| Unreadable::Damaged);
    match sealed.and_then(|sealed| key.open(&kind(drawer).to_string(), &sealed)) {
        Ok(theirs) => {
            let mut kept = keeping.kept.lock().expect("no panic while held");
            let theirs = theirs.into_iter().filter(|(id, _)| drawer_of(id) == Some(drawer));
            let theirs: Book = theirs.collect();
            let is_news = book::merge(&mut kept.book, &theirs);
            let lacks = kept
                .book
                .iter()
                .any(|(id, entry)| drawer_of(id) == Some(drawer) && theirs.get(id) != Some(entry));
            if lacks {
                // Both wrote in the same moment: theirs lies there, without ours.
                is_news | kept.waiting.insert(drawer)
            } else {
                is_news | kept.waiting.remove(&drawer)
            }
        }
        Err(why) => {
            // What this device has is put in its place. Without anything here, what lies there may be of use to another device.
            if keeping.drawer(drawer).is_empty() {
                return false;
            }
            tracing::warn!(?why, "A drawer of the contacts cannot be opened; it is written anew");
            if why == Unreadable::Damaged {
                keeping.view.update(|view| view.is_mended = true);
            }
            keeping.set_waiting(drawer, true);
            true
        }
    }
}

/// Merges with what lies at the server now, and writes. Whether that is done.
async fn put(core: &Core, key: &BookKey, drawer: char) -> bool {
    let keeping = &core.contacts;
    let account = core.client.account();
    match account.fetch_account_data(kind(drawer)).await {
        Ok(Some(content)) => {
            let closed_with = content.deserialize_as_unchecked::<Sealed>().ok().map(|it| it.key);
            if closed_with.is_some_and(|other| other != key.id()) && !is_own_identity(core).await {
                // It is ours that is out of date. Once this device is confirmed again it has the other key.
                return true;
            }
            if take_over(core, key, drawer, &content) {
                keeping.write(core).await;
            }
        }
        Ok(None) => {}
        Err(_) => return false,
    }
    if !keeping.waiting().contains(&drawer) {
        return true;
    }
    let inside = keeping.drawer(drawer);
    let sealed = key.seal(&kind(drawer).to_string(), &inside);
    let content = Raw::new(&sealed).expect("plain data serializes").cast_unchecked();
    if let Err(error) = account.set_account_data_raw(kind(drawer), content).await {
        tracing::debug!(
            trouble = crate::trouble::Trouble::of(&error).code(),
            "The contacts wait for the server"
        );
        return false;
    }
    // What was changed meanwhile goes out with the next round.
    if keeping.drawer(drawer) == inside {
        keeping.set_waiting(drawer, false);
        keeping.write(core).await;
        return true;
    }
    false
}

/// Asks the server whether the identity whose key this device has is still the person's.
async fn is_own_identity(core: &Core) -> bool {
    let encryption = core.client.encryption();
    if encryption.request_user_identity(&core.own_id).await.is_err() {
        return false;
    }
    let has_it = encryption.cross_signing_status().await.is_some_and(|it| it.is_complete());
    has_it && core.trust.view.get().this_device == DeviceTrust::Confirmed
}
