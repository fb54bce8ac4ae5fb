//! A bad request: a valid one of some endpoint, with damage to path, query and body.

use proptest::{collection::vec, option, prelude::*, sample::select};
use testkit::matrix::escape;

use crate::{
    endpoints::{ENDPOINTS, Endpoint},
    json::{Damage, Json, damage},
};

/// What requests name: the `{room}` of a path or a body.
#[derive(Clone, Debug)]
pub struct Facts {
    pub room: String,
    pub event: String,
    pub user: String,
    pub other: String,
    pub device: String,
    pub media: String,
    pub since: String,
}

impl Facts {
    fn names(&self) -> [(&'static str, &str); 7] {
        [
            ("{room}", &self.room),
            ("{event}", &self.event),
            ("{user}", &self.user),
            ("{other}", &self.other),
            ("{device}", &self.device),
            ("{media}", &self.media),
            ("{since}", &self.since),
        ]
    }
}

/// A bad request, before names are filled in.
#[derive(Clone, Debug)]
pub struct Bad {
    endpoint: usize,
    /// Which variable of path or query is replaced, and by what.
    path: Option<(usize, Vec<u8>)>,
    body: Vec<(usize, Damage)>,
    /// Where bytes of the written body are replaced, and by what.
    bytes: Option<(usize, Vec<u8>)>,
    /// What comes in place of the access token.
    pub authorization: Option<String>,
}

/// Bad requests of all endpoints.
pub fn bad_request() -> impl Strategy<Value = Bad> {
    let variable = (0..8usize, variable());
    let bytes = (any::<usize>(), select(BYTES.to_vec()).prop_map(<[u8]>::to_vec));
    (
        0..ENDPOINTS.len(),
        option::weighted(0.3, variable),
        vec((any::<usize>(), damage()), 0..4),
        option::weighted(0.1, bytes),
        option::weighted(0.05, "(Bearer|bearer|Basic|X-Matrix|)[ =,]{0,3}[!-~]{0,80}"),
    )
        .prop_map(|(endpoint, path, body, bytes, authorization)| Bad {
            endpoint,
            path,
            body,
            bytes,
            authorization,
        })
}

/// Bytes that no UTF-8 has, and such that end JSON too soon.
const BYTES: [&[u8]; 8] = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\0",
    b"\xef\xbb\xbf",
    b"}",
    b"\"",
];

/// What may stand in a path where an identifier is expected. Percent-encoded byte by byte when it is sent.
fn variable() -> impl Strategy<Value = Vec<u8>> {
    let known: [&[u8]; 26] = [
        b"x",
        b"\0",
        b"a\0b",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"..",
        b"../..",
        b"/",
        b"%",
        b"%00",
        b"@x:y",
        b"!x:y",
        b"$x",
        b"#x:y",
        b"#x",
        b"@:",
        b"!",
        b"-1",
        b"0",
        b"18446744073709551616",
        b"1.5",
        b"{",
        b"{\"a\":1}",
        b"\xc3\x9c",
        b"\n",
        b"s1_2_3",
    ];
    prop_oneof![
        6 => select(known.to_vec()).prop_map(<[u8]>::to_vec),
        1 => Just(vec![b'x'; 256]),
        1 => Just([b"!".to_vec(), vec![b'a'; 300], b":y".to_vec()].concat()),
        1 => Just(vec![b'['; 5_000]),
        2 => vec(any::<u8>(), 1..20),
    ]
}

fn escape_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

impl Bad {
    fn of(&self) -> &'static Endpoint {
        &ENDPOINTS[self.endpoint]
    }

    /// Method, path with query, and body.
    pub fn write(&self, facts: &Facts) -> (&'static str, String, Vec<u8>) {
        let endpoint = self.of();
        (endpoint.method, self.write_path(endpoint, facts), self.write_body(endpoint, facts))
    }

    /// The path's variables stand between `{` and `}`; whatever is no name stands for itself.
    fn write_path(&self, endpoint: &Endpoint, facts: &Facts) -> String {
        let replaced = self
            .path
            .as_ref()
            .map(|(number, by)| (number % endpoint.path.matches('{').count().max(1), by));
        let mut path = String::new();
        let mut rest = endpoint.path;
        let mut number = 0;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a variable ends");
            path.push_str(before);
            match replaced {
                Some((at, by)) if at == number => path.push_str(&escape_bytes(by)),
                _ => {
                    let known = facts
                        .names()
                        .into_iter()
                        .find(|(known, _)| known[1..known.len() - 1] == *name);
                    let value = known.map_or(name, |(_, value)| value);
                    // The two parts of a media address are two parts of the path.
                    path.push_str(&value.split('/').map(escape).collect::<Vec<_>>().join("/"));
                }
            }
            number += 1;
            rest = after;
        }
        path + rest
    }

    fn write_body(&self, endpoint: &Endpoint, facts: &Facts) -> Vec<u8> {
        let Some(template) = endpoint.body else { return Vec::new() };
        let template =
            serde_json::from_str::<serde_json::Value>(template).expect("a template is JSON");
        let mut json = Json::from(&template);
        for (number, damage) in &self.body {
            json.damage(*number, damage);
        }
        let mut text = String::new();
        json.write(&mut text);
        for (name, value) in facts.names() {
            text = text.replace(name, value);
        }
        let mut body = text.into_bytes();
        if let Some((at, bytes)) = &self.bytes {
            let at = at % (body.len() + 1);
            body.splice(at..at, bytes.iter().copied());
        }
        body
    }

    /// The request as a person reads it.
    pub fn describe(&self, facts: &Facts) -> String {
        let (method, path, body) = self.write(facts);
        let body: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
        let authorization = self.authorization.as_deref().unwrap_or("as it should be");
        format!("{method} {path}\nauthorization: {authorization}\n{body}")
    }
}
