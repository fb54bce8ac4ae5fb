//! The operator's commands on a running server: a Unix socket in `data_dir` that only the server's own user may open.
//!
//! One line of JSON asks, one answers. `konsil user`, `konsil report`, `konsil crash-reports` and `konsil doctor` ask here first; only if nobody answers do they
//! open the data themselves, since a SQLite file belongs to one process.

use std::{
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use homeserver::Homeserver;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use crate::{
    doctor,
    node::Served,
    order::{self, Order},
};

/// Longest question; a password and some names are far shorter.
const MAX_QUESTION_BYTES: u64 = 64 * 1024;
/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the operator asks of a running server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Question {
    /// `konsil user` and `konsil report`, about one hospital
    Hospital { server_name: Option<String>, order: Order },
    /// `konsil doctor`
    Doctor,
}

/// What the server says; `error` is words for the operator.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    text: String,
    error: Option<String>,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.sock")
}

/// Asks the server that runs on this `data_dir`; `None` if none does.
pub async fn ask(data_dir: &Path, question: &Question) -> Result<Option<String>> {
    let stream = match UnixStream::connect(path(data_dir)).await {
        Ok(stream) => stream,
        // Nobody listens: there is no socket, or one that a killed server has left.
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        // The path is longer than a socket's may be, so no server has one there.
        Err(error) if error.kind() == ErrorKind::InvalidInput => return Ok(None),
        Err(error) => return Err(error).context("the running server cannot be asked"),
    };
    let (input, mut output) = stream.into_split();
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    output.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(input).read_to_string(&mut answer).await?;
    let Answer { text, error } =
        serde_json::from_str(&answer).context("the running server broke off")?;
    match error {
        None => Ok(Some(text)),
        Some(error) => {
            print!("{text}");
            bail!(error)
        }
    }
}

/// The socket of a server, removed when it is dropped.
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Opens it. To be called when the data is open: then no other server has this `data_dir`, and what lies there was left
    /// by a killed one.
    pub fn open(data_dir: &Path) -> Result<Self> {
        let path = path(data_dir);
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("{} cannot be listened on", path.display()))?;
        // The directory is closed to others already, so nobody was quicker.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers until it is dropped.
    pub async fn serve(self, served: Vec<Served>) {
        let served = Arc::new(served);
        let mut answering = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let served = served.clone();
                        answering.spawn(async move {
                            if let Err(error) = answer(stream, &served).await {
                                tracing::debug!(%error, "An operator's command broke off");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::error!(%error, "An operator's command could not be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                _ = answering.join_next(), if !answering.is_empty() => {}
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, served: &[Served]) -> Result<()> {
    let (input, mut output) = stream.into_split();
    let mut line = String::new();
    let mut input = BufReader::new(input.take(MAX_QUESTION_BYTES));
    tokio::time::timeout(PATIENCE, input.read_line(&mut line)).await??;
    let mut text = String::new();
    let done = match serde_json::from_str(&line) {
        Ok(question) => carry_out(question, served, &mut text).await,
        Err(error) => Err(error).context("the server does not know this command"),
    };
    let error = done.err().map(|error| format!("{error:#}"));
    output.write_all(&serde_json::to_vec(&Answer { text, error })?).await?;
    Ok(())
}

async fn carry_out(question: Question, served: &[Served], text: &mut String) -> Result<()> {
    match question {
        Question::Hospital { server_name, order } => {
            order::carry_out(hospital(served, server_name.as_deref())?, &order, text).await
        }
        Question::Doctor => doctor::examine(served, text).await,
    }
}

fn hospital<'s>(served: &'s [Served], server_name: Option<&str>) -> Result<&'s Homeserver> {
    let found = match (server_name, served) {
        (Some(name), _) => served.iter().find(|(_, hs)| hs.server_name == name),
        (None, [only]) => Some(only),
        (None, _) => bail!("there are several hospitals: --server-name says which"),
    };
    Ok(&found.context("this server does not serve such a hospital")?.1)
}
