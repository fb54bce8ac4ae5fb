//! The words of broadcast lists.

use super::Lang;

words! {
    lists: "Verteiler", "Broadcast lists";
    lists_hint: "Eine Nachricht an viele: jede Person bekommt sie im eigenen Chat und sieht nicht, wer sonst auf der Liste steht. Die Listen liegen nur auf diesem Gerät.", "One message to many: each person gets it in their own chat and does not see who else is on the list. The lists lie on this device alone.";
    lists_none: "Noch kein Verteiler", "No broadcast list yet";
    lists_none_hint: "Zum Beispiel alle vom Frühdienst oder die Oberärztinnen.", "For example everybody on the early shift, or the senior physicians.";
    list_new: "Neuer Verteiler", "New broadcast list";
    list_edit: "Verteiler bearbeiten", "Edit broadcast list";
    list_name: "Name des Verteilers", "Name of the list";
    list_name_hint: "Zum Beispiel Frühdienst", "For example Early shift";
    list_keep: "Speichern", "Save";
    list_forget: "Verteiler löschen", "Delete list";
    list_forget_means: "Die Chats mit den Personen und alles darin bleiben.", "The chats with the people and everything in them stay.";
    list_write: "Nachricht an alle", "Message to all";
    list_send: "An alle senden", "Send to all";
    list_sending: "Wird gesendet …", "Sending …";
    list_queued: "Geht raus, sobald Netz da ist", "Goes out as soon as there is network";
    list_no_device: "Hat noch kein Gerät eingerichtet, nicht gesendet", "Has not set up a device yet, not sent";
    list_again: "Noch einmal an die übrigen", "Once more to the others";
}

impl Lang {
    /// How many people a list has.
    pub fn list_people(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Person".into(),
            (Self::De, n) => format!("{n} Personen"),
            (Self::En, 1) => "1 person".into(),
            (Self::En, n) => format!("{n} people"),
        }
    }

    /// More people than a list takes.
    pub fn list_too_many(self, most: usize) -> String {
        match self {
            Self::De => format!("Höchstens {most} Personen. Für mehr ist eine Gruppe besser."),
            Self::En => format!("{most} people at most. For more, a group is better."),
        }
    }

    /// How many of a list have the message at the server.
    pub fn list_sent_of(self, sent: usize, of: usize) -> String {
        match self {
            Self::De => format!("{sent} von {of} gesendet"),
            Self::En => format!("{sent} of {of} sent"),
        }
    }
}
