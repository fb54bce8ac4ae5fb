//! `cargo xtask web`: the app as a directory of files.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::cargo::{Target, cargo, root, step, target_dir};

const WASM: &str = "wasm32-unknown-unknown";

/// How the app is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Quick to build, large.
    Development,
    /// Small: minutes of link-time optimisation.
    Release,
}

impl Profile {
    /// The profile's name in the root `Cargo.toml`, and the directory it builds into.
    fn name_and_directory(self) -> (&'static str, &'static str) {
        match self {
            Self::Development => ("dev", "debug"),
            Self::Release => ("wasm-release", "wasm-release"),
        }
    }

    fn effort(self) -> &'static str {
        match self {
            Self::Development => "fast",
            Self::Release => "small",
        }
    }
}

/// Builds what has changed and returns `dist/`.
pub fn build(profile: Profile) -> Result<PathBuf, Failure> {
    ensure_target()?;
    let (name, directory) = profile.name_and_directory();
    // One after the other, so that neither switches on features for the other.
    let mut modules = Vec::new();
    for (package, module, headline) in [
        (
            "konsil-web",
            "konsil-web.wasm",
            "The app for the browser (wasm32; minutes when it is the first time)",
        ),
        ("konsil-pdf", "konsil_pdf.wasm", "What shows PDF, a module of its own"),
        ("konsil-qr", "konsil_qr.wasm", "What reads QR codes, another one"),
    ] {
        let mut build = cargo("build", Target::Web);
        build.args(["--package", package, "--target", WASM, "--profile", name]);
        step(headline, &mut build)?;
        modules.push(target_dir(Target::Web).join(WASM).join(directory).join(module));
    }
    let statics = root().join("crates/web/static");
    let dist = root().join("dist");
    let stamp = root().join("dist.stamp");

    let fingerprint = fingerprint(profile, &modules, &statics)?;
    if dist.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == fingerprint) {
        println!("   dist/ is up to date");
        return Ok(dist);
    }
    step(
        "Glue and compressed copies into dist/",
        cargo("run", Target::Native)
            .args(["--quiet", "--package", "web-bundler", "--", profile.effort()])
            .args([&statics, &dist])
            .args(&modules),
    )?;
    fs::write(stamp, fingerprint)?;
    Ok(dist)
}

/// Adds the wasm32 target to the toolchain, unless it is there.
fn ensure_target() -> Result<(), Failure> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout)?.trim());
    if sysroot.join("lib/rustlib").join(WASM).exists() {
        return Ok(());
    }
    step("Rust's wasm32 target", Command::new("rustup").args(["target", "add", WASM]))
}

/// Changes when the bundle has to be made anew. Only compared with one made by the same xtask on this machine.
fn fingerprint(profile: Profile, modules: &[PathBuf], statics: &Path) -> Result<String, Failure> {
    let mut hasher = DefaultHasher::new();
    (profile, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
    for module in modules {
        let bytes = fs::read(module).map_err(|error| format!("{}: {error}", module.display()))?;
        bytes.hash(&mut hasher);
    }
    let bundler = fs::read(root().join("xtask/web-bundler/src/main.rs"))?;
    bundler.hash(&mut hasher);
    hash_directory(statics, &mut hasher)?;
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash_directory(directory: &Path, hasher: &mut impl Hasher) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        if entry.file_type()?.is_dir() {
            hash_directory(&entry.path(), hasher)?;
        } else {
            fs::read(entry.path())?.hash(hasher);
        }
    }
    Ok(())
}
