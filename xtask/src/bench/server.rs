//! A server under test as a process of its own, on loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::cargo::{Target, target_dir};

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running server. Dropping it ends it.
pub struct Server {
    /// `IP:PORT`
    pub address: String,
    process: Child,
}

impl Server {
    /// Starts a process and waits until it answers 200 at `path`.
    pub fn start(
        name: &str,
        mut command: Command,
        address: &str,
        path: &str,
    ) -> Result<Self, Failure> {
        let process = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let mut server = Self { address: address.to_owned(), process };
        let begun = Instant::now();
        while !answers(address, path) {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("{name} ended with {status} before it was ready").into());
            }
            if begun.elapsed() > READY_WITHIN {
                return Err(format!("{name} was not ready within {READY_WITHIN:?}").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn answers(address: &str, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(&head[9..] == b"200")
    };
    ask().unwrap_or(false)
}

/// A port that nobody uses now.
pub fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A folder with nothing in it.
pub fn empty_folder(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(fs::create_dir_all(folder)?),
    }
}

/// The release build with an empty database and the defaults that users get, opened for the load generator: registration,
/// rate limits, and rooms without encryption.
pub fn konsil(scratch: &Path) -> Result<Server, Failure> {
    let folder = scratch.join("konsil");
    empty_folder(&folder)?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let config = format!(
        "data_dir = \"{}\"\nlisten.http = [\"{address}\"]\nlimits.rate_limits = false\n\n[[tenant]]\n\
         server_name = \"bench.test\"\nregistration.open = true\nrooms.require_encryption = false\n",
        folder.join("data").display()
    );
    fs::write(folder.join("konsil.toml"), config)?;
    let log = fs::File::create(folder.join("konsil.log"))?;
    let mut command = Command::new(target_dir(Target::Native).join("release/konsil"));
    command
        .args(["serve", "--config"])
        .arg(folder.join("konsil.toml"))
        .stdout(Stdio::null())
        .stderr(log);
    Server::start("konsil", command, &address, "/_konsil/health")
}
