//! TLS for `listen.https`: rustls with ring, HTTP/1.1. The certificate is read anew on SIGHUP.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config;

/// How long a client may take to agree on keys.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The server's side of TLS. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
}

/// The certificate in use, and where it comes from.
#[derive(Debug)]
struct Current {
    certificate_file: PathBuf,
    private_key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    key: RwLock<Arc<CertifiedKey>>,
}

impl Current {
    fn read(files: &config::Tls, provider: Arc<CryptoProvider>) -> Result<Self> {
        let key = read(files, &provider)?;
        Ok(Self {
            certificate_file: files.certificate_file.clone(),
            private_key_file: files.private_key_file.clone(),
            provider,
            key: RwLock::new(Arc::new(key)),
        })
    }
}

/// A chain and its key, which must belong together.
fn read(files: &config::Tls, provider: &CryptoProvider) -> Result<CertifiedKey> {
    let name = |path: &PathBuf| path.display().to_string();
    let chain = CertificateDer::pem_file_iter(&files.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("tls.certificate_file {}", name(&files.certificate_file)))?;
    ensure!(!chain.is_empty(), "tls.certificate_file holds no certificate");
    let key = PrivateKeyDer::from_pem_file(&files.private_key_file)
        .with_context(|| format!("tls.private_key_file {}", name(&files.private_key_file)))?;
    CertifiedKey::from_der(chain, key, provider)
        .context("tls.certificate_file and tls.private_key_file do not belong together")
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// Reads the files of the configuration.
    pub fn open(files: &config::Tls) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let current = Arc::new(Current::read(files, provider.clone())?);
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(server)), current })
    }

    /// Reads the files again: connections from now on get the new certificate. On error the old one stays.
    pub fn reload(&self) -> Result<()> {
        let files = config::Tls {
            certificate_file: self.current.certificate_file.clone(),
            private_key_file: self.current.private_key_file.clone(),
        };
        let key = Arc::new(read(&files, &self.current.provider)?);
        *self.current.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// Agrees on keys with a client; `None` if that fails or takes too long.
    pub async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "A TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}
