//! The record of deletions: each entry is bound to the one before by its hash.

use base::Timestamp;
use bytes::Bytes;
use db::{Batch, Error};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::deletions::{self as rows, Entry};

use crate::Homeserver;

/// Entries that are read together.
const PAGE: u32 = 500;

/// Adds to the batch that these things were deleted, so that the entry is there exactly if they are gone.
///
/// To be called by who has the turn to purge, for one batch at a time: the entry follows the last one that is stored.
pub(super) async fn note(
    hs: &Homeserver,
    batch: &mut Batch,
    now: Timestamp,
    kind: &str,
    names: impl IntoIterator<Item = String>,
) -> Result<(), Error> {
    let last = rows::last(&hs.db).await?;
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    let mut entry = Entry {
        entry: last.as_ref().map_or(1, |last| last.entry + 1),
        ts: now,
        kind: kind.to_owned(),
        items: names.len() as u64,
        names_hash: Bytes::copy_from_slice(&Sha256::digest(names.join("\n"))),
        chain_hash: Bytes::new(),
        erased: None,
    };
    entry.chain_hash = chain_hash(last.as_ref(), &entry);
    rows::insert(batch, &entry);
    Ok(())
}

/// SHA-256 over an entry and the hash of the one before, as JSON with sorted keys. When the disk was clean is said later and is not part of it.
fn chain_hash(before: Option<&Entry>, entry: &Entry) -> Bytes {
    let said = json!({
        "before": before.map_or_else(String::new, |before| hex(&before.chain_hash)),
        "entry": entry.entry,
        "items": entry.items,
        "kind": entry.kind,
        "names": hex(&entry.names_hash),
        "ts": entry.ts.0,
    });
    Bytes::copy_from_slice(&Sha256::digest(said.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The record, the oldest first.
pub async fn all(hs: &Homeserver) -> Result<Vec<Entry>, Error> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let page = rows::after(&hs.db, all.last().map_or(0, |last| last.entry), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The first entry that is not as it was written, or does not follow the one before, in words.
pub fn broken(entries: &[Entry]) -> Option<String> {
    let mut before = None;
    for (number, entry) in (1..).zip(entries) {
        if entry.entry != number {
            return Some(format!("entry {number} is missing"));
        }
        if entry.chain_hash != chain_hash(before, entry) {
            return Some(format!("entry {number} is not as it was written"));
        }
        before = Some(entry);
    }
    None
}

/// An entry in one line: when, how many of what, since when nothing is left on the disk, and the hash to which it belongs.
pub fn line(entry: &Entry) -> String {
    let Entry { entry: number, items, kind, chain_hash, .. } = entry;
    let erased = entry
        .erased
        .map_or_else(|| "not erased yet".to_owned(), |ts| format!("erased {}", day(ts)));
    format!("{number}  {}  {items} {kind}  {erased}  {}", day(entry.ts), hex(chain_hash))
}

/// Day and time (UTC).
fn day(ts: Timestamp) -> String {
    let ts = jiff::Timestamp::from_millisecond(i64::from(ts)).unwrap_or_default();
    ts.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=3 {
            let mut entry = Entry {
                entry: number,
                ts: Timestamp(1_800_000_000_000),
                kind: "messages".to_owned(),
                items: 7,
                names_hash: Bytes::from_static(&[1; 32]),
                chain_hash: Bytes::new(),
                erased: None,
            };
            entry.chain_hash = chain_hash(entries.last(), &entry);
            entries.push(entry);
        }
        entries
    }

    #[test]
    fn every_change_of_the_record_shows() {
        let whole = record();
        assert_eq!(broken(&whole), None);
        let mut later_erased = whole.clone();
        later_erased[1].erased = Some(Timestamp(9));
        assert_eq!(broken(&later_erased), None, "that is said later");
        type Change = fn(&mut Vec<Entry>);
        let changes: [(Change, &str); 5] = [
            (|entries| entries[1].items = 6, "entry 2 is not as it was written"),
            (|entries| entries[1].ts = Timestamp(5), "entry 2 is not as it was written"),
            (
                |entries| entries[0].names_hash = Bytes::from_static(&[2; 32]),
                "entry 1 is not as it was written",
            ),
            (|entries| drop(entries.remove(1)), "entry 2 is missing"),
            (
                |entries| {
                    entries[0].items = 9;
                    entries[0].chain_hash = chain_hash(None, &entries[0].clone());
                },
                "entry 2 is not as it was written",
            ),
        ];
        for (change, words) in changes {
            let mut entries = whole.clone();
            change(&mut entries);
            assert_eq!(broken(&entries).as_deref(), Some(words));
        }
    }
}
