//! Serving: connections in, hospitals behind, a clean end on SIGINT and SIGTERM.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use axum::Router;
use http_api::Tenants;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tracing::{debug, error, info, warn};

use crate::{
    config::Config,
    node::{self, Served},
};

/// How long requests that run at the end may take.
const GRACE: Duration = Duration::from_secs(10);
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until it is told to stop.
pub async fn serve(config: Config) -> Result<()> {
    ensure!(!config.listen.http.is_empty(), "listen.http is needed");
    let served = node::open(&config).await?;
    run(&config, served, |_| ()).await
}

/// Serves hospitals that are open already; `ready` is told the bound addresses.
pub async fn run(
    config: &Config,
    served: Vec<Served>,
    ready: impl FnOnce(&[SocketAddr]),
) -> Result<()> {
    let router = http_api::router(Tenants::new(served.clone()), config.web_app.clone());
    let (stop, stopped) = watch::channel(false);
    let mut accepting = JoinSet::new();
    let mut bound = Vec::new();
    for address in &config.listen.http {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("{address} cannot be listened on"))?;
        bound.push(listener.local_addr()?);
        accepting.spawn(accept(listener, router.clone(), stopped.clone()));
    }
    info!(addresses = ?bound, hospitals = served.len(), "Ready");
    ready(&bound);
    stop_signal().await?;
    info!("Stopping: what was accepted is finished");
    stop.send_replace(true);
    let finished =
        tokio::time::timeout(GRACE, async { while accepting.join_next().await.is_some() {} });
    if finished.await.is_err() {
        warn!("Some requests did not end in time");
    }
    drop(router);
    for (_, homeserver) in served {
        homeserver.db.clone().close().await;
    }
    info!("Stopped");
    Ok(())
}

async fn stop_signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn accept(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let for_connections = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), for_connections.clone()));
                }
                // Out of file descriptors, say: wait for others to end instead of spinning.
                Err(error) => {
                    error!(%error, "A connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            () = is_stopped(&mut stopped) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        ended = serving.as_mut() => {
            if let Err(error) = ended {
                debug!(%error, "A connection broke off");
            }
            return;
        }
        () = is_stopped(&mut stopped) => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

/// Waits for the end. What `wait_for` returns is not `Send`, so it must not live in a `select!`.
async fn is_stopped(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the end too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Shared by the commands that open a hospital without serving it.
pub async fn close(served: Vec<(Vec<String>, Arc<homeserver::Homeserver>)>) {
    for (_, homeserver) in served {
        homeserver.db.clone().close().await;
    }
}
