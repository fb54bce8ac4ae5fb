//! The app in several versions, one of which the server hands out: copies of the built app that say another version of themselves.

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::{Person, dist};

/// Two versions in a directory that goes with the value.
pub struct Bundles(tempfile::TempDir);

impl Bundles {
    /// The earlier and the later version.
    pub const EARLIER: &str = "0.9.0";
    pub const LATER: &str = "0.10.0";

    /// Copies of the built app; the earlier one is handed out.
    pub fn new() -> Self {
        let bundles = Self(tempfile::tempdir().expect("a directory for the versions"));
        for version in [Self::EARLIER, Self::LATER] {
            stamp(&bundles.0.path().join(version), version);
        }
        bundles.hand_out(Self::EARLIER);
        bundles
    }

    /// For `web_app` of the server.
    pub fn folder(&self) -> PathBuf {
        self.0.path().join("served")
    }

    /// From now on the server hands this version out.
    pub fn hand_out(&self, version: &str) {
        let next = self.0.path().join("next");
        symlink(self.0.path().join(version), &next).expect("a link");
        std::fs::rename(next, self.folder()).expect("it takes the place of the other");
    }
}

/// A copy of the built app that says this version, as the bundler stamps it.
fn stamp(folder: &Path, version: &str) {
    let copied = Command::new("cp").args(["-r"]).arg(dist()).arg(folder).status();
    assert!(copied.is_ok_and(|status| status.success()), "the app is copied");
    for file in ["index.html", "sw.js"] {
        for ending in ["br", "gz"] {
            let _ = std::fs::remove_file(folder.join(format!("{file}.{ending}")));
        }
    }
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect("it is read");
    let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).expect("written");
    let between = |text: &str, start: &str, end: &str| {
        let (before, rest) = text.split_once(start).expect("the app is stamped");
        let (within, after) = rest.split_once(end).expect("the app is stamped");
        (format!("{before}{start}"), within.to_owned(), format!("{end}{after}"))
    };
    let (before, _, after) =
        between(&read("index.html"), "<meta name=\"konsil-version\" content=\"", "\"");
    let page = format!("{before}{version}{after}");
    write("index.html", &page);
    let (before, bundle, after) = between(&read("sw.js"), "const BUNDLE = ", ";\n");
    let mut bundle: Value = serde_json::from_str(&bundle).expect("the bundler writes JSON");
    let digest = Sha256::digest(page.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bundle["files"]["./"] = json!(digest);
    bundle["id"] = json!(format!("test-{version}"));
    write("sw.js", &format!("{before}{bundle}{after}"));
}

/// Waits until the page in front is of this version.
#[track_caller]
pub fn is_of(person: &Person, version: &str) {
    let said = "return document.querySelector('meta[name=konsil-version]')?.content";
    person.browser.wait_for(&format!("the app to be of version {version}"), || {
        (person.browser.script(said, &json!([])) == version).then_some(())
    });
}

/// An hour passes for the page in front, until it is loaded anew.
pub fn an_hour_passes(person: &Person) {
    let later = "const now = Date.now.bind(Date); Date.now = () => now() + 3700e3;";
    person.browser.script(later, &json!([]));
}
