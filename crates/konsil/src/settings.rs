//! `konsil settings`: what a configuration says, and where it is less strict than by default (I.p).

mod table;

use std::{
    fmt::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use clap::Args;
use tracing::info;

use crate::config::Config;
use table::{HOSPITAL, NODE};

#[derive(Args)]
pub struct Options {
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only those that are less strict than by default
    #[arg(long)]
    deviations: bool,
}

/// Prints the settings of a configuration file. Asks no server, and no secret is printed.
///
/// # Errors
/// If `konsil serve` would not take the file either: what is printed always holds.
pub fn settings(options: &Options) -> Result<()> {
    let config = Config::read(&options.config)?;
    for tenant in &config.tenants {
        tenant.policy(&config).with_context(|| format!("hospital {}", tenant.server_name))?;
    }
    let parts = parts(&config);
    let text = if options.deviations { deviations(&parts)? } else { all(&parts)? };
    print!("{text}");
    Ok(())
}

/// Logs how many settings are less strict than by default, and which; not what they are set to.
pub fn log_deviations(config: &Config) {
    for Part { whose, entries } in parts(config) {
        let keys: Vec<_> =
            entries.iter().filter(|entry| entry.opens().is_some()).map(|entry| entry.key).collect();
        let (deviations, keys) = (keys.len(), keys.join(" "));
        match whose {
            Whose::Node => {
                info!(deviations, keys, "Settings of the node that are less strict than by default")
            }
            Whose::Hospital(hospital) => {
                info!(hospital, deviations, keys, "Settings that are less strict than by default");
            }
        }
    }
}

/// A key of the configuration and what it means for the people whose data it is.
struct Setting<T: 'static> {
    /// As the file has it; a hospital's without `tenant.`.
    key: &'static str,
    kind: Kind<T>,
}

enum Kind<T: 'static> {
    /// Neither strict nor loose: a name, an address, a text.
    Fact(fn(&T) -> Value),
    /// Protects somebody for as long as it is strict; the sentence says what it opens if it is not.
    Protection(Strict<T>, &'static str),
}

/// How a setting is read and what is strict. The limits are those by default, and stand here once more so that a default
/// that becomes looser fails a test.
enum Strict<T: 'static> {
    /// What has to be off.
    Off(fn(&T) -> bool),
    /// What has to be on.
    On(fn(&T) -> bool),
    /// What has to be so low.
    AtMost(u64, fn(&T) -> u64),
    /// A period that has to be so short; 0 is none at all.
    Within(u64, fn(&T) -> u64),
    /// What has to be so high.
    AtLeast(u64, fn(&T) -> u64),
    /// What has to be this and nothing else.
    Exactly(&'static str, fn(&T) -> &str),
    /// Names of others, of which there have to be none.
    Nobody(fn(&T) -> Vec<String>),
    /// Secrets (what one is called, how many there are), of which there have to be none.
    NoSecret(&'static str, fn(&T) -> usize),
}

impl<T> Strict<T> {
    fn value(&self, of: &T) -> Value {
        match self {
            Self::Off(read) | Self::On(read) => Value::Switch(read(of)),
            Self::AtMost(_, read) | Self::Within(_, read) | Self::AtLeast(_, read) => {
                Value::Number(read(of))
            }
            Self::Exactly(_, read) => Value::Text(read(of).to_owned()),
            Self::Nobody(read) => Value::List(read(of)),
            Self::NoSecret(one, read) => Value::Secret { one, count: read(of) },
        }
    }

    fn by_default(&self) -> Value {
        match *self {
            Self::Off(_) => Value::Switch(false),
            Self::On(_) => Value::Switch(true),
            Self::AtMost(limit, _) | Self::Within(limit, _) | Self::AtLeast(limit, _) => {
                Value::Number(limit)
            }
            Self::Exactly(text, _) => Value::Text(text.to_owned()),
            Self::Nobody(_) => Value::List(Vec::new()),
            Self::NoSecret(one, _) => Value::Secret { one, count: 0 },
        }
    }

    fn is_kept(&self, of: &T) -> bool {
        match self {
            Self::Off(read) => !read(of),
            Self::On(read) => read(of),
            Self::AtMost(most, read) => read(of) <= *most,
            Self::Within(most, read) => (1..=*most).contains(&read(of)),
            Self::AtLeast(least, read) => read(of) >= *least,
            Self::Exactly(text, read) => read(of) == *text,
            Self::Nobody(read) => read(of).is_empty(),
            Self::NoSecret(_, read) => read(of) == 0,
        }
    }
}

/// What a setting is set to, as the operator may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Switch(bool),
    Number(u64),
    /// Empty: none.
    Text(String),
    List(Vec<String>),
    /// What is only counted: `1 token`.
    Secret {
        one: &'static str,
        count: usize,
    },
}

/// Characters of a text that are shown; a privacy notice may have pages.
const SHOWN_CHARS: usize = 80;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => write!(f, "{on}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) if text.is_empty() => f.write_str("none"),
            Self::Text(text) => match text.char_indices().nth(SHOWN_CHARS) {
                Some((end, _)) => write!(f, "{:?} …", &text[..end]),
                None => write!(f, "{text:?}"),
            },
            Self::List(names) if names.is_empty() => f.write_str("none"),
            Self::List(names) => write!(f, "{names:?}"),
            Self::Secret { count: 0, .. } => f.write_str("none"),
            Self::Secret { one, count: 1 } => write!(f, "1 {one} (not shown)"),
            Self::Secret { one, count } => write!(f, "{count} {one}s (not shown)"),
        }
    }
}

/// Whose settings they are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    Node,
    /// By its server name.
    Hospital(String),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => f.write_str("node"),
            Self::Hospital(server_name) => write!(f, "hospital {server_name}"),
        }
    }
}

/// The settings of the node or of a hospital.
struct Part {
    whose: Whose,
    entries: Vec<Entry>,
}

/// What a configuration says of a key.
struct Entry {
    key: &'static str,
    value: Value,
    /// Of a protection.
    strictness: Option<Strictness>,
    /// Whether this version acts on it.
    has_effect: bool,
}

struct Strictness {
    by_default: Value,
    is_kept: bool,
    opens: &'static str,
}

impl Entry {
    fn read<T>(setting: &Setting<T>, of: &T, without_effect: &[&str]) -> Self {
        let key = setting.key;
        let has_effect = !without_effect.contains(&key);
        let (value, strictness) = match &setting.kind {
            Kind::Fact(read) => (read(of), None),
            Kind::Protection(strict, opens) => {
                let (by_default, is_kept) = (strict.by_default(), strict.is_kept(of));
                (strict.value(of), Some(Strictness { by_default, is_kept, opens }))
            }
        };
        Self { key, value, strictness, has_effect }
    }

    /// What it opens, if it is less strict than by default.
    fn opens(&self) -> Option<&'static str> {
        self.strictness.as_ref().filter(|strictness| !strictness.is_kept).map(|held| held.opens)
    }
}

/// The node, and then the hospitals as they stand in the file.
fn parts(config: &Config) -> Vec<Part> {
    let without_effect = config.without_effect();
    let entries = NODE.iter().map(|setting| Entry::read(setting, config, &without_effect));
    let mut parts = vec![Part { whose: Whose::Node, entries: entries.collect() }];
    for tenant in &config.tenants {
        let entries = HOSPITAL.iter().map(|setting| Entry::read(setting, tenant, &without_effect));
        let whose = Whose::Hospital(tenant.server_name.clone());
        parts.push(Part { whose, entries: entries.collect() });
    }
    parts
}

const ALL_STRICT: &str = "Every setting is as strict as by default.";

/// Writes every setting, and how many are less strict than by default.
fn all(parts: &[Part]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for Part { whose, entries } in parts {
        writeln!(text, "{whose}")?;
        for entry in entries {
            let (key, value) = (entry.key, &entry.value);
            match &entry.strictness {
                None => writeln!(text, "  fact    {key} = {value}")?,
                Some(Strictness { by_default, is_kept, .. }) => {
                    let word = if *is_kept { "strict" } else { "LOOSER" };
                    writeln!(text, "  {word}  {key} = {value}  (by default {by_default})")?;
                }
            }
        }
    }
    let looser = parts.iter().flat_map(|part| &part.entries).filter(|one| one.opens().is_some());
    match looser.count() {
        0 => writeln!(text, "{ALL_STRICT}")?,
        1 => writeln!(text, "1 setting is less strict than by default: --deviations says why")?,
        n => writeln!(text, "{n} settings are less strict than by default: --deviations says why")?,
    }
    Ok(text)
}

/// Writes the settings that are less strict than by default, each with what that opens.
fn deviations(parts: &[Part]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for Part { whose, entries } in parts {
        let mut looser = entries.iter().filter_map(|entry| Some((entry, entry.opens()?)));
        let Some(first) = looser.next() else { continue };
        writeln!(text, "{whose}")?;
        for (entry, opens) in [first].into_iter().chain(looser) {
            let (key, value) = (entry.key, &entry.value);
            let by_default = &entry.strictness.as_ref().expect("only protections open").by_default;
            writeln!(text, "  {key} = {value}  (by default {by_default})")?;
            let yet = if entry.has_effect { "" } else { " This version does not act on it yet." };
            writeln!(text, "    {opens}{yet}")?;
        }
    }
    if text.is_empty() {
        writeln!(text, "{ALL_STRICT}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration with further lines for the node and for its hospital.
    fn config(node: &str, hospital: &str) -> Config {
        let text = format!(
            "data_dir = '/srv/konsil'\n{node}\n[[tenant]]\nserver_name = 'a.test'\n{hospital}\n"
        );
        let config = Config::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error:#}"));
        config.tenants[0].policy(&config).unwrap_or_else(|error| panic!("{text}\n{error:#}"));
        config
    }

    /// A configuration in which one key has this value.
    fn with(key: &str, value: &str) -> Config {
        let line = format!("{key} = {value}");
        match NODE.iter().any(|setting| setting.key == key) {
            true => config(&line, ""),
            false => config("", &line),
        }
    }

    fn looser_keys(config: &Config) -> Vec<&'static str> {
        let parts = parts(config);
        let entries = parts.iter().flat_map(|part| &part.entries);
        entries.filter(|entry| entry.opens().is_some()).map(|entry| entry.key).collect()
    }

    /// For each protection a value that is looser, and one that is stricter if there is any.
    const VALUES: &[(&str, &str, Option<&str>)] = &[
        ("outbound.extra_ca_files", "['/etc/ca.pem']", None),
        ("outbound.allow_private_addresses", "true", None),
        ("media.max_upload_bytes", "536870913", Some("1000")),
        ("limits.rate_limits", "false", None),
        ("limits.silence_seconds", "31", Some("5")),
        ("limits.devices_per_user", "1001", Some("10")),
        ("app.writing_aids", "true", None),
        ("crash_reports.enabled", "true", None),
        ("crash_reports.days", "31", Some("1")),
        ("registration.open", "true", None),
        ("registration.tokens", "['s3cret', 's3cret-2']", None),
        ("rooms.default_version", "'11'", None),
        ("rooms.require_encryption", "false", None),
        ("rooms.allow_clear_reactions", "true", None),
        ("directory.list_over_federation", "true", None),
        ("directory.list_without_login", "true", None),
        ("presence.enabled", "true", None),
        ("attachments.save_to_device", "true", None),
        ("device.text_days", "8", Some("1")),
        ("retention.message_days", "31", Some("1")),
        ("retention.media_days", "0", Some("1")),
        ("federation.allow", "['b.test']", None),
        ("appservices.registration_files", "['/etc/bot.yaml']", None),
        ("push.allowed_gateways", "['push.test']", None),
        ("push.web_push_hosts", "['*.push.test']", None),
        ("push.event_id_only", "false", None),
        ("lock.idle_minutes", "6", Some("2")),
        ("lock.hidden_seconds", "1", None),
        ("lock.min_length", "5", Some("12")),
        ("lock.offline_hours", "1", None),
        ("lock.biometrics", "true", None),
        ("lock.pin_hours", "13", Some("4")),
        ("lock.show_names", "true", None),
    ];

    #[test]
    fn by_default_nothing_deviates() {
        let parts = parts(&config("", ""));
        for entry in parts.iter().flat_map(|part| &part.entries) {
            if let Some(Strictness { by_default, is_kept, .. }) = &entry.strictness {
                assert_eq!((&entry.value, *is_kept), (by_default, true), "{}", entry.key);
            }
        }
        assert_eq!(deviations(&parts).expect("text"), format!("{ALL_STRICT}\n"));
        assert!(all(&parts).expect("text").ends_with(&format!("{ALL_STRICT}\n")));
    }

    #[test]
    fn a_looser_value_is_that_deviation_alone_and_a_stricter_one_is_none() {
        let parts = parts(&config("", ""));
        let entries = parts.iter().flat_map(|part| &part.entries);
        let protections = entries.filter(|entry| entry.strictness.is_some()).map(|entry| entry.key);
        let tried = VALUES.iter().map(|(key, ..)| *key);
        assert_eq!(protections.collect::<Vec<_>>(), tried.collect::<Vec<_>>(), "each is tried");
        for (key, looser, stricter) in VALUES {
            assert_eq!(looser_keys(&with(key, looser)), [*key], "{key} = {looser}");
            if let Some(stricter) = stricter {
                assert_eq!(looser_keys(&with(key, stricter)), [""; 0], "{key} = {stricter}");
            }
        }
    }

    #[test]
    fn facts_are_told_and_never_deviate() {
        let config = config(
            "listen.http = ['127.0.0.1:1']\nlisten.https = ['127.0.0.1:2']\nlisten.metrics = ['127.0.0.1:3']\n\
             tls = { certificate_file = '/tls/certificate', private_key_file = '/tls/key' }\n\
             database.url = 'postgres://konsil:s3cret@db/konsil'\nlimits.trusted_proxies = ['10.0.0.1']\n\
             limits.connections = 77\nweb_app = '/srv/dist'",
            "public_base_url = 'https://chat.a.test'\ndisplay_name = 'Klinikum A'\n\
             support = { email = 'it@a.test', page = 'https://a.test/help' }\n\
             emergency_numbers = [{ name = 'Reanimation', phone = '2222' }]\napp.minimum_version = '0.3.1'\n\
             push.contact = 'mailto:push@a.test'\n\
             privacy = { controller = 'A gGmbH', officer = 'Dr. B', authority = 'LfD', legal_basis = { de = 'Art. 9', en = 'Art. 9 GDPR' }, \
             processor = [{ name = 'C GmbH', purpose = 'Betrieb', place = 'Hamburg' }], more = { de = 'Mehr', en = 'More' } }",
        );
        assert_eq!(looser_keys(&config), [""; 0]);
        let parts = parts(&config);
        let facts = parts.iter().flat_map(|part| &part.entries);
        let facts = facts.filter(|entry| entry.strictness.is_none());
        let told: Vec<_> = facts.map(|entry| format!("{} = {}", entry.key, entry.value)).collect();
        let expected = [
            r#"data_dir = "/srv/konsil""#,
            r#"listen.http = ["127.0.0.1:1"]"#,
            r#"listen.https = ["127.0.0.1:2"]"#,
            r#"listen.metrics = ["127.0.0.1:3"]"#,
            r#"tls.certificate_file = "/tls/certificate""#,
            r#"tls.private_key_file = "/tls/key""#,
            "database.url = 1 address (not shown)",
            "media.url = none",
            r#"limits.trusted_proxies = ["10.0.0.1"]"#,
            "limits.connections = 77",
            r#"web_app = "/srv/dist""#,
            r#"server_name = "a.test""#,
            r#"public_base_url = "https://chat.a.test""#,
            r#"display_name = "Klinikum A""#,
            r#"support.email = "it@a.test""#,
            r#"support.page = "https://a.test/help""#,
            r#"emergency_numbers.name = ["Reanimation"]"#,
            r#"emergency_numbers.phone = ["2222"]"#,
            r#"app.minimum_version = "0.3.1""#,
            r#"push.contact = "mailto:push@a.test""#,
            r#"privacy.controller = "A gGmbH""#,
            r#"privacy.officer = "Dr. B""#,
            r#"privacy.authority = "LfD""#,
            r#"privacy.legal_basis.de = "Art. 9""#,
            r#"privacy.legal_basis.en = "Art. 9 GDPR""#,
            r#"privacy.processor.name = ["C GmbH"]"#,
            r#"privacy.processor.purpose = ["Betrieb"]"#,
            r#"privacy.processor.place = ["Hamburg"]"#,
            r#"privacy.more.de = "Mehr""#,
            r#"privacy.more.en = "More""#,
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn each_deviation_is_one_sentence_of_its_own() {
        let mut sentences = Vec::new();
        for (key, looser, _) in VALUES {
            let parts = parts(&with(key, looser));
            let entries = parts.iter().flat_map(|part| &part.entries);
            let opens = entries.filter_map(Entry::opens).next().expect("it deviates");
            let is_one = opens.ends_with('.') && !opens.contains(". ") && opens.len() > 30;
            assert!(is_one && opens.starts_with(char::is_uppercase), "{key}: {opens}");
            assert!(!sentences.contains(&opens), "{key}: {opens}");
            sentences.push(opens);
        }
    }

    #[test]
    fn what_deviates_is_listed_by_hospital_and_no_secret_is_shown() {
        let mut config = config(
            "database.url = 'postgres://konsil:s3cret@db/konsil'\nlimits.devices_per_user = 5000",
            "registration.tokens = ['s3cret', 's3cret-2']\nfederation.allow = ['b.test']",
        );
        config.tenants.push(with("device.text_days", "1").tenants[0].clone());
        config.tenants.push(with("registration.tokens", "['s3cret']").tenants[0].clone());
        (config.tenants[1].server_name, config.tenants[2].server_name) =
            ("b.test".to_owned(), "c.test".to_owned());
        let parts = parts(&config);
        assert_eq!(
            deviations(&parts).expect("text"),
            "node\n  limits.devices_per_user = 5000  (by default 1000)\n    \
             An account may have more devices, and whoever writes to it encrypts for each of them.\n\
             hospital a.test\n  registration.tokens = 2 tokens (not shown)  (by default none)\n    \
             Whoever gets to know a token can make accounts with it, as many as they like and for as long as it stands here.\n  \
             federation.allow = [\"b.test\"]  (by default none)\n    \
             People of these servers can take part in rooms, and their servers keep a copy of what is sent there. \
             This version does not act on it yet.\n\
             hospital c.test\n  registration.tokens = 1 token (not shown)  (by default none)\n    \
             Whoever gets to know a token can make accounts with it, as many as they like and for as long as it stands here.\n"
        );
        let text = all(&parts).expect("text");
        for line in [
            "  LOOSER  limits.devices_per_user = 5000  (by default 1000)\n",
            "  strict  device.text_days = 1  (by default 7)\n",
            "  fact    database.url = 1 address (not shown)\n",
            "4 settings are less strict than by default: --deviations says why\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = Value::Text("ä".repeat(200));
        assert_eq!(long.to_string(), format!("\"{}\" …", "ä".repeat(80)));
        assert_eq!(Value::Text("two\nlines".to_owned()).to_string(), r#""two\nlines""#);
    }
}
