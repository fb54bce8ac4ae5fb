//! Where a request comes from, for the rate limits alone.

use std::net::IpAddr;

use homeserver::{
    Homeserver,
    limits::{Exceeded, Origin, Subject},
};
use http::{HeaderMap, Request, request::Parts};

/// The address that is counted for a request, if there is one that tells clients apart. Never logged, never stored.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

/// Reads the address of who sent a request through proxies of the hospital's own.
///
/// `X-Forwarded-For` is a list to which each proxy adds whom it heard: from the end, what own proxies have written is true,
/// and the first address that is none of theirs is the client. Without a configured proxy the header is the client's own
/// word, and worth nothing; a peer on this machine is then an unknown proxy, in front of everybody.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Option<ClientAddress> {
    if !proxies.contains(&peer) {
        return (!peer.is_loopback()).then_some(ClientAddress(peer));
    }
    let values = headers.get_all("x-forwarded-for");
    let heard: Vec<&str> = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for word in heard.iter().rev() {
        let address: IpAddr = word.trim().parse().ok()?;
        if !proxies.contains(&address) {
            return Some(ClientAddress(address));
        }
    }
    None
}

/// Counts a request for its address, if that is known.
pub(crate) fn count(
    hs: &Homeserver,
    parts: &Parts,
    subject: fn(Origin) -> Subject,
) -> Result<(), Exceeded> {
    match parts.extensions.get::<ClientAddress>() {
        Some(ClientAddress(address)) => hs.count(subject(hs.limits.origin(*address))),
        None => Ok(()),
    }
}

/// Notes the address on the request, for the endpoints that count it.
pub(crate) fn note<B>(request: &mut Request<B>, peer: IpAddr, proxies: &[IpAddr]) {
    if let Some(address) = client_address(peer, request.headers(), proxies) {
        request.extensions_mut().insert(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&str], proxies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a header"));
        }
        let proxies: Vec<IpAddr> =
            proxies.iter().map(|proxy| proxy.parse().expect("an address")).collect();
        let peer = peer.parse().expect("an address");
        client_address(peer, &headers, &proxies).map(|found| found.0.to_string())
    }

    #[test]
    fn a_header_of_a_stranger_is_not_believed() {
        let peer = Some("198.51.100.9".to_owned());
        assert_eq!(found("198.51.100.9", &["203.0.113.1"], &[]), peer);
        assert_eq!(found("198.51.100.9", &["203.0.113.1"], &["10.0.0.1"]), peer);
        assert_eq!(
            found("127.0.0.1", &["203.0.113.1"], &[]),
            None,
            "a proxy that nobody has named"
        );
    }

    #[test]
    fn behind_own_proxies_the_last_address_that_is_not_theirs_counts() {
        let proxies = ["127.0.0.1", "10.0.0.1"];
        let client = Some("203.0.113.1".to_owned());
        assert_eq!(found("127.0.0.1", &["203.0.113.1"], &proxies), client);
        assert_eq!(found("127.0.0.1", &["198.51.100.1, 203.0.113.1, 10.0.0.1"], &proxies), client);
        assert_eq!(found("127.0.0.1", &["198.51.100.1", "203.0.113.1"], &proxies), client);
        assert_eq!(found("127.0.0.1", &["nonsense"], &proxies), None);
        assert_eq!(found("127.0.0.1", &[], &proxies), None);
    }
}
