//! The beginning of a message: date, time and what stands around them.

use super::marks::{is_mark, is_space};

/// What stands before the author of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub form: Form,
    pub date: Date,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// The three numbers of a date as they stand there, whatever each of them is.
pub(super) type Date = [u16; 3];

/// How date and time are written. The device writes all heads of an export the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    ending: Ending,
    /// Between day and month.
    pub separator: char,
    /// Which of the date's numbers has four digits.
    pub long_year: Option<usize>,
    has_comma: bool,
    has_seconds: bool,
    has_half: bool,
}

/// What divides the time from the author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// iOS: `[12.03.24, 14:05:33] `
    Bracket,
    /// Android: `12.03.24, 14:05 - `
    Dash,
    /// iOS until 2018: `12.03.16, 14:05:33: `
    Colon,
}

/// Half of the day, where the clock has twelve hours.
#[derive(Clone, Copy)]
enum Half {
    Before,
    After,
}

/// Words for the halves, as German devices have them besides AM and PM.
#[rustfmt::skip]
const HALVES: &[(&str, Half)] = &[
    ("vorm.", Half::Before), ("morgens", Half::Before), ("nachts", Half::Before), ("früh", Half::Before),
    ("nachm.", Half::After), ("mittags", Half::After), ("abends", Half::After),
];

impl Head {
    /// Reads the beginning of a line, and gives what follows it.
    pub(super) fn read(line: &str) -> Option<(Self, &str)> {
        let mut cursor = Cursor { rest: line };
        let has_bracket = cursor.takes('[');
        let (first, separator) = (cursor.number()?, cursor.separator()?);
        cursor.spaces();
        let second = cursor.number()?;
        if !cursor.takes(separator) {
            return None;
        }
        cursor.spaces();
        let third = cursor.number()?;
        // Some languages close the date with a dot: 12. 03. 2024.
        let _ = separator == '.' && cursor.takes('.');
        let has_comma = cursor.takes(',');
        if !cursor.spaces() {
            return None;
        }
        if (cursor.takes_word("um") || cursor.takes_word("at")) && !cursor.spaces() {
            return None;
        }
        let time = cursor.time()?;
        let ending = if has_bracket {
            cursor.takes(']').then_some(Ending::Bracket)?
        } else if cursor.takes(':') {
            Ending::Colon
        } else if cursor.spaces() && (cursor.takes('-') || cursor.takes('–')) {
            Ending::Dash
        } else {
            return None;
        };
        // The text's own marks tell something: only one blank is taken, and no mark after it.
        let rest = cursor.rest.strip_prefix(is_space).or(has_bracket.then_some(cursor.rest))?;
        let digits = [first.digits, second.digits, third.digits];
        let long_year = match digits {
            [1 | 2, 1 | 2, 2] => None,
            [4, 1 | 2, 1 | 2] => Some(0),
            [1 | 2, 1 | 2, 4] => Some(2),
            // 24/3/1: no year has one digit, so it is in front.
            [2, 1 | 2, 1] => None,
            _ => return None,
        };
        let form = Form {
            ending,
            separator,
            long_year,
            has_comma,
            has_seconds: time.second.is_some(),
            has_half: time.half.is_some(),
        };
        let head = Self {
            form,
            date: [first.value, second.value, third.value],
            hour: time.hour,
            minute: time.minute,
            second: time.second.unwrap_or_default(),
        };
        Some((head, rest))
    }
}

struct Number {
    value: u16,
    digits: usize,
}

struct Time {
    hour: u8,
    minute: u8,
    second: Option<u8>,
    half: Option<Half>,
}

/// Reads from left to right, and past all marks.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn takes(&mut self, letter: char) -> bool {
        self.takes_word(letter.encode_utf8(&mut [0; 4]))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start_matches(is_mark).strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn spaces(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(|it| is_mark(it) || is_space(it));
        let has_space = self.rest[..self.rest.len() - rest.len()].contains(is_space);
        self.rest = rest;
        has_space
    }

    fn number(&mut self) -> Option<Number> {
        let rest = self.rest.trim_start_matches(is_mark);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).take(5).count();
        let value = rest[..digits].parse().ok().filter(|_| digits <= 4)?;
        self.rest = &rest[digits..];
        Some(Number { value, digits })
    }

    fn separator(&mut self) -> Option<char> {
        ['.', '/', '-'].into_iter().find(|it| self.takes(*it))
    }

    /// Two digits below 60.
    fn sixtieth(&mut self) -> Option<u8> {
        let number = self.number().filter(|it| it.digits == 2 && it.value < 60)?;
        u8::try_from(number.value).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.number().filter(|it| it.digits <= 2 && it.value < 24)?;
        let mut hour = u8::try_from(hour.value).ok()?;
        let colon = [':', '.'].into_iter().find(|it| self.takes(*it))?;
        let minute = self.sixtieth()?;
        let before = self.rest;
        // A colon without digits after it is the one before the author.
        let second = if self.takes(colon) { self.sixtieth() } else { None };
        if second.is_none() {
            self.rest = before;
        }
        let half = self.half();
        match half {
            Some(Half::Before) if hour == 12 => hour = 0,
            Some(Half::After) if hour < 12 => hour += 12,
            _ => {}
        }
        Some(Time { hour, minute, second, half })
    }

    /// `AM`, `pm`, `a. m.`, `nachm.` …, with any blank before it.
    fn half(&mut self) -> Option<Half> {
        let before = self.rest;
        self.spaces();
        let half = self.german_half().or_else(|| self.latin_half());
        if half.is_none() {
            self.rest = before;
        }
        half
    }

    fn german_half(&mut self) -> Option<Half> {
        let found = HALVES.iter().find(|(word, _)| self.takes_word(word));
        found.map(|(_, half)| *half)
    }

    fn latin_half(&mut self) -> Option<Half> {
        let half = if self.takes('a') || self.takes('A') {
            Half::Before
        } else if self.takes('p') || self.takes('P') {
            Half::After
        } else {
            return None;
        };
        let has_dots = self.takes('.');
        self.spaces();
        if !self.takes('m') && !self.takes('M') {
            return None;
        }
        let _ = has_dots && self.takes('.');
        Some(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(lines: &[&str]) -> Vec<(u8, u8, u8)> {
        let read = |line: &&str| Head::read(line).unwrap_or_else(|| panic!("{line}")).0;
        lines.iter().map(read).map(|it| (it.hour, it.minute, it.second)).collect()
    }

    #[test]
    fn every_form_of_a_head_is_read() {
        let lines = [
            "12.03.24, 14:05 - Anna: Hallo",
            "12.03.2016 um 14:05 - Anna: Hallo",
            "12.03.16, 14:05:33: Anna: Hallo",
            "12.03.16 14.05.33: Anna: Hallo",
            "[12.03.24, 14:05:33] Anna: Hallo",
            "\u{200e}[12.03.24, 14:05:33] Anna: \u{200e}Hallo",
            "[\u{feff}12/03/2024, 14:05] Anna: Hallo",
            "[2024-03-12 14:05:33] Anna: Hallo",
            "12. 3. 2024. 14:05 – Anna: Hallo",
        ];
        let read = times(&lines);
        assert!(read.iter().all(|it| (it.0, it.1) == (14, 5)), "{read:?}");
        for line in lines {
            let (head, rest) = Head::read(line).expect("a head");
            assert!(rest.starts_with("Anna: "), "{line}");
            assert!(head.date.contains(&12) && head.date.contains(&3), "{line}");
        }
    }

    #[test]
    fn a_clock_with_twelve_hours_is_read() {
        let afternoon = [
            "3/12/24, 2:05 PM - Anna: x",
            "3/12/24, 2:05\u{202f}PM - Anna: x",
            "[3/12/24, 2:05:00\u{a0}pm] Anna: x",
            "12/03/2024, 2:05 p.\u{a0}m. - Anna: x",
            "12/3/24, 2:05 p.m. - Anna: x",
            "12/3/24, 2:05pm - Anna: x",
            "12.03.24, 2:05 nachm. - Anna: x",
            "12.03.24, 2:05 mittags - Anna: x",
        ];
        assert!(times(&afternoon).iter().all(|it| *it == (14, 5, 0)));
        let midnight = ["3/12/24, 12:05 AM - A: x", "12.03.24, 12:05 nachts - A: x"];
        assert!(times(&midnight).iter().all(|it| *it == (0, 5, 0)));
        let noon = ["3/12/24, 12:05 PM - A: x", "12.03.24, 12:05 mittags - A: x"];
        assert!(times(&noon).iter().all(|it| *it == (12, 5, 0)));
    }

    #[test]
    fn what_only_has_a_date_is_no_head() {
        for line in [
            "",
            "[",
            "12.03.24",
            "12.03.24, 14:05",
            "12.03.24, 14:05 Anna: Hallo",
            "12.03.24, 14:05 -Anna: Hallo",
            "12.03.24,14:05 - Anna: Hallo",
            "12.03.24, 24:05 - Anna: Hallo",
            "12.03.24, 14:75 - Anna: Hallo",
            "12.03/24, 14:05 - Anna: Hallo",
            "12.03.224, 14:05 - Anna: Hallo",
            "[12.03.24, 14:05 Anna: Hallo",
            "[14:05, 12.3.2024] Anna: Hallo",
            "99999999999999999999.03.24, 14:05 - Anna",
        ] {
            assert!(Head::read(line).is_none(), "{line}");
        }
    }
}
