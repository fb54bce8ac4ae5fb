//! The real `konsil` binary as a process of its own.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::guard::Guard;
use crate::matrix::{Api, User};
use crate::outgoing::Outgoing;
use crate::postgres::Postgres;

/// The token that lets the tests register people.
pub const REGISTRATION_TOKEN: &str = "testkit-registration-token";
/// Name of the hospital's server; user IDs end with it.
pub const SERVER_NAME: &str = "klinikum.test";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What differs from a fresh installation with strict defaults. Rate limits are off, since tests are quick.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where the hospital's data lies.
    pub database: Database,
    /// TOML lines for the node, before the first table: `listen.metrics = "…"`.
    pub node: String,
    /// TOML lines for the hospital: `rooms.require_encryption = false`.
    pub tenant: String,
    /// Directory with the built web app, served by the server.
    pub web: Option<PathBuf>,
    /// Whether clients are slowed down, as in operation.
    pub rate_limits: bool,
    /// How much the process logs, as `RUST_LOG` says it: `debug`.
    pub log: Option<String>,
    /// Where the server keeps its data, if not in its own directory.
    pub data_dir: Option<PathBuf>,
    /// Further variables of the process's environment.
    pub environment: Vec<(String, String)>,
    /// Where it is recorded what the process sends to others.
    pub outgoing: Option<Outgoing>,
}

/// Where a hospital's data lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Database {
    /// As `KONSIL_TEST_DATABASE` says: `sqlite`, which is also meant if it is not set, or `postgres`.
    #[default]
    Environment,
    /// A file in `data_dir`.
    Sqlite,
    /// A database of its own in [`Postgres::shared`].
    Postgres,
}

impl Database {
    /// A new, empty one, as a line of the configuration.
    fn line(self) -> String {
        let chosen = std::env::var("KONSIL_TEST_DATABASE").unwrap_or_default();
        let postgres = match (self, chosen.as_str()) {
            (Self::Sqlite, _) | (Self::Environment, "" | "sqlite") => false,
            (Self::Postgres, _) | (Self::Environment, "postgres") => true,
            (_, other) => panic!("KONSIL_TEST_DATABASE is {other}, not sqlite or postgres"),
        };
        if postgres {
            format!("database.url = \"{}\"\n", Postgres::shared().create_database())
        } else {
            String::new()
        }
    }
}

/// Which of the binary's commands runs.
enum Launch {
    /// `konsil serve` with a configuration of the tests.
    Serve,
    /// `konsil demo` with this built web app.
    Demo { web: PathBuf },
}

/// A running server with an empty `data_dir`. Dropping it kills the process and removes its files.
pub struct Server {
    process: Option<Child>,
    launch: Launch,
    root: PathBuf,
    data_dir: PathBuf,
    environment: Vec<(String, String)>,
    outgoing: Option<Outgoing>,
    port: u16,
    log: Option<String>,
    guard: Guard,
}

impl Server {
    /// Starts a server with strict defaults.
    pub fn start() -> Self {
        Self::with(&Settings::default())
    }

    /// Starts a server with settings of its own.
    pub fn with(settings: &Settings) -> Self {
        Self::launch(Launch::Serve, settings)
    }

    /// Starts the demo hospital. Its people are those of `konsil demo`; nobody can register.
    pub fn demo(web: &Path) -> Self {
        Self::launch(Launch::Demo { web: web.to_owned() }, &Settings::default())
    }

    fn launch(launch: Launch, settings: &Settings) -> Self {
        let root = tempfile::Builder::new()
            .prefix("konsil-test-")
            .tempdir()
            .expect("a directory for the server")
            .keep();
        let guard = Guard::over(&root);
        let port = free_port();
        let data_dir = settings.data_dir.clone().unwrap_or_else(|| root.join("data"));
        let config = configuration(&data_dir, port, settings);
        std::fs::write(root.join("konsil.toml"), config).expect("the configuration is written");
        let log = settings.log.clone();
        let environment = settings.environment.clone();
        let outgoing = settings.outgoing.clone();
        let mut server =
            Self { process: None, launch, root, data_dir, environment, outgoing, port, log, guard };
        server.resume();
        server
    }

    /// Starts the process again on the same data and port, after [`Self::kill`] or [`Self::stop`].
    pub fn resume(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("the log file opens");
        let recorded = self.outgoing.as_ref().map(|outgoing| outgoing.command(binary()));
        let mut command = recorded.unwrap_or_else(|| Command::new(binary()));
        match &self.launch {
            Launch::Serve => command.args(["serve", "--config"]).arg(self.config_file()),
            Launch::Demo { web } => command
                .args(["demo", "--port", &self.port.to_string(), "--data-dir"])
                .arg(self.data_dir())
                .arg("--web")
                .arg(web),
        };
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file is shared"))
            .stderr(log)
            .process_group(0);
        if let Some(log) = &self.log {
            command.env("RUST_LOG", log);
        }
        let process =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        self.guard.watch(Some(process.id()));
        self.process = Some(process);
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let api = self.api();
        let deadline = Instant::now() + READY_WITHIN;
        while api.try_get("/_konsil/health").is_none_or(|answer| answer.status != 200) {
            let process = self.process.as_mut().expect("the server was started");
            if let Some(status) = process.try_wait().expect("the server can be asked for its state")
            {
                panic!("konsil serve ended with {status} before it was ready:\n{}", self.log());
            }
            assert!(
                Instant::now() < deadline,
                "konsil serve was not ready within {READY_WITHIN:?}:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Kills the process at once, like `kill -9` or a power button.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // An error means that it has ended by itself, which `wait` then says.
            let _ = process.kill();
            process.wait().expect("a killed process ends");
            self.guard.watch(None);
        }
    }

    /// Whether the process ended by itself within this time, and how.
    pub fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + time;
        let process = self.process.as_mut().expect("the server was started");
        loop {
            if let Some(status) = process.try_wait().expect("the server can be asked for its state")
            {
                self.process = None;
                self.guard.watch(None);
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The port of `listen.http`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends the process a signal: `server.signal("HUP")`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().expect("the server runs").to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} is sent");
    }

    /// Asks the process to end (SIGTERM) and returns how long that took.
    pub fn stop(&mut self) -> Duration {
        let started = Instant::now();
        self.signal("TERM");
        let mut process = self.process.take().expect("the server runs");
        let deadline = started + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = process.try_wait().expect("the server can be asked for its state")
            {
                break status;
            }
            if Instant::now() > deadline {
                let _ = process.kill();
                panic!("konsil serve did not stop within 30 s of SIGTERM:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.guard.watch(None);
        assert!(status.success(), "konsil serve ended with {status}:\n{}", self.log());
        started.elapsed()
    }

    /// A client without login.
    pub fn api(&self) -> Api {
        Api::new(&self.url())
    }

    /// A new person; `name` is the beginning of the user ID, made unique.
    pub fn user(&self, name: &str) -> User {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let localpart = format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.register(&localpart)
    }

    /// Registers exactly this localpart with the test's registration token.
    pub fn register(&self, localpart: &str) -> User {
        let api = self.api();
        let password = format!("password of {localpart}");
        let mut body = json!({ "username": localpart, "password": password });
        let path = "/_matrix/client/v3/register";
        let session = api.post(path, &body).refused(401, None)["session"].clone();
        body["auth"] = json!({
            "type": "m.login.registration_token",
            "token": REGISTRATION_TOKEN,
            "session": session,
        });
        User::from_login(&api.post(path, &body).ok(), &self.url(), password)
    }

    /// The address of the server, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The directory that holds everything the server keeps.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.clone()
    }

    /// The file with the configuration.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("konsil.toml")
    }

    /// The file that receives the process's output.
    pub fn log_file(&self) -> PathBuf {
        self.root.join("konsil.log")
    }

    /// What the process has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The process's ID, for those who want to look at it from outside.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Runs another subcommand of the binary on this server's configuration: `server.konsil(&["doctor"])`.
    pub fn konsil(&self, arguments: &[&str]) -> Output {
        Command::new(binary())
            .args(arguments)
            .arg("--config")
            .arg(self.config_file())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }

    /// Runs `konsil doctor` and panics with its words unless all invariants hold. The server must not run: one process
    /// per database.
    pub fn doctor(&self) {
        let output = self.konsil(&["doctor"]);
        assert!(
            output.status.success(),
            "konsil doctor found something ({}):\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.lines().rev().take(30).collect::<Vec<_>>();
            eprintln!("--- end of the server's log ---");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        self.kill();
    }
}

fn configuration(data_dir: &Path, port: u16, settings: &Settings) -> String {
    let web =
        settings.web.as_ref().map_or_else(String::new, |dist| format!("web_app = {dist:?}\n"));
    format!(
        r#"data_dir = {data_dir:?}
listen.http = ["127.0.0.1:{port}"]
limits.rate_limits = {rate_limits}
{web}{database}{node}

[[tenant]]
server_name = "{SERVER_NAME}"
public_base_url = "http://localhost:{port}"
registration.tokens = ["{REGISTRATION_TOKEN}"]
{tenant}
"#,
        rate_limits = settings.rate_limits,
        database = settings.database.line(),
        node = settings.node,
        tenant = settings.tenant,
    )
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// The `konsil` binary: `KONSIL_BIN`, or built now, beside the running test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("KONSIL_BIN") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// Cargo does not build the binary of another package for a test, so the test asks for it: what is tested is
/// never older than the sources.
fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its program");
    let target = test
        .ancestors()
        .find(|directory| directory.join(".rustc_info.json").exists())
        .expect("tests run from a target directory");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--ignore-rust-version", "--package", "konsil"])
        .arg("--target-dir")
        .arg(target)
        .status()
        .expect("cargo starts");
    assert!(status.success(), "konsil does not build");
    target.join("debug/konsil")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_land_in_the_node_and_in_the_hospital() {
        let settings = Settings {
            database: Database::Sqlite,
            node: "limits.rate_limits_extra = 1".into(),
            tenant: "rooms.require_encryption = false".into(),
            web: Some("/srv/dist".into()),
            ..Settings::default()
        };
        let text = configuration(Path::new("/data"), 8008, &settings);
        let tenant = text.find("[[tenant]]").unwrap();
        assert!(text.find("limits.rate_limits_extra").unwrap() < tenant);
        assert!(text.find("web_app = \"/srv/dist\"").unwrap() < tenant);
        assert!(text.find("rooms.require_encryption").unwrap() > tenant);
    }
}
