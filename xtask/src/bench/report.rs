//! What was measured against what was asked for.

use std::fmt::Write;

use serde_json::Value;

use super::number;
use crate::Failure;

/// What is asked of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bar {
    /// So many times the peer's.
    Times(f64),
    /// The peer's, divided by so much.
    Part(f64),
    /// No more than this.
    AtMost(f64),
    /// This part of what the machine's floor gives.
    OfFloor(f64),
}

/// A figure beside the peer's.
#[derive(Debug)]
struct Line {
    scenario: &'static str,
    what: &'static str,
    ours: f64,
    theirs: Option<f64>,
    bar: Bar,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// The load generator's reports as they came.
    pub raw: Vec<Value>,
    /// Pings per second of a server that does nothing.
    pub floor_pings: Option<f64>,
    lines: Vec<Line>,
    notes: Vec<String>,
}

impl Report {
    /// A remark under the table.
    pub fn note(&mut self, note: &str) {
        println!("   {note}");
        self.notes.push(note.to_owned());
    }

    /// A figure that should be so many times the peer's.
    pub fn higher(
        &mut self,
        scenario: &'static str,
        what: &'static str,
        ours: &Value,
        theirs: Option<&Value>,
        at: &str,
        times: f64,
    ) -> Result<(), Failure> {
        let theirs = theirs.map(|report| number(report, at)).transpose()?;
        let (ours, bar) = (number(ours, at)?, Bar::Times(times));
        self.lines.push(Line { scenario, what, ours, theirs, bar });
        Ok(())
    }

    /// A figure that should be a part of the peer's.
    pub fn lower(
        &mut self,
        scenario: &'static str,
        what: &'static str,
        ours: &Value,
        theirs: Option<&Value>,
        at: &str,
        part: f64,
    ) -> Result<(), Failure> {
        let theirs = theirs.map(|report| number(report, at)).transpose()?;
        self.compare_lower(scenario, what, number(ours, at)?, theirs, part);
        Ok(())
    }

    /// As [`Report::lower`], for figures that were computed.
    pub fn compare_lower(
        &mut self,
        scenario: &'static str,
        what: &'static str,
        ours: f64,
        theirs: Option<f64>,
        part: f64,
    ) {
        self.lines.push(Line { scenario, what, ours, theirs, bar: Bar::Part(part) });
    }

    /// A figure with a bar of its own.
    pub fn at_most(&mut self, scenario: &'static str, what: &'static str, ours: f64, most: f64) {
        self.lines.push(Line { scenario, what, ours, theirs: None, bar: Bar::AtMost(most) });
    }

    /// A figure that should be a part of the floor's pings.
    pub fn of_floor(&mut self, scenario: &'static str, what: &'static str, ours: f64, part: f64) {
        let theirs = self.floor_pings;
        self.lines.push(Line { scenario, what, ours, theirs, bar: Bar::OfFloor(part) });
    }

    /// The figures as a table for people.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| scenario | figure | Konsil | peer | ratio | bar | |\n|---|---|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let (ratio, bar, met) = line.judge();
            let theirs = line.theirs.map(short).unwrap_or_default();
            let met = met.map_or("", |met| if met { "met" } else { "missed" });
            writeln!(
                table,
                "| {} | {} | {} | {theirs} | {ratio} | {bar} | {met} |",
                line.scenario,
                line.what,
                short(line.ours)
            )
            .expect("a string takes it");
        }
        self.notes.iter().for_each(|note| table.push_str(&format!("\n- {note}")));
        table.push('\n');
        table
    }
}

impl Line {
    /// The ratio, the bar, and whether it is met; `None` where there is nothing to compare with.
    fn judge(&self) -> (String, String, Option<bool>) {
        let ratio = self.theirs.map(|theirs| self.ours / theirs);
        match self.bar {
            Bar::Times(times) => (
                ratio.map(|ratio| format!("{}×", short(ratio))).unwrap_or_default(),
                format!("{times}×"),
                ratio.map(|ratio| ratio >= times),
            ),
            Bar::Part(part) => (
                ratio.map(|ratio| format!("1/{}", short(1.0 / ratio))).unwrap_or_default(),
                format!("1/{part}"),
                ratio.map(|ratio| ratio * part <= 1.0),
            ),
            Bar::AtMost(most) => (String::new(), format!("≤ {most}"), Some(self.ours <= most)),
            Bar::OfFloor(part) => (
                ratio.map(|ratio| format!("{ratio:.2} of the floor")).unwrap_or_default(),
                format!("{part}"),
                ratio.map(|ratio| ratio >= part),
            ),
        }
    }
}

/// Three digits are as many as a noisy machine gives.
fn short(number: f64) -> String {
    match number {
        _ if number >= 100.0 => format!("{number:.0}"),
        _ if number >= 10.0 => format!("{number:.1}"),
        _ if number >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(ours: f64, theirs: Option<f64>, bar: Bar) -> Option<bool> {
        Line { scenario: "", what: "", ours, theirs, bar }.judge().2
    }

    #[test]
    fn a_bar_is_met_on_the_right_side_of_it() {
        assert_eq!(met(76.0, Some(1.0), Bar::Times(75.0)), Some(true));
        assert_eq!(met(74.0, Some(1.0), Bar::Times(75.0)), Some(false));
        assert_eq!(met(1.0, Some(61.0), Bar::Part(60.0)), Some(true));
        assert_eq!(met(1.0, Some(59.0), Bar::Part(60.0)), Some(false));
        assert_eq!(met(18.5, None, Bar::AtMost(18.0)), Some(false));
        assert_eq!(met(23.0, Some(100.0), Bar::OfFloor(0.22)), Some(true));
        assert_eq!(met(1.0, None, Bar::Times(2.0)), None, "nothing to compare with");
    }
}
