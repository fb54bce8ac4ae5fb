//! What was written and synced, and what may be left of it.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// What a disk writes as a whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) enum Event {
    Write {
        file: String,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        file: String,
        size: usize,
    },
    /// A sync that has ended; it covers what was written before `begun`.
    Sync {
        file: String,
        begun: usize,
        directory: bool,
    },
    Delete {
        file: String,
        directory: bool,
    },
    /// The test's own: from here on, this must survive.
    Mark(u64),
}

/// All that happened to a disk, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub(super) events: Vec<Event>,
}

impl Trace {
    /// The number of moments; the power can go before each, and after the last.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The marks, each with the first moment that lies after it.
    pub fn marks(&self) -> impl Iterator<Item = (u64, usize)> {
        (1..).zip(&self.events).filter_map(|(after, event)| match event {
            Event::Mark(mark) => Some((*mark, after)),
            _ => None,
        })
    }

    /// The files after a power cut at `moment`, by name.
    pub fn survivors(&self, moment: usize, chance: &mut Chance) -> BTreeMap<String, Vec<u8>> {
        let mut disk: HashMap<&str, File<'_>> = HashMap::new();
        // Deleted, but the directory was not synced since.
        let mut ghosts: HashMap<&str, File<'_>> = HashMap::new();
        for (index, event) in self.events[..moment].iter().enumerate() {
            match event {
                Event::Write { file, offset, data } => {
                    disk.entry(file)
                        .or_default()
                        .pending
                        .push_back((index, Op::Write(*offset, data)));
                }
                Event::Truncate { file, size } => {
                    disk.entry(file).or_default().pending.push_back((index, Op::Truncate(*size)));
                }
                Event::Sync { file, begun, directory } => {
                    disk.entry(file).or_default().sync(*begun);
                    if *directory {
                        ghosts.clear();
                    }
                }
                Event::Delete { file, directory } => {
                    if let (Some(gone), false) = (disk.remove(file.as_str()), directory) {
                        ghosts.insert(file, gone);
                    }
                }
                Event::Mark(_) => {}
            }
        }
        for (name, ghost) in ghosts {
            if chance.one_in(2) {
                disk.entry(name).or_insert(ghost);
            }
        }
        // Some disks lose nearly all that was not synced, some nearly nothing.
        let kept_percent = [0, 10, 50, 90, 100][chance.below(5)];
        let mut names: Vec<_> = disk.into_iter().collect();
        names.sort_by_key(|(name, _)| *name);
        names
            .into_iter()
            .map(|(name, file)| (name.to_owned(), file.survive(kept_percent, chance)))
            .collect()
    }
}

enum Op<'t> {
    Write(usize, &'t [u8]),
    Truncate(usize),
}

#[derive(Default)]
struct File<'t> {
    durable: Vec<u8>,
    pending: VecDeque<(usize, Op<'t>)>,
}

impl File<'_> {
    fn sync(&mut self, begun: usize) {
        while self.pending.front().is_some_and(|(index, _)| *index < begun) {
            let (_, op) = self.pending.pop_front().expect("it was just looked at");
            match op {
                Op::Write(offset, data) => put(&mut self.durable, offset, data, 0),
                Op::Truncate(size) => self.durable.truncate(size),
            }
        }
    }

    /// Each sector of each write that was not synced is kept or lost by itself: so later writes survive earlier ones,
    /// and writes are torn.
    fn survive(mut self, kept_percent: usize, chance: &mut Chance) -> Vec<u8> {
        // What a file system shows where a file grew and the data never came.
        let filler = if chance.one_in(4) { 0xA5 } else { 0 };
        for (_, op) in self.pending {
            let mut kept = || chance.below(100) < kept_percent;
            match op {
                Op::Truncate(size) if kept() => self.durable.truncate(size),
                Op::Truncate(_) => {}
                Op::Write(offset, data) => {
                    let mut done = 0;
                    while done < data.len() {
                        let at = offset + done;
                        let length = (SECTOR - at % SECTOR).min(data.len() - done);
                        if kept() {
                            put(&mut self.durable, at, &data[done..done + length], filler);
                        }
                        done += length;
                    }
                }
            }
        }
        self.durable
    }
}

fn put(file: &mut Vec<u8>, offset: usize, data: &[u8], filler: u8) {
    let end = offset + data.len();
    if file.len() < end {
        file.resize(end, filler);
    }
    file[offset..end].copy_from_slice(data);
}

/// Numbers that a seed repeats (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `limit` − 1.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(offset: usize, byte: u8, length: usize) -> Event {
        Event::Write { file: "f".to_owned(), offset, data: vec![byte; length] }
    }

    fn sync(begun: usize) -> Event {
        Event::Sync { file: "f".to_owned(), begun, directory: false }
    }

    /// What 200 power cuts at `moment` leave of the file.
    fn outcomes(events: Vec<Event>, moment: usize) -> Vec<Vec<u8>> {
        let trace = Trace { events };
        let left = (0..200).map(|seed| {
            trace.survivors(moment, &mut Chance::new(seed)).remove("f").unwrap_or_default()
        });
        left.collect()
    }

    #[test]
    fn what_was_synced_survives_whole() {
        let events = vec![write(0, 1, 2000), sync(1), write(0, 2, 600)];
        assert!(outcomes(events, 2).iter().all(|file| *file == [1; 2000]));
    }

    #[test]
    fn what_was_not_synced_is_kept_lost_and_torn_at_sectors() {
        let files = outcomes(vec![write(0, 1, 1024), sync(1), write(0, 2, 1024)], 3);
        let sectors = |file: &Vec<u8>| (file[0], file[511], file[512], file[1023]);
        let seen = |wanted| files.iter().any(|file| sectors(file) == wanted);
        assert!(
            seen((1, 1, 1, 1)) && seen((2, 2, 2, 2)) && seen((1, 1, 2, 2)) && seen((2, 2, 1, 1))
        );
        assert!(files.iter().all(|file| file[0] == file[511] && file[512] == file[1023]));
    }

    #[test]
    fn a_later_write_may_survive_an_earlier_one() {
        let files = outcomes(vec![write(0, 1, 512), write(512, 2, 512)], 2);
        assert!(files.iter().any(|file| file.len() == 1024 && file[0] != 1 && file[512] == 2));
    }

    #[test]
    fn a_sync_does_not_cover_what_was_written_after_it_began() {
        let files = outcomes(vec![write(0, 1, 512), write(512, 2, 512), sync(1)], 3);
        assert!(files.iter().all(|file| file[0] == 1));
        assert!(files.iter().any(|file| file.len() == 512));
    }

    #[test]
    fn a_deleted_file_may_return_until_its_directory_is_synced() {
        let delete = |directory| Event::Delete { file: "f".to_owned(), directory };
        let returned = |files: Vec<Vec<u8>>| files.iter().any(|file| !file.is_empty());
        assert!(returned(outcomes(vec![write(0, 1, 512), sync(1), delete(false)], 3)));
        assert!(!returned(outcomes(vec![write(0, 1, 512), sync(1), delete(true)], 3)));
    }
}
