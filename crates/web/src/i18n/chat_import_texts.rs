//! The words of taking a chat over from another messenger.

use super::Lang;

words! {
    chat_import: "Chat übernehmen", "Take over a chat";
    chat_import_hint: "Aus WhatsApp, Element oder einem Konsil-Export, mit Anhängen.", "From WhatsApp, Element or a Konsil export, with attachments.";
    chat_import_explain: "Exportieren Sie den Chat dort in eine Datei, in WhatsApp mit „Mehr“, „Chat exportieren“, „Medien hinzufügen“. Wählen Sie diese Datei hier. Jede Nachricht wird neu verschlüsselt und als übernommen gekennzeichnet.", "Export the chat into a file there, in WhatsApp by “More”, “Export chat”, “Include media”. Choose that file here. Each message is encrypted anew and marked as taken over.";
    chat_import_duty: "Übernehmen Sie nur, was in die Klinik gehört, und löschen Sie danach die Datei und den alten Chat.", "Take over only what belongs in the hospital, and delete the file and the old chat afterwards.";
    chat_import_choose_hint: "ZIP, TXT oder JSON", "ZIP, TXT or JSON";
    chat_import_reading: "Die Datei wird gelesen.", "The file is being read.";
    chat_import_unknown: "In dieser Datei ist kein Chat, der sich übernehmen lässt. Es geht mit Exporten aus WhatsApp, Element (JSON) und Konsil.", "There is no chat in this file that can be taken over. Exports of WhatsApp, Element (JSON) and Konsil work.";
    chat_import_empty: "In dieser Datei sind keine Nachrichten.", "There are no messages in this file.";
    chat_import_damaged: "Die Datei ist beschädigt oder unvollständig. Exportieren Sie den Chat noch einmal.", "The file is damaged or incomplete. Export the chat once more.";
    chat_import_other: "anderem Messenger", "another messenger";
    chat_import_no_title: "Übernommener Chat", "Chat taken over";
    chat_import_date_order: "Wie sind die Datumsangaben gemeint?", "How are the dates meant?";
    chat_import_day_first: "Tag zuerst", "Day first";
    chat_import_month_first: "Monat zuerst", "Month first";
    chat_import_who: "Wer sind Sie in diesem Chat?", "Who are you in this chat?";
    chat_import_nobody: "Niemand davon", "None of them";
    chat_import_where: "Wohin?", "Where to?";
    chat_import_new: "Neuer Chat nur für mich", "New chat for me alone";
    chat_import_existing: "Bestehender Chat", "Existing chat";
    chat_import_name: "Name des Chats", "Name of the chat";
    chat_import_choose_chat: "Chat wählen", "Choose a chat";
    chat_import_read_by_all: "Alle, die jetzt in diesem Chat sind, lesen dann die übernommenen Nachrichten. Wer später dazukommt, liest sie nicht. Benachrichtigt wird niemand.", "Everybody who is in this chat now then reads the messages. Who comes later does not. Nobody is notified.";
    chat_import_outside: "In diesem Chat sind Personen außerhalb Ihrer Klinik.", "There are people outside your hospital in this chat.";
    chat_import_other_chat: "Anderen wählen", "Choose another";
    chat_import_begin: "Übernehmen", "Take over";
    chat_import_go_on: "Fortsetzen", "Go on";
    chat_import_again: "Dieser Export wurde auf diesem Gerät schon übernommen.", "This export was taken over on this device before.";
    chat_import_busy: "Es wird schon ein Chat übernommen.", "A chat is being taken over already.";
    stuck: "Eine Nachricht in diesem Chat konnte nicht gesendet werden. Senden Sie sie dort noch einmal, oder löschen Sie sie.", "A message in this chat could not be sent. Send it there once more, or delete it.";
    chat_import_anew: "Neu beginnen", "Begin anew";
    chat_import_retry: "Weiter", "Go on";
    chat_import_stop: "Anhalten", "Stop";
    chat_import_left_out: "Anhang nicht im Export", "Attachment not in the export";
    chat_import_mark: "Übernommen", "Taken over";
}

impl Lang {
    /// How many messages of how many people an export has.
    pub fn chat_import_count(self, messages: usize, people: usize) -> String {
        match (self, messages, people) {
            (Self::De, 1, _) => "1 Nachricht".into(),
            (Self::En, 1, _) => "1 message".into(),
            (Self::De, _, 1) => format!("{} Nachrichten von 1 Person", self.number(messages)),
            (Self::En, _, 1) => format!("{} messages of 1 person", self.number(messages)),
            (Self::De, ..) => {
                format!("{} Nachrichten von {people} Personen", self.number(messages))
            }
            (Self::En, ..) => format!("{} messages of {people} people", self.number(messages)),
        }
    }

    /// Which attachments come along.
    pub fn chat_import_attachments(self, count: usize, bytes: u64) -> String {
        match (self, count) {
            (Self::De, 1) => format!("1 Anhang, {}", self.size(bytes)),
            (Self::De, _) => format!("{} Anhänge, {}", self.number(count), self.size(bytes)),
            (Self::En, 1) => format!("1 attachment, {}", self.size(bytes)),
            (Self::En, _) => format!("{} attachments, {}", self.number(count), self.size(bytes)),
        }
    }

    /// Which attachments do not.
    pub fn chat_import_missing(self, count: usize) -> String {
        match (self, count) {
            (Self::De, 1) => "1 Anhang ist nicht in der Datei.".into(),
            (Self::De, _) => format!("{} Anhänge sind nicht in der Datei.", self.number(count)),
            (Self::En, 1) => "1 attachment is not in the file.".into(),
            (Self::En, _) => format!("{} attachments are not in the file.", self.number(count)),
        }
    }

    /// How far it came before.
    pub fn chat_import_begun(self, done: usize, all: usize) -> String {
        let (done, all) = (self.number(done), self.number(all));
        match self {
            Self::De => format!("Beim letzten Mal kamen {done} von {all} Nachrichten an."),
            Self::En => format!("Last time {done} of {all} messages arrived."),
        }
    }

    /// How far it is.
    pub fn chat_import_at(self, done: usize, all: usize) -> String {
        let (done, all) = (self.number(done), self.number(all));
        match self {
            Self::De => format!("Wird übernommen: {done} von {all}"),
            Self::En => format!("Being taken over: {done} of {all}"),
        }
    }

    /// What has come over.
    pub fn chat_import_done(self, all: usize, left_out: usize) -> String {
        let messages = self.number(all);
        match (self, left_out) {
            (Self::De, 0) => format!("Übernommen: {messages} Nachrichten."),
            (Self::De, 1) => {
                format!("Übernommen: {messages} Nachrichten. 1 Anhang fehlte oder war unlesbar.")
            }
            (Self::De, _) => format!(
                "Übernommen: {messages} Nachrichten. {left_out} Anhänge fehlten oder waren unlesbar."
            ),
            (Self::En, 0) => format!("Taken over: {messages} messages."),
            (Self::En, 1) => {
                format!("Taken over: {messages} messages. 1 attachment was missing or unreadable.")
            }
            (Self::En, _) => format!(
                "Taken over: {messages} messages. {left_out} attachments were missing or unreadable."
            ),
        }
    }

    /// Konsil's own export, changed since.
    pub fn chat_import_altered(self, entry: u64) -> String {
        match self {
            Self::De => format!(
                "Dieser Konsil-Export wurde nach dem Unterschreiben verändert (Eintrag {entry}). Er wird nicht übernommen."
            ),
            Self::En => format!(
                "This Konsil export was changed after it was signed (entry {entry}). It is not taken over."
            ),
        }
    }

    /// Above messages that were taken over: from where, and by whom.
    pub fn chat_import_from(self, source: &str, by: &str) -> String {
        match self {
            Self::De => format!("aus {source}, übernommen von {by}"),
            Self::En => format!("from {source}, taken over by {by}"),
        }
    }

    /// Above messages that the reader has taken over.
    pub fn chat_import_from_by_me(self, source: &str) -> String {
        match self {
            Self::De => format!("aus {source}, von Ihnen übernommen"),
            Self::En => format!("from {source}, taken over by you"),
        }
    }

    /// A number with what sets its thousands apart.
    pub fn number(self, number: usize) -> String {
        let digits = number.to_string();
        let apart = if self == Self::De { '.' } else { ',' };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(apart);
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(|n| Lang::De.number(n)),
            ["0", "999", "1.000", "1.234.567"]
        );
        assert_eq!(Lang::En.number(12_345), "12,345");
    }
}
