//! The configuration file. Unknown keys are errors; every default is the strictest.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use homeserver::{
    Policy,
    app_lock::LockPolicy,
    notice,
    policy::AppVersion,
    push::{Hosts, PushPolicy},
    retention::{MAX_DAYS, Retention},
};
use serde::Deserialize;

/// A node and its hospitals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Everything that is kept lies here.
    pub data_dir: PathBuf,
    /// Where clients connect.
    #[serde(default)]
    pub listen: Listen,
    /// The certificate for `listen.https`.
    pub tls: Option<Tls>,
    /// Connections to other servers.
    #[serde(default)]
    pub outbound: Outbound,
    /// The cluster's database; absent: SQLite in `data_dir`.
    #[serde(default)]
    pub database: Database,
    /// Where media lie; absent: `data_dir`.
    #[serde(default)]
    pub media: Media,
    /// Limits of the node.
    #[serde(default)]
    pub limits: Limits,
    /// The built web app; absent: none is served.
    pub web_app: Option<PathBuf>,
    /// The hospitals.
    #[serde(rename = "tenant", default)]
    pub tenants: Vec<Tenant>,
}

/// `IP:PORT` lists.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Without TLS: for a reverse proxy on the same machine, or for tests.
    #[serde(default)]
    pub http: Vec<SocketAddr>,
    /// With TLS.
    #[serde(default)]
    pub https: Vec<SocketAddr>,
    /// Where Prometheus fetches numbers; for the operator alone.
    #[serde(default)]
    pub metrics: Vec<SocketAddr>,
}

/// The certificate of `listen.https`, as PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The server's certificate, and then those that lead to its authority.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub private_key_file: PathBuf,
}

/// Connections that the server makes itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Further certificate authorities.
    #[serde(default)]
    pub extra_ca_files: Vec<PathBuf>,
    /// Whether addresses of private networks may be asked.
    #[serde(default)]
    pub allow_private_addresses: bool,
}

/// The database of the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`
    pub url: Option<String>,
}

/// The store of media.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// `s3://…`
    pub url: Option<String>,
    /// Largest upload, in bytes.
    pub max_upload_bytes: Option<u64>,
}

/// Limits of the node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Whether clients are slowed down.
    #[serde(default = "yes")]
    pub rate_limits: bool,
    /// Own proxies in front of the server: what they say in `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
    /// Connections at the same time; absent: as the process may have files.
    pub connections: Option<usize>,
    /// How long a client may leave undone what is expected of it.
    #[serde(default = "silence_seconds")]
    pub silence_seconds: u64,
    /// Devices that a user may have.
    #[serde(default = "devices_per_user")]
    pub devices_per_user: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate_limits: true,
            trusted_proxies: Vec::new(),
            connections: None,
            silence_seconds: silence_seconds(),
            devices_per_user: devices_per_user(),
        }
    }
}

fn silence_seconds() -> u64 {
    30
}

fn devices_per_user() -> u64 {
    Policy::default().max_devices
}

fn yes() -> bool {
    true
}

/// A hospital.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The part of user ids after the colon.
    pub server_name: String,
    /// Where clients reach the hospital.
    #[serde(default)]
    pub public_base_url: String,
    /// The hospital's name as people know it.
    #[serde(default)]
    pub display_name: String,
    /// Whom people turn to.
    #[serde(default)]
    pub support: Support,
    /// Whom to call when the network is down.
    #[serde(default)]
    pub emergency_numbers: Vec<EmergencyNumber>,
    /// Which of Konsil's own apps may come.
    #[serde(default)]
    pub app: App,
    /// Whether the app may send reports of its crashes.
    #[serde(default)]
    pub crash_reports: CrashReports,
    /// Who may make an account.
    #[serde(default)]
    pub registration: Registration,
    /// What holds in its rooms.
    #[serde(default)]
    pub rooms: Rooms,
    /// Who may look people up.
    #[serde(default)]
    pub directory: Directory,
    /// Who is online.
    #[serde(default)]
    pub presence: Presence,
    /// What may be done with attachments.
    #[serde(default)]
    pub attachments: Attachments,
    /// What stays on people's devices.
    #[serde(default)]
    pub device: Device,
    /// After how long the server deletes what was sent.
    #[serde(default)]
    pub retention: Periods,
    /// Other hospitals.
    #[serde(default)]
    pub federation: Federation,
    /// Bots and bridges.
    #[serde(default)]
    pub appservices: Appservices,
    /// Waking devices through others.
    #[serde(default)]
    pub push: Push,
    /// When the app locks itself, and what opens it.
    #[serde(default)]
    pub lock: Lock,
    /// What the hospital says in its privacy notice.
    #[serde(default)]
    pub privacy: Privacy,
}

/// Somebody who can be called when the network is down. The app shows them without login.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyNumber {
    /// Who answers.
    pub name: String,
    /// As it is dialled in house.
    pub phone: String,
}

impl EmergencyNumber {
    fn checked(&self) -> Result<homeserver::policy::EmergencyNumber> {
        let Self { name, phone } = self;
        let is_dialled = |c: char| c.is_ascii_digit() || "+*#-/() ".contains(c);
        ensure!(
            phone.chars().any(|c| c.is_ascii_digit()) && phone.chars().all(is_dialled),
            "emergency_numbers: {phone:?} cannot be dialled"
        );
        ensure!(!name.trim().is_empty(), "emergency_numbers: who answers at {phone}?");
        Ok(homeserver::policy::EmergencyNumber { name: name.clone(), phone: phone.clone() })
    }
}

/// When the app locks itself, and what opens it (I.b).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// Nobody has touched the app for so long.
    pub idle_minutes: u32,
    /// Nobody could see the app for so long.
    pub hidden_seconds: u32,
    /// Characters of a PIN or passphrase at least.
    pub min_length: u32,
    /// How long a device that cannot reach the server may be unlocked without it.
    pub offline_hours: u32,
    /// Whether fingerprint or face may stand in between entries of the PIN.
    pub biometrics: bool,
    /// How long after the PIN they may.
    pub pin_hours: u32,
    /// Whether the locked app says whose it is.
    pub show_names: bool,
}

impl Default for Lock {
    fn default() -> Self {
        let strict = LockPolicy::default();
        Self {
            idle_minutes: strict.idle_minutes,
            hidden_seconds: strict.hidden_seconds,
            min_length: strict.min_length,
            offline_hours: strict.offline_hours,
            biometrics: strict.biometrics,
            pin_hours: strict.pin_hours,
            show_names: strict.show_names,
        }
    }
}

impl Lock {
    fn policy(&self) -> Result<LockPolicy> {
        let within = |key: &str, value: u32, least: u32, most: u32| {
            ensure!(
                (least..=most).contains(&value),
                "lock.{key} is {value}; it must lie between {least} and {most}"
            );
            Ok(())
        };
        within("idle_minutes", self.idle_minutes, 1, 8 * 60)?;
        within("hidden_seconds", self.hidden_seconds, 0, 60 * 60)?;
        // A PIN of four digits has 10,000 values, of which ten can be tried.
        within("min_length", self.min_length, 4, 64)?;
        within("offline_hours", self.offline_hours, 0, 72)?;
        within("pin_hours", self.pin_hours, 1, 72)?;
        Ok(LockPolicy {
            idle_minutes: self.idle_minutes,
            hidden_seconds: self.hidden_seconds,
            min_length: self.min_length,
            offline_hours: self.offline_hours,
            biometrics: self.biometrics,
            pin_hours: self.pin_hours,
            show_names: self.show_names,
        })
    }
}

/// What the hospital says in its privacy notice (I.a); the rest of it is written from the other settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Name and address of who is responsible.
    #[serde(default)]
    pub controller: String,
    /// How the data protection officer is reached.
    #[serde(default)]
    pub officer: String,
    /// The supervisory authority for complaints.
    #[serde(default)]
    pub authority: String,
    /// The legal basis, if it is another than usual.
    #[serde(default)]
    pub legal_basis: Words,
    /// Who processes data for the hospital.
    #[serde(default, rename = "processor")]
    pub processors: Vec<Processor>,
    /// Anything else.
    #[serde(default)]
    pub more: Words,
}

/// A text in German and English.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    #[serde(default)]
    pub de: String,
    #[serde(default)]
    pub en: String,
}

/// Who processes data for the hospital (Art. 28 GDPR).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processor {
    pub name: String,
    #[serde(default)]
    pub purpose: String,
    #[serde(default)]
    pub place: String,
}

impl Privacy {
    fn notice(&self) -> notice::Privacy {
        let both = |words: &Words| notice::Both { de: words.de.clone(), en: words.en.clone() };
        let processor = |one: &Processor| notice::Processor {
            name: one.name.clone(),
            purpose: one.purpose.clone(),
            place: one.place.clone(),
        };
        notice::Privacy {
            controller: self.controller.clone(),
            officer: self.officer.clone(),
            authority: self.authority.clone(),
            legal_basis: both(&self.legal_basis),
            processors: self.processors.iter().map(processor).collect(),
            more: both(&self.more),
        }
    }
}

/// Whom people turn to, as `/.well-known/matrix/support` tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// An e-mail address.
    #[serde(default)]
    pub email: String,
    /// An address of the web.
    #[serde(default)]
    pub page: String,
}

/// Reports of crashes of the app (I.k).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrashReports {
    /// Whether they are taken.
    pub enabled: bool,
    /// For how many days they are kept.
    pub days: u16,
}

impl Default for CrashReports {
    fn default() -> Self {
        Self { enabled: false, days: 30 }
    }
}

impl CrashReports {
    fn kept(&self) -> Result<Option<u16>> {
        let most = store::crash_reports::MAX_DAYS;
        ensure!(
            (1..=most).contains(&self.days),
            "crash_reports.days is {}; it must lie between 1 and {most}",
            self.days
        );
        Ok(self.enabled.then_some(self.days))
    }
}

/// Which of Konsil's own apps may come (I.q).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The lowest version; absent: any.
    pub minimum_version: Option<String>,
    /// Whether browsers may help with what is written.
    #[serde(default)]
    pub writing_aids: bool,
}

impl App {
    fn minimum(&self) -> Result<Option<AppVersion>> {
        let Some(text) = &self.minimum_version else { return Ok(None) };
        Ok(Some(text.parse().with_context(|| format!("app.minimum_version is {text:?}"))?))
    }
}

/// Who may make an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Anybody.
    #[serde(default)]
    pub open: bool,
    /// Whoever knows one of these.
    #[serde(default)]
    pub tokens: Vec<String>,
}

/// What holds in a hospital's rooms.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rooms {
    /// Version of new rooms.
    #[serde(default = "default_version")]
    pub default_version: String,
    /// Whether messages in clear are refused (II.a).
    #[serde(default = "yes")]
    pub require_encryption: bool,
    /// Whether other clients may send reactions in clear.
    #[serde(default)]
    pub allow_clear_reactions: bool,
}

fn default_version() -> String {
    "12".to_owned()
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            default_version: default_version(),
            require_encryption: true,
            allow_clear_reactions: false,
        }
    }
}

/// Who may look people up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Other hospitals see the room directory.
    #[serde(default)]
    pub list_over_federation: bool,
    /// Strangers see the room directory.
    #[serde(default)]
    pub list_without_login: bool,
}

/// Who is online.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// Whether people see it of each other.
    #[serde(default)]
    pub enabled: bool,
}

/// What may be done with attachments.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachments {
    /// Whether the app saves them outside of its own store.
    #[serde(default)]
    pub save_to_device: bool,
}

/// What the app keeps on people's devices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Device {
    /// For how many days after they were sent messages stay there.
    pub text_days: u16,
}

impl Default for Device {
    fn default() -> Self {
        Self { text_days: Policy::default().text_days }
    }
}

impl Device {
    fn checked(&self) -> Result<u16> {
        ensure!(
            (1..=365).contains(&self.text_days),
            "device.text_days is {}; it must lie between 1 and 365",
            self.text_days
        );
        Ok(self.text_days)
    }
}

/// After how long the server deletes what was sent (I.j); 0: not by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Periods {
    /// Days after which messages are deleted.
    pub message_days: u16,
    /// Days after which files are deleted.
    pub media_days: u16,
}

impl Default for Periods {
    fn default() -> Self {
        let strict = Retention::default();
        Self {
            message_days: strict.message_days.unwrap_or_default(),
            media_days: strict.media_days.unwrap_or_default(),
        }
    }
}

impl Periods {
    fn checked(&self) -> Result<Retention> {
        let period = |key: &str, days: u16| {
            ensure!(
                days <= MAX_DAYS,
                "retention.{key} is {days}; it must lie between 1 and {MAX_DAYS}, or be 0: not by itself"
            );
            Ok((days > 0).then_some(days))
        };
        Ok(Retention {
            message_days: period("message_days", self.message_days)?,
            media_days: period("media_days", self.media_days)?,
        })
    }
}

/// Other hospitals.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// Their server names; `["*"]` for all.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// Bots and bridges.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appservices {
    /// Registration files.
    #[serde(default)]
    pub registration_files: Vec<PathBuf>,
}

/// Waking devices through others. By default nobody outside of the hospital is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Hosts of push gateways.
    #[serde(default)]
    pub allowed_gateways: Vec<String>,
    /// Hosts of browsers' push services.
    #[serde(default)]
    pub web_push_hosts: Vec<String>,
    /// Whether gateways learn ids and counts alone.
    #[serde(default = "yes")]
    pub event_id_only: bool,
    /// Whom a push service may write to.
    #[serde(default)]
    pub contact: String,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            allowed_gateways: Vec::new(),
            web_push_hosts: Vec::new(),
            event_id_only: true,
            contact: String::new(),
        }
    }
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Names the key or file that is wrong, for the operator.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        Self::parse(&text)
            .with_context(|| format!("{} is not a valid configuration", file.display()))
    }

    /// Parses and checks the text of a configuration file.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)?;
        ensure!(!config.tenants.is_empty(), "at least one [[tenant]] is needed");
        let mut names = HashMap::new();
        for tenant in &config.tenants {
            ensure!(
                names.insert(&tenant.server_name, ()).is_none(),
                "tenant {} is there twice",
                tenant.server_name
            );
        }
        ensure!(
            config.listen.https.is_empty() || config.tls.is_some(),
            "listen.https needs tls.certificate_file and tls.private_key_file"
        );
        for tenant in &config.tenants {
            let contact = &tenant.push.contact;
            ensure!(
                contact.is_empty()
                    || contact.starts_with("mailto:")
                    || contact.starts_with("https://"),
                "push.contact must begin with mailto: or https://"
            );
        }
        ensure!(config.media.url.is_none(), "media.url is not supported by this version");
        Ok(config)
    }
}

impl Config {
    /// Settings that this version takes and does not act on yet: without it they hold the strictest way.
    pub fn without_effect(&self) -> Vec<&'static str> {
        let any = |set: fn(&Tenant) -> bool| self.tenants.iter().any(set);
        let asked = [
            (any(|tenant| !tenant.federation.allow.is_empty()), "federation.allow"),
            (any(|tenant| tenant.directory.list_over_federation), "directory.list_over_federation"),
        ];
        asked.into_iter().filter(|(set, _)| *set).map(|(_, key)| key).collect()
    }
}

impl Tenant {
    /// What the hospital allows, in the server's terms.
    pub fn policy(&self, config: &Config) -> Result<Policy> {
        let strict = Policy::default();
        let version = &self.rooms.default_version;
        ensure!(
            matches!(version.as_str(), "10" | "11" | "12"),
            "rooms.default_version is {version}; 10, 11 and 12 are supported"
        );
        let display_name = match self.display_name.as_str() {
            "" => self.server_name.clone(),
            name => name.to_owned(),
        };
        Ok(Policy {
            public_base_url: self.public_base_url.clone(),
            display_name,
            support: homeserver::policy::Support {
                email: self.support.email.clone(),
                page: self.support.page.clone(),
            },
            emergency_numbers: self
                .emergency_numbers
                .iter()
                .map(EmergencyNumber::checked)
                .collect::<Result<_>>()?,
            minimum_app_version: self.app.minimum()?,
            writing_aids: self.app.writing_aids,
            crash_report_days: self.crash_reports.kept()?,
            registration_open: self.registration.open,
            registration_tokens: self.registration.tokens.clone(),
            default_room_version: version.as_str().try_into().context("rooms.default_version")?,
            require_encryption: self.rooms.require_encryption,
            allow_clear_reactions: self.rooms.allow_clear_reactions,
            list_without_login: self.directory.list_without_login,
            presence: self.presence.enabled,
            rate_limits: config.limits.rate_limits,
            max_devices: config.limits.devices_per_user,
            max_upload_bytes: config.media.max_upload_bytes.unwrap_or(strict.max_upload_bytes),
            save_to_device: self.attachments.save_to_device,
            text_days: self.device.checked()?,
            retention: self.retention.checked()?,
            push: PushPolicy {
                gateways: Hosts::new(self.push.allowed_gateways.iter().cloned()),
                web_push: Hosts::new(self.push.web_push_hosts.iter().cloned()),
                event_id_only: self.push.event_id_only,
                contact: self.push.contact.clone(),
            },
            lock: self.lock.policy()?,
            privacy: self.privacy.notice(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "data_dir = '/tmp/x'\n[[tenant]]\nserver_name = 'a.test'\n";

    #[test]
    fn the_defaults_are_the_strictest() {
        let config = Config::parse(SMALLEST).expect("valid");
        let policy = config.tenants[0].policy(&config).expect("valid");
        assert!(policy.require_encryption && policy.rate_limits);
        assert!(!policy.registration_open && !policy.allow_clear_reactions && !policy.presence);
        assert!(policy.push.gateways.is_empty() && policy.push.web_push.is_empty());
        assert!(policy.push.event_id_only);
        assert_eq!(policy.default_room_version.as_str(), "12");
        assert_eq!((policy.lock.idle_minutes, policy.lock.hidden_seconds), (5, 0));
        assert_eq!((policy.lock.min_length, policy.lock.offline_hours), (6, 0));
        assert_eq!((policy.minimum_app_version, policy.crash_report_days), (None, None));
        assert!(!policy.lock.biometrics && !policy.lock.show_names && !policy.save_to_device);
        assert_eq!(policy.text_days, 7);
        assert_eq!(policy.retention, Retention { message_days: Some(30), media_days: Some(30) });
        assert_eq!(policy.lock.pin_hours, 12);
    }

    #[test]
    fn what_would_protect_nothing_is_refused_by_name() {
        for (line, key) in [
            ("lock.idle_minutes = 0", "lock.idle_minutes"),
            ("lock.idle_minutes = 1000", "lock.idle_minutes"),
            ("lock.hidden_seconds = 86400", "lock.hidden_seconds"),
            ("lock.min_length = 3", "lock.min_length"),
            ("lock.offline_hours = 100", "lock.offline_hours"),
            ("device.text_days = 0", "device.text_days"),
            ("device.text_days = 1000", "device.text_days"),
            ("retention.message_days = 4000", "retention.message_days"),
            ("retention.media_days = 4000", "retention.media_days"),
            ("lock.pin_hours = 0", "lock.pin_hours"),
            ("lock.pin_hours = 100", "lock.pin_hours"),
        ] {
            let config = Config::parse(&format!("{SMALLEST}{line}\n")).expect("well formed");
            let error = config.tenants[0].policy(&config).expect_err(line);
            assert!(format!("{error:#}").contains(key), "{error:#}");
        }
        let config = Config::parse(&format!(
            "{SMALLEST}lock.hidden_seconds = 30\nlock.min_length = 8\nlock.biometrics = true\nlock.pin_hours = 4\nlock.offline_hours = 12\n"
        ))
        .expect("valid");
        let policy = config.tenants[0].policy(&config).expect("valid").lock;
        assert_eq!((policy.hidden_seconds, policy.min_length, policy.offline_hours), (30, 8, 12));
        assert_eq!((policy.biometrics, policy.pin_hours), (true, 4));
        assert!(config.without_effect().is_empty());
    }

    #[test]
    fn a_period_of_zero_days_is_none() {
        let text = format!("{SMALLEST}retention.message_days = 0\nretention.media_days = 90\n");
        let config = Config::parse(&text).expect("well formed");
        let policy = config.tenants[0].policy(&config).expect("valid");
        assert_eq!(policy.retention, Retention { message_days: None, media_days: Some(90) });
    }

    #[test]
    fn an_emergency_number_that_nobody_can_dial_is_refused() {
        for (number, words) in [
            ("name = 'Reanimation', phone = 'Pforte'", "cannot be dialled"),
            ("name = 'Reanimation', phone = ''", "cannot be dialled"),
            ("name = ' ', phone = '2222'", "who answers at 2222?"),
        ] {
            let config =
                Config::parse(&format!("{SMALLEST}emergency_numbers = [{{ {number} }}]\n"));
            let config = config.expect("well formed");
            let error = config.tenants[0].policy(&config).expect_err(number);
            assert!(format!("{error:#}").contains(words), "{error:#}");
        }
        let number = "emergency_numbers = [{ name = 'Reanimation', phone = '*2222' }]\n";
        let config = Config::parse(&format!("{SMALLEST}{number}")).expect("well formed");
        let policy = config.tenants[0].policy(&config).expect("valid");
        assert_eq!(policy.emergency_numbers[0].phone, "*2222");
    }

    #[test]
    fn a_lowest_version_that_is_none_is_refused_by_name() {
        let config = |version: &str| {
            let text = format!("{SMALLEST}app.minimum_version = '{version}'\n");
            Config::parse(&text).expect("well formed")
        };
        let wrong = config("neu");
        let error = wrong.tenants[0].policy(&wrong).expect_err("no version");
        assert!(format!("{error:#}").contains("app.minimum_version"), "{error:#}");
        let right = config("0.3.1");
        let policy = right.tenants[0].policy(&right).expect("valid");
        assert_eq!(policy.minimum_app_version, Some(AppVersion(0, 3, 1)));
    }

    #[test]
    fn crash_reports_are_kept_for_some_days_and_not_for_ever() {
        let days = |line: &str| {
            let config = Config::parse(&format!("{SMALLEST}{line}\n")).expect("well formed");
            config.tenants[0].policy(&config).map(|policy| policy.crash_report_days)
        };
        assert_eq!(days("crash_reports.enabled = true").expect("valid"), Some(30));
        assert_eq!(days("crash_reports.days = 7").expect("valid"), None);
        for line in ["crash_reports.days = 0", "crash_reports.days = 365"] {
            let error = days(line).expect_err(line);
            assert!(format!("{error:#}").contains("crash_reports.days"), "{error:#}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = Config::parse(&format!("{SMALLEST}colour = 'red'\n")).expect_err("unknown key");
        assert!(format!("{error:#}").contains("colour"), "{error:#}");
    }

    #[test]
    fn what_is_not_supported_is_refused_or_named() {
        let s3 = format!("media.url = 's3://bucket'\n{SMALLEST}");
        let error = Config::parse(&s3).expect_err("not supported");
        assert!(format!("{error:#}").contains("media.url"), "{error:#}");
        let https = format!("listen.https = ['127.0.0.1:8448']\n{SMALLEST}");
        let error = Config::parse(&https).expect_err("without a certificate");
        assert!(format!("{error:#}").contains("tls.certificate_file"), "{error:#}");
        let open = Config::parse(&format!("{SMALLEST}federation.allow = ['*']\n")).expect("valid");
        assert_eq!(open.without_effect(), ["federation.allow"]);
        assert!(Config::parse(SMALLEST).expect("valid").without_effect().is_empty());
    }
}
