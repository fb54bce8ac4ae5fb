//! `cargo xtask test`: every test there is, one line at the end.

use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cargo::{Target, cargo, root, step, target_dir};
use crate::last_words::LastWords;
use crate::tally::{Claims, Tally};
use crate::{Failure, debian, interop, web};

/// Packages whose tests need the Matrix SDK natively, built apart (see [`Target::Client`]).
const CLIENT: [&str; 2] = ["konsil-client", "konsil-web"];

/// Chapters of the API that run once more with the data on PostgreSQL.
const ON_POSTGRES: [&str; 10] = [
    "send",
    "state",
    "sync",
    "sliding_sync",
    "keys",
    "to_device",
    "media",
    "room",
    "membership",
    "lock::",
];

/// Builds everything the tests touch, runs them all, and fails unless all of them ran and passed.
pub fn run(crash_seconds: Option<u32>) -> Result<(), Failure> {
    let started = Instant::now();
    debian::ensure()?;
    let claims = fs::read_to_string(root().join("tests/acceptance/rows.toml"))?;
    let claims = Claims::parse(&claims)?;

    step("The server and its tests", native("build").arg("--all-targets"))?;
    let dist = web::build(web::Profile::Development)?;

    let (mut tally, mut words) = (Tally::default(), LastWords::default());
    let mut broken = Vec::new();
    let mut all = native("test");
    all.arg("--no-fail-fast")
        .env("KONSIL_BIN", target_dir(Target::Native).join("debug/konsil"))
        .env("KONSIL_WEB_DIST", dist);
    if let Some(seconds) = crash_seconds {
        all.env("KONSIL_CRASH_SECONDS", seconds.to_string());
    }
    let mut client = cargo("test", Target::Client);
    client
        .arg("--no-fail-fast")
        .env("KONSIL_BIN", target_dir(Target::Native).join("debug/konsil"))
        .env("KONSIL_INTEROP", interop::ensure()?);
    // Side by side on two cores, a new device once did not get its keys within a minute: one after the other they do.
    client.env("RUST_TEST_THREADS", "1");
    CLIENT.iter().for_each(|package| {
        client.args(["--package", package]);
    });
    let mut postgres = native("test");
    postgres
        .args(["--test", "api", "--"])
        .args(ON_POSTGRES)
        .env("KONSIL_BIN", target_dir(Target::Native).join("debug/konsil"))
        .env("KONSIL_TEST_DATABASE", "postgres");
    for (headline, command) in [
        ("The app's own code, natively", &mut client),
        ("Server, storage, API, crash, acceptance in real browsers", &mut all),
        ("The API once more, on PostgreSQL", &mut postgres),
    ] {
        if let Err(failure) = counted(headline, command, &mut tally, &mut words) {
            broken.push(failure.to_string());
        }
    }

    broken.extend(tally.faults(&claims));
    println!("── All tests: {:.0} s", started.elapsed().as_secs_f64());
    if !broken.is_empty() {
        words
            .lines()
            .chain(broken.iter().map(String::as_str))
            .for_each(|line| println!("   {line}"));
    }
    println!("{}", tally.summary(&claims));
    if broken.is_empty() { Ok(()) } else { Err("not everything passed".into()) }
}

/// Cargo for everything but the app, always the same selection: with another one the features of shared crates differ, and
/// most of them are built once more.
pub fn native(subcommand: &str) -> Command {
    let mut command = cargo(subcommand, Target::Native);
    command.arg("--workspace");
    CLIENT.iter().for_each(|package| {
        command.args(["--exclude", package]);
    });
    command
}

/// Runs only the tests with clients that others have written.
pub fn interop() -> Result<(), Failure> {
    debian::ensure()?;
    step("The server", native("build").arg("--all-targets"))?;
    step(
        "Clients that others have written",
        cargo("test", Target::Client)
            .args(["--package", "konsil-client", "--test", "interop"])
            .env("KONSIL_BIN", target_dir(Target::Native).join("debug/konsil"))
            .env("KONSIL_INTEROP", interop::ensure()?)
            .env("RUST_TEST_THREADS", "1"),
    )
}

/// Runs `cargo test`, passing its output on line by line while counting.
fn counted(
    headline: &str,
    command: &mut Command,
    tally: &mut Tally,
    words: &mut LastWords,
) -> Result<(), Failure> {
    println!("── {headline}");
    let started = Instant::now();
    let colour = if std::io::stdout().is_terminal() { "always" } else { "never" };
    // What the caller has put behind `--` stays there.
    if !command.get_args().any(|argument| argument == "--") {
        command.args(["--color", colour, "--"]);
    }
    command.args(["--color", colour]).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("cargo's output is piped")?;
    let mut lines = BufReader::new(output).split(b'\n');
    let mut stdout = std::io::stdout().lock();
    while let Some(line) = lines.next().transpose()? {
        let line = String::from_utf8_lossy(&line);
        tally.read(&line);
        words.read(&line);
        writeln!(stdout, "{line}")?;
    }
    drop(stdout);
    let status = child.wait()?;
    println!("   {:.1} s", started.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(format!("{headline}: {status}").into()) }
}
