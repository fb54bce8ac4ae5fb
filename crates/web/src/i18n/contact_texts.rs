//! The words of the person's own address book.

use super::Lang;

words! {
    contacts: "Meine Kontakte", "My contacts";
    contacts_title: "Kontakte", "Contacts";
    contacts_hint: "Ihr eigenes Adressbuch, getrennt vom Telefon. Nur Ihre Geräte können es lesen.", "Your own address book, apart from the phone's. Only your devices can read it.";
    contacts_none: "Noch keine Kontakte", "No contacts yet";
    contacts_none_hint: "Kontakte selbst anlegen oder aus Chats, Verzeichnis, Dateien und QR-Codes übernehmen. Das Adressbuch des Telefons liest Konsil nie.", "Add contacts yourself, or take them over from chats, the directory, files and QR codes. Konsil never reads the phone's address book.";
    contacts_search: "Name, Nummer, Station …", "Name, number, ward …";
    contacts_no_hit: "Kein Kontakt gefunden", "No contact found";
    contacts_no_hit_hint: "Im Verzeichnis der Klinik steht die Person vielleicht unter „Personen“.", "In the hospital's directory the person may stand under “People”.";
    contacts_favourites: "Favoriten", "Favourites";
    contacts_waiting: "Auf diesem Gerät gespeichert. Ihre anderen Geräte bekommen es, sobald Netz da ist.", "Kept on this device. Your other devices get it as soon as there is network.";
    contacts_confirm: "Kontakte Ihrer anderen Geräte kommen, sobald dieses Gerät bestätigt ist.", "Contacts of your other devices come once this device is confirmed.";
    contacts_mended: "Ein Teil des Adressbuchs war auf dem Server beschädigt und wurde von diesem Gerät aus wiederhergestellt.", "A part of the address book was damaged on the server and was restored from this device.";
    contacts_delete_all: "Alle Kontakte löschen", "Delete all contacts";
    contacts_delete_all_means: "Alle Kontakte verschwinden von allen Ihren Geräten und vom Server. Chats bleiben.", "All contacts go from all of your devices and from the server. Chats stay.";
    contacts_deleted: "Kontakte gelöscht", "Contacts deleted";

    contact_new: "Kontakt anlegen", "Add a contact";
    contact_edit: "Kontakt bearbeiten", "Edit contact";
    contact_save: "Kontakt speichern", "Save contact";
    contact_delete: "Kontakt löschen", "Delete contact";
    contact_delete_means: "Der Kontakt verschwindet von allen Ihren Geräten. Ein Chat mit der Person bleibt.", "The contact goes from all of your devices. A chat with the person stays.";
    contact_deleted: "Kontakt gelöscht", "Contact deleted";
    contact_gone: "Diesen Kontakt gibt es nicht mehr.", "This contact is no longer there.";
    contact_share: "Kontakt senden", "Send contact";
    contact_shared: "Kontakt gesendet", "Contact sent";
    contact_favour: "Zu Favoriten", "Add to favourites";
    contact_unfavour: "Aus Favoriten", "Remove from favourites";
    contact_name: "Name", "Full name";
    contact_name_hint: "So, wie Sie die Person nennen", "As you call the person";
    contact_role: "Funktion", "Role";
    contact_department: "Abteilung oder Station", "Department or ward";
    contact_hospital: "Krankenhaus", "Hospital";
    contact_phones: "Telefonnummern", "Phone numbers";
    contact_number: "Nummer", "Number";
    contact_number_kind: "Art der Nummer", "Kind of number";
    contact_number_add: "Nummer hinzufügen", "Add a number";
    contact_mail: "E-Mail", "Mail";
    contact_mail_add: "E-Mail hinzufügen", "Add a mail address";
    contact_address: "Konsil-Adresse", "Konsil address";
    contact_address_hint: "Zum Beispiel @petra.wolf:klinikum.example", "For example @petra.wolf:hospital.example";
    contact_note: "Notiz", "Note";
    contact_note_hint: "Nur für Sie", "For you alone";
    contact_from: "Übernommen", "Taken over";
    contact_vouched: "Laut Klinik", "According to the hospital";
    contact_vouched_none: "Die Klinik nennt zu dieser Adresse gerade keinen Namen.", "The hospital gives no name for this address right now.";
    contact_other_name: "In Ihren Kontakten steht ein anderer Name. Im Chat gilt der Name der Klinik.", "Your contacts have another name. In the chat the hospital's name stands.";
    contact_also: "Auf einem anderen Gerät wurde gleichzeitig etwas anderes gespeichert:", "On another device something else was saved at the same time:";
    contact_also_take: "Dies übernehmen", "Take this";
    contact_also_drop: "Verwerfen", "Discard";

    contact_nameless: "Bitte einen Namen oder eine Nummer angeben.", "Please give a name or a number.";
    contact_bad_address: "Diese Konsil-Adresse gibt es so nicht. Sie sieht aus wie @name:klinik.example.", "This is no Konsil address. It looks like @name:hospital.example.";
    contact_full: "Das Adressbuch ist voll. Bitte zuerst Kontakte löschen.", "The address book is full. Please delete contacts first.";
    contact_too_long: "Ein Text ist zu lang, oder es sind zu viele Nummern.", "A text is too long, or there are too many numbers.";

    own_code: "Mein QR-Code", "My QR code";
    own_code_hint: "Wer diesen Code mit Konsil oder einem anderen passenden Messenger liest, kann Ihnen schreiben. Er enthält nur Ihre Adresse.", "Whoever reads this code with Konsil or another messenger that fits can write to you. It holds your address alone.";
    own_code_label: "QR-Code mit Ihrer Konsil-Adresse", "QR code with your Konsil address";
    own_code_copy: "Adresse kopieren", "Copy the address";

    import_contacts: "Kontakte übernehmen", "Take contacts over";
    import_hint: "Vor dem Übernehmen sehen Sie, was neu ist. Dateien bleiben auf diesem Gerät.", "Before anything is taken you see what is new. Files stay on this device.";
    import_group: "Aus einem Chat", "From a chat";
    import_group_hint: "Mitglieder einer Gruppe oder die Person eines Chats", "Members of a group, or the person of a chat";
    import_directory: "Aus dem Verzeichnis", "From the directory";
    import_directory_hint: "Personen Ihrer Klinik suchen und auswählen", "Look for people of your hospital and choose them";
    import_vcard: "Visitenkarten-Datei (vCard)", "Business card file (vCard)";
    import_vcard_hint: "Eine .vcf-Datei, wie Telefone und Mailprogramme sie ausgeben", "A .vcf file, as phones and mail programs export it";
    import_csv: "Tabelle (CSV)", "Table (CSV)";
    import_csv_hint: "Zum Beispiel eine Telefonliste aus Excel, mit Überschriften", "For example a phone list from Excel, with headings";
    import_code: "QR-Code", "A QR code";
    import_code_hint: "Mit der Kamera, aus einem Bild oder als Link", "By camera, from a picture or as a link";
    import_choose_chat: "Chat auswählen", "Choose a chat";
    import_no_chats: "Noch kein Chat, aus dem sich jemand übernehmen ließe.", "No chat yet from which anybody could be taken.";
    import_chat_failed: "Die Mitglieder lassen sich gerade nicht laden. Bitte noch einmal versuchen.", "The members cannot be loaded right now. Please try again.";
    import_nobody: "In diesem Chat ist sonst niemand.", "There is nobody else in this chat.";
    import_continue: "Weiter", "Go on";
    import_reading: "Wird gelesen …", "Reading …";
    import_too_large: "Die Datei ist größer als 20 MB. Bitte in kleinere Dateien aufteilen.", "The file is larger than 20 MB. Please split it into smaller ones.";
    import_no_file: "Die Datei lässt sich nicht lesen.", "The file cannot be read.";
    import_nothing: "Hier ist nichts zu übernehmen", "There is nothing to take";
    import_nothing_hint: "Was gelesen wurde, steht alles schon in Ihren Kontakten, oder es war nichts zu lesen.", "All that was read stands in your contacts already, or nothing could be read.";
    import_preview: "Übernehmen?", "Take over?";
    import_will_be_new: "Neu oder ergänzt", "New or added to";
    import_already: "Schon da", "Already there";
    import_unread: "Nicht lesbar", "Not readable";
    import_show_all: "Alle zeigen", "Show all";
    import_working: "Wird übernommen …", "Taking over …";
    import_all: "Alle auswählen", "Choose all";

    code_hold: "QR-Code einer Person vor die Kamera halten", "Hold a person's QR code in front of the camera";
    code_no_camera: "Die Kamera geht hier nicht. Bitte ein Bild wählen oder den Link einfügen.", "The camera does not work here. Please choose a picture or paste the link.";
    code_picture: "Bild wählen", "Choose a picture";
    code_paste: "Link oder Adresse", "Link or address";
    code_paste_hint: "Statt der Kamera: hier einfügen", "Instead of the camera: paste it here";
    code_device: "Das ist der Code eines neuen Geräts, kein Kontakt. Geräte werden in den Einstellungen unter „Weiteres Gerät anmelden“ angemeldet.", "This is the code of a new device, no contact. Devices are signed in in the settings, under “Sign in another device”.";
    code_other: "In diesem Code steht keine Person.", "There is no person in this code.";
    code_own: "Das ist Ihr eigener Code.", "This is your own code.";
    code_none: "In diesem Bild ist kein QR-Code zu finden.", "There is no QR code in this picture.";
    code_is_contact: "Das ist der Code einer Person, kein neues Gerät. Personen werden unter „Meine Kontakte“ übernommen.", "This is a person's code, no new device. People are taken over under “My contacts”.";
}

impl Lang {
    /// How many contacts there are.
    pub fn contacts_count(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Kontakt".into(),
            (Self::De, n) => format!("{n} Kontakte"),
            (Self::En, 1) => "1 contact".into(),
            (Self::En, n) => format!("{n} contacts"),
        }
    }

    /// Columns of a table that are not taken.
    pub fn import_left_out(self, columns: &[String]) -> String {
        let columns = columns.join(", ");
        match self {
            Self::De => format!("Diese Spalten werden nicht übernommen: {columns}"),
            Self::En => format!("These columns are not taken: {columns}"),
        }
    }

    /// What an import would do, in one line.
    pub fn import_summary(self, new: usize, added: usize, there: usize, unread: usize) -> String {
        match self {
            Self::De => {
                format!("{new} neu · {added} ergänzt · {there} schon da · {unread} nicht lesbar")
            }
            Self::En => {
                format!("{new} new · {added} added to · {there} there · {unread} not readable")
            }
        }
    }

    /// Agreeing to an import.
    pub fn import_take(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 0) => "Nichts ausgewählt".into(),
            (Self::De, 1) => "1 Kontakt übernehmen".into(),
            (Self::De, n) => format!("{n} Kontakte übernehmen"),
            (Self::En, 0) => "Nothing chosen".into(),
            (Self::En, 1) => "Take 1 contact".into(),
            (Self::En, n) => format!("Take {n} contacts"),
        }
    }

    /// How far the looking is.
    pub fn import_looked(self, n: usize, of: usize) -> String {
        match self {
            Self::De => format!("{n} von {of} geprüft"),
            Self::En => format!("{n} of {of} checked"),
        }
    }

    /// An import is done.
    pub fn import_done(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Kontakt übernommen".into(),
            (Self::De, n) => format!("{n} Kontakte übernommen"),
            (Self::En, 1) => "1 contact taken over".into(),
            (Self::En, n) => format!("{n} contacts taken over"),
        }
    }
}
