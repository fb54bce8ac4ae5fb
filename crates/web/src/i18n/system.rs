//! Lines in the middle of a chat: who came, went, or changed something.

use super::Lang;

/// What happened, with the names in it. Mirrors the client's lines, so that the words are tested without the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemText<'a> {
    /// The chat was created.
    Created { by: &'a str },
    /// Came in.
    Joined { who: &'a str },
    /// Went.
    Left { who: &'a str },
    /// Was asked in.
    Invited { who: &'a str, by: &'a str },
    /// Declined, or the invitation was withdrawn.
    InvitationEnded { who: &'a str },
    /// Was removed.
    Removed { who: &'a str, by: &'a str },
    /// Was removed for good.
    Banned { who: &'a str, by: &'a str },
    /// Changed the display name.
    NameChanged { from: &'a str, to: &'a str },
    /// Gave the chat a name.
    Renamed { by: &'a str, to: &'a str },
    /// Gave the chat a topic.
    TopicChanged { by: &'a str, to: &'a str },
    /// A setting of the chat changed.
    SettingChanged { by: &'a str },
}

impl Lang {
    /// The line for something that happened.
    pub fn system_line(self, line: SystemText<'_>) -> String {
        use SystemText::*;
        match (self, line) {
            (Self::De, Created { by }) => format!("{by} hat den Chat erstellt"),
            (Self::De, Joined { who }) => format!("{who} ist dabei"),
            (Self::De, Left { who }) => format!("{who} hat den Chat verlassen"),
            (Self::De, Invited { who, by }) => format!("{by} hat {who} eingeladen"),
            (Self::De, InvitationEnded { who }) => format!("{who} ist nicht mehr eingeladen"),
            (Self::De, Removed { who, by } | Banned { who, by }) => {
                format!("{by} hat {who} entfernt")
            }
            (Self::De, NameChanged { from, to }) => format!("{from} heißt jetzt {to}"),
            (Self::De, Renamed { by, to }) => format!("{by} hat den Chat „{to}“ genannt"),
            (Self::De, TopicChanged { by, to }) => format!("{by} hat das Thema auf „{to}“ gesetzt"),
            (Self::De, SettingChanged { by }) => {
                format!("{by} hat eine Einstellung des Chats geändert")
            }
            (Self::En, Created { by }) => format!("{by} created the chat"),
            (Self::En, Joined { who }) => format!("{who} joined"),
            (Self::En, Left { who }) => format!("{who} left the chat"),
            (Self::En, Invited { who, by }) => format!("{by} invited {who}"),
            (Self::En, InvitationEnded { who }) => format!("{who} is no longer invited"),
            (Self::En, Removed { who, by } | Banned { who, by }) => format!("{by} removed {who}"),
            (Self::En, NameChanged { from, to }) => format!("{from} is now called {to}"),
            (Self::En, Renamed { by, to }) => format!("{by} named the chat “{to}”"),
            (Self::En, TopicChanged { by, to }) => format!("{by} set the topic to “{to}”"),
            (Self::En, SettingChanged { by }) => format!("{by} changed a setting of the chat"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_everybody_concerned_in_both_languages() {
        use SystemText::*;
        let lines = [
            (Created { by: "ANNA" }, vec!["ANNA"]),
            (Joined { who: "JONAS" }, vec!["JONAS"]),
            (Left { who: "JONAS" }, vec!["JONAS"]),
            (Invited { who: "JONAS", by: "ANNA" }, vec!["JONAS", "ANNA"]),
            (InvitationEnded { who: "JONAS" }, vec!["JONAS"]),
            (Removed { who: "JONAS", by: "ANNA" }, vec!["JONAS", "ANNA"]),
            (Banned { who: "JONAS", by: "ANNA" }, vec!["JONAS", "ANNA"]),
            (NameChanged { from: "JONAS", to: "WEBER" }, vec!["JONAS", "WEBER"]),
            (Renamed { by: "ANNA", to: "TEAM" }, vec!["ANNA", "TEAM"]),
            (TopicChanged { by: "ANNA", to: "TEAM" }, vec!["ANNA", "TEAM"]),
            (SettingChanged { by: "ANNA" }, vec!["ANNA"]),
        ];
        for (line, names) in lines {
            let [de, en] = [Lang::De, Lang::En].map(|lang| lang.system_line(line));
            assert_ne!(de, en);
            for name in names {
                assert!(de.contains(name) && en.contains(name), "{line:?} leaves out {name}");
            }
        }
    }
}
