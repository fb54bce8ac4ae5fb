//! A plain Matrix client for tests: blocking, JSON in, JSON out, nothing hidden.

use std::fmt::Write;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http;

/// Longer than any long poll of the tests.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One client of a server, with or without an access token. Clones share their connections.
#[derive(Clone)]
pub struct Api {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// What the server answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Method and path that were asked, for the messages of failed tests.
    pub asked: String,
    pub status: u16,
    pub headers: http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Api {
    /// A client without login. `base` has no slash at its end.
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build()
            .new_agent();
        Self { agent, base: base.to_owned(), token: None }
    }

    /// The same client with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client without its access token.
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The access token in use.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], &[])
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body)
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, body)
    }

    /// DELETE without a body.
    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, &[], &[])
    }

    /// Any method with a JSON body.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = serde_json::to_vec(body).expect("a JSON value serialises");
        self.request(method, path, &[("content-type", "application/json")], &body)
    }

    /// Any request at all. Panics only if no answer comes.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_request(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: no answer: {error}"))
    }

    /// GET that may find nobody listening.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_request("GET", path, &[], &[]).ok()
    }

    /// Any request; an error means that no whole answer came, as when the server is killed meanwhile.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request =
            http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let sends_body = !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH");
        let response = if sends_body {
            self.agent.run(request.body(body)?)
        } else {
            self.agent.run(request.body(())?)
        }?;
        let (parts, mut body) = response.into_parts();
        Ok(Answer {
            asked: format!("{method} {path}"),
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes: body.with_config().limit(1 << 30).read_to_vec()?,
        })
    }

    /// Logs in with a password; every call is a new device.
    pub fn login(&self, localpart: &str, password: &str) -> User {
        let body = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": localpart },
            "password": password,
        });
        let answer = self.post("/_matrix/client/v3/login", &body).ok();
        User::from_login(&answer, &self.base, password.to_owned())
    }
}

impl Answer {
    /// The body as JSON; panics with the body's beginning if it is none.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| {
            panic!(
                "{} answered {} without JSON ({error}): {}",
                self.asked,
                self.status,
                self.text()
            )
        })
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).chars().take(2000).collect()
    }

    /// A header's value, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts 200 and returns the body.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{} answered {}", self.asked, self.text());
        self.value()
    }

    /// Asserts an error with this status and, if given, this `errcode`; returns the body.
    #[track_caller]
    pub fn refused<'a>(&self, status: u16, errcode: impl Into<Option<&'a str>>) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.asked, self.text());
        let body = self.value();
        if let Some(errcode) = errcode.into() {
            assert_eq!(body["errcode"], errcode, "{} answered {body}", self.asked);
            assert!(body["error"].is_string(), "an error says in words what is wrong: {body}");
        }
        body
    }
}

/// A person on one device. Dereferences to their [`Api`].
#[derive(Clone)]
pub struct User {
    api: Api,
    /// `@anna-1:klinikum.test`
    pub id: String,
    pub localpart: String,
    pub password: String,
    pub device_id: String,
}

impl Deref for User {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl User {
    pub(crate) fn from_login(answer: &Value, base: &str, password: String) -> Self {
        let text = |field: &str| {
            answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
        };
        let id = text("user_id");
        let localpart = id.trim_start_matches('@').split(':').next().unwrap_or_default().to_owned();
        let api = Api::new(base).with_token(&text("access_token"));
        Self { api, localpart, password, device_id: text("device_id"), id }
    }

    /// The same person on a new device.
    pub fn new_device(&self) -> Self {
        self.api.anonymous().login(&self.localpart, &self.password)
    }

    /// Creates a room and returns its ID.
    #[track_caller]
    pub fn create_room(&self, body: &Value) -> String {
        let answer = self.post("/_matrix/client/v3/createRoom", body).ok();
        answer["room_id"].as_str().expect("a room has an ID").to_owned()
    }

    /// A private room with these people, all joined.
    #[track_caller]
    pub fn room_with(&self, others: &[&User]) -> String {
        let invite: Vec<_> = others.iter().map(|user| user.id.as_str()).collect();
        let room = self.create_room(&json!({ "preset": "private_chat", "invite": invite }));
        for user in others {
            user.join(&room);
        }
        room
    }

    #[track_caller]
    pub fn invite(&self, room: &str, user: &User) {
        self.post(&room_path(room, "/invite"), &json!({ "user_id": user.id })).ok();
    }

    #[track_caller]
    pub fn join(&self, room: &str) {
        self.post(&room_path(room, "/join"), &json!({})).ok();
    }

    #[track_caller]
    pub fn leave(&self, room: &str) {
        self.post(&room_path(room, "/leave"), &json!({})).ok();
    }

    /// Sends an event with a new transaction ID and returns its ID.
    #[track_caller]
    pub fn send(&self, room: &str, kind: &str, content: &Value) -> String {
        let answer = self.try_send(room, kind, content).ok();
        answer["event_id"].as_str().expect("an event has an ID").to_owned()
    }

    /// Sends an event that the server may refuse.
    pub fn try_send(&self, room: &str, kind: &str, content: &Value) -> Answer {
        self.put(&room_path(room, &format!("/send/{}/{}", escape(kind), transaction())), content)
    }

    /// Sends what looks like a Megolm message to the server; `ciphertext` is anything that marks it.
    #[track_caller]
    pub fn send_encrypted(&self, room: &str, ciphertext: &str) -> String {
        self.send(room, "m.room.encrypted", &encrypted(ciphertext))
    }

    /// Sets a state event and returns its ID.
    #[track_caller]
    pub fn set_state(&self, room: &str, kind: &str, key: &str, content: &Value) -> String {
        let path = room_path(room, &format!("/state/{}/{}", escape(kind), escape(key)));
        let answer = self.put(&path, content).ok();
        answer["event_id"].as_str().expect("an event has an ID").to_owned()
    }

    /// `/v3/sync` that answers at once.
    #[track_caller]
    pub fn sync(&self, since: Option<&str>) -> Value {
        self.sync_within(since, Duration::ZERO)
    }

    /// `/v3/sync` that may wait.
    #[track_caller]
    pub fn sync_within(&self, since: Option<&str>, timeout: Duration) -> Value {
        let mut path = format!("/_matrix/client/v3/sync?timeout={}", timeout.as_millis());
        if let Some(since) = since {
            let _ = write!(path, "&since={}", escape(since));
        }
        self.get(&path).ok()
    }

    /// All events of a room's history that this person may read, oldest first, paged by `/messages`.
    #[track_caller]
    pub fn history(&self, room: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut from = String::new();
        loop {
            let page = self.get(&room_path(room, &format!("/messages?dir=f&limit=100{from}"))).ok();
            let chunk = page["chunk"].as_array().expect("a page has a chunk");
            events.extend(chunk.iter().cloned());
            match page["end"].as_str() {
                Some(end) if !chunk.is_empty() => from = format!("&from={}", escape(end)),
                _ => return events,
            }
        }
    }

    /// Uploads a file and returns its `mxc://` address.
    #[track_caller]
    pub fn upload(&self, content_type: &str, bytes: &[u8]) -> String {
        let answer = self
            .request("POST", "/_matrix/media/v3/upload", &[("content-type", content_type)], bytes)
            .ok();
        answer["content_uri"].as_str().expect("a file has an address").to_owned()
    }

    /// Downloads `mxc://server/id` with the person's token.
    pub fn download(&self, mxc: &str) -> Answer {
        let path = mxc.strip_prefix("mxc://").expect("an mxc address");
        self.get(&format!("/_matrix/client/v1/media/download/{path}"))
    }
}

/// `/_matrix/client/v3/rooms/{room}{rest}`, with the room ID escaped.
pub fn room_path(room: &str, rest: &str) -> String {
    format!("/_matrix/client/v3/rooms/{}{rest}", escape(room))
}

/// The content of a Megolm message as the server sees it.
pub fn encrypted(ciphertext: &str) -> Value {
    json!({
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": ciphertext,
        "session_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "device_id": "TESTDEVICE",
        "sender_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    })
}

/// A transaction ID that no other test of this process uses.
pub fn transaction() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Percent-encodes one path segment or query value.
pub fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into())
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_for_paths() {
        assert_eq!(room_path("!a/b:x", "/join"), "/_matrix/client/v3/rooms/%21a%2Fb%3Ax/join");
    }

    #[test]
    fn transactions_differ() {
        assert_ne!(transaction(), transaction());
    }
}
