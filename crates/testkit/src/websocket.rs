//! As much of a WebSocket as speaking to a browser takes. RFC 6455.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A heap of a hundred megabytes takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection of text messages, as its client has it.
pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Connects to `host:port`.
    pub fn open(host: &str, path: &str) -> Self {
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

    /// A client masks what it sends; Gecko wants a mask that changes something.
    pub fn send(&mut self, text: &str) {
        const TEXT_AND_LAST: u8 = 0x81;
        const MASKED: u8 = 0x80;
        const MASK: [u8; 4] = *b"mask";
        let mut frame = vec![TEXT_AND_LAST];
        match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(length @ ..126), _) => frame.push(MASKED | length),
            (_, Ok(length)) => {
                frame.push(MASKED | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            _ => {
                frame.push(MASKED | 127);
                frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.0.write_all(&frame).expect("the browser reads");
    }

    /// The next message.
    pub fn receive(&mut self) -> String {
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
