//! `konsil user`: accounts, made and listed by the operator (IV.b).

use std::{
    fmt,
    io::{BufRead, stdin},
    path::PathBuf,
};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use homeserver::{Homeserver, accounts, moderation, profiles};
use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    invite,
    order::{self, Order},
};

#[derive(Subcommand)]
pub enum Command {
    /// Makes an account
    Add(Add),
    /// Invites somebody: prints a link and its QR code, by which they choose a password and are there
    Invite(invite::Invite),
    /// Lets somebody lock and suspend other accounts, or no longer
    Admin {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// In this hospital; may be left out if there is only one
        #[arg(long)]
        server_name: Option<String>,
        /// The part of the user id before the colon
        name: String,
        /// No longer
        #[arg(long)]
        revoke: bool,
    },
    /// Lists the accounts
    List {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Of this hospital; may be left out if there is only one
        #[arg(long)]
        server_name: Option<String>,
    },
}

#[derive(Args)]
pub struct Add {
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// In this hospital; may be left out if there is only one
    #[arg(long)]
    server_name: Option<String>,
    /// The part of the user id before the colon
    name: String,
    /// Read the password from the first line of standard input; without it, one is made and printed
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    described: Described,
}

/// What the operator says of whoever gets an account.
#[derive(Args)]
pub struct Described {
    /// Name as colleagues see it
    #[arg(long)]
    pub display_name: Option<String>,
    /// For example «Oberärztin»
    #[arg(long)]
    pub role: Option<String>,
    /// For example «Neurologie»
    #[arg(long)]
    pub department: Option<String>,
    /// Extension
    #[arg(long)]
    pub phone: Option<String>,
    /// May lock and suspend other accounts
    #[arg(long)]
    pub admin: bool,
}

/// A person of the hospital, as the operator enters them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub password: String,
    pub display_name: Option<String>,
    pub role: Option<String>,
    pub department: Option<String>,
    pub phone: Option<String>,
    /// Whether the person moderates: locks, suspends and reads reports.
    pub admin: bool,
}

// The password is nobody's business.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("name", &self.name).finish_non_exhaustive()
    }
}

pub async fn run(command: Command) -> Result<()> {
    match command {
        Command::Add(add) => {
            let password = if add.password_stdin {
                let mut line = String::new();
                stdin().lock().read_line(&mut line)?;
                line.trim_end_matches(['\r', '\n']).to_owned()
            } else {
                made_password()
            };
            let Described { display_name, role, department, phone, admin } = add.described;
            let name = add.name;
            let person = Person { name, password, display_name, role, department, phone, admin };
            let made = (!add.password_stdin).then(|| person.password.clone());
            let config = Config::read(&add.config)?;
            order::give(&config, add.server_name, Order::AddUser(person)).await?;
            if let Some(password) = made {
                println!("password: {password}");
            }
            Ok(())
        }
        Command::Invite(invite) => invite::run(invite).await,
        Command::Admin { config, server_name, name, revoke } => {
            let order = Order::SetAdmin { name, admin: !revoke };
            order::give(&Config::read(&config)?, server_name, order).await
        }
        Command::List { config, server_name } => {
            order::give(&Config::read(&config)?, server_name, Order::ListUsers).await
        }
    }
}

/// Lets somebody moderate, or no longer.
pub async fn set_admin(hs: &Homeserver, name: &str, admin: bool) -> Result<()> {
    let user_id = accounts::check_name(hs, name)?;
    let account = store::accounts::account(&hs.db, &user_id).await?;
    let account =
        account.filter(|account| !account.deactivated).context("there is no such account")?;
    moderation::set_admin(hs, account.user, admin).await?;
    Ok(())
}

/// Makes an account with its entry in the directory.
pub async fn enter(hs: &Homeserver, person: &Person) -> Result<String> {
    let (user, user_id) = accounts::create(hs, &person.name, Some(&person.password)).await?;
    let fields = [
        (profiles::DISPLAYNAME, person.display_name.as_deref()),
        (profiles::ROLE, person.role.as_deref()),
        (profiles::DEPARTMENT, person.department.as_deref()),
        (profiles::PHONE, person.phone.as_deref()),
    ];
    profiles::set_by_operator(hs, user, &fields).await?;
    if person.admin {
        moderation::set_admin(hs, user, true).await?;
    }
    Ok(user_id.to_string())
}

fn made_password() -> String {
    use rand::Rng;
    let mut rng = rand::rng();
    // 16 letters without those that look alike: 74 bits.
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    (0..16).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
