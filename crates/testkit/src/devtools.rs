//! The Chrome DevTools protocol over its own WebSocket, for what it says in events: WebDriver passes only answers on.
//! <https://chromedevtools.github.io/devtools-protocol/>, RFC 6455.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::matrix::Api;

/// A heap of a hundred megabytes takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that the JavaScript heap of the page at this address holds, as V8 writes it: strings among it, in clear.
pub fn heap_snapshot(debugger: &str, page: &str) -> String {
    let pages = Api::new(&format!("http://{debugger}")).get("/json").ok();
    let target = pages
        .as_array()
        .into_iter()
        .flatten()
        .find(|target| target["type"] == "page" && target["url"] == page)
        .unwrap_or_else(|| panic!("no page at {page}: {pages}"));
    let path = target["webSocketDebuggerUrl"].as_str().and_then(|url| url.split_once(debugger));
    let (_, path) = path.expect("the page can be debugged");
    let mut socket = Socket::open(debugger, path);
    let command = json!({ "id": 1, "method": "HeapProfiler.takeHeapSnapshot", "params": {} });
    socket.send(&command.to_string());
    let mut snapshot = String::new();
    loop {
        let message: Value = serde_json::from_str(&socket.receive()).expect("JSON");
        if message["method"] == "HeapProfiler.addHeapSnapshotChunk" {
            snapshot.push_str(message["params"]["chunk"].as_str().unwrap_or_default());
        } else if message["id"] == 1 {
            assert!(message.get("error").is_none(), "{message}");
            return snapshot;
        }
    }
}

struct Socket(TcpStream);

impl Socket {
    fn open(host: &str, path: &str) -> Self {
        let stream = TcpStream::connect(host).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out is set");
        let mut socket = Self(stream);
        // The key proves nothing to us: nobody is between the test and its browser.
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: a29uc2lsIHRlc3RraXQgMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        socket.0.write_all(request.as_bytes()).expect("the browser reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.bytes::<1>()[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        socket
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).expect("the browser answers");
        bytes
    }

    /// A client masks what it sends; a mask of zeros changes nothing.
    fn send(&mut self, text: &str) {
        const TEXT_AND_LAST: u8 = 0x81;
        const MASKED: u8 = 0x80;
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
        let length = length.expect("commands of the tests are short");
        let mut frame = vec![TEXT_AND_LAST, MASKED | length, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.0.write_all(&frame).expect("the browser reads");
    }

    fn receive(&mut self) -> String {
        let mut message = Vec::new();
        loop {
            let [first, second] = self.bytes();
            let length = match second & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes())),
                127 => u64::from_be_bytes(self.bytes()),
                short => u64::from(short),
            };
            let at = message.len();
            message.resize(at + usize::try_from(length).expect("it fits"), 0);
            self.0.read_exact(&mut message[at..]).expect("the browser answers");
            let (is_last, is_control) = (first & 0x80 != 0, first & 0x08 != 0);
            if is_control {
                message.truncate(at);
            } else if is_last {
                return String::from_utf8(message).expect("text is UTF-8");
            }
        }
    }
}
