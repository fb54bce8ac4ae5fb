//! Finding attachments in the ZIP file, as no event says where its own is.
//!
//! Until spring 2026 Element called them `images/NAME-DATE at TIME.EXT`: NAME and EXT from the `body`, date and time in the language
//! and time zone of the app. Since then it is `images/ID.EXT`, with the letters and digits of the event's ID (element-web issue
//! 33356). Both stand below a folder that is called as the ZIP file is. What was too large, could not be fetched or was not asked
//! for is not there.
//!
//! A file is found only if no other can be meant: another patient's picture is worse than none.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{Event, attached};

/// Paths of attachments, by the event's place.
pub(super) fn find<'a>(events: &[Event], files: &[&'a str]) -> HashMap<usize, &'a str> {
    let mut found = HashMap::new();
    let by_id = by_id(files);
    let mut named: BTreeMap<Name, Named<'a>> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        if event.is_deleted() || attached(&event.kind, &event.content).is_none() {
            continue;
        }
        let id: String = event.id.chars().filter(char::is_ascii_alphanumeric).collect();
        match by_id.get(id.as_str()).filter(|_| !id.is_empty()) {
            Some(file) => drop(found.insert(at, *file)),
            None => {
                let events = &mut named.entry(Name::of(event)).or_default().events;
                events.entry(event.at_ms / 1000).or_default().push(at);
            }
        }
    }
    let root = files.iter().filter_map(|file| file.strip_suffix("export.json"));
    let root = root.min_by_key(|root| root.len()).unwrap_or_default();
    for (name, named) in &mut named {
        for file in files {
            if let Some(date) = file.strip_prefix(root).and_then(|inside| name.date_in(inside)) {
                named.add(file, date);
            }
        }
    }
    let clocks = clocks(named.values());
    for named in named.into_values() {
        found.extend(named.pairs(&clocks));
    }
    found
}

/// Files by what may be an event's ID: `ID.EXT`, and `ID_(1).EXT` where there are two.
fn by_id<'a>(files: &[&'a str]) -> HashMap<&'a str, &'a str> {
    let mut by_id = HashMap::new();
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file);
        let end = name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (id, rest) = name.split_at(end);
        if rest.starts_with('.') || rest.starts_with("_(") {
            by_id.entry(id).or_insert(*file);
        }
    }
    by_id
}

/// What a file's path says beside the date.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// `images/NAME-`
    before: String,
    /// `.jpg`
    extension: String,
}

impl Name {
    fn of(event: &Event) -> Self {
        let body = event.content.get("body").and_then(Value::as_str).unwrap_or_default();
        let is_sticker = event.kind == "m.sticker";
        let folder = match event.content.get("msgtype").and_then(Value::as_str) {
            Some("m.image") => "images",
            Some("m.video") => "videos",
            Some("m.audio") => "audio",
            _ if is_sticker => "stickers",
            _ => "files",
        };
        let (name, extension) = body.split_at(body.rfind('.').unwrap_or(body.len()));
        let voice = ["org.matrix.msc3245.voice", "org.matrix.msc2516.voice"];
        let is_voice = voice.iter().any(|field| event.content.get(*field).is_some());
        let extension = match (is_voice, is_sticker) {
            (true, _) => ".ogg",
            (_, true) => ".png",
            _ => extension,
        };
        Self { before: format!("{folder}/{name}-"), extension: extension.to_owned() }
    }

    /// Date and time in the path of a file of this name.
    fn date_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        let date = path.strip_prefix(&self.before)?.strip_suffix(&self.extension)?;
        // Else the file of `Befund-Herz.pdf` would be one of `Befund.pdf`.
        let is_mark = |letter| matches!(letter, '\u{200e}' | '\u{200f}');
        date.trim_start_matches(is_mark).starts_with(char::is_numeric).then_some(date)
    }
}

/// Numbers of a date and a time as they stand.
type Numbers = [u64; 6];

/// Events and files of one name.
#[derive(Default)]
struct Named<'a> {
    /// Places of the events of each second.
    events: BTreeMap<u64, Vec<usize>>,
    /// Those of one second are counted: `… (1).jpg`.
    files: BTreeMap<Numbers, Vec<(u64, &'a str)>>,
    /// With a date of another calendar or in other digits.
    undated: Vec<&'a str>,
}

impl<'a> Named<'a> {
    fn add(&mut self, file: &'a str, date: &str) {
        let counted = date.strip_suffix(')').and_then(|date| date.rsplit_once(" ("));
        let counted = counted.and_then(|(date, count)| Some((date, count.parse().ok()?)));
        let (date, count) = counted.unwrap_or((date, 0));
        let numbers = date.split(|letter: char| !letter.is_numeric());
        let numbers: Vec<&str> = numbers.filter(|number| !number.is_empty()).collect();
        let Ok(numbers) = <[&str; 6]>::try_from(numbers) else { return };
        // Other digits come with other calendars.
        let numbers: Result<Vec<u64>, _> = numbers.iter().map(|number| number.parse()).collect();
        match numbers.ok().and_then(|numbers| Numbers::try_from(numbers).ok()) {
            Some(numbers) => self.files.entry(numbers).or_default().push((count, file)),
            None => self.undated.push(file),
        }
    }

    /// Which files may be those of a second.
    fn candidates(&self, second: u64, clocks: &BTreeSet<Clock>) -> BTreeSet<Numbers> {
        let numbers =
            clocks.iter().filter_map(|clock| Some(clock.way.write(time(second, clock.zone)?)));
        numbers.filter(|numbers| self.files.contains_key(numbers)).collect()
    }

    /// Events with their files.
    fn pairs(&self, clocks: &BTreeSet<Clock>) -> Vec<(usize, &'a str)> {
        let mut pairs = Vec::new();
        let mut open: BTreeMap<u64, BTreeSet<Numbers>> = BTreeMap::new();
        for (second, events) in &self.events {
            let mut candidates = self.candidates(*second, clocks);
            // Where one of a second is missing, nobody knows which.
            candidates.retain(|numbers| self.counted(numbers).len() == events.len());
            open.insert(*second, candidates);
        }
        loop {
            let mut only: BTreeMap<Numbers, Vec<u64>> = BTreeMap::new();
            for (second, candidates) in &open {
                if let (Some(numbers), 1) = (candidates.first(), candidates.len()) {
                    only.entry(*numbers).or_default().push(*second);
                }
            }
            only.retain(|_, seconds| seconds.len() == 1);
            if only.is_empty() {
                break;
            }
            for (numbers, seconds) in &only {
                let events = seconds.iter().filter_map(|second| self.events.get(second)).flatten();
                pairs.extend(events.copied().zip(self.counted(numbers)));
            }
            let taken: BTreeSet<u64> = only.values().flatten().copied().collect();
            open.retain(|second, _| !taken.contains(second));
            // What is taken may leave others with one candidate.
            for candidates in open.values_mut() {
                candidates.retain(|numbers| !only.contains_key(numbers));
            }
        }
        let events: Vec<usize> = self.events.values().flatten().copied().collect();
        if let ([event], [file], true) = (&events[..], &self.undated[..], self.files.is_empty()) {
            pairs.push((*event, *file));
        }
        pairs
    }

    /// Files of one second in their order; none if they are not all of the same, but of the morning and the evening.
    fn counted(&self, numbers: &Numbers) -> Vec<&'a str> {
        let files = self.files.get(numbers).map(Vec::as_slice).unwrap_or_default();
        let counted: BTreeMap<u64, &str> = files.iter().copied().collect();
        if counted.len() == files.len() { counted.into_values().collect() } else { Vec::new() }
    }
}

/// Time zones, in quarters of an hour: 96 is UTC, so that nothing is below zero. From 12 hours behind to 14 before.
const ZONES: std::ops::RangeInclusive<u64> = 48..=152;

/// How the app wrote dates: where it was, and in which language.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Clock {
    zone: u64,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// Places of year, month, day, hour, minute and second.
    order: [usize; 6],
    is_year_short: bool,
    /// Hours from 1 to 12.
    is_on_the_dial: bool,
}

impl Way {
    fn all() -> Vec<Self> {
        let dates = [[2, 1, 0], [2, 0, 1], [0, 1, 2]];
        let date_first = dates.map(|[a, b, c]| [a, b, c, 3, 4, 5]);
        let date_last = dates.map(|[a, b, c]| [a + 3, b + 3, c + 3, 0, 1, 2]);
        let both = [false, true];
        let orders = date_first.into_iter().chain(date_last);
        let ways = orders.flat_map(|order| both.map(|is_year_short| (order, is_year_short)));
        let ways = ways.flat_map(|(order, is_year_short)| {
            both.map(|is_on_the_dial| Self { order, is_year_short, is_on_the_dial })
        });
        ways.collect()
    }

    fn write(self, [year, month, day, hour, minute, second]: Numbers) -> Numbers {
        let year = if self.is_year_short { year % 100 } else { year };
        let hour = if self.is_on_the_dial { (hour + 11) % 12 + 1 } else { hour };
        let mut numbers = [0; 6];
        for (place, number) in self.order.into_iter().zip([year, month, day, hour, minute, second])
        {
            numbers[place] = number;
        }
        numbers
    }
}

/// Clocks that the app may have had: the ones that most files fit, and an hour beside them for summer time.
fn clocks<'n, 'a: 'n>(all: impl Iterator<Item = &'n Named<'a>>) -> BTreeSet<Clock> {
    let ways = Way::all();
    let mut counts: BTreeMap<Clock, usize> = BTreeMap::new();
    for named in all.filter(|named| !named.files.is_empty()) {
        for (second, zone) in named.events.keys().flat_map(|it| ZONES.map(move |zone| (*it, zone)))
        {
            let Some(time) = time(second, zone) else { continue };
            for way in ways.iter().filter(|way| named.files.contains_key(&way.write(time))) {
                *counts.entry(Clock { zone, way: *way }).or_default() += 1;
            }
        }
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let best = counts.into_iter().filter(|(_, count)| *count == most).map(|(clock, _)| clock);
    let beside = |Clock { zone, way }| [zone - 4, zone, zone + 4].map(|zone| Clock { zone, way });
    best.flat_map(beside).collect()
}

/// Year, month, day, hour, minute and second of a second since 1970.
fn time(second: u64, zone: u64) -> Option<Numbers> {
    let local = second.saturating_add(zone * 900);
    let (year, month, day) = date((local / DAY).checked_sub(1)?)?;
    Some([year, month, day, local % DAY / 3600, local % 3600 / 60, local % 60])
}

const DAY: u64 = 24 * 60 * 60;

/// Year, month and day of the day that is so many after 1970 began; none after the year 9999.
fn date(mut days: u64) -> Option<(u64, u64, u64)> {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
        if year > 9999 {
            return None;
        }
    }
    let february = 28 + u64::from(is_leap(year));
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if days < length {
            return Some((year, month, days + 1));
        }
        days -= length;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// 15 January 2025, 13:03:22 in UTC.
    const AT_MS: u64 = 1_736_946_202_517;

    fn event(kind: &str, at_ms: u64, content: Value) -> Event {
        let (id, sender) = (format!("${at_ms}"), "@anna:klinikum.example".into());
        let (state_key, unsigned) = (None, Value::Null);
        Event { id, kind: kind.into(), sender, at_ms, state_key, content, unsigned }
    }

    fn picture(at_ms: u64, body: &str) -> Event {
        event("m.room.message", at_ms, json!({ "msgtype": "m.image", "body": body }))
    }

    fn found<'a>(events: &[Event], files: &[&'a str]) -> Vec<Option<&'a str>> {
        let files = ["Element - S3/export.json"].iter().chain(files).copied().collect::<Vec<_>>();
        let found = find(events, &files);
        (0..events.len()).map(|at| found.get(&at).copied()).collect()
    }

    #[test]
    fn a_file_is_found_by_its_name_and_time_in_any_language_and_zone() {
        for date in [
            "15.1.2025 um 14-03-22",
            "1-15-2025 at 1-03-22 PM",
            "15-01-2025 at 13-03-22",
            "2025-1-15 下午9-03-22",
            "15.1.25 klo 15.03.22",
            "1-16-2025 at 12-33-22 AM",
        ] {
            let path = format!("Element - S3/images/Knie links-{date}.jpg");
            assert_eq!(found(&[picture(AT_MS, "Knie links.jpg")], &[&path]), [Some(&*path)]);
            let alone =
                find(&[picture(AT_MS, "Knie links.jpg")], &[&path["Element - S3/".len()..]]);
            assert_eq!(alone.len(), 1, "what has no folder has none");
        }
    }

    #[test]
    fn pictures_of_one_name_are_told_apart_by_their_time() {
        let files = [
            "Element - S3/images/image-15.1.2025 um 14-04-23.jpg",
            "Element - S3/images/image-15.1.2025 um 14-03-22 (1).jpg",
            "Element - S3/images/image-15.1.2025 um 14-03-22.jpg",
        ];
        let times = [0, 0, 61_000, 300_000].map(|later| picture(AT_MS + later, "image.jpg"));
        assert_eq!(found(&times, &files), [Some(files[2]), Some(files[1]), Some(files[0]), None]);
    }

    #[test]
    fn dates_of_the_same_numbers_are_not_mixed_up() {
        let files = [
            "Element - S3/images/image-11.10.2025 um 12-13-14.jpg",
            "Element - S3/images/image-12.10.2025 um 11-13-14.jpg",
            "Element - S3/images/image-10.11.2025 um 12-13-14.jpg",
        ];
        // 11 October, 12 October and 10 November 2025 in Hanover.
        let seconds = [1_760_177_594, 1_760_260_394, 1_762_773_194];
        let events = seconds.map(|second: u64| picture(second * 1000, "image.jpg"));
        assert_eq!(found(&events, &files), files.map(Some));
    }

    #[test]
    fn of_morning_and_evening_nothing_is_guessed() {
        let files = [
            "Element - S3/images/image-1-15-2025 at 2-03-22 AM.jpg",
            "Element - S3/images/image-1-15-2025 at 2-03-22 PM.jpg",
        ];
        let events = [picture(AT_MS, "image.jpg"), picture(AT_MS - 12 * 3_600_000, "image.jpg")];
        assert_eq!(found(&events, &files), [None, None]);
    }

    #[test]
    fn of_two_pictures_of_one_second_the_one_that_is_left_is_nobodys() {
        let files = ["Element - S3/images/image-15.1.2025 um 14-03-22.jpg"];
        let same = || picture(AT_MS, "image.jpg");
        assert_eq!(found(&[same(), same()], &files), [None, None]);
    }

    #[test]
    fn the_zone_is_that_of_the_other_files() {
        let hours = |hours: u64| picture(AT_MS + hours * 3_600_000, "image.jpg");
        let files = [
            "Element - S3/images/Knie-14.1.2025 um 10-00-00.jpg",
            "Element - S3/images/Hand-14.1.2025 um 11-30-00.jpg",
            "Element - S3/images/image-15.1.2025 um 17-03-22.jpg",
        ];
        // 14 January, 9:00 and 10:30 in UTC.
        let known =
            || [picture(1_736_845_200_000, "Knie.jpg"), picture(1_736_850_600_000, "Hand.jpg")];
        let events: Vec<Event> = known().into_iter().chain([hours(0), hours(3)]).collect();
        let expected = [Some(files[0]), Some(files[1]), None, Some(files[2])];
        assert_eq!(found(&events, &files), expected, "whose own is missing gets no other");
    }

    #[test]
    fn summer_and_winter_are_both_found() {
        let files = [
            "Element - S3/images/image-15.1.2025 um 14-03-22.jpg",
            "Element - S3/images/image-16.1.2025 um 14-03-22.jpg",
            "Element - S3/images/image-15.7.2025 um 15-03-22.jpg",
            "Element - S3/images/image-15.7.2025 um 16-03-22.jpg",
        ];
        let day = 86_400_000;
        let times = [0, day, 181 * day, 181 * day + 3_600_000];
        let events = times.map(|later| picture(AT_MS + later, "image.jpg"));
        assert_eq!(found(&events, &files), files.map(Some));
    }

    #[test]
    fn no_other_file_is_taken_for_an_attachment() {
        for file in [
            "images/image-15.1.2025 um 14-05-22.jpg",
            "images/image-17.1.2025 um 14-03-22.jpg",
            "images/image-links-15.1.2025 um 14-03-22.jpg",
            "images/image-15.1.2025 um 14-03-22.png",
            "videos/image-15.1.2025 um 14-03-22.jpg",
            "images/image-3.jpg",
            "images/image.jpg",
            "images/1x.jpg",
        ] {
            let path = format!("Element - S3/{file}");
            assert_eq!(found(&[picture(AT_MS, "image.jpg")], &[&path]), [None], "{file}");
        }
    }

    #[test]
    fn a_date_of_another_calendar_will_do_if_it_is_the_only_one() {
        let file = "Element - S3/images/image-۱۴۰۳-۱۰-۲۶ at ۱۶-۳۳-۲۲.jpg";
        assert_eq!(found(&[picture(AT_MS, "image.jpg")], &[file]), [Some(file)]);
        let two = [picture(AT_MS, "image.jpg"), picture(AT_MS + 5000, "image.jpg")];
        assert_eq!(found(&two, &[file]), [None, None]);
    }

    #[test]
    fn stickers_voice_messages_and_files_have_folders_and_endings_of_their_own() {
        let voice = json!({
            "msgtype": "m.audio", "body": "Voice message", "org.matrix.msc3245.voice": {},
        });
        let file = json!({ "msgtype": "m.file", "body": "a/b.pdf" });
        let all = [
            event("m.sticker", AT_MS, json!({ "body": "Daumen" })),
            event("m.room.message", AT_MS, voice),
            event("m.room.message", AT_MS, file),
        ];
        let files = [
            "Element - S3/stickers/Daumen-15.1.2025 um 14-03-22.png",
            "Element - S3/audio/Voice message-15.1.2025 um 14-03-22.ogg",
            "Element - S3/files/a/b-15.1.2025 um 14-03-22.pdf",
        ];
        assert_eq!(found(&all, &files), files.map(Some));
    }

    #[test]
    fn a_date_is_that_of_the_calendar() {
        let days = [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29))];
        let later = [(20_103, (2025, 1, 15)), (47_540, (2100, 2, 28)), (47_541, (2100, 3, 1))];
        for (day, expected) in days.into_iter().chain(later) {
            assert_eq!(date(day), Some(expected), "{day}");
        }
        assert_eq!(date(u64::MAX), None);
    }
}
