//! How cargo is called: where it builds, and with which toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use crate::Failure;

/// Builds that must not share a directory: each would throw away what the other has built (other features of
/// shared crates) or wait for its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Server, tests, tools.
    Native,
    /// The app for wasm32.
    Web,
    /// The app's crates on this machine: the Matrix SDK switches on features of ruma that the server must not have.
    Client,
}

/// The repository, as cargo says when it starts xtask: what was compiled in would be the path of another clone where two
/// clones build into one target directory.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = xtask.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        root.expect("xtask is started as `cargo xtask`")
    });
    &ROOT
}

/// `CARGO_TARGET_DIR`, else a directory in the user's cache, outside the repository.
pub fn target_dir(target: Target) -> PathBuf {
    let base = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty());
        let home =
            || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| ".".into())).join(".cache");
        cache.map_or_else(home, PathBuf::from).join("konsil/target")
    });
    let base = std::path::absolute(&base).unwrap_or(base);
    let suffix = match target {
        Target::Native => return base,
        Target::Web => "-web",
        Target::Client => "-client",
    };
    let mut path = base.into_os_string();
    path.push(suffix);
    path.into()
}

/// `cargo SUBCOMMAND` in the repository. matrix-sdk declares a newer Rust than it needs (ADR 1), so the check is off.
pub fn cargo(subcommand: &str, target: Target) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .arg(subcommand)
        .arg("--ignore-rust-version")
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target_dir(target));
    // What cargo told xtask about xtask is not true for what xtask starts.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"]
    {
        command.env_remove(name);
    }
    command
}

/// Runs a long step under a headline, and says how long it took.
pub fn step(headline: &str, command: &mut Command) -> Result<(), Failure> {
    println!("── {headline}");
    let started = Instant::now();
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !status.success() {
        return Err(format!("{headline}: {status}").into());
    }
    println!("   {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
