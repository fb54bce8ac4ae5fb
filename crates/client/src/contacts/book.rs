//! What is written in an address book, so that two devices can write at once and nothing of it is lost.
//!
//! Every line of a contact (a name, a number) is a [`Fact`] that says which device wrote it, as the how manieth of that contact
//! (its [`Dot`]). A contact also knows up to where it has [`seen`](Entry::seen) each device's writing. So of a line that only one of
//! two copies has, it is known whether the other has never seen it, and it stays, or has taken it out, and it goes (an observed-remove
//! set, [Bieniusa et al. 2012](https://arxiv.org/abs/1210.3368)). Two names given at once both stay, for the person to choose.
//! Merging does not depend on the order, nor on how often it is done; the tests below say so of random histories.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Contact, Origin, Phone};
use crate::ids::PersonId;

/// Names of the lines. They are written down: do not change them.
mod line {
    pub const NAME: &str = "name";
    pub const ROLE: &str = "role";
    pub const DEPARTMENT: &str = "department";
    pub const HOSPITAL: &str = "hospital";
    pub const MATRIX: &str = "matrix";
    pub const NOTE: &str = "note";
    pub const ORIGIN: &str = "origin";
    pub const FAVOURITE: &str = "favourite";
    pub const PHONE: &str = "phone";
    pub const MAIL: &str = "mail";
    /// The name as it was when anything was last written. A contact that one device deletes while another writes to it stays, and
    /// must not be without a name then.
    pub const CALLED: &str = "called";
}

/// Which writing of which device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Dot(String, u64);

/// A line: by which writing it came, when (milliseconds since 1970, by that device's clock), and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fact(Dot, u64, String);

/// A contact with what is needed for merging. One without facts is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    seen: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, Vec<Fact>>,
}

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer<'a> {
    pub device: &'a str,
    pub now_ms: u64,
}

/// The contacts by their keys.
pub(super) type Book = BTreeMap<String, Entry>;

/// Takes over what another copy knows. Whether anything was new.
pub(super) fn merge(into: &mut Book, other: &Book) -> bool {
    let mut news = false;
    for (id, theirs) in other {
        match into.get_mut(id) {
            None => {
                into.insert(id.clone(), theirs.clone());
                news = true;
            }
            Some(ours) if ours != theirs => {
                let merged = ours.merged(theirs);
                news |= *ours != merged;
                *ours = merged;
            }
            Some(_) => {}
        }
    }
    news
}

impl Entry {
    fn merged(&self, other: &Self) -> Self {
        let mut facts: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
        for (one, another) in [(self, other), (other, self)] {
            for (line, written) in &one.facts {
                let there = another.facts.get(line).map(Vec::as_slice).unwrap_or_default();
                let kept = facts.entry(line.clone()).or_default();
                for fact in written {
                    let taken_out =
                        another.has_seen(&fact.0) && !there.iter().any(|their| their.0 == fact.0);
                    if !taken_out && !kept.iter().any(|have| have.0 == fact.0) {
                        kept.push(fact.clone());
                    }
                }
            }
        }
        facts.retain(|_, written| !written.is_empty());
        for written in facts.values_mut() {
            written.sort_by(|a, b| a.0.cmp(&b.0));
        }
        let mut seen = self.seen.clone();
        for (device, count) in &other.seen {
            let ours = seen.entry(device.clone()).or_default();
            *ours = (*ours).max(*count);
        }
        Self { seen, facts }
    }

    fn has_seen(&self, dot: &Dot) -> bool {
        self.seen.get(&dot.0).is_some_and(|count| *count >= dot.1)
    }

    /// Whether it is there for the person.
    pub fn is_there(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Takes all lines out. That it was there stays known, without anything of what it said, so that another device's copy goes too.
    pub fn delete(&mut self) {
        self.facts.clear();
    }

    fn add(&mut self, line: &str, value: &str, by: Writer<'_>) {
        let count = self.seen.entry(by.device.to_owned()).or_default();
        *count += 1;
        let fact = Fact(Dot(by.device.to_owned(), *count), by.now_ms, value.to_owned());
        let written = self.facts.entry(line.to_owned()).or_default();
        written.push(fact);
        written.sort_by(|a, b| a.0.cmp(&b.0));
    }

    fn take_out(&mut self, line: &str, mut which: impl FnMut(&str) -> bool) {
        if let Some(written) = self.facts.get_mut(line) {
            written.retain(|fact| !which(&fact.2));
            if written.is_empty() {
                self.facts.remove(line);
            }
        }
    }

    /// What a line says, the newest first, each once.
    fn values(&self, line: &str) -> Vec<&str> {
        let mut written: Vec<&Fact> = self.facts.get(line).into_iter().flatten().collect();
        written.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        let mut values: Vec<&str> = Vec::new();
        for fact in written {
            if !values.contains(&fact.2.as_str()) {
                values.push(&fact.2);
            }
        }
        values
    }

    /// What a line with one value says.
    fn value(&self, line: &str) -> &str {
        self.values(line).first().copied().unwrap_or_default()
    }

    /// Writes what differs between what the person saw and what they made of it. What another device has written meanwhile, and they
    /// could not see, stays.
    pub fn write(&mut self, seen: &Contact, new: &Contact, by: Writer<'_>) {
        let mut wrote = false;
        for (line, before, after) in [
            (line::NAME, seen.name.clone(), new.name.clone()),
            (line::ROLE, seen.role.clone(), new.role.clone()),
            (line::DEPARTMENT, seen.department.clone(), new.department.clone()),
            (line::HOSPITAL, seen.hospital.clone(), new.hospital.clone()),
            (line::MATRIX, matrix(seen), matrix(new)),
            (line::NOTE, seen.note.clone(), new.note.clone()),
            (line::ORIGIN, origin(seen.origin).into(), origin(new.origin).into()),
            (line::FAVOURITE, mark(seen.favourite), mark(new.favourite)),
        ] {
            let open = |contact: &Contact| -> BTreeSet<String> {
                let other = contact.also.iter().filter(|also| also.line == line);
                other.map(|also| also.value.clone()).collect()
            };
            let (open_before, open_after) = (open(seen), open(new));
            let after = after.trim();
            // Of two values that were both open, choosing the one that was shown is a choice too.
            if after == before.trim() && open_before == open_after {
                continue;
            }
            wrote = true;
            self.take_out(line, |value| value == before || open_before.contains(value));
            if !after.is_empty() {
                self.add(line, after, by);
            }
            for value in open_after {
                self.add(line, &value, by);
            }
        }
        let phones = |contact: &Contact| contact.phones.iter().map(Phone::written).collect();
        let mails = |contact: &Contact| contact.mails.clone();
        for (line, before, after) in
            [(line::PHONE, phones(seen), phones(new)), (line::MAIL, mails(seen), mails(new))]
        {
            let (before, after): (Vec<String>, Vec<String>) = (before, after);
            self.take_out(line, |value| {
                let goes =
                    before.iter().any(|it| it == value) && !after.iter().any(|it| it == value);
                wrote |= goes;
                goes
            });
            for value in after.iter().filter(|value| !before.contains(value)) {
                if !value.trim().is_empty() && !self.values(line).contains(&value.as_str()) {
                    wrote = true;
                    self.add(line, value, by);
                }
            }
        }
        if wrote {
            let called = self.value(line::NAME).to_owned();
            self.take_out(line::CALLED, |_| true);
            self.add(line::CALLED, &called, by);
        }
    }

    /// The contact as it is shown; `None` if it is deleted.
    pub fn contact(&self, id: &str) -> Option<Contact> {
        if !self.is_there() {
            return None;
        }
        let text = |line| self.value(line).to_owned();
        let name = match self.value(line::NAME) {
            "" => self.value(line::CALLED),
            name => name,
        };
        let lines =
            [line::NAME, line::ROLE, line::DEPARTMENT, line::HOSPITAL, line::MATRIX, line::NOTE];
        let also = lines.into_iter().flat_map(|line| {
            let others = self.values(line).into_iter().skip(1);
            others.map(move |value| super::Also { line, value: value.to_owned() })
        });
        let mut phones: Vec<Phone> =
            self.values(line::PHONE).into_iter().filter_map(Phone::read).collect();
        phones.sort();
        let mut mails: Vec<String> =
            self.values(line::MAIL).into_iter().map(str::to_owned).collect();
        mails.sort();
        Some(Contact {
            id: id.to_owned(),
            name: name.to_owned(),
            role: text(line::ROLE),
            department: text(line::DEPARTMENT),
            hospital: text(line::HOSPITAL),
            phones,
            mails,
            matrix: Some(text(line::MATRIX)).filter(|it| !it.is_empty()).map(PersonId::new),
            note: text(line::NOTE),
            origin: origin_of(self.value(line::ORIGIN)),
            favourite: self.value(line::FAVOURITE) == "1",
            also: also.collect(),
        })
    }
}

fn matrix(contact: &Contact) -> String {
    contact.matrix.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn mark(is_set: bool) -> String {
    if is_set { "1" } else { "" }.to_owned()
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::ByHand => "",
        Origin::Group => "group",
        Origin::Directory => "directory",
        Origin::VCard => "vcard",
        Origin::Csv => "csv",
        Origin::Qr => "qr",
    }
}

fn origin_of(written: &str) -> Origin {
    match written {
        "group" => Origin::Group,
        "directory" => Origin::Directory,
        "vcard" => Origin::VCard,
        "csv" => Origin::Csv,
        "qr" => Origin::Qr,
        _ => Origin::ByHand,
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::contacts::PhoneKind;

    fn by(device: &str, now_ms: u64) -> Writer<'_> {
        Writer { device, now_ms }
    }

    fn named(name: &str) -> Contact {
        Contact { name: name.into(), ..Contact::default() }
    }

    fn written(contact: &Contact, by: Writer<'_>) -> Book {
        let mut entry = Entry::default();
        entry.write(&Contact::default(), contact, by);
        Book::from([("1".to_owned(), entry)])
    }

    fn shown(book: &Book) -> Option<Contact> {
        book["1"].contact("1")
    }

    fn change(book: &mut Book, by: Writer<'_>, change: impl FnOnce(&mut Contact)) {
        let seen = shown(book).unwrap_or_default();
        let mut new = seen.clone();
        change(&mut new);
        book.get_mut("1").expect("it is there").write(&seen, &new, by);
    }

    fn both(one: &Book, other: &Book) -> Book {
        let mut merged = one.clone();
        merge(&mut merged, other);
        merged
    }

    fn phone(number: &str) -> Phone {
        Phone { kind: PhoneKind::Work, number: number.into() }
    }

    #[test]
    fn what_two_devices_write_at_once_into_different_lines_is_all_there() {
        let start = written(&named("Dr. Holm"), by("A", 1));
        let (mut a, mut b) = (start.clone(), start);
        change(&mut a, by("A", 2), |it| it.role = "Oberärztin".into());
        change(&mut a, by("A", 3), |it| it.phones.push(phone("4711")));
        change(&mut b, by("B", 2), |it| it.note = "Mittwochs im OP".into());
        change(&mut b, by("B", 3), |it| it.phones.push(phone("4712")));
        let merged = shown(&both(&a, &b)).expect("it is there");
        assert_eq!((&*merged.role, &*merged.note), ("Oberärztin", "Mittwochs im OP"));
        assert_eq!(merged.phones, [phone("4711"), phone("4712")]);
        assert_eq!(merged.also, []);
    }

    #[test]
    fn of_two_values_given_at_once_the_later_is_shown_and_the_other_stays_to_be_chosen() {
        let start = written(&named("Dr. Holm"), by("A", 1));
        let (mut a, mut b) = (start.clone(), start);
        change(&mut a, by("A", 5), |it| it.note = "Station 3".into());
        change(&mut b, by("B", 4), |it| it.note = "Station 4".into());
        let mut merged = both(&b, &a);
        let seen = shown(&merged).expect("it is there");
        assert_eq!(seen.note, "Station 3");
        assert_eq!(seen.also, [super::super::Also { line: "note", value: "Station 4".into() }]);
        // Another line changes: the question stays open. Then it is answered.
        change(&mut merged, by("A", 6), |it| it.role = "Ärztin".into());
        assert_eq!(shown(&merged).expect("there").also.len(), 1);
        change(&mut merged, by("A", 7), |it| it.also.clear());
        let seen = shown(&merged).expect("it is there");
        assert_eq!((&*seen.note, seen.also.len()), ("Station 3", 0));
        assert_eq!(
            shown(&both(&merged, &b)),
            Some(seen),
            "also for the device that wrote the other"
        );
    }

    #[test]
    fn what_the_form_could_not_show_yet_is_not_overwritten_by_it() {
        let mut book = written(&named("Dr. Holm"), by("A", 1));
        let seen = shown(&book).expect("it is there");
        let mut elsewhere = book.clone();
        change(&mut elsewhere, by("B", 2), |it| it.note = "Vertretung: Wolf".into());
        merge(&mut book, &elsewhere);
        let form = Contact { note: "Ruft zurück".into(), ..seen.clone() };
        book.get_mut("1").expect("there").write(&seen, &form, by("A", 3));
        let now = shown(&book).expect("it is there");
        assert_eq!(now.note, "Ruft zurück");
        assert_eq!(now.also.first().map(|also| &*also.value), Some("Vertretung: Wolf"));
    }

    #[test]
    fn deleted_is_deleted_everywhere_unless_somebody_wrote_to_it_at_the_same_time() {
        let start = written(&named("Dr. Holm"), by("A", 1));
        let (mut a, mut b) = (start.clone(), start.clone());
        a.get_mut("1").expect("there").delete();
        assert_eq!(shown(&both(&a, &b)), None);
        assert_eq!(shown(&both(&b, &a)), None);
        assert!(!serde_json::to_string(&a).unwrap().contains("Holm"), "nothing of it is left");
        change(&mut b, by("B", 2), |it| it.phones.push(phone("4711")));
        let kept = shown(&both(&a, &b)).expect("the other device has just written to it");
        assert_eq!((&*kept.name, kept.phones), ("Dr. Holm", vec![phone("4711")]));
    }

    #[test]
    fn merging_depends_neither_on_the_order_nor_on_how_often() {
        for seed in 0..400_u64 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut copies = vec![written(&named("Anna"), by("A", 1)); 3];
            for now in 2..40 {
                let at = random.random_range(0..3);
                let device = ["A", "B", "C"][at];
                let text = format!("{device}{now}");
                match random.random_range(0..6) {
                    0 => change(&mut copies[at], by(device, now), |it| it.name = text),
                    1 => change(&mut copies[at], by(device, now), |it| it.note = text),
                    2 => {
                        change(&mut copies[at], by(device, now), |it| it.phones.push(phone(&text)))
                    }
                    3 => change(&mut copies[at], by(device, now), |it| drop(it.phones.pop())),
                    4 if random.random_bool(0.2) => copies[at].get_mut("1").unwrap().delete(),
                    _ => {
                        let from = random.random_range(0..3);
                        let other = copies[from].clone();
                        merge(&mut copies[at], &other);
                    }
                }
            }
            let [a, b, c] = &copies[..] else { unreachable!() };
            let all = both(&both(a, b), c);
            assert_eq!(both(&both(c, b), a), all, "seed {seed}");
            assert_eq!(both(a, &both(b, c)), all, "seed {seed}");
            assert_eq!(both(&all, a), all, "seed {seed}");
            let mut again = all.clone();
            assert!(!merge(&mut again, b), "seed {seed}: nothing is new any more");
        }
    }

    #[test]
    fn lines_of_a_later_version_are_kept() {
        let json = r#"{"1":{"seen":{"A":2},"facts":{"name":[[["A",1],1,"Anna"]],"pager":[[["A",2],1,"77"]]}}}"#;
        let mut book: Book = serde_json::from_str(json).expect("it is read");
        change(&mut book, by("A", 5), |it| it.role = "Ärztin".into());
        assert!(serde_json::to_string(&book).unwrap().contains(r#""pager":[[["A",2],1,"77"]]"#));
    }
}
