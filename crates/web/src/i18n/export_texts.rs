//! The words of exporting a chat.

use super::Lang;

words! {
    export_chat: "Gespräch exportieren", "Export chat";
    export_explain: "Das ganze Gespräch, mit Ihrer Unterschrift und einer Prüfsumme über jede Nachricht: was später daran geändert, gekürzt oder umgestellt wird, fällt auf.", "The whole chat, with your signature and a checksum over each message: whatever is altered, cut or reordered later shows.";
    export_outside: "Die Datei liegt unverschlüsselt außerhalb von Konsil. Anhänge sind nicht darin. Was hier gelöscht wird, bleibt dort stehen.", "The file lies outside of Konsil, unencrypted. Attachments are not in it. What is deleted here stays there.";
    export_not_allowed: "Ihre Klinik erlaubt nicht, Gespräche außerhalb von Konsil zu speichern.", "Your hospital does not allow chats to be saved outside of Konsil.";
    export_save: "Signierte Datei speichern", "Save signed file";
    export_print: "Drucken oder als PDF sichern", "Print or keep as PDF";
    export_done: "Gespeichert. Ihre IT kann die Datei jederzeit prüfen.", "Saved. Your IT can check the file at any time.";
    export_not_confirmed: "Dieses Gerät ist noch nicht bestätigt und kann nichts unterschreiben.", "This device is not confirmed yet and cannot sign anything.";
    export_deleted: "[gelöscht]", "[deleted]";
    export_unreadable: "[nicht lesbar]", "[unreadable]";
    export_edited: "[Änderung]", "[edit]";
}

impl Lang {
    /// What the file is called. It names nobody: a list of downloads is read by others.
    pub fn export_file_name(self) -> &'static str {
        match self {
            Self::De => "Konsil-Gespraech.json",
            Self::En => "Konsil-chat.json",
        }
    }

    /// How far the chat is loaded.
    pub fn export_loaded(self, events: usize) -> String {
        match self {
            Self::De => format!("{events} Einträge geladen …"),
            Self::En => format!("{events} entries loaded …"),
        }
    }

    /// Above the printed chat.
    pub fn export_by(self, who: &str, when: &str) -> String {
        match self {
            Self::De => format!("Exportiert von {who} am {when}"),
            Self::En => format!("Exported by {who} on {when}"),
        }
    }

    /// Below the printed chat.
    pub fn export_sealed(self, count: usize, last: &str) -> String {
        match self {
            Self::De => format!(
                "{count} Einträge. Prüfsumme über alle (SHA-256): {last}. Sie steht auch in der signierten Datei desselben Exports unter „last“."
            ),
            Self::En => format!(
                "{count} entries. Checksum over all (SHA-256): {last}. It also stands in the signed file of the same export, as “last”."
            ),
        }
    }
}
