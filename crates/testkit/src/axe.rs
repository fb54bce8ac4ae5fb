//! axe-core, which checks pages against WCAG. Fetched from npm once, for tests alone: nothing of it is handed out.

use std::{path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::Browser;

const VERSION: &str = "4.10.3";

/// What is wrong with the page as it is now, one line each: rule, element, why.
#[track_caller]
pub fn violations(browser: &Browser) -> Vec<String> {
    let source = std::fs::read_to_string(file()).expect("axe-core can be read");
    browser.script(
        &format!("if (!window.axe) {{ {source}; window.axe = window.axe || axe; }}"),
        &json!([]),
    );
    let run = "const done = arguments[arguments.length - 1];
        const only = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] };
        window.axe.run(document, { runOnly: only, resultTypes: ['violations'] })
            .then(result => done(result.violations.flatMap(rule => rule.nodes.map(node =>
                rule.id + ': ' + node.target.join(' ') + ': ' + (node.failureSummary || '').replace(/\\s+/g, ' ')))))
            .catch(error => done(['axe failed: ' + error]));";
    let found = browser.async_script(run, &json!([]));
    let found = found.as_array().cloned().expect("axe gives a list");
    found.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The script; `KONSIL_AXE` names one that is there already.
fn file() -> PathBuf {
    if let Some(file) = std::env::var_os("KONSIL_AXE") {
        return file.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty());
    let cache = cache.map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    let place = cache.join("konsil").join(format!("axe-core-{VERSION}"));
    let script = place.join("package/axe.min.js");
    if script.exists() {
        return script;
    }
    std::fs::create_dir_all(&place).expect("a place for axe-core");
    let packed = Command::new("npm")
        .args(["pack", "--silent", &format!("axe-core@{VERSION}"), "--pack-destination"])
        .arg(&place)
        .output()
        .expect("npm is installed: apt-get install --yes npm");
    assert!(packed.status.success(), "npm: {}", String::from_utf8_lossy(&packed.stderr));
    let archive = place.join(format!("axe-core-{VERSION}.tgz"));
    let unpacked = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&place).status();
    assert!(
        unpacked.is_ok_and(|status| status.success()) && script.exists(),
        "axe-core is packed otherwise"
    );
    script
}
