//! Counts what libtest prints: tests, and rows of the requirements catalogue.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Failure;

/// Sums over all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
    /// Requirement ID → whether all tests in its modules have passed so far.
    rows: BTreeMap<String, bool>,
}

/// `tests/acceptance/rows.toml`: what the acceptance tests claim to show.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Rows whose "shown by" column is shown, each with a sentence on how.
    pub shown: BTreeMap<String, String>,
    /// Rows of which a part is shown: their tests run and must pass, but they are not counted as rows.
    #[serde(default)]
    pub partly: BTreeMap<String, String>,
}

impl Tally {
    /// Reads one line of output; lines that are no result are passed over.
    pub fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some((_, counts)) = line.split_once("test result: ") {
            let count = |word: &str| {
                let before = counts.split(word).next().unwrap_or_default();
                before
                    .trim()
                    .rsplit([' ', '.'])
                    .next()
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(0)
            };
            self.passed += count(" passed");
            self.failed += count(" failed");
            self.ignored += count(" ignored");
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
            && let Some(row) = row(name)
        {
            // With colours the word stands between escape codes; "FAILED" and "ignored" hold no "ok".
            let passed = outcome.contains("ok");
            self.rows.entry(row).and_modify(|all| *all &= passed).or_insert(passed);
        }
    }

    /// What is wrong with the whole run, in words; empty if it may be called a success.
    pub fn faults(&self, claims: &Claims) -> Vec<String> {
        let mut faults = Vec::new();
        if self.passed == 0 {
            faults.push("no test ran".into());
        }
        if self.ignored > 0 {
            faults.push(format!("{} tests are ignored", self.ignored));
        }
        if self.failed > 0 {
            faults.push(format!("{} tests failed", self.failed));
        }
        let claimed: BTreeSet<_> = claims.shown.keys().chain(claims.partly.keys()).collect();
        for row in &claimed {
            match self.rows.get(*row) {
                None => faults.push(format!("row {row} is claimed, but no test is named after it")),
                Some(false) => faults.push(format!("row {row} has a test that did not pass")),
                Some(true) => {}
            }
        }
        for row in self.rows.keys().filter(|row| !claimed.contains(row)) {
            faults.push(format!(
                "row {row} has tests, but tests/acceptance/rows.toml does not list it"
            ));
        }
        faults
    }

    /// `N passed, 0 failed, 0 ignored, R of R rows`
    pub fn summary(&self, claims: &Claims) -> String {
        let shown = claims.shown.keys().filter(|row| self.rows.get(*row) == Some(&true)).count();
        let Self { passed, failed, ignored, .. } = self;
        let rows = claims.shown.len();
        format!("{passed} passed, {failed} failed, {ignored} ignored, {shown} of {rows} rows")
    }
}

impl Claims {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        Ok(toml::from_str(text)?)
    }
}

/// `ii_a_the_server_…::test` → `II.a`; `None` if the module is not named after a row.
fn row(test: &str) -> Option<String> {
    let (module, _) = test.split_once("::")?;
    let mut words = module.split('_');
    let (chapter, number) = (words.next()?, words.next()?);
    let lettered = ["i", "ii", "iii", "iv"].contains(&chapter)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_lowercase());
    let numbered = ["j", "l", "m"].contains(&chapter)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    (lettered || numbered).then(|| format!("{}.{number}", chapter.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims::parse("[shown]\n\"II.a\" = \"how\"\n[partly]\n\"J.1\" = \"what is missing\"\n")
            .unwrap()
    }

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn results_of_all_binaries_are_added() {
        let tally = tally(&[
            "running 2 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: \u{1b}[31mFAILED\u{1b}[m. 40 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!((tally.passed, tally.failed, tally.ignored), (42, 3, 1));
    }

    #[test]
    fn a_complete_run_has_no_fault_and_counts_its_rows() {
        let tally = tally(&[
            "test ii_a_no_plaintext::the_log_holds_no_word ... \u{1b}[32mok\u{1b}[m",
            "test j_1_chat::two_people_chat ... ok",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.00s",
        ]);
        assert_eq!(tally.faults(&claims()), Vec::<String>::new());
        assert_eq!(tally.summary(&claims()), "2 passed, 0 failed, 0 ignored, 1 of 1 rows");
    }

    #[test]
    fn a_claimed_row_without_a_test_is_a_fault() {
        let tally = tally(&[
            "test j_1_chat::two_people_chat ... ok",
            "test result: ok. 1 passed; 0 failed; ",
        ]);
        assert_eq!(tally.faults(&claims()), ["row II.a is claimed, but no test is named after it"]);
        assert!(tally.summary(&claims()).ends_with("0 of 1 rows"));
    }

    #[test]
    fn one_failed_test_of_a_row_is_enough_to_lose_it() {
        let lines = [
            "test ii_a_no_plaintext::one ... ok",
            "test ii_a_no_plaintext::two ... FAILED",
            "test ii_a_refused::three ... ok",
            "test j_1_chat::two_people_chat ... ok",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored;",
        ];
        assert!(tally(&lines).summary(&claims()).ends_with("0 of 1 rows"));
    }

    #[test]
    fn a_row_that_nobody_lists_is_a_fault() {
        let tally =
            tally(&["test iv_b_admitted::x ... ok", "test result: ok. 1 passed; 0 failed;"]);
        let faults = tally.faults(&Claims::default());
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("row IV.b has tests"));
    }

    #[test]
    fn modules_are_read_as_rows_of_the_catalogue() {
        assert_eq!(row("iii_c_wipe::x").as_deref(), Some("III.c"));
        assert_eq!(row("m_10_teams::x").as_deref(), Some("M.10"));
        assert_eq!(row("room::send::x"), None);
        assert_eq!(row("i_am::x"), None);
        assert_eq!(row("keys::claim"), None);
    }
}
