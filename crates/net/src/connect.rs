//! From a name to a connection: look-up, check of the addresses, TCP, TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use crate::is_public;

/// How long one of several addresses may take before the next is tried.
const PER_ADDRESS: Duration = Duration::from_secs(4);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The host has addresses, but none that may be reached.
#[derive(Debug, thiserror::Error)]
#[error("no address of the host is public")]
pub(crate) struct NotPublic;

#[derive(Clone)]
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
    private_too: bool,
}

impl Connector {
    pub(crate) fn new(tls: Arc<ClientConfig>, private_too: bool) -> Self {
        Self { tls, private_too }
    }

    /// The addresses of a host that may be reached. They are used as they are: a second look-up could answer otherwise.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, BoxError> {
        let found: Vec<_> = lookup_host((host, port)).await?.collect();
        let (open, refused): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|address| self.private_too || is_public(address.ip()));
        match open.is_empty() {
            true if refused.is_empty() => Err("the name has no address".into()),
            true => Err(NotPublic.into()),
            false => Ok(open),
        }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<Link>, BoxError> {
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or("the address has no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let addresses = self.addresses(host, port).await?;
        let stream = first_that_answers(&addresses).await?;
        stream.set_nodelay(true)?;
        if !secure {
            return Ok(TokioIo::new(Link(Box::new(stream))));
        }
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(self.tls).connect(name, stream).await?;
        Ok(TokioIo::new(Link(Box::new(stream))))
    }
}

async fn first_that_answers(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::TimedOut);
    for address in addresses {
        match tokio::time::timeout(PER_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Link>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, with or without TLS.
pub(crate) struct Link(Box<dyn Duplex>);

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
