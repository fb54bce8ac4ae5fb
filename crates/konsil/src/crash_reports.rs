//! `konsil crash-reports`: crashes of the app that people agreed to report.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use homeserver::crash_reports::date;
use store::crash_reports::Row;

use crate::{
    config::Config,
    order::{self, Order},
};

#[derive(Subcommand)]
pub enum Command {
    /// Lists the reports that are kept, by day, and how often each came
    List {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Of this hospital; may be left out if there is only one
        #[arg(long)]
        server_name: Option<String>,
    },
}

pub async fn run(command: Command) -> Result<()> {
    let Command::List { config, server_name } = command;
    order::give(&Config::read(&config)?, server_name, Order::ListCrashReports).await
}

/// The reports, one line for those of a day that are alike.
pub fn lines(rows: &[Row]) -> Vec<String> {
    let line = |alike: &[Row]| {
        let Row { day, version, part, kind, place, browser, system } = &alike[0];
        let date = date(*day);
        format!("{date}  {}×  {version}  {part}  {kind}  {place}  {browser}, {system}", alike.len())
    };
    rows.chunk_by(|one, next| one == next).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_a_day_that_are_alike_are_one_line() {
        let row = |day: i64| Row {
            day,
            version: "0.3.1".to_owned(),
            part: "app".to_owned(),
            kind: "panic".to_owned(),
            place: "crates/web/src/app.rs:7:3".to_owned(),
            browser: "Chromium".to_owned(),
            system: "Android".to_owned(),
        };
        assert_eq!(
            lines(&[row(0), row(0), row(20_000)]),
            [
                "1970-01-01  2×  0.3.1  app  panic  crates/web/src/app.rs:7:3  Chromium, Android",
                "2024-10-04  1×  0.3.1  app  panic  crates/web/src/app.rs:7:3  Chromium, Android",
            ]
        );
    }
}
