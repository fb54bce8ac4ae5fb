//! The words of taking keys over from a file, and of giving them into one.

use super::Lang;

words! {
    keys_setting: "Schlüssel als Datei", "Keys as a file";
    keys_setting_hint: "Für Nachrichten, die Sie bisher in einem anderen Programm gelesen haben, etwa Element.", "For messages that you have read in another program so far, such as Element.";
    keys_take: "Schlüssel laden", "Load keys";
    keys_give: "Schlüssel sichern", "Save keys";
    keys_take_explain: "Exportieren Sie im anderen Programm die Schlüssel Ihrer Räume in eine Datei. Was Sie dort lesen konnten, lesen Sie danach auch hier. Laden Sie nur Dateien, die Sie selbst gemacht haben.", "Export your rooms' keys into a file in the other program. What you could read there you then read here too. Load only files that you have made yourself.";
    keys_choose: "Datei wählen", "Choose a file";
    keys_choose_hint: "Meist „element-keys.txt“", "Usually “element-keys.txt”";
    keys_passphrase: "Passphrase der Datei", "The file's passphrase";
    keys_passphrase_theirs: "Die Sie beim Exportieren gewählt haben.", "The one you chose when exporting.";
    keys_passphrase_new: "Mindestens 12 Zeichen. Sie wird nirgends aufbewahrt; ohne sie ist die Datei wertlos.", "At least 12 characters. It is kept nowhere; without it the file is worthless.";
    keys_no_file: "Bitte erst eine Datei wählen.", "Please choose a file first.";
    keys_checking: "Die Passphrase wird geprüft. Das dauert einige Sekunden.", "The passphrase is being checked. This takes some seconds.";
    keys_take_submit: "Laden", "Load";
    keys_other_file: "Das ist keine Schlüsseldatei, oder sie ist beschädigt.", "This is no file with keys, or it is damaged.";
    keys_wrong: "Die Passphrase passt nicht zu dieser Datei.", "The passphrase does not fit this file.";
    keys_too_large: "Diese Datei ist zu groß oder zu aufwendig verschlossen.", "This file is too large, or closed with too much effort.";
    keys_not_allowed: "Ihre Klinik erlaubt nicht, etwas außerhalb von Konsil zu speichern. Ihre Schlüssel sind mit dem Wiederherstellungsschlüssel gesichert.", "Your hospital does not allow anything to be saved outside of Konsil. Your keys are safe with the recovery key.";
    keys_give_explain: "Eine Datei mit den Schlüsseln aller Nachrichten, die dieses Gerät lesen kann, verschlossen mit einer Passphrase. Wer beides hat, kann diese Nachrichten lesen, sobald er an sie herankommt. Für ein neues Gerät brauchen Sie das nicht: dafür ist der Wiederherstellungsschlüssel da.", "A file with the keys of all messages that this device can read, closed with a passphrase. Whoever has both can read these messages once they get hold of them. You do not need it for a new device: that is what the recovery key is for.";
    keys_give_submit: "Datei speichern", "Save file";
    keys_making: "Die Datei wird verschlossen. Das dauert einige Sekunden.", "The file is being closed. This takes some seconds.";
    keys_given: "Gespeichert.", "Saved.";
}

impl Lang {
    /// What the file is called. It names nobody: a list of downloads is read by others.
    pub fn keys_file_name(self) -> &'static str {
        match self {
            Self::De => "Konsil-Schluessel.txt",
            Self::En => "Konsil-keys.txt",
        }
    }

    /// How far storing is.
    pub fn keys_stored(self, at: usize, all: usize) -> String {
        match self {
            Self::De => format!("{at} von {all} Schlüsseln"),
            Self::En => format!("{at} of {all} keys"),
        }
    }

    /// What a file has brought.
    pub fn keys_taken(self, new: usize, all: usize) -> String {
        match (self, new) {
            (Self::De, 0) => {
                format!("In der Datei ist nichts Neues: alle {all} Schlüssel waren schon da.")
            }
            (Self::De, 1) => format!("1 neuer Schlüssel von {all} geladen."),
            (Self::De, _) => format!("{new} neue Schlüssel von {all} geladen."),
            (Self::En, 0) => format!("The file holds nothing new: all {all} keys were here."),
            (Self::En, 1) => format!("1 new key of {all} loaded."),
            (Self::En, _) => format!("{new} new keys of {all} loaded."),
        }
    }

    /// The passphrase of a new file is too short.
    pub fn keys_too_short(self, least: usize) -> String {
        match self {
            Self::De => format!("Bitte mindestens {least} Zeichen."),
            Self::En => format!("At least {least} characters, please."),
        }
    }
}
