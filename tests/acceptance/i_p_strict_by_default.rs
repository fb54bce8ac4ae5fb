//! I.p: what nobody has opened is closed, and what somebody has opened is named, with what it costs. That each setting by itself
//! is named stands in `crates/konsil/src/settings.rs`, and each default's own test under `tests/api`.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testkit::matrix::escape;
use testkit::server::binary;
use testkit::{Server, Settings};

const ALL_STRICT: &str = "Every setting is as strict as by default.";
const SMALLEST: &str = "data_dir = '/nowhere'\n[[tenant]]\nserver_name = 'a.test'\n";

/// `konsil settings` on a configuration.
fn run(config: &str, more: &[&str]) -> Output {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), config).expect("it is written");
    let mut command = Command::new(binary());
    command.args(["settings", "--config"]).arg(file.path()).args(more).stdin(Stdio::null());
    command.output().expect("konsil runs")
}

/// What it prints. It ends well, whatever deviates.
#[track_caller]
fn settings(config: &str, more: &[&str]) -> String {
    let output = run(config, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn what_was_opened_is_named_with_what_it_costs_and_without_secrets() {
    assert_eq!(settings(SMALLEST, &["--deviations"]).trim(), ALL_STRICT);
    let all = settings(SMALLEST, &[]);
    assert!(
        all.contains("  strict  rooms.require_encryption = true  (by default true)\n"),
        "{all}"
    );
    assert!(!all.contains("LOOSER") && all.trim().ends_with(ALL_STRICT), "{all}");

    let opened = format!(
        "database.url = 'postgres://konsil:s3cret@db/konsil'\nlimits.rate_limits = false\n{SMALLEST}\
         registration.tokens = ['s3cret-1', 's3cret-2']\nrooms.require_encryption = false\nlock.idle_minutes = 2\n\
         [[tenant]]\nserver_name = 'b.test'\ndevice.text_days = 1\n"
    );
    let deviations = settings(&opened, &["--deviations"]);
    let lines: Vec<_> = deviations.lines().collect();
    let keys: Vec<_> = lines.iter().filter(|line| line.contains(" = ")).collect();
    assert_eq!(
        keys,
        [
            &"  limits.rate_limits = false  (by default true)",
            &"  registration.tokens = 2 tokens (not shown)  (by default none)",
            &"  rooms.require_encryption = false  (by default true)",
        ]
    );
    for key in keys {
        let at = lines.iter().position(|line| line == key).expect("it is there");
        assert!(lines[at + 1].starts_with("    ") && lines[at + 1].ends_with('.'), "{deviations}");
    }
    assert!(!deviations.contains("b.test"), "what is stricter is no deviation: {deviations}");
    let all = settings(&opened, &[]);
    assert!(all.contains("  strict  lock.idle_minutes = 2  (by default 5)\n"), "{all}");
    assert!(!all.contains("s3cret") && !deviations.contains("s3cret"), "{all}{deviations}");

    let refused = run(&format!("{SMALLEST}lock.idle_minutes = 0\n"), &[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("lock.idle_minutes"), "{said}");
}

#[test]
fn a_server_that_nobody_has_opened_is_closed_from_outside() {
    // What lets the test make people and be quick is what it says of itself.
    let server = Server::with(&Settings { log: Some("info".into()), ..Settings::default() });
    let named: Vec<_> = server.log().lines().filter_map(deviating).collect();
    assert_eq!(named, ["1 limits.rate_limits", "1 registration.tokens"], "{}", server.log());
    assert!(!server.log().contains(testkit::server::REGISTRATION_TOKEN), "keys and no values");

    let (stranger, anna, jonas) = (server.api(), server.user("anna"), server.user("jonas"));
    let register = "/_matrix/client/v3/register";
    let dummy = json!({ "username": "fremd", "password": "ein langes Passwort 7", "auth": { "type": "m.login.dummy" } });
    let answer = stranger.post(register, &dummy);
    assert!(matches!(answer.status, 401 | 403), "{}", answer.text());
    stranger.get("/_matrix/client/v3/publicRooms").refused(401, "M_MISSING_TOKEN");
    stranger.post("/_konsil/crash_reports", &json!({})).refused(403, "M_FORBIDDEN");
    let told = stranger.get("/_konsil/hospital").ok();
    assert_eq!((&told["writing_aids"], &told["crash_reports"]), (&Value::Null, &Value::Null));
    let lock = stranger.get("/_konsil/lock/policy").ok();
    assert_eq!((&lock["biometrics"], &lock["offline_hours"]), (&json!(false), &json!(0)));

    let room = anna.room_with(&[&jonas]);
    let clear = json!({ "msgtype": "m.text", "body": "in clear" });
    anna.try_send(&room, "m.room.message", &clear).refused(403, "M_FORBIDDEN");
    let status = format!("/_matrix/client/v3/presence/{}/status", escape(&anna.id));
    anna.put(&status, &json!({ "presence": "online" })).ok();
    assert_eq!(jonas.get(&status).ok(), json!({ "presence": "offline" }));
    let capabilities = anna.get("/_matrix/client/v3/capabilities").ok()["capabilities"].clone();
    assert_eq!(capabilities["de.konsil.save_to_device"], Value::Null, "{capabilities}");
    assert_eq!(capabilities["org.matrix.msc4174.webpush"], Value::Null, "{capabilities}");
    assert_eq!(capabilities["de.konsil.device"], json!({ "text_days": 7 }));
    let pusher = json!({
        "app_id": "de.konsil.app", "pushkey": "k", "kind": "http", "lang": "de", "app_display_name": "Konsil",
        "device_display_name": "Telefon", "data": { "url": "https://push.test/_matrix/push/v1/notify" },
    });
    anna.post("/_matrix/client/v3/pushers/set", &pusher).refused(403, "M_FORBIDDEN");
}

/// How many settings a line of the log says are less strict, and which.
fn deviating(line: &str) -> Option<String> {
    let (_, number) = line.split_once(" deviations=")?;
    let (number, keys) = number.split_once(" keys=\"")?;
    Some(format!("{number} {}", keys.split('"').next()?))
}
