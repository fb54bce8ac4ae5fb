//! Opening what a configuration describes: databases, media, hospitals.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use base::SystemClock;
use homeserver::{Homeserver, setup};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Tenant};

/// Structured logs on standard error; `RUST_LOG` chooses, `info` is the default.
pub fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,ruma_state_res=warn,ruma_signatures=warn"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// A hospital with the host names under which it is reached.
pub type Served = (Vec<String>, Arc<Homeserver>);

/// Opens every hospital of the configuration.
pub async fn open(config: &Config) -> Result<Vec<Served>> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir {} cannot be made", config.data_dir.display()))?;
    restrict(&config.data_dir)?;
    for setting in config.without_effect() {
        tracing::warn!(setting, "This version does not act on a setting: it stays off");
    }
    let mut served = Vec::new();
    for tenant in &config.tenants {
        let homeserver = open_tenant(config, tenant).await;
        let homeserver = homeserver
            .with_context(|| format!("hospital {} cannot be opened", tenant.server_name))?;
        served.push((hosts(tenant), Arc::new(homeserver)));
    }
    Ok(served)
}

/// Opens one hospital.
pub async fn open_tenant(config: &Config, tenant: &Tenant) -> Result<Homeserver> {
    let folder = config.data_dir.join(folder_name(&tenant.server_name));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let database = match &config.database.url {
        Some(url) => {
            db::Config::Postgres { url: url.clone(), schema: schema_name(&tenant.server_name) }
        }
        None => db::Config::Sqlite { path: folder.join("konsil.db") },
    };
    let options = setup::Options {
        server_name: tenant.server_name.parse().context("server_name")?,
        policy: tenant.policy(config)?,
        database,
        media: folder.join("media"),
        clock: Arc::new(SystemClock),
    };
    Ok(setup::open(options).await?)
}

/// Only the operator's account reads what the server keeps.
fn restrict(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder, permissions)
        .with_context(|| format!("{} cannot be closed to others", folder.display()))
}

fn folder_name(server_name: &str) -> String {
    server_name.replace(':', "_")
}

fn schema_name(server_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("konsil_{}", server_name.chars().map(plain).collect::<String>())
}

fn hosts(tenant: &Tenant) -> Vec<String> {
    let mut hosts = vec![tenant.server_name.clone()];
    if let Ok(url) = tenant.public_base_url.parse::<http::Uri>()
        && let Some(authority) = url.authority()
    {
        hosts.push(authority.to_string());
        hosts.push(authority.host().to_owned());
    }
    hosts
}
