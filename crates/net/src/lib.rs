#![doc = include_str!("../README.md")]

mod address;
mod connect;
mod roots;

use std::{error::Error as _, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client as Pool, Error as PoolError},
    rt::{TokioExecutor, TokioTimer},
};

pub use address::is_public;
use connect::{Connector, NotPublic};
pub use roots::SetupError;

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Most idle connections to one host.
const IDLE_PER_HOST: usize = 4;

/// What the operator configures of outgoing connections.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `outbound.extra_ca_files`: certificate authorities beside the system's, as PEM.
    pub extra_ca_files: Vec<PathBuf>,
    /// `outbound.allow_private_addresses`: also others may name addresses of private networks.
    pub allow_private_addresses: bool,
}

/// The two ways out of the server.
#[derive(Clone)]
pub struct Outbound {
    /// For addresses that stand in the operator's configuration.
    pub by_operator: Client,
    /// For addresses that come from people or other servers: public ones only, unless the operator allows others.
    pub by_others: Client,
}

impl Outbound {
    /// Reads the certificate authorities. Nobody is asked anything yet.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn new(options: &Options) -> Result<Self, SetupError> {
        let tls = Arc::new(roots::tls(&options.extra_ca_files)?);
        Ok(Self {
            by_operator: Client::new(Connector::new(tls.clone(), true)),
            by_others: Client::new(Connector::new(tls, options.allow_private_addresses)),
        })
    }
}

/// How much a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// From the first look-up to the last byte.
    pub time: Duration,
    /// Of the answer's body.
    pub body_bytes: usize,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is no `http` or `https` address with a host.
    #[error("the address is not valid")]
    BadAddress,
    /// The host has no public address.
    #[error("the host is in a private network")]
    NotPublic,
    /// Nobody listens there, the name is unknown, or the certificate is not valid for it.
    #[error("the host cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("the host did not answer in time")]
    TimedOut,
    /// The answer is larger than wanted.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection ended before the answer did.
    #[error("the connection broke off")]
    BrokeOff,
}

/// One way out, with the connections that are open.
#[derive(Clone)]
pub struct Client {
    pool: Pool<Connector, Full<Bytes>>,
}

impl Client {
    fn new(connector: Connector) -> Self {
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(connector);
        Self { pool }
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`Error`] if no whole answer came. The request may have arrived all the same.
    pub async fn send(
        &self,
        mut request: Request<Bytes>,
        allowance: Allowance,
    ) -> Result<Response<Bytes>, Error> {
        if !matches!(request.uri().scheme_str(), Some("http" | "https"))
            || request.uri().host().is_none_or(str::is_empty)
        {
            return Err(Error::BadAddress);
        }
        let agent = concat!("Konsil/", env!("CARGO_PKG_VERSION"));
        request
            .headers_mut()
            .entry(header::USER_AGENT)
            .or_insert(header::HeaderValue::from_static(agent));
        let exchange = self.exchange(request.map(Full::new), allowance.body_bytes);
        tokio::time::timeout(allowance.time, exchange).await.unwrap_or(Err(Error::TimedOut))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        body_bytes: usize,
    ) -> Result<Response<Bytes>, Error> {
        let answer = self.pool.request(request).await.map_err(|error| reason(&error))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, body_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { Error::TooLarge } else { Error::BrokeOff }
        })?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

fn reason(error: &PoolError) -> Error {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return Error::NotPublic;
        }
        cause = inner.source();
    }
    if error.is_connect() { Error::Unreachable } else { Error::BrokeOff }
}
