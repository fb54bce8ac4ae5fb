//! The settings, one a row, as they stand in `config.rs`. A key without a row fails a test.

use std::path::{Path, PathBuf};

use homeserver::Policy;

use super::{
    Kind, Setting,
    Strict::{self, AtLeast, AtMost, Exactly, NoSecret, Nobody, Off, On, Within},
    Value,
};
use crate::config::{Config, Tenant};

/// What is said of the whole node.
pub(super) static NODE: &[Setting<Config>] = &[
    fact("data_dir", |node| path(&node.data_dir)),
    fact("listen.http", |node| list(&node.listen.http)),
    fact("listen.https", |node| list(&node.listen.https)),
    fact("listen.metrics", |node| list(&node.listen.metrics)),
    fact("tls.certificate_file", |node| {
        node.tls.as_ref().map_or_else(none, |tls| path(&tls.certificate_file))
    }),
    fact("tls.private_key_file", |node| {
        node.tls.as_ref().map_or_else(none, |tls| path(&tls.private_key_file))
    }),
    protection(
        "outbound.extra_ca_files",
        Nobody(|node| paths(&node.outbound.extra_ca_files)),
        "Whoever holds one of these authorities can pass for any server that this one asks.",
    ),
    protection(
        "outbound.allow_private_addresses",
        Off(|node| node.outbound.allow_private_addresses),
        "People with an account can have the server ask machines inside the hospital's own network.",
    ),
    // Passwords may stand in them.
    fact("database.url", |node| hidden("address", node.database.url.as_deref())),
    fact("media.url", |node| hidden("address", node.media.url.as_deref())),
    protection(
        "media.max_upload_bytes",
        AtMost(512 * 1024 * 1024, |node| {
            node.media.max_upload_bytes.unwrap_or(Policy::default().max_upload_bytes)
        }),
        "One person can send larger files, and so fill the server's disk sooner.",
    ),
    protection(
        "limits.rate_limits",
        On(|node| node.limits.rate_limits),
        "Passwords can be guessed and the server be kept busy as fast as somebody likes.",
    ),
    // With their names clients behind them are told apart and limited by address, without them they are not.
    fact("limits.trusted_proxies", |node| list(&node.limits.trusted_proxies)),
    // As much as the machine can do.
    fact("limits.connections", |node| {
        node.limits.connections.map_or_else(none, |most| Value::Number(most as u64))
    }),
    protection(
        "limits.silence_seconds",
        AtMost(30, |node| node.limits.silence_seconds),
        "A client that says nothing keeps its place for longer, so fewer machines can take up all places.",
    ),
    protection(
        "limits.devices_per_user",
        AtMost(1_000, |node| node.limits.devices_per_user),
        "An account may have more devices, and whoever writes to it encrypts for each of them.",
    ),
    fact("web_app", |node| node.web_app.as_deref().map_or_else(none, path)),
];

/// What is said of each hospital.
pub(super) static HOSPITAL: &[Setting<Tenant>] = &[
    fact("server_name", |hospital| text(&hospital.server_name)),
    fact("public_base_url", |hospital| text(&hospital.public_base_url)),
    fact("display_name", |hospital| text(&hospital.display_name)),
    fact("support.email", |hospital| text(&hospital.support.email)),
    fact("support.page", |hospital| text(&hospital.support.page)),
    fact("emergency_numbers.name", |hospital| {
        list(hospital.emergency_numbers.iter().map(|number| &number.name))
    }),
    fact("emergency_numbers.phone", |hospital| {
        list(hospital.emergency_numbers.iter().map(|number| &number.phone))
    }),
    // By default no version is refused; whatever is set here is stricter.
    fact("app.minimum_version", |hospital| {
        hospital.app.minimum_version.as_deref().map_or_else(none, text)
    }),
    protection(
        "app.writing_aids",
        Off(|hospital| hospital.app.writing_aids),
        "Browsers may check what people write, and some send it to their makers for that.",
    ),
    protection(
        "crash_reports.enabled",
        Off(|hospital| hospital.crash_reports.enabled),
        "After a crash people may send this server where in the app it happened, with the names of their browser and system.",
    ),
    protection(
        "crash_reports.days",
        AtMost(30, |hospital| hospital.crash_reports.days.into()),
        "Crash reports are kept for longer, where they are taken.",
    ),
    protection(
        "registration.open",
        Off(|hospital| hospital.registration.open),
        "Anybody who reaches the server can make an account and is then inside.",
    ),
    protection(
        "registration.tokens",
        NoSecret("token", |hospital| hospital.registration.tokens.len()),
        "Whoever gets to know a token can make accounts with it, as many as they like and for as long as it stands here.",
    ),
    protection(
        "rooms.default_version",
        Exactly("12", |hospital| &hospital.rooms.default_version),
        "New rooms follow older rules of Matrix, with weaknesses that version 12 has mended.",
    ),
    protection(
        "rooms.require_encryption",
        On(|hospital| hospital.rooms.require_encryption),
        "Messages may be sent in clear, and whoever runs the server can then read them.",
    ),
    protection(
        "rooms.allow_clear_reactions",
        Off(|hospital| hospital.rooms.allow_clear_reactions),
        "Other apps may send reactions in clear, and whoever runs the server can then read them.",
    ),
    protection(
        "directory.list_over_federation",
        Off(|hospital| hospital.directory.list_over_federation),
        "Other hospitals see which rooms the directory has.",
    ),
    protection(
        "directory.list_without_login",
        Off(|hospital| hospital.directory.list_without_login),
        "Anybody who reaches the server sees without login which rooms the directory has.",
    ),
    protection(
        "presence.enabled",
        Off(|hospital| hospital.presence.enabled),
        "People see of everybody in their rooms who is online and when they last were.",
    ),
    protection(
        "attachments.save_to_device",
        Off(|hospital| hospital.attachments.save_to_device),
        "Files and exports of chats may lie on devices outside of the app's encrypted store, where no PIN protects them and no period ends.",
    ),
    protection(
        "device.text_days",
        AtMost(7, |hospital| hospital.device.text_days.into()),
        "Messages stay on people's devices for longer, so more of them are on one that is lost.",
    ),
    protection(
        "retention.message_days",
        Within(30, |hospital| hospital.retention.message_days.into()),
        "Messages stay on the server for longer (0: until somebody deletes them), and with them who wrote when.",
    ),
    protection(
        "retention.media_days",
        Within(30, |hospital| hospital.retention.media_days.into()),
        "Photos and other files stay on the server for longer (0: until somebody deletes them).",
    ),
    protection(
        "federation.allow",
        Nobody(|hospital| hospital.federation.allow.clone()),
        "People of these servers can take part in rooms, and their servers keep a copy of what is sent there.",
    ),
    protection(
        "appservices.registration_files",
        Nobody(|hospital| paths(&hospital.appservices.registration_files)),
        "Each bot or bridge acts as any user of its namespaces and gets all events of the rooms in which they are.",
    ),
    protection(
        "push.allowed_gateways",
        Nobody(|hospital| hospital.push.allowed_gateways.clone()),
        "These gateways of others learn for which device a message comes, when, and the ids of room and message.",
    ),
    protection(
        "push.web_push_hosts",
        Nobody(|hospital| hospital.push.web_push_hosts.clone()),
        "These push services of others learn for which browser a message comes, when, and whether it is urgent.",
    ),
    protection(
        "push.event_id_only",
        On(|hospital| hospital.push.event_id_only),
        "Gateways also get what the server can read of an event, such as the names of sender and room, if an app asks for that.",
    ),
    fact("push.contact", |hospital| text(&hospital.push.contact)),
    protection(
        "lock.idle_minutes",
        AtMost(5, |hospital| hospital.lock.idle_minutes.into()),
        "An app that nobody touches stays open for longer, to whoever comes by.",
    ),
    protection(
        "lock.hidden_seconds",
        AtMost(0, |hospital| hospital.lock.hidden_seconds.into()),
        "An app out of sight stays open for a while, and whoever brings it back needs no PIN.",
    ),
    protection(
        "lock.min_length",
        AtLeast(6, |hospital| hospital.lock.min_length.into()),
        "Shorter PINs are taken, and those are easier to guess or to see.",
    ),
    protection(
        "lock.offline_hours",
        AtMost(0, |hospital| hospital.lock.offline_hours.into()),
        "A device that was blocked or signed out still opens for so long if it is kept away from the network.",
    ),
    protection(
        "lock.biometrics",
        Off(|hospital| hospital.lock.biometrics),
        "Between two entries of the PIN the app opens to finger or face, and so to whoever has the device and its own code.",
    ),
    protection(
        "lock.pin_hours",
        AtMost(12, |hospital| hospital.lock.pin_hours.into()),
        "The PIN is asked for less often, where finger or face may stand in for it.",
    ),
    protection(
        "lock.show_names",
        Off(|hospital| hospital.lock.show_names),
        "Whoever stands before a locked app reads whose it is.",
    ),
    fact("privacy.controller", |hospital| text(&hospital.privacy.controller)),
    fact("privacy.officer", |hospital| text(&hospital.privacy.officer)),
    fact("privacy.authority", |hospital| text(&hospital.privacy.authority)),
    fact("privacy.legal_basis.de", |hospital| text(&hospital.privacy.legal_basis.de)),
    fact("privacy.legal_basis.en", |hospital| text(&hospital.privacy.legal_basis.en)),
    fact("privacy.processor.name", |hospital| {
        list(hospital.privacy.processors.iter().map(|processor| &processor.name))
    }),
    fact("privacy.processor.purpose", |hospital| {
        list(hospital.privacy.processors.iter().map(|processor| &processor.purpose))
    }),
    fact("privacy.processor.place", |hospital| {
        list(hospital.privacy.processors.iter().map(|processor| &processor.place))
    }),
    fact("privacy.more.de", |hospital| text(&hospital.privacy.more.de)),
    fact("privacy.more.en", |hospital| text(&hospital.privacy.more.en)),
];

const fn fact<T>(key: &'static str, read: fn(&T) -> Value) -> Setting<T> {
    Setting { key, kind: Kind::Fact(read) }
}

const fn protection<T>(key: &'static str, strict: Strict<T>, opens: &'static str) -> Setting<T> {
    Setting { key, kind: Kind::Protection(strict, opens) }
}

fn none() -> Value {
    Value::Text(String::new())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn path(path: &Path) -> Value {
    Value::Text(path.display().to_string())
}

fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn list(names: impl IntoIterator<Item: ToString>) -> Value {
    Value::List(names.into_iter().map(|name| name.to_string()).collect())
}

fn hidden(one: &'static str, secret: Option<&str>) -> Value {
    Value::Secret { one, count: secret.iter().len() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A key on the way to a setting, and whether a list of tables is below it.
    type Step = (String, bool);

    /// The keys below this one, as the parser names them when it meets one that it does not know; `None` if there are none.
    fn keys_below(way: &[Step]) -> Option<Vec<String>> {
        let unknown = "unknown_to_everybody = 0".to_owned();
        let text = way.iter().rev().fold(unknown, |inner, (key, many)| {
            if *many {
                format!("{key} = [{{ {inner} }}]")
            } else {
                format!("{key} = {{ {inner} }}")
            }
        });
        let error = toml::from_str::<Config>(&text).expect_err("nothing takes such a key");
        let known =
            error.message().strip_prefix("unknown field `unknown_to_everybody`, expected ")?;
        Some(known.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect())
    }

    fn settings_below(way: &[Step], found: &mut Vec<String>) {
        let one = |key: &str, many: bool| [way, &[(key.to_owned(), many)]].concat();
        for key in keys_below(way).expect("a table") {
            match [false, true]
                .map(|many| one(&key, many))
                .iter()
                .find(|way| keys_below(way).is_some())
            {
                Some(table) => settings_below(table, found),
                None => {
                    let names: Vec<_> = one(&key, false).into_iter().map(|(key, _)| key).collect();
                    found.push(names.join("."));
                }
            }
        }
    }

    #[test]
    fn every_key_of_the_configuration_has_a_row_and_every_row_its_key() {
        let mut found = Vec::new();
        settings_below(&[], &mut found);
        // So that a parser that says it in other words does not make this test hold for nothing.
        for known in ["data_dir", "tls.private_key_file", "tenant.privacy.legal_basis.de"] {
            assert!(found.iter().any(|key| key == known), "{known} is not among {found:?}");
        }
        assert!(found.iter().any(|key| key == "tenant.emergency_numbers.phone"), "{found:?}");
        let rows = NODE.iter().map(|setting| setting.key.to_owned());
        let rows: Vec<_> =
            rows.chain(HOSPITAL.iter().map(|setting| format!("tenant.{}", setting.key))).collect();
        let (keys, described) = (BTreeSet::from_iter(found), BTreeSet::from_iter(rows.clone()));
        assert_eq!(&keys - &described, BTreeSet::new(), "keys without a row");
        assert_eq!(&described - &keys, BTreeSet::new(), "rows without a key");
        assert_eq!(rows.len(), described.len(), "a key has one row");
    }
}
