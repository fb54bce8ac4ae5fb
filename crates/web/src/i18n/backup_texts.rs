//! The words of the personal backup.

use super::Lang;

words! {
    backup: "Persönliche Sicherung", "Personal backup";
    backup_hint: "Nachrichten, Kontakte, Verteiler und Schlüssel in einer Datei, die nur Ihr Wiederherstellungsschlüssel öffnet.", "Messages, contacts, lists and keys in a file that only your recovery key opens.";
    backup_make: "Sicherung anlegen", "Make a backup";
    backup_take: "Sicherung einlesen", "Restore from a backup";
    backup_make_explain: "Die Datei enthält alles, was in Ihren Chats geschrieben wurde, die Schlüssel dazu, Ihre Kontakte und Ihre Verteiler. Fotos und Dateien bleiben verschlüsselt auf dem Server der Klinik; die Schlüssel in der Sicherung öffnen sie dort.", "The file holds all that was written in your chats, the keys to it, your contacts and your lists. Photos and files stay encrypted on the hospital's server; the keys in the backup open them there.";
    backup_key_explain: "Ohne Ihren Wiederherstellungsschlüssel öffnet sie niemand, auch die Klinik nicht. Bewahren Sie ihn getrennt von der Datei auf. Wird er einmal erneuert, gehört zu dieser Datei weiter der jetzige.", "Nobody opens it without your recovery key, not even the hospital. Keep the key apart from the file. If it is renewed one day, today's key still belongs to this file.";
    backup_show_key: "Schlüssel ansehen oder drucken", "See or print the key";
    backup_not_allowed: "Die Klinik erlaubt nicht, etwas außerhalb von Konsil zu speichern. Ihre Schlüssel und Kontakte sind auf dem Server der Klinik gesichert, verschlüsselt mit Ihrem Wiederherstellungsschlüssel.", "The hospital does not allow saving anything outside Konsil. Your keys and contacts are backed up on the hospital's server, encrypted with your recovery key.";
    backup_key_needed: "Die Sicherung wird damit verschlossen.", "The backup is closed with it.";
    backup_rest: "Schlüssel, Kontakte und Verteiler kommen dazu.", "Keys, contacts and lists are being added.";
    backup_take_explain: "Öffnen Sie eine Sicherung, die Sie mit Konsil angelegt haben. Nichts wird ersetzt; was fehlt, kommt dazu, auch inzwischen Gelöschtes.", "Open a backup that you made with Konsil. Nothing is replaced; what is missing is added, also what you have deleted since.";
    backup_choose_hint: "Datei mit der Endung .age", "File ending in .age";
    backup_no_file: "Wählen Sie zuerst die Datei.", "Choose the file first.";
    backup_key_then: "Der Schlüssel, den Sie hatten, als die Sicherung angelegt wurde.", "The key that you had when the backup was made.";
    backup_open: "Öffnen", "Open";
    backup_opening: "Die Sicherung wird geöffnet.", "The backup is being opened.";
    backup_taking: "Kontakte und Schlüssel werden übernommen.", "Contacts and keys are being taken over.";
    backup_take_over: "Kontakte und Schlüssel übernehmen", "Take over contacts and keys";
    backup_chat_here: "Ist in Ihrer Liste", "Is in your list";
    backup_chat_take: "Chat übernehmen", "Take over the chat";
    backup_other_file: "Das ist keine Sicherung aus Konsil.", "This is no backup of Konsil.";
    backup_damaged: "Die Datei ist beschädigt, unvollständig oder aus einer neueren Version. Übernommen wurde nichts.", "The file is damaged, incomplete or from a newer version. Nothing was taken over.";
    backup_too_large: "Eine Sicherung über 256 MB kann Konsil nicht anlegen und nicht öffnen.", "Konsil can neither make nor open a backup of more than 256 MB.";
    backup_wrong_key: "Mit diesem Schlüssel öffnet sich die Datei nicht. Es ist der, der beim Anlegen galt.", "This key does not open the file. It is the one that was valid when it was made.";
    backup_offline: "Der Server ist nicht erreichbar, und eine unvollständige Sicherung legt Konsil nicht an. Versuchen Sie es wieder, wenn Sie online sind.", "The server cannot be reached, and Konsil makes no incomplete backup. Try again when you are online.";
    backup_not_confirmed: "Dieses Gerät ist nicht bestätigt und kann zu wenig lesen. Bestätigen Sie es zuerst.", "This device is not confirmed and can read too little. Confirm it first.";
    backup_unread_file: "Die Datei lässt sich nicht lesen. Bitte wählen Sie sie noch einmal.", "The file cannot be read. Please choose it once more.";
    backup_key_renewed: "Geben Sie Ihren Wiederherstellungsschlüssel ein: Dieses Gerät kennt ihn nicht.", "Enter your recovery key: this device does not know it.";
    backup_contacts_wait: "Kontakte wurden nicht übernommen: Bestätigen Sie erst dieses Gerät, und übernehmen Sie die Sicherung dann noch einmal.", "No contacts were taken over: confirm this device first, and take the backup over once more then.";
}

impl Lang {
    /// The file's name.
    pub fn backup_file_name(self, date: &str) -> String {
        match self {
            Self::De => format!("Konsil-Sicherung-{date}.age"),
            Self::En => format!("Konsil-backup-{date}.age"),
        }
    }

    /// How far it is.
    pub fn backup_chat(self, number: usize, of: usize) -> String {
        match self {
            Self::De => format!("Chat {number} von {of} wird geladen."),
            Self::En => format!("Loading chat {number} of {of}."),
        }
    }

    /// What a backup holds.
    pub fn backup_facts(self, chats: usize, contacts: usize, lists: usize) -> String {
        let words = match self {
            Self::De => [("Chat", "Chats"), ("Kontakt", "Kontakte"), ("Verteiler", "Verteiler")],
            Self::En => [("chat", "chats"), ("contact", "contacts"), ("list", "lists")],
        };
        self.counted([(chats, words[0]), (contacts, words[1]), (lists, words[2])])
    }

    /// How many of each, in one line.
    fn counted<const N: usize>(self, all: [(usize, (&str, &str)); N]) -> String {
        let one = |(n, (one, many)): (usize, (&str, &str))| match n {
            1 => format!("1 {one}"),
            n => format!("{} {many}", self.number(n)),
        };
        all.map(one).join(", ")
    }

    /// It was made.
    pub fn backup_made(self, facts: &str) -> String {
        match self {
            Self::De => format!("Gesichert: {facts}."),
            Self::En => format!("Backed up: {facts}."),
        }
    }

    /// Chats that are not in it.
    pub fn backup_left_out(self, chats: usize) -> String {
        match (self, chats) {
            (Self::De, 1) => "1 Chat ließ sich nicht lesen und fehlt.".into(),
            (Self::De, _) => format!("{chats} Chats ließen sich nicht lesen und fehlen."),
            (Self::En, 1) => "1 chat could not be read and is missing.".into(),
            (Self::En, _) => format!("{chats} chats could not be read and are missing."),
        }
    }

    /// Messages that could not be read.
    pub fn backup_unreadable(self, messages: usize) -> String {
        match (self, messages) {
            (Self::De, 1) => "1 Nachricht war nicht lesbar.".into(),
            (Self::De, _) => format!("{} Nachrichten waren nicht lesbar.", self.number(messages)),
            (Self::En, 1) => "1 message could not be read.".into(),
            (Self::En, _) => format!("{} messages could not be read.", self.number(messages)),
        }
    }

    /// Whose it is and from when.
    pub fn backup_of(self, name: &str, when: &str) -> String {
        match self {
            Self::De => format!("Von {name}, {when}"),
            Self::En => format!("By {name}, {when}"),
        }
    }

    /// What was taken over.
    pub fn backup_taken(self, contacts: usize, lists: usize, keys: usize) -> String {
        let (new, words) = match self {
            Self::De => (
                "Neu übernommen",
                [("Kontakt", "Kontakte"), ("Verteiler", "Verteiler"), ("Schlüssel", "Schlüssel")],
            ),
            Self::En => {
                ("Newly taken over", [("contact", "contacts"), ("list", "lists"), ("key", "keys")])
            }
        };
        let all = self.counted([(contacts, words[0]), (lists, words[1]), (keys, words[2])]);
        format!("{new}: {all}.")
    }

    /// Contacts that did not fit.
    pub fn backup_contacts_left(self, contacts: usize) -> String {
        match (self, contacts) {
            (Self::De, 1) => "1 Kontakt passt nicht mehr ins Adressbuch.".into(),
            (Self::De, _) => {
                format!("{} Kontakte passen nicht mehr ins Adressbuch.", self.number(contacts))
            }
            (Self::En, 1) => "1 contact does not fit into the address book any more.".into(),
            (Self::En, _) => {
                format!(
                    "{} contacts do not fit into the address book any more.",
                    self.number(contacts)
                )
            }
        }
    }

    /// The button of one chat, as a screen reader says it.
    pub fn backup_chat_take_named(self, title: &str) -> String {
        format!("{}: {title}", self.backup_chat_take())
    }

    /// How much was written in a chat.
    pub fn backup_messages(self, messages: usize) -> String {
        match (self, messages) {
            (Self::De, 1) => "1 Nachricht".into(),
            (Self::De, _) => format!("{} Nachrichten", self.number(messages)),
            (Self::En, 1) => "1 message".into(),
            (Self::En, _) => format!("{} messages", self.number(messages)),
        }
    }
}
