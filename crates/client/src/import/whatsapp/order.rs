//! Which number of a date is the day.

use serde::{Deserialize, Serialize};

use std::cmp::Ordering;

use super::head::{Date, Form};

/// Order of day and month in the dates of an export, which its device's language decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateOrder {
    /// `31.12.24`
    DayFirst,
    /// `12/31/24`
    MonthFirst,
    /// `2024-12-31`
    YearFirst,
}

impl DateOrder {
    /// Year, month and day. `None`: there is no such day.
    pub(super) fn read(self, date: Date) -> Option<(u16, u8, u8)> {
        let [first, second, third] = date;
        let (year, month, day) = match self {
            Self::DayFirst => (third, second, first),
            Self::MonthFirst => (third, first, second),
            Self::YearFirst => (first, second, third),
        };
        // Clocks that were never set count from 1970.
        let year = match year {
            ..70 => 2000 + year,
            70..100 => 1900 + year,
            _ => year,
        };
        let is_day = (1970..2100).contains(&year) && (1..=days_in(year, month)).contains(&day);
        is_day.then_some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
    }

    /// How many of the dates do not exist in this order.
    fn misfits(self, dates: &[Date]) -> usize {
        dates.iter().filter(|date| self.read(**date).is_none()).count()
    }

    /// How often a date is before the one above it.
    fn steps_back(self, dates: &[Date]) -> usize {
        let mut last = None;
        let days = dates.iter().filter_map(|date| self.read(*date));
        days.filter(|day| last.replace(*day).is_some_and(|last| *day < last)).count()
    }
}

/// 0: there is no such month.
fn days_in(year: u16, month: u16) -> u16 {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// The order of an export's dates, and whether another fits as well.
///
/// What does not exist in an order speaks against it, and so does what is not chronological. Dots are not asked about: no
/// language writes them with the month first.
pub(super) fn order(form: Form, dates: &[Date], said: Option<DateOrder>) -> (DateOrder, bool) {
    let (guess, is_ambiguous) = guess(form, dates);
    match said {
        Some(said) if said.misfits(dates) <= guess.misfits(dates) => (said, false),
        _ => (guess, is_ambiguous),
    }
}

fn guess(form: Form, dates: &[Date]) -> (DateOrder, bool) {
    use DateOrder::{DayFirst, MonthFirst, YearFirst};
    if form.long_year == Some(0) {
        return (YearFirst, false);
    }
    if form.separator == '.' {
        let is_odd = DayFirst.misfits(dates) > MonthFirst.misfits(dates);
        return (if is_odd { MonthFirst } else { DayFirst }, false);
    }
    let against = |order: DateOrder| order.misfits(dates) + order.steps_back(dates);
    let (day, month) = (against(DayFirst), against(MonthFirst));
    // Two digits of a year in front are so rare that they have to be the better reading, not an equal one.
    if form.long_year.is_none() && against(YearFirst) < day.min(month) {
        return (YearFirst, false);
    }
    match day.cmp(&month) {
        Ordering::Less => (DayFirst, false),
        Ordering::Greater => (MonthFirst, false),
        // The third of March is the same in both.
        Ordering::Equal => (DayFirst, dates.iter().any(|[first, second, _]| first != second)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::Head;
    use super::{DateOrder::*, *};

    fn of(dates: &[&str], said: Option<DateOrder>) -> (DateOrder, bool) {
        let head = |date: &&str| {
            let line = format!("{date}, 14:05 - Anna: x");
            Head::read(&line).expect("a head").0
        };
        let heads: Vec<Head> = dates.iter().map(head).collect();
        let dates: Vec<Date> = heads.iter().map(|it| it.date).collect();
        order(heads[0].form, &dates, said)
    }

    #[test]
    fn a_number_above_twelve_tells_the_order() {
        assert_eq!(of(&["3/12/24", "3/13/24"], None), (MonthFirst, false));
        assert_eq!(of(&["12/3/24", "13/3/24"], None), (DayFirst, false));
        assert_eq!(of(&["2024-03-12"], None), (YearFirst, false));
        assert_eq!(of(&["24-03-12", "24-03-13", "24-04-01"], None), (YearFirst, false));
    }

    #[test]
    fn dots_mean_that_the_day_is_first() {
        assert_eq!(of(&["03.12.24", "04.12.24"], None), (DayFirst, false));
        assert_eq!(of(&["12.13.24"], None), (MonthFirst, false));
    }

    #[test]
    fn else_the_order_is_the_one_in_which_time_goes_on() {
        assert_eq!(of(&["10/04/24", "02/05/24"], None), (DayFirst, false));
        assert_eq!(of(&["4/10/24", "5/2/24"], None), (MonthFirst, false));
    }

    #[test]
    fn where_both_orders_fit_the_person_is_asked() {
        assert_eq!(of(&["03/04/24", "04/04/24"], None), (DayFirst, true));
        assert_eq!(of(&["03/04/24", "04/04/24"], Some(MonthFirst)), (MonthFirst, false));
        assert_eq!(of(&["03/03/24"], None), (DayFirst, false), "it is the same day in both");
    }

    #[test]
    fn an_order_the_dates_do_not_have_is_not_taken_from_the_person() {
        assert_eq!(of(&["12/3/24", "13/3/24"], Some(MonthFirst)), (DayFirst, false));
        assert_eq!(of(&["12/3/2024"], Some(YearFirst)), (DayFirst, true));
    }

    #[test]
    fn only_days_that_exist_are_read() {
        assert_eq!(DayFirst.read([29, 2, 24]), Some((2024, 2, 29)));
        assert_eq!(DayFirst.read([1, 1, 70]), Some((1970, 1, 1)), "a clock that was never set");
        for date in [[29, 2, 23], [31, 4, 24], [0, 1, 24], [1, 0, 24], [1, 13, 24], [1, 1, 9999]] {
            assert_eq!(DayFirst.read(date), None, "{date:?}");
        }
    }
}
