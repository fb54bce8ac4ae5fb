//! What the interop tests need of others, from npm and PyPI into the cache: matrix-js-sdk with a Node.js new enough for it, and matrix-nio.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::cargo::{Target, root, step, target_dir};

/// Installs what is missing or has changed in the repository, and returns the directory for `KONSIL_INTEROP`.
pub fn ensure() -> Result<PathBuf, Failure> {
    let base = target_dir(Target::Client).with_file_name("interop");
    let source = root().join("tests/interop");
    installed(
        &source.join("js"),
        &base.join("js"),
        &["package.json", "package-lock.json"],
        |to| {
            step(
                "matrix-js-sdk from npm",
                Command::new("npm")
                    .args(["clean-install", "--ignore-scripts", "--no-audit", "--no-fund"])
                    .args(["--loglevel", "error"])
                    .current_dir(to),
            )
        },
    )?;
    installed(&source.join("python"), &base.join("python"), &["requirements.txt"], |to| {
        step(
            "A Python environment",
            Command::new("python3").args(["-m", "venv", "."]).current_dir(to),
        )?;
        step(
            "matrix-nio from PyPI",
            Command::new(to.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(["--requirement", "requirements.txt"])
                .current_dir(to),
        )
    })?;
    Ok(base)
}

/// Copies the files that name the versions and calls `install` beside them, unless that was done with the same files.
fn installed(
    from: &Path,
    to: &Path,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let wanted = files
        .iter()
        .map(|file| fs::read_to_string(from.join(file)))
        .collect::<Result<String, _>>()?;
    let stamp = to.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for file in files {
        fs::copy(from.join(file), to.join(file))?;
    }
    install(to)?;
    // Last, so that what broke off is begun anew.
    fs::write(stamp, wanted)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_made_once_for_the_same_files() {
        let directory = std::env::temp_dir().join(format!("konsil-interop-{}", std::process::id()));
        let (from, to) = (directory.join("from"), directory.join("to"));
        fs::create_dir_all(&from).unwrap();
        let mut count = 0;
        let mut ensure = |text: &str, works: bool| {
            fs::write(from.join("versions"), text).unwrap();
            let outcome = installed(&from, &to, &["versions"], |_| {
                count += 1;
                if works { Ok(()) } else { Err("no network".into()) }
            });
            (outcome.is_ok(), count)
        };
        assert_eq!(ensure("one", true), (true, 1));
        assert_eq!(ensure("one", true), (true, 1));
        assert_eq!(ensure("two", false), (false, 2));
        assert_eq!(ensure("two", true), (true, 3));
        assert_eq!(ensure("two", true), (true, 3));
        fs::remove_dir_all(directory).unwrap();
    }
}
