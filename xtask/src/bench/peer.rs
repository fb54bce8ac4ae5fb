//! Other homeservers to compare with, installed as their makers publish them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::server::{Server, empty_folder, free_port};
use crate::Failure;
use crate::cargo::{Target, step, target_dir};

/// Set-up would otherwise be limited to a few users and rooms per minute. Passwords are hashed cheaply, which concerns the set-up alone.
const SYNAPSE: &str = "
enable_registration: true
enable_registration_without_verification: true
bcrypt_rounds: 4
trusted_key_servers: []
presence: {enabled: false}
max_upload_size: 100M
rc_message: {per_second: 1000000, burst_count: 1000000}
rc_registration: {per_second: 1000000, burst_count: 1000000}
rc_login:
  address: {per_second: 1000000, burst_count: 1000000}
  account: {per_second: 1000000, burst_count: 1000000}
  failed_attempts: {per_second: 1000000, burst_count: 1000000}
rc_joins:
  local: {per_second: 1000000, burst_count: 1000000}
  remote: {per_second: 1000000, burst_count: 1000000}
rc_joins_per_room: {per_second: 1000000, burst_count: 1000000}
rc_invites:
  per_room: {per_second: 1000000, burst_count: 1000000}
  per_user: {per_second: 1000000, burst_count: 1000000}
  per_issuer: {per_second: 1000000, burst_count: 1000000}
rc_media_create: {per_second: 1000000, burst_count: 1000000}
rc_key_requests: {per_second: 1000000, burst_count: 1000000}
rc_room_creation: {per_second: 1000000, burst_count: 1000000}
";

/// A homeserver to compare with.
pub struct Peer {
    pub name: &'static str,
    venv: PathBuf,
}

impl Peer {
    /// The peer of this name.
    pub fn find(name: &str) -> Result<Self, Failure> {
        match name {
            "synapse" => Ok(Self {
                name: "synapse",
                venv: target_dir(Target::Native).with_file_name("peers").join("synapse"),
            }),
            _ => Err(format!("{name} is no known peer: synapse").into()),
        }
    }

    fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// Installs the newest release from PyPI into a directory of its own, once.
    pub fn install(&self) -> Result<(), Failure> {
        let installed = || {
            let import = Command::new(self.python()).args(["-c", "import synapse"]).status();
            import.is_ok_and(|status| status.success())
        };
        if self.venv.exists() && installed() {
            return Ok(());
        }
        step(
            "Synapse: a virtual environment",
            Command::new("python3").args(["-m", "venv"]).arg(&self.venv),
        )?;
        step(
            "Synapse from PyPI",
            Command::new(self.python()).args(["-m", "pip", "install", "--quiet", "matrix-synapse"]),
        )
    }

    /// Starts it on SQLite with an empty database.
    pub fn start(&self, scratch: &Path) -> Result<Server, Failure> {
        let folder = scratch.join(self.name);
        empty_folder(&folder)?;
        let port = free_port()?;
        let homeserver = || {
            let mut command = Command::new(self.python());
            command.current_dir(&folder).args(["-m", "synapse.app.homeserver"]);
            command.args(["--config-path", "homeserver.yaml"]).stdout(Stdio::null());
            command
        };
        let mut generate = homeserver();
        generate.args(["--server-name", "bench.test", "--generate-config", "--report-stats=no"]);
        if !generate.stderr(Stdio::null()).status()?.success() {
            return Err("Synapse does not write its configuration".into());
        }
        let listeners = format!(
            "listeners:\n  - port: {port}\n    type: http\n    bind_addresses: ['127.0.0.1']\n    \
             resources: [{{names: [client], compress: false}}]\n"
        );
        fs::write(folder.join("bench.yaml"), listeners + SYNAPSE)?;
        let mut command = homeserver();
        command.args(["--config-path", "bench.yaml"]).stderr(fs::File::create(folder.join("log"))?);
        let address = format!("127.0.0.1:{port}");
        Server::start(self.name, command, &address, "/_matrix/client/versions")
    }
}
