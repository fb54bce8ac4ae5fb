//! Whose certificates are believed: the system's authorities and those that the operator adds.

use std::path::{Path, PathBuf};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file of `outbound.extra_ca_files`.
    #[error("{} holds no certificate authority: {reason}", file.display())]
    BadAuthority { file: PathBuf, reason: String },
    /// The TLS library refuses its own defaults.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

pub(crate) fn tls(extra: &[PathBuf]) -> Result<ClientConfig, SetupError> {
    let mut roots = RootCertStore::empty();
    // What the system has but cannot be read is missing, and says so when a certificate of its is met.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in extra {
        add(&mut roots, file)?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), SetupError> {
    let bad = |reason: String| SetupError::BadAuthority { file: file.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|e| bad(e.to_string()))?;
    let mut found = false;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        found = true;
    }
    if found { Ok(()) } else { Err(bad("there is none in it".to_owned())) }
}
