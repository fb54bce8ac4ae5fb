//! A line to the server that can be cut, and that can keep an answer back, for one person alone.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::person::PATIENCE;

pub struct Line {
    url: String,
    carried: Arc<Carried>,
}

/// What is done to what goes over the line, and what was seen of it.
#[derive(Default)]
struct Carried {
    is_cut: watch::Sender<bool>,
    sent_bytes: AtomicU64,
    /// What has gone to the server, from when it is asked for.
    recorded: Mutex<Option<Vec<u8>>>,
    /// Requests to this path get no answer for the time being.
    held: watch::Sender<Option<&'static str>>,
    /// Paths to which the server has answered that the token is not known (401).
    refused: watch::Sender<BTreeSet<String>>,
}

impl Line {
    /// Leads to the server at this address.
    pub async fn to(server: &str) -> Self {
        let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let carried = Arc::<Carried>::default();
        let line = Self { url, carried: carried.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), carried.clone()));
            }
        });
        line
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// How much has gone over it to the server.
    pub fn sent_bytes(&self) -> u64 {
        self.carried.sent_bytes.load(Ordering::SeqCst)
    }

    /// Keeps what goes over it to the server from here on.
    pub fn record(&self) {
        *self.carried.recorded.lock().expect("no panic while held") = Some(Vec::new());
    }

    /// What has gone over it to the server since then.
    pub fn recorded(&self) -> String {
        let recorded = self.carried.recorded.lock().expect("no panic while held");
        String::from_utf8_lossy(recorded.as_deref().expect("it is recorded")).into_owned()
    }

    /// Ends all connections; new ones end at once.
    pub fn cut(&self) {
        self.carried.is_cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.carried.is_cut.send_replace(false);
    }

    /// Keeps answers to requests of this path back. They reach the server.
    pub fn hold(&self, path: &'static str) {
        self.carried.held.send_replace(Some(path));
    }

    /// Lets go of them.
    pub fn release(&self) {
        self.carried.held.send_replace(None);
    }

    /// Waits until the server has answered to a request of this path that the token is not known.
    pub async fn refused(&self, path: &str) {
        let mut refused = self.carried.refused.subscribe();
        let seen = refused.wait_for(|paths| paths.contains(path));
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        seen.expect("the server has refused it").expect("the line is there");
    }
}

async fn carry(client: TcpStream, server: String, carried: Arc<Carried>) {
    let mut cut = carried.is_cut.subscribe();
    if *cut.borrow_and_update() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // One request at a time goes over a connection.
    let asked = Mutex::new(String::new());
    let there = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            carried.sent_bytes.fetch_add(read as u64, Ordering::SeqCst);
            if let Some(recorded) = &mut *carried.recorded.lock().expect("no panic while held") {
                recorded.extend_from_slice(&bytes[..read]);
            }
            if let Some(path) = path_of(&bytes[..read]) {
                *asked.lock().expect("no panic while held") = path;
            }
            if to_server.write_all(&bytes[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let back = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            let path = asked.lock().expect("no panic while held").clone();
            let mut held = carried.held.subscribe();
            let _ = held.wait_for(|held| held.is_none_or(|held| held != path)).await;
            if to_client.write_all(&bytes[..read]).await.is_err() {
                break;
            }
            if bytes.starts_with(b"HTTP/1.1 401") {
                carried.refused.send_modify(|paths| {
                    paths.insert(path);
                });
            }
        }
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        _ = async { tokio::join!(there, back) } => {}
        _ = cut.changed() => {}
    }
}

/// The path of a request that begins here, without its query.
fn path_of(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let (target, version) = str::from_utf8(line).ok()?.split_once(' ')?.1.split_once(' ')?;
    (version == "HTTP/1.1").then(|| target.split('?').next().unwrap_or(target).to_owned())
}
