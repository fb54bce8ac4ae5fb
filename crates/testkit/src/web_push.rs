//! A device as far as its push service sees it. Keys are made, and messages decrypted, by other people's code: `cryptography` and
//! `http_ece` of PyPI.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{Received, python};

/// The keys of a subscription (RFC 8291).
pub struct PushDevice {
    private: String,
    /// The public key, `p256dh`: URL-safe Base64 without padding.
    pub key: String,
    /// The secret for authentication, `auth`: URL-safe Base64 without padding.
    pub auth: String,
}

impl PushDevice {
    /// New keys.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let keys = python::run(
            r#"
import base64, json, os
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import serialization as s
key = ec.generate_private_key(ec.SECP256R1())
point = key.public_key().public_bytes(s.Encoding.X962, s.PublicFormat.UncompressedPoint)
pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
print(json.dumps({"private": pem.decode(), "public": text(point), "auth": text(os.urandom(16))}))
"#,
            &json!({}),
        );
        let text = |name: &str| keys[name].as_str().expect("a text").to_owned();
        Self { private: text("private"), key: text("public"), auth: text("auth") }
    }

    /// What the push service got, decrypted: `message`, and its `length` in bytes with the padding.
    #[track_caller]
    pub fn decrypt(&self, received: &Received) -> Value {
        python::run(
            r#"
import base64, json, sys, http_ece
from cryptography.hazmat.primitives import serialization as s
given = json.load(sys.stdin)
auth = given["auth"] + "=" * (-len(given["auth"]) % 4)
plain = http_ece.decrypt(
    base64.b64decode(given["body"]),
    private_key=s.load_pem_private_key(given["private"].encode(), None),
    auth_secret=base64.urlsafe_b64decode(auth),
    version="aes128gcm",
)
print(json.dumps({"length": len(plain), "message": json.loads(plain)}))
"#,
            &json!({
                "private": self.private, "auth": self.auth, "body": STANDARD.encode(&received.body),
            }),
        )
    }
}
