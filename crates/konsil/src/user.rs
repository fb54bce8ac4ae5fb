//! `konsil user`: accounts, made and listed by the operator (IV.b).

use std::{
    io::{BufRead, stdin},
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use homeserver::{Homeserver, accounts, profiles};

use crate::{config::Config, node};

#[derive(Subcommand)]
pub enum Command {
    /// Makes an account
    Add(Add),
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
    /// Name as colleagues see it
    #[arg(long)]
    display_name: Option<String>,
    /// For example «Oberärztin»
    #[arg(long)]
    role: Option<String>,
    /// For example «Neurologie»
    #[arg(long)]
    department: Option<String>,
    /// Extension
    #[arg(long)]
    phone: Option<String>,
}

/// A person of the hospital, as the operator enters them.
pub struct Person<'a> {
    pub name: &'a str,
    pub password: &'a str,
    pub display_name: Option<&'a str>,
    pub role: Option<&'a str>,
    pub department: Option<&'a str>,
    pub phone: Option<&'a str>,
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
            let hs = open(&add.config, add.server_name.as_deref()).await?;
            let person = Person {
                name: &add.name,
                password: &password,
                display_name: add.display_name.as_deref(),
                role: add.role.as_deref(),
                department: add.department.as_deref(),
                phone: add.phone.as_deref(),
            };
            let made = enter(&hs, &person).await;
            hs.db.clone().close().await;
            println!("{}", made?);
            if !add.password_stdin {
                println!("password: {password}");
            }
            Ok(())
        }
        Command::List { config, server_name } => {
            let hs = open(&config, server_name.as_deref()).await?;
            let accounts = store::accounts::accounts(&hs.db).await;
            hs.db.clone().close().await;
            for (_, user_id, deactivated, _) in accounts? {
                println!("{user_id}{}", if deactivated { "  (closed)" } else { "" });
            }
            Ok(())
        }
    }
}

/// Makes an account with its entry in the directory.
pub async fn enter(hs: &Homeserver, person: &Person<'_>) -> Result<String> {
    let (user, user_id) = accounts::create(hs, person.name, Some(person.password)).await?;
    let fields = [
        (profiles::DISPLAYNAME, person.display_name),
        (profiles::ROLE, person.role),
        (profiles::DEPARTMENT, person.department),
        (profiles::PHONE, person.phone),
    ];
    profiles::set_by_operator(hs, user, &fields).await?;
    Ok(user_id.to_string())
}

async fn open(config: &std::path::Path, server_name: Option<&str>) -> Result<Homeserver> {
    let config = Config::read(config)?;
    let tenant = match (server_name, config.tenants.as_slice()) {
        (Some(name), tenants) => tenants.iter().find(|tenant| tenant.server_name == name),
        (None, [only]) => Some(only),
        (None, _) => bail!("there are several hospitals: --server-name says which"),
    };
    let tenant = tenant.context("there is no such hospital in the configuration")?;
    std::fs::create_dir_all(&config.data_dir)?;
    node::open_tenant(&config, tenant).await
}

fn made_password() -> String {
    use rand::Rng;
    let mut rng = rand::rng();
    // 16 letters without those that look alike: 74 bits.
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    (0..16).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
