//! A proxy that lets a browser reach one server and nobody else, and notes whatever it is asked for.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request's line and headers are no longer than this.
const HEAD_BYTES: usize = 64 * 1024;

/// What the proxy was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, …; `CONNECT` for whatever is encrypted, and for WebSockets.
    pub method: String,
    /// `localhost:8008`, `fremd.example:80`
    pub host: String,
    /// Path and query; empty with `CONNECT`.
    pub path: String,
}

/// A listening proxy. It runs until the test ends.
pub struct Proxy {
    /// Where browsers find it.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    /// A proxy to the server on this machine that is known as this host: `localhost:8008`.
    pub fn to(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (host, seen) = (host.to_owned(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (host, seen) = (host.clone(), seen.clone());
                // Whoever breaks off is no concern of the test.
                std::thread::spawn(move || serve(stream, &host, &seen));
            }
        });
        Self { address, asked }
    }

    /// All that it was asked for so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic while held").clone()
    }

    /// The hosts that it was asked for, each once.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<_> = self.asked().into_iter().map(|asked| asked.host).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// One request and its answer. The connection ends with it, so that no second request goes through unseen.
fn serve(mut browser: TcpStream, host: &str, seen: &Mutex<Vec<Asked>>) -> Option<()> {
    let (head, rest) = read_head(&mut browser)?;
    let (line, headers) = head.split_once("\r\n")?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let asked = asked(method, target);
    seen.lock().expect("no panic while held").push(asked.clone());
    if asked.host != host {
        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return browser.write_all(refusal.as_bytes()).ok();
    }
    let port: u16 = host.rsplit(':').next()?.parse().ok()?;
    // A server that is away is no answer of the proxy: the connection just ends.
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let (mut from_browser, mut to_server) = (browser.try_clone().ok()?, server.try_clone().ok()?);
    if method == "CONNECT" {
        browser.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
        server.write_all(&rest).ok()?;
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_browser, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut server, &mut browser);
        return browser.shutdown(Shutdown::Both).ok();
    }
    let head = format!("{method} {} HTTP/1.1\r\n{}\r\n", asked.path, once(headers));
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(&rest).ok()?;
    let body_left = content_length(headers).unwrap_or(0).saturating_sub(rest.len() as u64);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut (&mut from_browser).take(body_left), &mut to_server);
        // Whoever does not wait for the answer any more: the server need not either.
        let _ = from_browser.read(&mut [0]);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    // Also when the server ends without an answer: the other thread has the connection, too.
    let answered = answer(server, &mut browser);
    let _ = browser.shutdown(Shutdown::Both);
    answered
}

/// Hands on what the server answers.
fn answer(mut server: TcpStream, browser: &mut TcpStream) -> Option<()> {
    let (head, rest) = read_head(&mut server)?;
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    browser.write_all(format!("{line}\r\n{}\r\n", once(headers)).as_bytes()).ok()?;
    browser.write_all(&rest).ok()?;
    let has_body = !line.contains(" 204 ") && !line.contains(" 304 ");
    let left = content_length(headers).map(|length| length.saturating_sub(rest.len() as u64));
    let left = if has_body { left.unwrap_or(u64::MAX) } else { 0 };
    std::io::copy(&mut server.take(left), browser).ok().map(drop)
}

/// The headers, with that of a connection that ends.
fn once(headers: &str) -> String {
    let own = headers.split("\r\n").filter(|header| {
        let name = header.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !["", "connection", "proxy-connection", "keep-alive"].contains(&name.as_str())
    });
    own.chain(["connection: close"]).map(|header| format!("{header}\r\n")).collect()
}

fn content_length(headers: &str) -> Option<u64> {
    headers.split("\r\n").find_map(|header| {
        let (name, value) = header.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// The head of a request or an answer without its empty line, and what came of the body with it.
fn read_head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            read.truncate(end);
            return Some((String::from_utf8(read).ok()?, rest));
        }
        match stream.read(&mut piece) {
            Ok(length) if length > 0 && read.len() < HEAD_BYTES => {
                read.extend_from_slice(&piece[..length]);
            }
            _ => return None,
        }
    }
}

fn asked(method: &str, target: &str) -> Asked {
    let (host, path) = if method == "CONNECT" {
        (target.to_owned(), String::new())
    } else {
        let address = target.split_once("://").map_or(target, |(_, address)| address);
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        (host, if path.is_empty() { "/".to_owned() } else { path.to_owned() })
    };
    Asked { method: method.to_owned(), host, path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Peer, Reply};

    fn ask(proxy: &Proxy, request: &str) -> String {
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn one_host_is_reached_and_all_are_noted() {
        let peer =
            Peer::http(|request| Reply::status(if request.body == b"abc" { 204 } else { 400 }));
        let proxy = Proxy::to(&peer.host);
        let post = format!(
            "POST http://{}/a?b HTTP/1.1\r\nHost: {}\r\nProxy-Connection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
            peer.host, peer.host
        );
        assert!(ask(&proxy, &post).starts_with("HTTP/1.1 204"));
        let foreign = "GET http://fremd.example/x HTTP/1.1\r\nHost: fremd.example\r\n\r\n";
        assert!(ask(&proxy, foreign).starts_with("HTTP/1.1 403"));
        let tunnel = "CONNECT fremd.example:443 HTTP/1.1\r\nHost: fremd.example:443\r\n\r\n";
        assert!(ask(&proxy, tunnel).starts_with("HTTP/1.1 403"));
        let asked: Vec<_> = proxy
            .asked()
            .into_iter()
            .map(|it| format!("{} {} {}", it.method, it.host, it.path))
            .collect();
        let first = format!("POST {} /a?b", peer.host);
        assert_eq!(
            asked,
            [first.as_str(), "GET fremd.example:80 /x", "CONNECT fremd.example:443 "]
        );
    }
}
