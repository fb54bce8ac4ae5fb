//! What the operator has done in one hospital: by the server that runs, or else on its data.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use base::{Clock, SystemClock};
use homeserver::{
    Homeserver, reports,
    retention::{self, Purged, record},
};
use serde::{Deserialize, Serialize};

use crate::{
    admin::{self, Question},
    config::{Config, Tenant},
    crash_reports, invite, node, report, user,
};

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// `konsil user add`
    AddUser(user::Person),
    /// `konsil user invite`
    Invite(invite::Promise),
    /// `konsil user admin`
    SetAdmin { name: String, admin: bool },
    /// `konsil user list`
    ListUsers,
    /// `konsil report list`
    ListReports,
    /// `konsil crash-reports list`
    ListCrashReports,
    /// `konsil retention run`
    EndPeriods,
    /// `konsil retention list`
    ListDeletions,
    /// `konsil report close`
    CloseReport { number: i64 },
}

/// Lets the running server do it, or else opens the hospital, and prints what comes of it.
pub async fn give(config: &Config, server_name: Option<String>, order: Order) -> Result<()> {
    let question = Question::Hospital { server_name: server_name.clone(), order: order.clone() };
    if let Some(text) = admin::ask(&config.data_dir, &question).await? {
        print!("{text}");
        return Ok(());
    }
    let mut text = String::new();
    let hs = open(config, server_name.as_deref()).await?;
    let done = carry_out(&hs, &order, &mut text).await;
    hs.db.clone().close().await;
    done?;
    print!("{text}");
    Ok(())
}

/// Does it, and writes what is to be said of it.
pub async fn carry_out(hs: &Homeserver, order: &Order, text: &mut String) -> Result<()> {
    match order {
        Order::AddUser(person) => writeln!(text, "{}", user::enter(hs, person).await?)?,
        Order::Invite(promise) => writeln!(text, "{}", invite::promise(hs, promise).await?)?,
        Order::SetAdmin { name, admin } => user::set_admin(hs, name, *admin).await?,
        Order::ListUsers => {
            for (_, user_id, deactivated, _) in store::accounts::accounts(&hs.db).await? {
                writeln!(text, "{user_id}{}", if deactivated { "  (closed)" } else { "" })?;
            }
        }
        Order::ListReports => {
            let now = SystemClock.now();
            for report in reports::all(hs).await? {
                writeln!(text, "{}", report::line(&report, now))?;
            }
        }
        Order::ListCrashReports => {
            for line in crash_reports::lines(&homeserver::crash_reports::all(hs).await?) {
                writeln!(text, "{line}")?;
            }
        }
        Order::EndPeriods => {
            let Purged { messages, files } = retention::purge(hs, hs.clock.now()).await?;
            writeln!(
                text,
                "{messages} messages and {files} files were past their period and are gone"
            )?;
        }
        Order::ListDeletions => {
            for entry in record::all(hs).await? {
                writeln!(text, "{}", record::line(&entry))?;
            }
        }
        Order::CloseReport { number } => {
            ensure!(reports::close(hs, *number).await?, "there is no report {number}");
        }
    }
    Ok(())
}

/// The hospital that an order is about, as the configuration has it.
pub fn hospital<'c>(config: &'c Config, server_name: Option<&str>) -> Result<&'c Tenant> {
    let tenant = match (server_name, config.tenants.as_slice()) {
        (Some(name), tenants) => tenants.iter().find(|tenant| tenant.server_name == name),
        (None, [only]) => Some(only),
        (None, _) => bail!("there are several hospitals: --server-name says which"),
    };
    tenant.context("there is no such hospital in the configuration")
}

/// Opens the hospital that an order is about.
async fn open(config: &Config, server_name: Option<&str>) -> Result<Homeserver> {
    let tenant = hospital(config, server_name)?;
    std::fs::create_dir_all(&config.data_dir)?;
    node::open_tenant(config, tenant).await
}
