//! Rules for texts: links in messages, the name of this browser, the hospital a person belongs to.

/// A piece of a message's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Plain text.
    Plain(&'a str),
    /// A web address.
    Link(&'a str),
}

/// Finds web addresses. Only `https://` and `http://` count, so that nothing else ever becomes clickable.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = link_start(rest) {
        let (before, link_and_after) = rest.split_at(start);
        let end = link_and_after
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(link_and_after.len());
        let link = without_closing_punctuation(&link_and_after[..end]);
        if !before.is_empty() {
            found.push(Piece::Plain(before));
        }
        found.push(Piece::Link(link));
        rest = &link_and_after[link.len()..];
    }
    if !rest.is_empty() {
        found.push(Piece::Plain(rest));
    }
    found
}

fn link_start(text: &str) -> Option<usize> {
    let at = |scheme: &str| {
        text.match_indices(scheme)
            .find(|(at, _)| {
                let starts_word = !text[..*at].ends_with(|c: char| c.is_alphanumeric());
                let has_host = text[at + scheme.len()..].starts_with(|c: char| c.is_alphanumeric());
                starts_word && has_host
            })
            .map(|(at, _)| at)
    };
    [at("https://"), at("http://")].into_iter().flatten().min()
}

/// A full stop or a bracket at the end belongs to the sentence, unless the bracket was opened in the link.
fn without_closing_punctuation(link: &str) -> &str {
    let mut link = link;
    while let Some(last) = link.chars().next_back() {
        let belongs = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '“' | '”' | '…' => false,
            ')' => link.matches('(').count() >= link.matches(')').count(),
            _ => true,
        };
        if belongs {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link
}

/// Name of this device in its owner's list of devices, such as `Chrome, Windows`.
pub fn device_name(user_agent: &str) -> String {
    let has = |part: &str| user_agent.contains(part);
    let browser = match () {
        () if has("Edg/") => "Edge",
        () if has("OPR/") => "Opera",
        () if has("Firefox/") || has("FxiOS/") => "Firefox",
        () if has("SamsungBrowser/") => "Samsung Internet",
        () if has("Chrome/") || has("CriOS/") => "Chrome",
        () if has("Safari/") => "Safari",
        () => "Browser",
    };
    let system = match () {
        () if has("iPhone") => Some("iPhone"),
        () if has("iPad") => Some("iPad"),
        () if has("Android") => Some("Android"),
        () if has("Windows") => Some("Windows"),
        () if has("CrOS") => Some("ChromeOS"),
        () if has("Mac OS X") => Some("macOS"),
        () if has("Linux") => Some("Linux"),
        () => None,
    };
    match system {
        Some(system) => format!("{browser}, {system}"),
        None => browser.into(),
    }
}

/// The server that an identifier names: what stands behind the first colon.
pub fn server_of(id: &str) -> Option<&str> {
    id.split_once(':').map(|(_, server)| server)
}

/// Whether somebody belongs to another hospital than we do.
pub fn is_outside(person: &str, us: &str) -> bool {
    server_of(person) != server_of(us)
}

/// The recovery key as it is read: groups of four characters, whatever spaces came with it.
pub fn key_groups(key: &str) -> String {
    let characters: Vec<char> = key.chars().filter(|c| !c.is_whitespace()).collect();
    characters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Piece::*;

    #[test]
    fn only_web_addresses_become_links_and_punctuation_stays_outside() {
        for (text, expected) in [
            ("kein Link", vec![Plain("kein Link")]),
            ("https://a.de", vec![Link("https://a.de")]),
            (
                "siehe https://a.de/b?c=d#e.",
                vec![Plain("siehe "), Link("https://a.de/b?c=d#e"), Plain(".")],
            ),
            ("(http://a.de)", vec![Plain("("), Link("http://a.de"), Plain(")")]),
            (
                "https://de.wikipedia.org/wiki/Lyse_(Medizin)",
                vec![Link("https://de.wikipedia.org/wiki/Lyse_(Medizin)")],
            ),
            ("javascript:alert(1)", vec![Plain("javascript:alert(1)")]),
            ("xhttps://a.de", vec![Plain("xhttps://a.de")]),
            ("https://", vec![Plain("https://")]),
            ("https:// dann https://a.de", vec![Plain("https:// dann "), Link("https://a.de")]),
            (
                "http://a.de https://b.de",
                vec![Link("http://a.de"), Plain(" "), Link("https://b.de")],
            ),
            ("", vec![]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_text_is_lost_between_its_pieces() {
        for text in ["a https://b.de, c", "https://ü.de/ß…", "«https://a.de»", "\nhttps://a.de\n"]
        {
            let joined: String = pieces(text)
                .iter()
                .map(|piece| match piece {
                    Plain(text) | Link(text) => *text,
                })
                .collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn a_device_is_called_by_browser_and_system() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
                "Firefox, Linux",
            ),
            ("", "Browser"),
        ] {
            assert_eq!(device_name(agent), name);
        }
    }

    #[test]
    fn people_of_another_server_are_outside_and_ports_belong_to_the_server() {
        assert!(is_outside("@a:reha.example", "@b:klinikum.example"));
        assert!(!is_outside("@a:klinikum.example:8448", "@b:klinikum.example:8448"));
        assert!(is_outside("@a:klinikum.example:1", "@b:klinikum.example:2"));
    }

    #[test]
    fn a_key_is_shown_in_groups_of_four_however_it_came() {
        assert_eq!(key_groups("EsTc 9ab\nCdE"), "EsTc 9abC dE");
        assert_eq!(key_groups(""), "");
    }
}
