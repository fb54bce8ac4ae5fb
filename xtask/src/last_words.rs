//! What failed tests said, kept for the end: of a long run often only its last lines are read.

/// How many lines are kept of one test, and how much of a line.
const LINES: usize = 15;
const CHARACTERS: usize = 600;

/// The words of failed tests, in the order of their failing.
#[derive(Debug, Default)]
pub struct LastWords {
    tests: Vec<(String, Vec<String>)>,
    is_within: bool,
}

impl LastWords {
    /// Reads one line of libtest's output.
    pub fn read(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(name) =
            line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            self.tests.push((name.to_owned(), Vec::new()));
            self.is_within = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.is_within = false;
        } else if self.is_within
            && !line.is_empty()
            && let Some((_, said)) = self.tests.last_mut()
            && said.len() < LINES
        {
            said.push(line.chars().take(CHARACTERS).collect());
        }
    }

    /// One block per test; nothing where nothing failed.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().flat_map(|(name, said)| {
            std::iter::once(name.as_str()).chain(said.iter().map(String::as_str))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_failed_test_its_name_and_words_are_kept_and_of_others_nothing() {
        let output = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest d ... FAILED\n\nfailures:\n\n\
            ---- a::c stdout ----\nit began\n\nthread 'a::c' panicked at tests/a.rs:9:5:\nsomebody else was asked\n\n\
            ---- d stdout ----\nthread 'd' panicked\n\n\nfailures:\n    a::c\n    d\n\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.00s\n\nrunning 1 test\n";
        let mut words = LastWords::default();
        output.lines().for_each(|line| words.read(line));
        let kept = [
            "a::c",
            "it began",
            "thread 'a::c' panicked at tests/a.rs:9:5:",
            "somebody else was asked",
            "d",
            "thread 'd' panicked",
        ];
        assert_eq!(words.lines().collect::<Vec<_>>(), kept);
    }

    #[test]
    fn a_test_that_says_much_does_not_push_out_the_others() {
        let mut words = LastWords::default();
        words.read("---- a stdout ----");
        (0..1000).for_each(|_| words.read(&"x".repeat(10_000)));
        words.read("---- b stdout ----");
        assert_eq!(words.lines().count(), 1 + LINES + 1);
        assert!(words.lines().all(|line| line.len() <= CHARACTERS));
    }
}
