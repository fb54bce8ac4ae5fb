//! `listen.https`: the API over TLS, and a certificate that is renewed without a restart.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use testkit::{Server, Settings};

/// Writes a new self-signed certificate with its key, and gives what a client has to trust.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).expect("it is written");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())
        .expect("it is written");
    made.cert.der().clone()
}

/// Asks over TLS, trusting this certificate alone.
fn ask(port: u16, trusted: &CertificateDer<'static>, path: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(client, stream);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert_eq!(stream.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
    Ok(answer)
}

#[test]
fn the_api_is_served_over_tls_and_the_certificate_is_renewed_on_sighup() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = certify(folder.path());
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let node = format!(
        "listen.https = [\"127.0.0.1:{port}\"]\ntls.certificate_file = {:?}\ntls.private_key_file = {:?}",
        path("certificate.pem"),
        path("key.pem")
    );
    let mut server = Server::with(&Settings { node, ..Settings::default() });
    let answer = ask(port, &first, "/_matrix/client/versions").expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("v1.11"), "{answer}");

    // Half a renewal changes nothing: the old pair stays in use.
    std::fs::write(folder.path().join("key.pem"), "no key").expect("it is written");
    server.signal("HUP");
    wait_until(|| server.log().contains("The certificate stays as it was"));
    ask(port, &first, "/_konsil/health").expect("it answers as before");

    let second = certify(folder.path());
    server.signal("HUP");
    wait_until(|| ask(port, &second, "/_konsil/health").is_ok());
    assert!(ask(port, &first, "/_konsil/health").is_err(), "the old certificate is out of use");

    // A handshake that never ends holds nobody up.
    let _silent = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    ask(port, &second, "/_konsil/health").expect("others are served");
    server.stop();
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "it did not happen within 30 s");
        std::thread::sleep(Duration::from_millis(50));
    }
}
