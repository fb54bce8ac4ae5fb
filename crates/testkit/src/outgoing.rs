//! What a process and its children ask the kernel to send to other machines, as strace sees it: nothing that goes through the kernel can miss
//! it, whatever library is asked, and a process that is traced from its first instruction has sent nothing before.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::guard::Guard;

/// All calls by which bytes leave through a socket towards an address; and the ring by which calls could be made unseen.
const CALLS: &str = "trace=connect,sendto,sendmsg,sendmmsg,io_uring_setup";

/// A record of one process and its children.
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

struct Inner {
    record: PathBuf,
    _guard: Guard,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outgoing").field(&self.0.record).finish()
    }
}

/// Somewhere that was to be sent to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// `TCP`, `UDP`, `UDPv6`, …, as strace names it.
    pub transport: String,
    /// `connect`, which over UDP sends nothing yet, or what sends.
    pub call: String,
    /// Where to.
    pub address: SocketAddr,
}

impl Outgoing {
    /// An empty record.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory for the record").keep();
        let guard = Guard::over(&directory);
        Self(Arc::new(Inner { record: directory.join("calls"), _guard: guard }))
    }

    /// A command that runs the program under this record; its process ID is the program's own.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("strace");
        // What is not asked for costs nothing (`--seccomp-bpf`); what is sent is not written down (`-s 0`).
        command.args(["-D", "-f", "--seccomp-bpf", "-qq", "-yy", "-A", "-s", "0"]);
        command.args(["-e", "signal=none", "-e", CALLS, "-o"]).arg(&self.0.record).arg(program);
        command
    }

    /// Where anything was to be sent, each once.
    ///
    /// # Panics
    /// If nothing was recorded (then strace has not run: `apt-get install --yes strace`), or calls could be made unseen.
    pub fn destinations(&self) -> Vec<Destination> {
        let record = std::fs::read(&self.0.record)
            .unwrap_or_else(|error| panic!("no record: {error}; apt-get install --yes strace"));
        let record = String::from_utf8_lossy(&record);
        let has_ring = |line: &&str| line.contains("io_uring_setup(") && !line.contains("= -1");
        assert_eq!(record.lines().find(has_ring), None, "calls go past the record");
        let found: BTreeSet<_> = record.lines().filter_map(destination).collect();
        found.into_iter().collect()
    }
}

/// The address that a line names, if it names one of another machine or of this one: not of a socket between processes.
fn destination(line: &str) -> Option<Destination> {
    let after = |start: &str| line.split_once(start).map(|(_, rest)| rest);
    let (ip, port) = if let Some(port) = after("sin_port=htons(") {
        (after("sin_addr=inet_addr(\"")?, port)
    } else {
        (after("inet_pton(AF_INET6, \"")?, after("sin6_port=htons(")?)
    };
    let ip: IpAddr = ip.split_once('"')?.0.parse().ok()?;
    let port: u16 = port.split_once(')')?.0.parse().ok()?;
    let (call, descriptor) = line.split_once('(')?;
    let call = call.rsplit(' ').next()?;
    let transport = descriptor.split_once('<')?.1.split(':').next()?;
    Some(Destination {
        transport: transport.to_owned(),
        call: call.to_owned(),
        address: SocketAddr::new(ip, port),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_program_that_sends_is_seen_with_all_its_children() {
        let outgoing = Outgoing::new();
        let sends = "import os, socket\n\
            if os.fork() == 0:\n    \
                socket.socket().connect_ex(('127.0.0.1', 9))\n    os._exit(0)\n\
            os.wait()\n\
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.2', 9))\n\
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('::1', 9))\n\
            left, right = socket.socketpair()\n\
            left.send(b'between processes')\n";
        let status = outgoing.command("python3").args(["-c", sends]).process_group(0).status();
        assert!(status.expect("strace starts").success());
        let seen: Vec<_> = outgoing
            .destinations()
            .into_iter()
            .map(|it| format!("{} {} {}", it.transport, it.call, it.address))
            .collect();
        assert_eq!(
            seen,
            ["TCP connect 127.0.0.1:9", "UDP sendto 127.0.0.2:9", "UDPv6 sendmsg [::1]:9"]
        );
    }
}
