//! Rules for texts: links in messages, the name of this browser, the hospital a person belongs to.

/// A piece of a message's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Plain text.
    Plain(&'a str),
    /// A web address.
    Link(&'a str),
    /// Somebody's name with an `@` before it.
    Mention(&'a str),
}

/// Finds web addresses, and the names of those who are mentioned.
pub fn pieces_with<'a>(text: &'a str, names: &[String]) -> Vec<Piece<'a>> {
    let split = |piece: Piece<'a>| match piece {
        Piece::Plain(text) => mentions_in(text, names),
        other => vec![other],
    };
    pieces(text).into_iter().flat_map(split).collect()
}

/// Most lines and characters that a message shows before somebody wants to read on.
const HEAD_LINES: usize = 18;
const HEAD_CHARACTERS: usize = 1_200;

/// The beginning of a text that is too long to stand among others; `None` if all of it is shown. It ends with a line or word.
pub fn head(text: &str) -> Option<&str> {
    let by_lines = text.match_indices('\n').nth(HEAD_LINES - 1).map(|(at, _)| at);
    let by_characters = text.char_indices().nth(HEAD_CHARACTERS).map(|(at, _)| at);
    let end = by_lines.into_iter().chain(by_characters).min()?;
    let fits = text.get(..end)?;
    let last = fits.rfind(char::is_whitespace).filter(|at| *at > end / 2);
    let head = if by_lines == Some(end) { fits } else { fits.get(..last.unwrap_or(end))? };
    // Not worth a click for a few words more.
    let rest = text.get(head.len()..)?.trim();
    (rest.chars().count() > HEAD_CHARACTERS / 4 || rest.lines().count() > HEAD_LINES / 3)
        .then(|| head.trim_end())
}

fn mentions_in<'a>(text: &'a str, names: &[String]) -> Vec<Piece<'a>> {
    let mut found = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some(at) = rest[from..].find('@').map(|at| at + from) {
        let after = &rest[at + 1..];
        // Of two names that begin alike the longer one is meant.
        let name =
            names.iter().filter(|name| after.starts_with(name.as_str())).max_by_key(|it| it.len());
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            from = at + 1;
            continue;
        };
        if at > 0 {
            found.push(Piece::Plain(&rest[..at]));
        }
        let end = at + 1 + name.len();
        found.push(Piece::Mention(&rest[at..end]));
        (rest, from) = (&rest[end..], 0);
    }
    if !rest.is_empty() {
        found.push(Piece::Plain(rest));
    }
    found
}

/// What is being typed behind an `@`: where the `@` stands (in bytes) and what follows it up to the caret.
pub fn mention_query(before_caret: &str) -> Option<(usize, &str)> {
    const LONGEST: usize = 40;
    let at = before_caret.rfind('@')?;
    let starts_word = !before_caret[..at].ends_with(|c: char| c.is_alphanumeric());
    let query = &before_caret[at + 1..];
    let is_name = !query.contains('\n') && query.split_whitespace().count() <= 4;
    (starts_word && is_name && !query.starts_with(' ') && query.len() <= LONGEST)
        .then_some((at, query))
}

/// Whether a name fits what is being typed: each word begins some word of the name.
pub fn fits_query(name: &str, query: &str) -> bool {
    let name = name.to_lowercase();
    let begins = |word: &str| name.split_whitespace().any(|part| part.starts_with(word));
    query.to_lowercase().split_whitespace().all(begins)
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
    fn a_long_text_shows_its_beginning_up_to_a_line_or_word() {
        for short in ["", "Kurz.", &"Wort ".repeat(250), &"Zeile\n".repeat(20)] {
            assert_eq!(head(short), None, "{short}");
        }
        let lines: Vec<String> = (1..=60).map(|n| format!("Zeile {n}")).collect();
        assert_eq!(head(&lines.join("\n")), Some(lines[..HEAD_LINES].join("\n").as_str()));
        let words = "Befund ".repeat(1_000);
        let shown = head(&words).expect("too long");
        assert!(shown.ends_with("Befund") && words.starts_with(shown));
        assert!((HEAD_CHARACTERS - 10..=HEAD_CHARACTERS).contains(&shown.chars().count()));
        let one_word = "ü".repeat(5_000);
        assert_eq!(head(&one_word), Some("ü".repeat(HEAD_CHARACTERS).as_str()));
    }

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
                    Plain(text) | Link(text) | Mention(text) => *text,
                })
                .collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn whoever_is_mentioned_is_found_and_nobody_else() {
        let names = ["Dr. Anna Meyer".to_owned(), "Dr. Anna".to_owned()];
        assert_eq!(
            pieces_with("Bitte @Dr. Anna Meyer, schau. Nicht @Jonas, a@b.de", &names),
            vec![
                Plain("Bitte "),
                Mention("@Dr. Anna Meyer"),
                Plain(", schau. Nicht @Jonas, a@b.de")
            ]
        );
        assert_eq!(
            pieces_with("@Dr. Anna https://a.de/@Dr. Anna", &names),
            vec![Mention("@Dr. Anna"), Plain(" "), Link("https://a.de/@Dr"), Plain(". Anna")]
        );
        assert_eq!(pieces_with("@", &[String::new()]), vec![Plain("@")]);
    }

    #[test]
    fn a_mention_begins_with_an_at_sign_of_its_own() {
        for (text, expected) in [
            ("@", Some((0, ""))),
            ("Bitte @Dr. An", Some((6, "Dr. An"))),
            ("Bitte @Dr. Anna Meyer und alle anderen", None),
            ("a@b", None),
            ("@ Anna", None),
            ("kein", None),
            ("@Anna\nund", None),
        ] {
            assert_eq!(mention_query(text), expected, "{text}");
        }
        assert!(fits_query("Dr. Anna Meyer", "mey"));
        assert!(fits_query("Dr. Anna Meyer", "anna m"));
        assert!(!fits_query("Dr. Anna Meyer", "nna"));
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
