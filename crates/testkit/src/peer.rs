//! A small web server of the test itself: what the server under test asks others, such as push gateways or application
//! services, arrives here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::guard::Guard;

/// How long a request that must come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    /// A header's value, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{} {} came without JSON ({error})", self.method, self.path)
        })
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// 200 with JSON.
    pub fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    /// Any status with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// A status alone.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Answering = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A listening web server. It answers until the test ends, and keeps what arrived until it is asked for.
pub struct Peer {
    /// `http://localhost:PORT` or `https://localhost:PORT`
    pub url: String,
    /// `localhost:PORT`
    pub host: String,
    port: u16,
    arrived: Mutex<Receiver<Received>>,
}

impl Peer {
    /// A server without TLS.
    pub fn http(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start("http", None, free_listener(), Arc::new(answer))
    }

    /// A server without TLS on a port that was free before.
    pub fn http_at(port: u16, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is still free");
        Self::start("http", None, listener, Arc::new(answer))
    }

    /// A server with a certificate of [`authority_file`].
    pub fn https(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start("https", Some(authority().server.clone()), free_listener(), Arc::new(answer))
    }

    fn start(
        scheme: &str,
        tls: Option<Arc<ServerConfig>>,
        listener: TcpListener,
        answer: Answering,
    ) -> Self {
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let (tell, arrived) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, tell, answer) = (tls.clone(), tell.clone(), answer.clone());
                std::thread::spawn(move || match tls {
                    // Whoever breaks off is no concern of the test, unless it waits for a request that then does not come.
                    Some(tls) => {
                        let Ok(connection) = ServerConnection::new(tls) else { return };
                        let _ = serve(StreamOwned::new(connection, stream), &tell, &answer);
                    }
                    None => {
                        let _ = serve(stream, &tell, &answer);
                    }
                });
            }
        });
        let host = format!("localhost:{port}");
        Self { url: format!("{scheme}://{host}"), host, port, arrived: Mutex::new(arrived) }
    }

    /// The port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next request; panics if none comes.
    #[track_caller]
    pub fn next(&self) -> Received {
        self.next_within(PATIENCE).unwrap_or_else(|| panic!("nothing arrived at {}", self.url))
    }

    /// The next request for which this holds; others are dropped.
    #[track_caller]
    pub fn next_where(&self, wanted: impl Fn(&Received) -> bool) -> Received {
        loop {
            let received = self.next();
            if wanted(&received) {
                return received;
            }
        }
    }

    /// The next request, if one comes in this time.
    pub fn next_within(&self, time: Duration) -> Option<Received> {
        let arrived = self.arrived.lock().expect("no reader panicked");
        arrived.recv_timeout(time).ok()
    }
}

fn free_listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("loopback has a free port")
}

/// Answers the requests of one connection, one after the other.
fn serve<S: Read + Write>(
    stream: S,
    tell: &Sender<Received>,
    answer: &Answering,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(received) = read(&mut stream)? {
        let reply = answer(&received);
        // The test may have ended.
        let _ = tell.send(received);
        let mut head = format!("HTTP/1.1 {} Answer\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", reply.body.len()));
        let stream = stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(&reply.body)?;
        stream.flush()?;
    }
    Ok(())
}

fn read<S: Read>(stream: &mut BufReader<S>) -> std::io::Result<Option<Received>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Received { method, path, headers, body }))
}

/// A certificate authority of this test run, and a certificate for `localhost` from it.
struct Authority {
    file: PathBuf,
    server: Arc<ServerConfig>,
    /// Removes the file when the test process ends.
    _guard: Guard,
}

/// The certificate authority of [`Peer::https`], as PEM, for `outbound.extra_ca_files`.
pub fn authority_file() -> &'static PathBuf {
    &authority().file
}

/// Settings that let the server under test reach the peers of the test.
pub fn reachable() -> String {
    format!(
        "outbound.extra_ca_files = [{:?}]\noutbound.allow_private_addresses = true\n",
        authority_file()
    )
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new([]).expect("no names are valid names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("an authority signs itself");
        let folder = tempfile::Builder::new().prefix("konsil-test-ca-").tempdir();
        let folder = folder.expect("a directory for the authority").keep();
        let guard = Guard::over(&folder);
        let file = folder.join("ca.pem");
        std::fs::write(&file, certificate.pem()).expect("the certificate is written");
        let issuer = Issuer::new(params, key);
        let server_key = KeyPair::generate().expect("a key is made");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let server = CertificateParams::new(names).expect("valid names");
        let server = server.signed_by(&server_key, &issuer).expect("an authority signs");
        let chain = vec![CertificateDer::from(server.der().to_vec())];
        let key = PrivateKeyDer::try_from(server_key.serialize_der()).expect("a PKCS #8 key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the defaults")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("key and certificate belong together");
        Authority { file, server: Arc::new(server), _guard: guard }
    })
}
