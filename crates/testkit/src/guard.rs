//! Nothing outlives a test run: a shell that cleans up as soon as the test process is gone, however it went.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Kills a process group and removes a directory when it is dropped *or when the test process dies*.
///
/// Statics are never dropped and a killed test runs no destructor, so the clean-up is left to a small shell
/// that waits for the end of its standard input, which the kernel closes in every case.
pub struct Guard {
    shell: Child,
    stdin: Option<ChildStdin>,
}

const SCRIPT: &str = r#"
group=
while read -r line; do group=$line; done
if [ -n "$group" ]; then kill -s KILL -- "-$group" 2>/dev/null; fi
if [ -n "$1" ]; then rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }; fi
exit 0
"#;

impl Guard {
    /// Watches over `directory`. With `KONSIL_KEEP=1` in the environment it is kept for a look at it.
    pub fn over(directory: &Path) -> Self {
        let keep = std::env::var_os("KONSIL_KEEP").is_some_and(|value| value != "0");
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg("konsil-test-guard")
            .arg(if keep { "".as_ref() } else { directory.as_os_str() })
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C in the terminal must not end the one who cleans up.
            .process_group(0)
            .spawn()
            .expect("a POSIX shell starts");
        let stdin = shell.stdin.take();
        Self { shell, stdin }
    }

    /// The process group to kill; replaces an earlier one. `None` when it has already ended.
    pub fn watch(&mut self, group: Option<u32>) {
        let stdin = self.stdin.as_mut().expect("the guard's input is open until it is dropped");
        let line = group.map_or_else(String::new, |group| group.to_string());
        writeln!(stdin, "{line}").expect("the guard reads");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_guard_kills_the_group_and_removes_the_directory() {
        let directory = tempfile::tempdir().unwrap().keep();
        std::fs::write(directory.join("file"), "x").unwrap();
        let mut child = Command::new("sleep").arg("20").process_group(0).spawn().unwrap();
        let mut guard = Guard::over(&directory);
        guard.watch(Some(child.id()));
        assert!(child.try_wait().unwrap().is_none(), "the child lives while the guard lives");

        drop(guard);

        assert!(!child.wait().unwrap().success());
        assert!(!directory.exists());
    }
}
