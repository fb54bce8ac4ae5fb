//! `konsil`: the server of one or many hospitals, and the operator's commands.

mod admin;
mod config;
mod crash_reports;
mod demo;
mod doctor;
mod door;
mod invite;
mod metrics;
mod node;
mod order;
mod patient;
mod report;
mod retention;
mod serve;
mod settings;
mod tls;
mod user;
mod verify;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tikv_jemallocator::Jemalloc;

/// What is freed goes back to the operating system, whichever thread freed it (docs/adr/0009).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The messenger that hospitals can allow.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the hospitals of a configuration file
    Serve {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Starts the demo hospital «Klinikum Musterstadt»
    Demo(demo::Options),
    /// Makes and lists the accounts of a hospital
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Shows what people reported to the administrators
    Report {
        #[command(subcommand)]
        command: report::Command,
    },
    /// Checks a signed export of a chat: whose it is, and whether anything was changed
    Verify(verify::Options),
    /// Shows crashes of the app that people agreed to report
    CrashReports {
        #[command(subcommand)]
        command: crash_reports::Command,
    },
    /// Deletes what is past its period, and shows the record of what was deleted
    Retention {
        #[command(subcommand)]
        command: retention::Command,
    },
    /// Shows the settings of a configuration file, and which are less strict than by default
    Settings(settings::Options),
    /// Checks the invariants of the stored data and explains what is broken
    Doctor {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    node::start_logging();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Serve { config } => serve::serve(config::Config::read(&config)?).await,
            Command::Demo(options) => demo::demo(options).await,
            Command::User { command } => user::run(command).await,
            Command::Report { command } => report::run(command).await,
            Command::Verify(options) => verify::verify(&options),
            Command::CrashReports { command } => crash_reports::run(command).await,
            Command::Retention { command } => retention::run(command).await,
            Command::Settings(options) => settings::settings(&options),
            Command::Doctor { config } => doctor::doctor(config::Config::read(&config)?).await,
        }
    })
}
