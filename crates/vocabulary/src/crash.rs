//! What is said of a crash of the app (I.k): a list of fields, each of which can hold nothing of a person, a chat or a message. What does not fit into
//! one is not said at all; nothing is searched and replaced.

use serde::{Deserialize, Serialize};

use crate::app::AppVersion;

/// The longest place in the source, in bytes.
const MAX_PLACE: usize = 120;

/// A report. Its JSON is what people are shown, and what is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashReport {
    /// Which version of the app: three numbers.
    pub version: String,
    /// What of the app.
    pub part: Part,
    /// What kind of error.
    pub kind: Kind,
    /// Where in the source; `unknown` if that is not known.
    pub place: String,
    /// In which browser.
    pub browser: Browser,
    /// On which system.
    pub system: System,
}

/// A closed list of words, each with the text by which it is known.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $text)] $word,)+ }

        impl $name {
            /// The word.
            pub fn text(self) -> &'static str {
                match self { $(Self::$word => $text,)+ }
            }

            /// The word with this text.
            pub fn of(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$word),)+ _ => None }
            }
        }
    };
}

words! {
    /// Parts of the app, each a WebAssembly module of its own.
    Part {
        /// The app itself.
        App = "app",
        /// What shows PDF.
        Pdf = "pdf",
        /// What reads QR codes.
        Qr = "qr",
    }
}

words! {
    /// Kinds of error.
    Kind {
        /// The app found itself in a state that it does not know.
        Panic = "panic",
        /// WebAssembly was stopped: `unreachable`, memory, stack.
        Trap = "trap",
        /// The browser does not offer what was asked of it.
        TypeError = "type error",
        /// A number or the stack is too large.
        RangeError = "range error",
        /// Any other error.
        Other = "error",
    }
}

words! {
    /// Families of browsers.
    Browser {
        /// Chrome, Edge and others.
        Chromium = "Chromium",
        /// Firefox.
        Firefox = "Firefox",
        /// Safari, and all browsers of iPhones.
        Safari = "Safari",
        /// Another one.
        Other = "other browser",
    }
}

words! {
    /// Systems.
    System {
        /// Android.
        Android = "Android",
        /// iPhone and iPad.
        Ios = "iOS",
        /// Windows.
        Windows = "Windows",
        /// macOS.
        MacOs = "macOS",
        /// Linux and Chrome OS.
        Linux = "Linux",
        /// Another one.
        Other = "other system",
    }
}

impl Browser {
    /// The family that a browser's own words name.
    pub fn named_by(user_agent: &str) -> Self {
        let has = |word: &str| user_agent.contains(word);
        if has("iPhone") || has("iPad") {
            Self::Safari
        } else if has("Firefox/") {
            Self::Firefox
        } else if has("Chrome/") || has("Chromium/") {
            Self::Chromium
        } else if has("Safari/") {
            Self::Safari
        } else {
            Self::Other
        }
    }
}

impl System {
    /// The system that a browser's own words name.
    pub fn named_by(user_agent: &str) -> Self {
        let has = |word: &str| user_agent.contains(word);
        if has("Android") {
            Self::Android
        } else if has("iPhone") || has("iPad") {
            Self::Ios
        } else if has("Windows") {
            Self::Windows
        } else if has("Mac OS X") || has("Macintosh") {
            Self::MacOs
        } else if has("Linux") || has("CrOS") {
            Self::Linux
        } else {
            Self::Other
        }
    }
}

impl CrashReport {
    /// Its JSON, as people read it.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("words and texts are JSON")
    }

    /// Whether each field holds what it may hold.
    pub fn is_valid(&self) -> bool {
        self.version.parse::<AppVersion>().is_ok_and(|version| version.to_string() == self.version)
            && (self.place == UNKNOWN || is_place(&self.place))
    }
}

/// The place of an error of which it is not known.
pub const UNKNOWN: &str = "unknown";

/// The place in the source of a file as the compiler names it. What lies before the crate is the machine that built the app, and is left out.
pub fn place_in_source(file: &str, line: u32, column: u32) -> String {
    let file = file.replace('\\', "/");
    let from_crate = ["/registry/src/", "/library/", "crates/"].iter().find_map(|start| {
        let (_, rest) = file.split_once(start)?;
        Some(match *start {
            // A folder of the registry's own comes first.
            "/registry/src/" => rest.split_once('/').map_or(rest, |(_, rest)| rest).to_owned(),
            "/library/" => format!("library/{rest}"),
            _ => format!("crates/{rest}"),
        })
    });
    let file = from_crate.as_deref().unwrap_or_else(|| file.rsplit('/').next().unwrap_or_default());
    let place = format!("{file}:{line}:{column}");
    if is_place(&place) { place } else { UNKNOWN.to_owned() }
}

/// Files of the app in which the browser can find an error; `static/crash.js` has the same.
const FILES: [&str; 9] = [
    "boot.js",
    "web.js",
    "web_bg.wasm",
    "pdf.js",
    "pdf_bg.wasm",
    "pdf-worker.js",
    "qr.js",
    "qr_bg.wasm",
    "qr-worker.js",
];

fn is_place(place: &str) -> bool {
    let numbers = |text: &str, count: usize| {
        let parts: Vec<&str> = text.split(':').collect();
        parts.len() == count && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    let in_file = |place: &str| {
        let (file, rest) = place.split_once(':')?;
        let is_file = (file.starts_with("crates/")
            || file.starts_with("library/")
            || FILES.contains(&file)
            || file.ends_with(".rs"))
            && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-.+".contains(&byte));
        (is_file && numbers(rest, 2)).then_some(())
    };
    let in_module = |place: &str| {
        let (file, rest) = place.split_once(" function ")?;
        let (function, offset) = rest.split_once(" 0x")?;
        let is_number = function.parse::<u32>().is_ok() && u32::from_str_radix(offset, 16).is_ok();
        (FILES.contains(&file) && is_number).then_some(())
    };
    place.len() <= MAX_PLACE && (in_file(place).is_some() || in_module(place).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_say_nothing_of_machines_and_people() {
        for (file, place) in [
            ("crates/web/src/app.rs", "crates/web/src/app.rs:7:3"),
            (
                "/home/eve/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/matrix-sdk-0.19.1/src/room.rs",
                "matrix-sdk-0.19.1/src/room.rs:7:3",
            ),
            ("/rustc/59807616e1/library/core/src/option.rs", "library/core/src/option.rs:7:3"),
            ("C:\\Users\\Eve Müller\\x.rs", "x.rs:7:3"),
            ("/home/eve/@anna:klinikum.test", UNKNOWN),
        ] {
            assert_eq!(place_in_source(file, 7, 3), place, "{file}");
        }
    }

    #[test]
    fn what_does_not_fit_into_the_fields_is_no_report() {
        let report = CrashReport {
            version: "0.3.1".to_owned(),
            part: Part::App,
            kind: Kind::Panic,
            place: "crates/web/src/app.rs:7:3".to_owned(),
            browser: Browser::Chromium,
            system: System::Android,
        };
        assert!(report.is_valid());
        for place in [
            "",
            "Herr Beispielmann",
            "crates/@anna:klinikum.test:1:2",
            "crates/web/src/app.rs:7",
            "https://h/web.js:1:1",
            "web_bg.wasm function x 0x1",
            &format!("crates/{}.rs:1:1", "a".repeat(200)),
        ] {
            assert!(
                !CrashReport { place: place.to_owned(), ..report.clone() }.is_valid(),
                "{place}"
            );
        }
        assert!(!CrashReport { version: "0.3.1 von Anna".to_owned(), ..report.clone() }.is_valid());
        assert!(!CrashReport { version: "00.3.1".to_owned(), ..report.clone() }.is_valid());
        for place in ["web.js:10:3", "web_bg.wasm function 712 0x1a2b", UNKNOWN] {
            assert!(
                CrashReport { place: place.to_owned(), ..report.clone() }.is_valid(),
                "{place}"
            );
        }
        assert_eq!(serde_json::from_str::<CrashReport>(&report.text()).unwrap(), report);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(serde_json::from_value::<CrashReport>(json.clone()).unwrap(), report);
        let mut more = json.clone();
        more["user_id"] = "@anna:klinikum.test".into();
        assert!(serde_json::from_value::<CrashReport>(more).is_err());
        let mut other = json;
        other["system"] = "Annas Telefon".into();
        assert!(serde_json::from_value::<CrashReport>(other).is_err());
    }
}
