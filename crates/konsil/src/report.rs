//! `konsil report`: what people reported to the hospital's administrators.

use std::path::PathBuf;

use anyhow::Result;
use base::Timestamp;
use clap::{Args, Subcommand};
use store::reports::Report;

use crate::{
    config::Config,
    order::{self, Order},
};

#[derive(Subcommand)]
pub enum Command {
    /// Lists the reports that wait, oldest first
    List(Hospital),
    /// Deletes a report that is dealt with
    Close {
        #[command(flatten)]
        hospital: Hospital,
        /// The number that `konsil report list` shows
        number: i64,
    },
}

#[derive(Args)]
pub struct Hospital {
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Of this hospital; may be left out if there is only one
    #[arg(long)]
    server_name: Option<String>,
}

pub async fn run(command: Command) -> Result<()> {
    let (Hospital { config, server_name }, order) = match command {
        Command::List(hospital) => (hospital, Order::ListReports),
        Command::Close { hospital, number } => (hospital, Order::CloseReport { number }),
    };
    order::give(&Config::read(&config)?, server_name, order).await
}

/// A report as one line: what a person wrote has no line ends here.
pub fn line(report: &Report, now: Timestamp) -> String {
    let hours = now.0.saturating_sub(report.ts.0) / (60 * 60 * 1000);
    let subject = &report.subject;
    let subject: Vec<&str> = [&subject.user_id, &subject.room_id, &subject.event_id]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let (days, hours) = (hours / 24, hours % 24);
    let (reporter, subject) = (&report.reporter, subject.join(" "));
    format!(
        "{}  {days} d {hours} h ago  by {reporter}  {subject}  {:?}",
        report.report, report.reason
    )
}

#[cfg(test)]
mod tests {
    use store::reports::Subject;

    use super::*;

    #[test]
    fn a_report_is_one_line_whatever_was_written() {
        let report = Report {
            report: 7,
            reporter: "@anna:klinikum.test".try_into().expect("a user id"),
            ts: Timestamp(0),
            subject: Subject { room_id: Some("!room".to_owned()), ..Subject::default() },
            reason: "first\nsecond".to_owned(),
        };
        assert_eq!(
            line(&report, Timestamp(26 * 60 * 60 * 1000)),
            "7  1 d 2 h ago  by @anna:klinikum.test  !room  \"first\\nsecond\""
        );
    }
}
