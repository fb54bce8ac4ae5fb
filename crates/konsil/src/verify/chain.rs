//! Whether the entries are those that were sealed.

use serde_json::Value;
use vocabulary::export::Export;

use super::{Fault, hash};

struct Read<'a> {
    number: u64,
    previous: &'a str,
    hash: String,
}

fn read(entry: &Value) -> Option<Read<'_>> {
    Some(Read {
        number: entry.get("number")?.as_u64()?,
        previous: entry.get("previous")?.as_str()?,
        hash: hash(entry)?,
    })
}

/// What does not fit, from the beginning on.
pub fn faults(export: &Export) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut entries = Vec::new();
    for (at, entry) in export.entries.iter().enumerate() {
        match read(entry) {
            Some(entry) => entries.push(entry),
            None => faults.push(Fault::NoEntry(at + 1)),
        }
    }
    let header = hash(&export.header);
    match entries.first() {
        Some(first) if first.number == 1 && header.as_deref() != Some(first.previous) => {
            faults.push(Fault::HeaderAltered);
        }
        None if header.as_deref() != Some(&export.seal.last) => faults.push(Fault::HeaderAltered),
        _ => {}
    }
    let mut highest = 0;
    for (at, entry) in entries.iter().enumerate() {
        if entry.number <= highest {
            faults.push(Fault::Misplaced(entry.number));
            continue;
        }
        let is_elsewhere = |number: u64| entries[at..].iter().any(|later| later.number == number);
        let gone: Vec<u64> = (highest + 1..entry.number)
            .take(MOST)
            .filter(|number| !is_elsewhere(*number))
            .collect();
        if let (Some(from), Some(to)) = (gone.first(), gone.last()) {
            faults.push(Fault::Missing(*from, *to));
        }
        highest = entry.number;
        // What the next number says of this one; for the last one the seal says it.
        let next = entries.iter().find(|next| next.number == entry.number + 1);
        let said = match next {
            Some(next) => Some(next.previous),
            None if entry.number == export.seal.count => Some(export.seal.last.as_str()),
            None => None,
        };
        if said.is_some_and(|said| said != entry.hash) {
            faults.push(Fault::Altered(entry.number));
        }
    }
    let of = export.seal.count;
    if highest < of {
        faults.push(Fault::CutOff { have: highest, of });
    } else if highest > of {
        faults.push(Fault::Added { have: highest, of });
    }
    faults
}

/// Numbers can be claimed at will; no more than this are looked for one by one.
const MOST: usize = 100_000;
