//! Which hosts of others the hospital allows: none, unless its configuration names them.

use http::Uri;

/// An allow-list of hosts: `push.example.org`, `push.example.org:8443`, `*.push.example.org` (every host below), `*` (all).
/// A name without a port stands for the usual one.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The list as the configuration names it.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether no host is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names as they were given.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether the host of this address is allowed.
    pub fn admit(&self, address: &Uri) -> bool {
        let Some(host) = address.host().map(str::to_ascii_lowercase) else { return false };
        let usual = if address.scheme_str() == Some("http") { 80 } else { 443 };
        let port = address.port_u16().unwrap_or(usual);
        self.0.iter().any(|allowed| {
            if allowed == "*" {
                return true;
            }
            let (name, allowed_port) = match allowed.rsplit_once(':') {
                Some((name, digits)) => (name, digits.parse().unwrap_or(0)),
                None => (allowed.as_str(), usual),
            };
            let named = match name.strip_prefix('*') {
                Some(suffix) => suffix.starts_with('.') && host.ends_with(suffix),
                None => host == name,
            };
            named && port == allowed_port
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(list: &[&str], address: &str) -> bool {
        Hosts::new(list.iter().map(ToString::to_string)).admit(&address.parse().expect("a URI"))
    }

    #[test]
    fn an_empty_list_admits_nobody() {
        assert!(!admits(&[], "https://push.example/x"));
    }

    #[test]
    fn a_host_is_named_with_its_port_unless_it_is_the_usual_one() {
        let list = ["Push.example", "other.example:8443"];
        assert!(admits(&list, "https://push.EXAMPLE/_matrix/push/v1/notify"));
        assert!(admits(&list, "https://push.example:443/x"));
        assert!(admits(&list, "https://other.example:8443/x"));
        for refused in [
            "https://push.example:8443/x",
            "https://other.example/x",
            "https://push.example.evil/x",
            "https://evil-push.example/x",
            "https://push.example@evil.example/x",
        ] {
            assert!(!admits(&list, refused), "{refused}");
        }
    }

    #[test]
    fn a_star_stands_for_every_host_below_a_name_or_for_all() {
        let list = ["*.push.example"];
        assert!(admits(&list, "https://eu.push.example/x"));
        assert!(admits(&list, "https://a.b.push.example/x"));
        assert!(!admits(&list, "https://push.example/x"));
        assert!(!admits(&list, "https://evilpush.example/x"));
        assert!(admits(&["*"], "https://anybody.example:9/x"));
    }
}
