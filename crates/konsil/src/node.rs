//! Opening what a configuration describes: databases, media, hospitals.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use base::SystemClock;
use homeserver::{Homeserver, appservices::Registration, policy::AppVersion, setup};
use sha2::{Digest, Sha256};
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
    let app = config.web_app.as_deref().and_then(bundled_version);
    let mut served = Vec::new();
    for tenant in &config.tenants {
        let homeserver = open_tenant(config, tenant).await;
        let homeserver = homeserver
            .with_context(|| format!("hospital {} cannot be opened", tenant.server_name))?;
        let minimum = homeserver.policy.minimum_app_version;
        if let (Some(minimum), Some(app)) = (minimum, app)
            && app < minimum
        {
            let (hospital, app) = (&tenant.server_name, app.to_string());
            let minimum = minimum.to_string();
            tracing::warn!(
                hospital,
                minimum,
                app,
                "The app in web_app is older than app.minimum_version: nobody can use it"
            );
        }
        served.push((hosts(tenant), Arc::new(homeserver)));
    }
    Ok(served)
}

/// The version that a built app says it is (`crates/web/static/index.html`).
fn bundled_version(web_app: &Path) -> Option<AppVersion> {
    let page = std::fs::read_to_string(web_app.join("index.html")).ok()?;
    let (_, rest) = page.split_once("<meta name=\"konsil-version\" content=\"")?;
    rest.split('"').next()?.parse().ok()
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
    let outbound = net::Outbound::new(&net::Options {
        extra_ca_files: config.outbound.extra_ca_files.clone(),
        allow_private_addresses: config.outbound.allow_private_addresses,
    })
    .context("outbound")?;
    let options = setup::Options {
        server_name: tenant.server_name.parse().context("server_name")?,
        policy: tenant.policy(config)?,
        database,
        media: folder.join("media"),
        clock: Arc::new(SystemClock),
        outbound,
        appservices: registrations(tenant)?,
    };
    Ok(setup::open(options).await?)
}

/// The registration files of bots and bridges.
fn registrations(tenant: &Tenant) -> Result<Vec<Registration>> {
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is no registration file", file.display()))
    };
    tenant.appservices.registration_files.iter().map(read).collect()
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

/// What the name looks like, for the operator, and a digest of it: `a-b.test` and `a.b.test` look alike in the letters that a
/// schema's name may have, and long names look alike where they are cut.
fn schema_name(server_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let looks: String = server_name.chars().map(plain).take(24).collect();
    let digest = Sha256::digest(server_name);
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("konsil_{looks}_{digest}")
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_hospitals_never_share_a_schema() {
        let long = "a".repeat(60);
        let names = [
            "a.b.test",
            "a-b.test",
            "A.b.test",
            "a.b.test:8448",
            "[::1]:8448",
            &format!("{long}.test"),
            &format!("{long}.example"),
        ];
        let schemas: HashSet<_> = names.iter().map(|name| schema_name(name)).collect();
        assert_eq!(schemas.len(), names.len(), "{schemas:?}");
        for schema in schemas {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(schema.len() <= 48 && schema.chars().all(plain), "{schema}");
        }
        assert!(schema_name("klinikum.test").starts_with("konsil_klinikum_test_"));
    }
}
