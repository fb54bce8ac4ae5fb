//! Python with packages of other people, to check against code that is not ours.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What is installed, from PyPI.
const PACKAGES: &[&str] = &[
    "http-ece==1.2.1",
    // Signed PDFs.
    "pyHanko==0.38.0",
    // Files with room keys.
    "matrix-nio==0.26.0",
    "pycryptodome==4.4.0",
    "atomicwrites==1.4.1",
];

/// The interpreter of an environment with [`PACKAGES`]: `KONSIL_PYTHON`, or one beside the running test, made when it is first needed.
pub fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| match std::env::var_os("KONSIL_PYTHON") {
        Some(path) => path.into(),
        None => environment(),
    })
}

fn environment() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let target = test
        .ancestors()
        .find(|directory| directory.join(".rustc_info.json").exists())
        .expect("tests run from a target directory");
    let folder = target.join("tests-python");
    let (python, ready) = (folder.join("bin/python"), folder.join("packages"));
    let lock = File::create(target.join("tests-python.lock")).expect("the lock file opens");
    // Test binaries may run at the same time.
    lock.lock().expect("the lock is got");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&ready).is_ok_and(|packages| packages == wanted) {
        return python;
    }
    let run = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(
            output.status.success(),
            "{command:?} failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES));
    std::fs::write(&ready, wanted).expect("the list of packages is written");
    python
}

/// Runs a script with JSON on its standard input, and reads JSON from its standard output.
#[track_caller]
pub fn run(script: &str, input: &Value) -> Value {
    let mut child = Command::new(interpreter())
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(input.to_string().as_bytes()).expect("Python reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("Python prints JSON")
}
