//! The words of what does not fit in a chat, and of what proves that it does.

use super::Lang;

words! {
    missing_hint: "Gesendet, hier aber nicht angekommen. Fragen Sie bitte nach.", "Sent, but it has not arrived here. Please ask.";
    altered_hint: "Verlassen Sie sich nicht darauf und fragen Sie bitte nach.", "Do not rely on it, and please ask.";
    proof: "Nachweis", "Proof";
    proof_device: "Gesendet von Gerät", "Sent from device";
    proof_number: "Laufende Nummer", "Running number";
    proof_event: "Kennung", "Identifier";
    proof_hash: "Prüfsumme (SHA-256)", "Checksum (SHA-256)";
    proof_own: "von Ihnen bestätigt", "confirmed by you";
    proof_confirmed: "vom Absender bestätigt", "confirmed by its owner";
    proof_unconfirmed: "nicht bestätigt", "not confirmed";
    proof_compared: "und persönlich verglichen", "and compared in person";
}

impl Lang {
    /// So many messages of somebody are not here.
    pub fn messages_missing(self, who: &str, count: u64) -> String {
        match (self, count) {
            (Self::De, 1) => format!("1 Nachricht von {who} fehlt"),
            (Self::De, n) => format!("{n} Nachrichten von {who} fehlen"),
            (Self::En, 1) => format!("1 message of {who} is missing"),
            (Self::En, n) => format!("{n} messages of {who} are missing"),
        }
    }

    /// A message of somebody is not the one that was sent.
    pub fn message_altered(self, who: &str) -> String {
        match self {
            Self::De => format!("Eine Nachricht von {who} ist nicht die, die gesendet wurde"),
            Self::En => format!("A message of {who} is not the one that was sent"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_counted_and_named_in_both_languages() {
        assert_eq!(Lang::De.messages_missing("Dr. Meyer", 2), "2 Nachrichten von Dr. Meyer fehlen");
        assert_eq!(Lang::De.messages_missing("Dr. Meyer", 1), "1 Nachricht von Dr. Meyer fehlt");
        assert_eq!(
            Lang::En.messages_missing("Dr. Meyer", 2),
            "2 messages of Dr. Meyer are missing"
        );
        assert!(Lang::En.message_altered("Dr. Meyer").contains("Dr. Meyer"));
    }
}
