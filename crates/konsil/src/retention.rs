//! `konsil retention`: the end of messages and files whose period is over, and the record of it (I.j).

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use crate::{
    config::Config,
    order::{self, Order},
};

#[derive(Subcommand)]
pub enum Command {
    /// Deletes now what is past its period; the server does so by itself every hour
    Run {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Of this hospital; may be left out if there is only one
        #[arg(long)]
        server_name: Option<String>,
    },
    /// Lists what was deleted when: how much, and the hash that binds each entry to the one before
    List {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Of this hospital; may be left out if there is only one
        #[arg(long)]
        server_name: Option<String>,
    },
}

pub async fn run(command: Command) -> Result<()> {
    let (config, server_name, order) = match command {
        Command::Run { config, server_name } => (config, server_name, Order::EndPeriods),
        Command::List { config, server_name } => (config, server_name, Order::ListDeletions),
    };
    order::give(&Config::read(&config)?, server_name, order).await
}
