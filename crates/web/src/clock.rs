//! Times as people read them. The browser tells the local time; what to show of it is decided here.

use crate::i18n::Lang;

/// A moment in the reader's own time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Year, such as 2026.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
}

impl LocalTime {
    /// `09:41`.
    pub fn clock(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// Days since 1 January 1970, so that two dates can be subtracted (Howard Hinnant, "days_from_civil").
    fn day_number(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468
    }

    /// 0 is Monday.
    fn weekday(self) -> usize {
        // 1 January 1970 was a Thursday.
        (self.day_number() + 3).rem_euclid(7) as usize
    }

    /// The date in figures.
    pub fn date(self, lang: Lang) -> String {
        let Self { year, month, day, .. } = self;
        match lang {
            Lang::De => format!("{day:02}.{month:02}.{year}"),
            Lang::En => format!("{day:02}/{month:02}/{year}"),
        }
    }
}

/// In the list of chats: the time today, "yesterday", the weekday within a week, else the date.
pub fn in_list(then: LocalTime, now: LocalTime, lang: Lang) -> String {
    match now.day_number() - then.day_number() {
        // A clock that runs behind the server's makes "tomorrow" out of now.
        -1 | 0 => then.clock(),
        1 => lang.yesterday().into(),
        2..=6 => SHORT_WEEKDAYS[index(lang)][then.weekday()].into(),
        _ => then.date(lang),
    }
}

/// Heading of a day in a chat: "today", "yesterday", else the weekday with the date.
pub fn day_heading(then: LocalTime, now: LocalTime, lang: Lang) -> String {
    let age_days = now.day_number() - then.day_number();
    match age_days {
        0 => return lang.today().into(),
        1 => return lang.yesterday().into(),
        _ => {}
    }
    let weekday = WEEKDAYS[index(lang)][then.weekday()];
    let month = MONTHS[index(lang)][usize::from(then.month.clamp(1, 12)) - 1];
    let year = if then.year == now.year { String::new() } else { format!(" {}", then.year) };
    match lang {
        Lang::De => format!("{weekday}, {}. {month}{year}", then.day),
        Lang::En => format!("{weekday}, {} {month}{year}", then.day),
    }
}

/// Date and time that hold for good, for paper.
pub fn stamp(then: LocalTime, lang: Lang) -> String {
    format!("{}, {}", then.date(lang), then.clock())
}

/// Day and time, for the details of a message.
pub fn exact(then: LocalTime, now: LocalTime, lang: Lang) -> String {
    format!("{}, {}", day_heading(then, now, lang), then.clock())
}

fn index(lang: Lang) -> usize {
    match lang {
        Lang::De => 0,
        Lang::En => 1,
    }
}

const SHORT_WEEKDAYS: [[&str; 7]; 2] =
    [["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"], ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]];
const WEEKDAYS: [[&str; 7]; 2] = [
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];
const MONTHS: [[&str; 12]; 2] = [
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> LocalTime {
        LocalTime { year, month, day, hour, minute }
    }

    #[test]
    fn the_list_shows_the_shortest_time_that_is_still_clear() {
        let now = at(2026, 3, 1, 9, 41);
        for (then, de, en) in [
            (at(2026, 3, 1, 0, 5), "00:05", "00:05"),
            (at(2026, 2, 28, 23, 59), "Gestern", "Yesterday"),
            (at(2026, 2, 27, 12, 0), "Fr", "Fri"),
            (at(2026, 2, 23, 12, 0), "Mo", "Mon"),
            (at(2026, 2, 22, 12, 0), "22.02.2026", "22/02/2026"),
            (at(2025, 12, 31, 12, 0), "31.12.2025", "31/12/2025"),
            (at(2026, 3, 2, 0, 1), "00:01", "00:01"),
        ] {
            assert_eq!(in_list(then, now, Lang::De), de);
            assert_eq!(in_list(then, now, Lang::En), en);
        }
    }

    #[test]
    fn a_day_is_headed_by_weekday_and_date_and_by_the_year_only_if_it_is_another() {
        let now = at(2026, 11, 23, 12, 0);
        for (then, de, en) in [
            (at(2026, 11, 23, 0, 0), "Heute", "Today"),
            (at(2026, 11, 22, 23, 0), "Gestern", "Yesterday"),
            (at(2026, 11, 20, 8, 0), "Freitag, 20. November", "Friday, 20 November"),
            (at(2024, 2, 29, 8, 0), "Donnerstag, 29. Februar 2024", "Thursday, 29 February 2024"),
        ] {
            assert_eq!(day_heading(then, now, Lang::De), de);
            assert_eq!(day_heading(then, now, Lang::En), en);
        }
    }

    #[test]
    fn weekdays_are_right_across_leap_years_and_centuries() {
        for (day, weekday) in [
            (at(1970, 1, 1, 0, 0), "Do"),
            (at(2000, 2, 29, 0, 0), "Di"),
            (at(2026, 11, 23, 0, 0), "Mo"),
            (at(2100, 3, 1, 0, 0), "Mo"),
        ] {
            assert_eq!(SHORT_WEEKDAYS[0][day.weekday()], weekday, "{day:?}");
        }
    }
}
