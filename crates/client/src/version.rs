//! Which version of the app this is, as the server hears it in each request, and whether the server takes one so old (I.q).

use std::sync::{LazyLock, OnceLock};

use eyeball::SharedObservable;
use matrix_sdk::{Client, ClientBuilder};
use ruma::api::error::ErrorKind;
use vocabulary::app::TOO_OLD;

use crate::Live;

static SAID: OnceLock<String> = OnceLock::new();
static REFUSED: LazyLock<SharedObservable<bool>> = LazyLock::new(SharedObservable::default);

/// Says which version this is, before the first request. Once is for ever.
pub fn say(version: String) {
    let _ = SAID.set(version);
}

/// Whether the server has said that this version is too old. What waits goes on waiting then, and goes out after the update.
pub fn refused() -> Live<bool> {
    Live::of(&REFUSED)
}

/// Whether this is that refusal, which is then noted.
pub(crate) fn is_refusal(kind: &ErrorKind) -> bool {
    let is = kind.errcode().as_str() == TOO_OLD;
    if is {
        REFUSED.set_if_not_eq(true);
    }
    is
}

/// A client of this server that says which version of the app it is.
pub(crate) fn client(homeserver: &str) -> ClientBuilder {
    let builder = Client::builder().homeserver_url(homeserver);
    #[cfg(target_family = "wasm")]
    if let Some(http) = browser::http_client() {
        return builder.http_client(http);
    }
    builder
}

/// Natively the app exists for tests alone, and is of every version.
#[cfg(target_family = "wasm")]
mod browser {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use matrix_sdk::reqwest;
    use vocabulary::app::VERSION_HEADER;

    pub fn http_client() -> Option<reqwest::Client> {
        let version = HeaderValue::from_str(super::SAID.get()?).ok()?;
        let header = (HeaderName::from_static(VERSION_HEADER), version);
        let headers = HeaderMap::from_iter([header]);
        reqwest::Client::builder().default_headers(headers).build().ok()
    }
}
