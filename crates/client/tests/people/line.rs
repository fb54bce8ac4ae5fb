//! A line to the server that can be cut, for one person alone.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub struct Line {
    url: String,
    is_cut: watch::Sender<bool>,
    sent_bytes: Arc<AtomicU64>,
}

impl Line {
    /// Leads to the server at this address.
    pub async fn to(server: &str) -> Self {
        let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (is_cut, cut) = watch::channel(false);
        let sent_bytes = Arc::<AtomicU64>::default();
        let counted = sent_bytes.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), cut.clone(), counted.clone()));
            }
        });
        Self { url, is_cut, sent_bytes }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// How much has gone over it to the server.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::SeqCst)
    }

    /// Ends all connections; new ones end at once.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

async fn carry(
    client: TcpStream,
    server: String,
    mut cut: watch::Receiver<bool>,
    sent_bytes: Arc<AtomicU64>,
) {
    if *cut.borrow_and_update() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            sent_bytes.fetch_add(read as u64, Ordering::SeqCst);
            if to_server.write_all(&bytes[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let back = async {
        let _ = copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::select! {
        _ = async { tokio::join!(there, back) } => {}
        _ = cut.changed() => {}
    }
}
