//! Serving: connections in, hospitals behind, a clean end on SIGINT and SIGTERM.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use http_api::{Service, Tenants};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tracing::{debug, error, info, warn};

use crate::{
    admin,
    config::Config,
    door::{Arrival, Door},
    metrics,
    node::{self, Served},
    patient::Patient,
    settings,
    tls::Tls,
};

/// How long requests that run at the end may take.
const GRACE: Duration = Duration::from_secs(10);
/// Serves until it is told to stop.
pub async fn serve(config: Config) -> Result<()> {
    let listen = &config.listen;
    let any = !listen.http.is_empty() || !listen.https.is_empty();
    ensure!(any, "listen.http or listen.https is needed");
    let served = node::open(&config).await?;
    run(&config, served, |_| ()).await
}

/// Serves hospitals that are open already; `ready` is told the bound addresses.
pub async fn run(
    config: &Config,
    served: Vec<Served>,
    ready: impl FnOnce(&[SocketAddr]),
) -> Result<()> {
    let service = http_api::service(Tenants::new(served.clone()), config.web_app.clone());
    // Whoever is answered by the server finds the operator's socket there, and closed to others.
    let operator = admin::Socket::open(&config.data_dir)?;
    let (stop, stopped) = watch::channel(false);
    let mut accepting = JoinSet::new();
    let mut bound = Vec::new();
    let door = Arc::new(Door::of(config));
    let tls = config.tls.as_ref().map(Tls::open).transpose()?;
    let listeners = config.listen.http.iter().map(|address| (address, None));
    let listeners =
        listeners.chain(config.listen.https.iter().map(|address| (address, tls.clone())));
    for (address, tls) in listeners {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("{address} cannot be listened on"))?;
        bound.push(listener.local_addr()?);
        accepting.spawn(accept(listener, tls, door.clone(), service.clone(), stopped.clone()));
    }
    settings::log_deviations(config);
    let mut workers = JoinSet::new();
    for (_, homeserver) in &served {
        workers.spawn(homeserver::push::follow(homeserver.clone()));
        workers.spawn(homeserver::appservices::transactions::follow(homeserver.clone()));
    }
    info!(addresses = ?bound, hospitals = served.len(), "Ready");
    ready(&bound);
    let mut jobs = JoinSet::new();
    jobs.spawn(operator.serve(served.clone()));
    for (_, homeserver) in &served {
        jobs.spawn(homeserver::jobs::run(homeserver.clone()));
    }
    for address in &config.listen.metrics {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("{address} cannot be listened on"))?;
        jobs.spawn(metrics::serve(listener, served.clone(), service.clone(), door.clone()));
    }
    if let Some(tls) = tls {
        jobs.spawn(renew(tls, signal(SignalKind::hangup())?));
    }
    let failed = tokio::select! {
        signal = stop_signal() => signal.map(|()| false)?,
        () = storage_failed(&served) => true,
    };
    info!("Stopping: what was accepted is finished");
    stop.send_replace(true);
    let finished =
        tokio::time::timeout(GRACE, async { while accepting.join_next().await.is_some() {} });
    if finished.await.is_err() {
        warn!("Some requests did not end in time");
    }
    drop(service);
    // What they have not sent is sent after the next start.
    workers.shutdown().await;
    jobs.shutdown().await;
    for (_, homeserver) in served {
        homeserver.db.clone().close().await;
    }
    // What was acknowledged is on the disk, and the next start reads it afresh.
    ensure!(!failed, "the storage failed; look at the disk, then start again");
    info!("Stopped");
    Ok(())
}

/// Waits until the storage of any hospital has failed for good.
async fn storage_failed(served: &[Served]) {
    let mut waiting = JoinSet::new();
    for (_, homeserver) in served {
        let homeserver = homeserver.clone();
        waiting.spawn(async move { homeserver.storage_failed().await });
    }
    waiting.join_next().await;
}

/// Reads the certificate anew on each SIGHUP.
async fn renew(tls: Tls, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        match tls.reload() {
            Ok(()) => info!("The certificate was read anew"),
            Err(error) => {
                error!(error = format!("{error:#}"), "The certificate stays as it was");
            }
        }
    }
}

async fn stop_signal() -> Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    door: Arc<Door>,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let for_connections = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Whoever finds no place is turned away at once, and may come again.
                    if let Some(permit) = door.admit() {
                        let arrival = Arrival { stream, peer: peer.ip(), tls: tls.clone(), permit };
                        let (door, service) = (door.clone(), service.clone());
                        connections.spawn(greet(arrival, door, service, for_connections.clone()));
                    }
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

/// Agrees on keys if need be, and serves the connection to its end.
async fn greet(
    arrival: Arrival,
    door: Arc<Door>,
    service: Service,
    stopped: watch::Receiver<bool>,
) {
    let Arrival { stream, peer, tls, permit: _permit } = arrival;
    let _ = stream.set_nodelay(true);
    match tls {
        None => connection(stream, peer, &door, service, stopped).await,
        // The state of TLS is large: not every connection without it shall have room for it.
        Some(tls) => Box::pin(encrypted(stream, tls, peer, &door, service, stopped)).await,
    }
}

async fn encrypted(
    stream: TcpStream,
    tls: Tls,
    peer: IpAddr,
    door: &Door,
    service: Service,
    stopped: watch::Receiver<bool>,
) {
    if let Some(stream) = tls.accept(stream).await {
        connection(stream, peer, door, service, stopped).await;
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: IpAddr,
    door: &Door,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(|request| service.call(door.reception.take(request, peer)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(door.patience)
        .half_close(false)
        .serve_connection(TokioIo::new(Patient::new(stream, door.patience)), service);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, D, F>(_: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_that_waits_takes_little_memory() {
        let bytes = size_of_future(greet);
        assert!(bytes <= 1_300, "{bytes} bytes for each connection");
    }
}
