//! Property tests that can be repeated: each run says its seed, which the test runner prints of those that fail.

use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngSeed};

/// The settings of a property test. `PROPTEST_RNG_SEED=…` repeats a run, `PROPTEST_CASES=…` makes it longer.
pub fn config() -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        config.rng_seed = RngSeed::Fixed(u64::from(now.subsec_nanos()));
    }
    eprintln!("PROPTEST_RNG_SEED={}", config.rng_seed);
    config
}
