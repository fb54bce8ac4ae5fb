//! The words of new versions.

use super::Lang;

words! {
    update_there: "Neue Version von Konsil", "New version of Konsil";
    update_hint: "Entwürfe und wartende Nachrichten bleiben. Danach fragt Konsil nach der PIN.", "Drafts and waiting messages stay. Konsil then asks for the PIN.";
    update_now: "Jetzt aktualisieren", "Update now";
    update_later: "Später", "Later";
    updating: "Wird aktualisiert …", "Updating …";

    too_old_title: "Konsil muss aktualisiert werden", "Konsil has to be updated";
    too_old_kept: "Entwürfe und Nachrichten, die noch nicht gesendet sind, bleiben auf diesem Gerät und gehen nach dem Aktualisieren hinaus.", "Drafts and messages that are not sent yet stay on this device and go out after the update.";
    too_old_passing: "Auf diesem Gerät wird nichts behalten: Was noch nicht gesendet ist, geht beim Aktualisieren verloren.", "Nothing is kept on this device: what is not sent yet is lost with the update.";
    too_old_same: "Auf dem Server liegt noch keine neuere Version. Bitte wenden Sie sich an die IT der Klinik.", "There is no newer version on the server yet. Please turn to the hospital's IT.";
    too_old_no_answer: "Der Server der Klinik antwortet nicht. Bitte WLAN oder Mobilfunk prüfen und noch einmal versuchen.", "The hospital's server does not answer. Please check Wi-Fi or mobile network and try again.";
    too_old_write: "IT der Klinik schreiben", "Write to the hospital's IT";
    too_old_urgent: "In dringenden Fällen bitte anrufen.", "If it is urgent, please telephone.";
}

impl Lang {
    /// „Die Klinik lässt nur noch Version 0.3.0 und neuere zu; hier läuft 0.1.0.“
    pub fn too_old(self, minimum: &str, here: &str) -> String {
        match self {
            Self::De => format!(
                "Die Klinik lässt aus Sicherheitsgründen nur noch Version {minimum} und neuere zu; auf diesem Gerät läuft {here}."
            ),
            Self::En => format!(
                "For safety the hospital takes only version {minimum} and later; this device runs {here}."
            ),
        }
    }
}
