//! A private PostgreSQL, started from the installed binaries, gone when the test process ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server that listens on a Unix socket in a directory of its own.
///
/// A shell watches over it: when this process ends, however it ends, the shell's input closes, and it stops the server
/// and removes the directory.
pub struct Postgres {
    directory: PathBuf,
    binaries: PathBuf,
    watch: Child,
}

/// Whether commits reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// As in operation; for measurements.
    On,
    /// Faster, for tests that never cut the power.
    Off,
}

const WATCH: &str = r#"
set -e
trap '' INT TERM HUP
cd /
directory=$(mktemp -d "${TMPDIR:-/tmp}/konsil-postgres.XXXXXX")
"$1/initdb" --pgdata="$directory/data" --username=konsil --auth=trust --encoding=UTF8 --locale=C --no-sync >"$directory/log" 2>&1
"$1/pg_ctl" start --wait --silent --pgdata="$directory/data" --log="$directory/log" \
  --options="-c listen_addresses='' -c unix_socket_directories='$directory' -c fsync=$2 -c max_connections=200" >/dev/null 2>&1 </dev/null
echo "$directory"
cat >/dev/null || true
"$1/pg_ctl" stop --wait --silent --mode=immediate --pgdata="$directory/data" >/dev/null 2>&1 || true
rm -rf "$directory"
"#;

impl Postgres {
    /// Starts a server; it takes about two seconds.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, with the command that installs it; or if it does not start.
    pub fn start(fsync: Fsync) -> Self {
        let binaries = binaries();
        let fsync = if fsync == Fsync::On { "on" } else { "off" };
        let mut watch = as_server_user("sh")
            .args(["-c", WATCH, "konsil-postgres"])
            .arg(&binaries)
            .arg(fsync)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut directory = String::new();
        let output = watch.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut directory).expect("its output can be read");
        assert!(!directory.is_empty(), "PostgreSQL in {} did not start", binaries.display());
        Self { directory: directory.trim_end().into(), binaries, watch }
    }

    /// The server that all tests of this process share, without fsync.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Fsync::Off))
    }

    /// `postgres://…`, as `database.url` takes it.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// A new, empty database; its `postgres://…`.
    pub fn create_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("hospital_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let status = as_server_user(self.binaries.join("createdb"))
            .args(["--username=konsil", "--template=template0", "--host"])
            .arg(&self.directory)
            .arg(&name)
            .current_dir("/")
            .status()
            .expect("createdb runs");
        assert!(status.success(), "the database {name} was not made");
        self.url_of(&name)
    }

    /// The program that runs scripts.
    pub fn psql(&self) -> PathBuf {
        self.binaries.join("psql")
    }

    fn url_of(&self, database: &str) -> String {
        let directory = self.directory.display().to_string().replace('/', "%2F");
        format!("postgres://konsil@{directory}/{database}")
    }

    /// Stops the server as a crash would, and starts it again.
    pub fn crash_and_restart(&self) {
        let status = as_server_user(self.binaries.join("pg_ctl"))
            .args(["restart", "--wait", "--silent", "--mode=immediate"])
            .arg("--pgdata")
            .arg(self.directory.join("data"))
            .arg("--log")
            .arg(self.directory.join("log"))
            .current_dir("/")
            .stdout(Stdio::null())
            .status()
            .expect("pg_ctl runs");
        assert!(status.success(), "PostgreSQL did not start again");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its input closes, and the shell stops the server.
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// A command as the user whom PostgreSQL accepts: it refuses to run as root.
fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// The newest installed PostgreSQL, as Debian and Ubuntu lay it out, or else what `pg_config` names.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").exists())
        .max();
    if let Some((_, path)) = newest {
        return path;
    }
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let path = configured.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match path {
        Some(path) if Path::new(&path).join("initdb").exists() => path.into(),
        _ => panic!(
            "these tests need PostgreSQL, which is not installed; run:\n    \
             sudo apt-get install --yes --no-install-recommends postgresql"
        ),
    }
}
