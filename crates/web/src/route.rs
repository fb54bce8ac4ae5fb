//! The app's addresses.
//!
//! They stand in the fragment (`#/chat/…`): a browser never sends it, so no server log and no proxy learns which chat
//! somebody looks at, and the bundle needs no rewriting rule on the server.

/// A place in the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// The list of chats.
    #[default]
    Chats,
    /// One chat, named by its identifier.
    Chat(String),
    /// Who is in that chat.
    Details(String),
    /// The directory, to look people up.
    People,
    /// Choosing whom to write to.
    NewChat,
    /// Choosing the members of a new group.
    NewGroup,
    /// Lists of people to whom one often writes the same.
    Broadcasts,
    /// The person's own address book.
    Contacts,
    /// Somebody whom a link or a code names, to be found in the address book or taken into it.
    Contact(String),
    /// Settings.
    Settings,
    /// Accepting an invitation, with the token of its link.
    Invitation(String),
    /// Signing in another device, with the code that it shows.
    Link(String),
}

/// What a phone shows, where only one column fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The left column.
    List,
    /// The chat.
    Chat,
    /// The right column.
    Details,
}

impl Route {
    /// The place for a fragment, with or without `#`. What is not understood leads to the list of chats.
    pub fn parse(fragment: &str) -> Self {
        let path = fragment.trim_start_matches('#').trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["chat", id] => Self::Chat(decode(id)),
            ["chat", id, "details"] => Self::Details(decode(id)),
            ["people"] => Self::People,
            ["new"] => Self::NewChat,
            ["new", "group"] => Self::NewGroup,
            ["new", "lists"] => Self::Broadcasts,
            ["contacts"] => Self::Contacts,
            ["contacts", who] => Self::Contact(decode(who)),
            ["settings"] => Self::Settings,
            ["invitation", token] => Self::Invitation(decode(token)),
            ["link", code] => Self::Link(decode(code)),
            _ => Self::Chats,
        }
    }

    /// The fragment for the place, with `#`.
    pub fn fragment(&self) -> String {
        match self {
            Self::Chats => "#/".into(),
            Self::Chat(id) => format!("#/chat/{}", encode(id)),
            Self::Details(id) => format!("#/chat/{}/details", encode(id)),
            Self::People => "#/people".into(),
            Self::NewChat => "#/new".into(),
            Self::NewGroup => "#/new/group".into(),
            Self::Broadcasts => "#/new/lists".into(),
            Self::Contacts => "#/contacts".into(),
            Self::Contact(who) => format!("#/contacts/{}", encode(who)),
            Self::Settings => "#/settings".into(),
            Self::Invitation(token) => format!("#/invitation/{}", encode(token)),
            Self::Link(code) => format!("#/link/{}", encode(code)),
        }
    }

    /// The token of an invitation's link, as somebody pastes it: with words around it, or the token alone.
    pub fn invitation_in(text: &str) -> Option<String> {
        const START: &str = "#/invitation/";
        let token = match text.split_once(START) {
            Some((_, token)) => token,
            None => text.trim(),
        };
        let is_of_token = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
        let token: String = token.chars().take_while(is_of_token).collect();
        let is_all = text.contains(START) || token == text.trim();
        (is_all && !token.is_empty()).then_some(token)
    }

    /// The code of a new device in the link that it shows, and whether the link leads to `origin`.
    pub fn link_in(text: &str, origin: &str) -> Option<(String, bool)> {
        let (address, code) = text.trim().split_once("#/link/")?;
        let is_of_code = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let is_code = code.contains('.') && code.chars().all(is_of_code);
        let is_here = address.trim_end_matches('/') == origin;
        is_code.then(|| (code.to_owned(), is_here))
    }

    /// The chat that the place is about.
    pub fn chat(&self) -> Option<&str> {
        match self {
            Self::Chat(id) | Self::Details(id) => Some(id),
            _ => None,
        }
    }

    /// What a phone shows here.
    pub fn pane(&self) -> Pane {
        match self {
            Self::Chat(_) => Pane::Chat,
            Self::Details(_) => Pane::Details,
            _ => Pane::List,
        }
    }
}

impl Pane {
    /// Value of the `data-pane` attribute that the style sheet looks at.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Chat => "chat",
            Self::Details => "details",
        }
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex =
            tail.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_again_by_its_address() {
        for id in ["!abc:klinikum.example", "!a/b%2F#c d:x", "!ünïcode:☂"] {
            for route in [
                Route::Chats,
                Route::Chat(id.into()),
                Route::Details(id.into()),
                Route::People,
                Route::NewChat,
                Route::NewGroup,
                Route::Broadcasts,
                Route::Contacts,
                Route::Contact(id.into()),
                Route::Settings,
                Route::Invitation(id.into()),
                Route::Link(id.into()),
            ] {
                assert_eq!(Route::parse(&route.fragment()), route);
            }
        }
    }

    #[test]
    fn what_is_not_an_address_leads_to_the_chats() {
        for fragment in
            ["", "#", "#/", "#/nowhere", "#/chat", "#/chat/a/b/c", "%", "#/settings/more"]
        {
            assert_eq!(Route::parse(fragment), Route::Chats, "{fragment}");
        }
    }

    #[test]
    fn an_invitation_is_found_in_whatever_is_pasted() {
        let token = Some("aB3_-x".to_owned());
        for text in [
            "https://chat.klinikum.example/#/invitation/aB3_-x",
            "  https://chat.klinikum.example/#/invitation/aB3_-x\n",
            "Ihr Zugang: https://chat.klinikum.example/#/invitation/aB3_-x. Viele Grüße",
            "#/invitation/aB3_-x",
            " aB3_-x ",
        ] {
            assert_eq!(Route::invitation_in(text), token, "{text}");
        }
        for text in ["", "  ", "https://chat.klinikum.example/", "#/invitation/", "zwei Wörter"] {
            assert_eq!(Route::invitation_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_devices_code_is_taken_from_its_link_alone() {
        let origin = "https://chat.klinikum.example";
        let found = |text: &str| Route::link_in(text, origin);
        let code = "ksm_aB-3.x_Y";
        assert_eq!(found(&format!("{origin}/#/link/{code}")), Some((code.to_owned(), true)));
        assert_eq!(found(&format!(" {origin}/#/link/{code}\n")), Some((code.to_owned(), true)));
        let elsewhere = format!("https://chat.klinikum.example.evil/#/link/{code}");
        assert_eq!(found(&elsewhere), Some((code.to_owned(), false)));
        for text in ["", "WIFI:S:Gast;;", "https://chat.klinikum.example/#/link/", "#/link/a b.c"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn damaged_percent_signs_do_not_break_the_address() {
        for (fragment, id) in [
            ("#/chat/%", "%"),
            ("#/chat/%zz", "%zz"),
            ("#/chat/%4", "%4"),
            ("#/chat/%C3", "\u{fffd}"),
        ] {
            assert_eq!(Route::parse(fragment), Route::Chat(id.into()));
        }
    }

    #[test]
    fn a_phone_shows_the_list_wherever_no_chat_is_open() {
        assert_eq!(Route::Settings.pane(), Pane::List);
        assert_eq!(Route::Chat("!a".into()).pane(), Pane::Chat);
        assert_eq!(Route::Details("!a".into()).pane(), Pane::Details);
    }
}
