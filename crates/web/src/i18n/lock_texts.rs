//! The words of the app lock.

use super::Lang;

words! {
    // Setting the PIN
    pin_title: "PIN festlegen", "Set a PIN";
    pin_explain: "Konsil öffnet sich auf diesem Gerät nur mit dieser PIN. Sie ist eine andere als die des Telefons oder Computers.", "Konsil opens on this device only with this PIN. It is not the one of the phone or computer.";
    pin_explain_earlier: "Neu: Konsil öffnet sich ab jetzt nur mit einer eigenen PIN. Chats, Entwürfe und wartende Nachrichten bleiben erhalten.", "New: from now on Konsil opens only with a PIN of its own. Chats, drafts and waiting messages are kept.";
    pin_forget_hint: "Niemand kann die PIN nachsehen, auch die Klinik-IT nicht. Wer sie vergisst, meldet sich neu an.", "Nobody can look the PIN up, not even the hospital's IT. Whoever forgets it signs in anew.";
    pin_code: "PIN", "PIN code";
    pin_new: "Neue PIN", "New PIN";
    pin_again: "PIN wiederholen", "Repeat the PIN";
    passphrase: "Passphrase", "Pass phrase";
    passphrase_new: "Neue Passphrase", "New pass phrase";
    passphrase_again: "Passphrase wiederholen", "Repeat the pass phrase";
    use_passphrase: "Lieber Buchstaben und Wörter", "Letters and words instead";
    use_digits: "Lieber nur Ziffern", "Digits only instead";
    pin_set: "PIN festlegen und öffnen", "Set the PIN and open";
    pin_setting: "Wird eingerichtet …", "Setting up …";
    pin_differs: "Die beiden Eingaben sind verschieden. Bitte noch einmal eingeben.", "The two are different. Please enter them again.";
    pin_obvious: "Das würde man zuerst raten. Bitte keine Reihe und keine Wiederholung wie 123456 oder 121212.", "This would be guessed first. Please no row and no repetition such as 123456 or 121212.";
    pin_needs_network: "Zum Festlegen der PIN braucht Konsil den Server der Klinik, und der antwortet nicht. Bitte WLAN oder Mobilfunk prüfen und noch einmal versuchen.", "To set the PIN, Konsil needs the hospital's server, and that does not answer. Please check Wi-Fi or mobile network and try again.";

    // The lock screen
    locked_title: "Konsil ist gesperrt", "Konsil is locked";
    unlock: "Entsperren", "Unlock";
    unlocking: "Wird geöffnet …", "Opening …";
    enter_pin: "Bitte PIN eingeben.", "Please enter the PIN.";
    last_try: "Letzter Versuch.", "Last try.";
    wrong_pin: "Das ist nicht die richtige PIN.", "That is not the right PIN.";
    what_is_lost: "Nach zehn falschen Eingaben öffnet sich der Speicher auf diesem Gerät nicht mehr, auch nicht mit der richtigen PIN. Verloren gehen dann Entwürfe und Nachrichten, die noch nicht gesendet sind. Frühere Nachrichten kommen nach dem Neuanmelden mit dem Wiederherstellungsschlüssel zurück.", "After ten wrong entries the storage on this device does not open any more, not even with the right PIN. Drafts and messages that are not sent yet are then lost. Earlier messages come back with the recovery key after signing in anew.";
    lock_destroyed: "Zehnmal falsch eingegeben: Der Speicher auf diesem Gerät öffnet sich nicht mehr.", "Entered wrongly ten times: the storage on this device does not open any more.";
    lock_signed_out: "Dieses Gerät wurde abgemeldet. Sein Speicher öffnet sich nicht mehr.", "This device was signed out. Its storage does not open any more.";
    lock_anew_hint: "Bitte neu anmelden. Frühere Nachrichten kommen mit dem Wiederherstellungsschlüssel zurück.", "Please sign in anew. The recovery key brings earlier messages back.";
    lock_account: "Das Konto ist gesperrt. Auf diesem Gerät geht nichts verloren; sobald die IT der Klinik das Konto wieder öffnet, öffnet sich Konsil mit der PIN.", "The account is blocked. Nothing is lost on this device; as soon as the hospital's IT opens the account again, Konsil opens with the PIN.";
    lock_offline: "Kein Netz. Zum Entsperren braucht Konsil den Server der Klinik.", "No network. To unlock, Konsil needs the hospital's server.";
    lock_unreachable: "Der Server der Klinik antwortet nicht. Ohne ihn lässt sich Konsil nicht entsperren.", "The hospital's server does not answer. Without it Konsil cannot be unlocked.";
    no_network: "Kein Netz.", "No network.";
    no_answer: "Der Server der Klinik antwortet nicht.", "The hospital's server does not answer.";
    offline_not_allowed: "Zum Entsperren braucht Konsil den Server: Ohne ihn zu öffnen, erlaubt die Klinik nicht.", "To unlock, Konsil needs the server: the hospital does not allow opening without it.";
    offline_not_set_up: "Zum Entsperren braucht Konsil den Server: Auf diesem Gerät ist nicht eingerichtet, dass es ohne ihn geht.", "To unlock, Konsil needs the server: opening without it was not set up on this device.";
    offline_clock: "Die Uhr dieses Geräts wurde zurückgestellt. Bis sie stimmt oder der Server antwortet, öffnet sich Konsil nicht.", "The clock of this device was set back. Until it is right or the server answers, Konsil does not open.";
    offline_used_up: "Fünfmal falsch eingegeben: Jetzt öffnet sich Konsil erst wieder, wenn der Server antwortet.", "Entered wrongly five times: Konsil opens again only when the server answers.";
    wrong_pin_offline: "PIN oder Gerät ist nicht das richtige.", "The PIN or the device is not the right one.";
    passkey_unsupported: "Dieses Gerät oder dieser Browser kann das nicht: Es fehlt ein sicherer Speicher, der Finger, Gesicht oder Gerätecode prüft und Konsil ein Geheimnis dafür gibt (WebAuthn PRF).", "This device or browser cannot do that: it lacks a secure store that checks finger, face or device code and gives Konsil a secret for it (WebAuthn PRF).";
    passkey_refused: "Das Gerät hat Sie nicht erkannt, oder Sie haben abgebrochen. Bitte noch einmal versuchen.", "The device did not recognise you, or you cancelled. Please try again.";
    unlock_by_biometrics: "Mit Finger oder Gesicht entsperren", "Unlock with finger or face";
    or_by_pin: "oder mit der PIN", "or with the PIN";
    biometrics_refused: "Nicht erkannt oder abgebrochen. Das zählt nicht als Fehlversuch: Bitte noch einmal versuchen oder die PIN eingeben.", "Not recognised or cancelled. That counts as no wrong try: please try again or enter the PIN.";
    pin_needed: "Jetzt ist wieder die PIN nötig. Danach geht es wieder mit Finger oder Gesicht.", "The PIN is needed again now. After that, finger or face will do again.";
    biometrics_not_allowed: "Die Klinik erlaubt Finger und Gesicht nicht mehr. Bitte die PIN eingeben.", "The hospital no longer allows finger and face. Please enter the PIN.";
    biometrics_gone: "Finger und Gesicht sind auf diesem Gerät nicht mehr eingerichtet. Bitte die PIN eingeben.", "Finger and face are no longer set up on this device. Please enter the PIN.";
    lock_offline_hint: "Konsil versucht es weiter von selbst. Auf diesem Gerät geht nichts verloren. In dringenden Fällen bitte anrufen.", "Konsil keeps trying by itself. Nothing is lost on this device. If it is urgent, please telephone.";
    forgot_pin: "Abmelden und neu anmelden", "Sign out and sign in anew";
    forgot_question: "Auf diesem Gerät neu anfangen?", "Begin anew on this device?";
    forgot_lost: "Entwürfe und Nachrichten, die noch nicht gesendet sind, gehen verloren.", "Drafts and messages that are not sent yet are lost.";
    forgot_back: "Frühere Nachrichten kommen nach dem Neuanmelden mit dem Wiederherstellungsschlüssel oder einem anderen eigenen Gerät zurück.", "Earlier messages come back after signing in anew, with the recovery key or another device of yours.";

    // Several people on one device
    whose_app: "Wer sind Sie?", "Who are you?";
    another_person: "Andere Person anmelden", "Sign in another person";
    change_person: "Person wechseln", "Change person";

    keep_nothing: "Auf diesem Gerät nichts behalten", "Keep nothing on this device";
    keep_nothing_hint: "Für Geräte, die nicht Ihre sind. Beim Sperren, Abmelden oder Schließen ist alles weg, auch was noch nicht gesendet ist.", "For devices that are not yours. When it locks, you sign out or close it, all is gone, also what is not sent yet.";
    passing_session: "Nur für jetzt", "Only for now";
    session_passed: "Konsil ist beendet. Auf diesem Gerät ist nichts geblieben.", "Konsil has ended. Nothing is left on this device.";
    end_session: "Beenden und alles löschen", "End and delete all";

    // Settings
    app_lock: "App-Sperre", "App lock";
    lock_now: "Jetzt sperren", "Lock now";
    change_pin: "PIN ändern", "Change the PIN";
    current_pin: "Bisherige PIN oder Passphrase", "Present PIN or pass phrase";
    pin_or_passphrase: "PIN oder Passphrase", "PIN or pass phrase";
    pin_changed: "Die neue PIN gilt.", "The new PIN holds.";
    offline_title: "Ohne Server öffnen", "Opening without the server";
    offline_set_up: "Einrichten", "Set up";
    offline_end: "Abschalten", "Switch off";
    offline_ended: "Konsil öffnet sich nur noch mit dem Server.", "From now on Konsil opens with the server alone.";
    offline_done: "Eingerichtet.", "Set up.";
    offline_explain: "Fällt der Server oder das Netz aus, öffnet sich Konsil auf diesem Gerät dann mit der PIN und zusätzlich mit Finger, Gesicht oder Code des Geräts. Das Gerät fragt jetzt danach.", "If server or network fail, Konsil then opens on this device with the PIN and in addition with finger, face or code of the device. The device will ask for it now.";
    biometrics_title: "Finger oder Gesicht", "Finger or face";
    biometrics_set_up: "Einrichten", "Set up";
    biometrics_end: "Abschalten", "Switch off";
    biometrics_ended: "Konsil öffnet sich nur noch mit der PIN.", "From now on Konsil opens with the PIN alone.";
    biometrics_done: "Eingerichtet. Die PIN gilt weiter.", "Set up. The PIN still holds.";
    biometrics_device_code: "Auf manchen Geräten genügt dem Gerät statt Finger oder Gesicht auch sein eigener Code: Wer ihn kennt, öffnet in dieser Zeit auch Konsil. Ihre Klinik hat das erlaubt; Sie müssen es nicht nutzen.", "On some devices the device's own code will do instead of finger or face: whoever knows it also opens Konsil during that time. Your hospital has allowed this; you do not have to use it.";
    biometrics_stay: "Konsil und die Klinik erfahren nichts über Finger oder Gesicht: Das Gerät erkennt Sie selbst. Jetzt fragt es danach.", "Konsil and the hospital learn nothing about finger or face: the device itself recognises you. It will ask for it now.";
    biometrics_unsupported: "Auf diesem Gerät geht das nicht: Gerät oder Browser haben keinen sicheren Speicher, der Finger oder Gesicht prüft und Konsil dafür ein Geheimnis gibt (WebAuthn PRF). Die PIN genügt.", "This does not work on this device: the device or browser has no secure store that checks finger or face and gives Konsil a secret for it (WebAuthn PRF). The PIN is enough.";
    offline_looking: "Wird geprüft …", "Being checked …";
    save_pin: "PIN speichern", "Save the PIN";
    lock_here: "Überall sperren", "Lock everywhere";
}

impl Lang {
    /// How short a PIN may be.
    pub fn pin_at_least(self, characters: u32) -> String {
        match self {
            Self::De => format!("Mindestens {characters} Zeichen."),
            Self::En => format!("At least {characters} characters."),
        }
    }

    /// How many wrong tries are left.
    pub fn tries_left(self, tries: u64) -> String {
        match (self, tries) {
            (Self::De, 1) => "Noch ein Versuch.".into(),
            (Self::De, n) => format!("Noch {n} Versuche."),
            (Self::En, 1) => "One try left.".into(),
            (Self::En, n) => format!("{n} tries left."),
        }
    }

    /// Since when the server does not answer.
    pub fn since(self, clock: &str) -> String {
        match self {
            Self::De => format!("Seit {clock} Uhr."),
            Self::En => format!("Since {clock}."),
        }
    }

    /// Until a try is taken again: `0:29`, `1:00:00`.
    pub fn next_try_in(self, seconds: u64) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let time = if hours > 0 {
            format!("{hours}:{minutes:02}:{rest:02}")
        } else {
            format!("{minutes}:{rest:02}")
        };
        match self {
            Self::De => format!("Nächster Versuch in {time}"),
            Self::En => format!("Next try in {time}"),
        }
    }

    /// Until when it opens without the server.
    pub fn offline_until(self, moment: &str) -> String {
        match self {
            Self::De => format!(
                "Mit PIN und Finger, Gesicht oder Code des Geräts öffnet sich Konsil hier auch ohne den Server: bis {moment} Uhr."
            ),
            Self::En => format!(
                "With the PIN and finger, face or code of the device, Konsil opens here without the server, too: until {moment}."
            ),
        }
    }

    /// Since when it does not open without the server any more.
    pub fn offline_over(self, moment: &str) -> String {
        match self {
            Self::De => format!(
                "Die Zeit, in der sich Konsil ohne den Server öffnet, ist seit {moment} Uhr vorbei."
            ),
            Self::En => {
                format!("The time in which Konsil opens without the server ended: {moment}.")
            }
        }
    }

    /// For how long the hospital allows opening without the server.
    pub fn offline_allowed(self, hours: u32) -> String {
        match (self, hours) {
            (Self::De, 1) => "Die Klinik erlaubt eine Stunde ohne Server.".into(),
            (Self::De, n) => format!("Die Klinik erlaubt {n} Stunden ohne Server."),
            (Self::En, 1) => "The hospital allows one hour without the server.".into(),
            (Self::En, n) => format!("The hospital allows {n} hours without the server."),
        }
    }

    /// After how long only the PIN opens it.
    pub fn pin_needed_after(self, hours: u32) -> String {
        match (self, hours) {
            (Self::De, 1) => "Die PIN wurde hier seit mehr als einer Stunde nicht eingegeben. Bitte jetzt die PIN; danach geht es wieder mit Finger oder Gesicht.".into(),
            (Self::De, n) => format!("Die PIN wurde hier seit mehr als {n} Stunden nicht eingegeben. Bitte jetzt die PIN; danach geht es wieder mit Finger oder Gesicht."),
            (Self::En, 1) => "The PIN was not entered here for more than an hour. Please enter it now; after that, finger or face will do again.".into(),
            (Self::En, n) => format!("The PIN was not entered here for more than {n} hours. Please enter it now; after that, finger or face will do again."),
        }
    }

    /// What finger or face open, and until when.
    pub fn biometrics_explain(self, hours: u32) -> String {
        match (self, hours) {
            (Self::De, 1) => "Zwischen zwei PIN-Eingaben öffnet sich Konsil auf diesem Gerät auch mit Finger oder Gesicht. Eine Stunde nach der letzten PIN-Eingabe fragt Konsil wieder nach der PIN, und immer, wenn Sie die PIN ändern.".into(),
            (Self::De, n) => format!("Zwischen zwei PIN-Eingaben öffnet sich Konsil auf diesem Gerät auch mit Finger oder Gesicht. {n} Stunden nach der letzten PIN-Eingabe fragt Konsil wieder nach der PIN, und immer, wenn Sie die PIN ändern."),
            (Self::En, 1) => "Between two entries of the PIN, Konsil opens on this device with finger or face as well. An hour after the last entry Konsil asks for the PIN again, and always when you change it.".into(),
            (Self::En, n) => format!("Between two entries of the PIN, Konsil opens on this device with finger or face as well. {n} hours after the last entry Konsil asks for the PIN again, and always when you change it."),
        }
    }

    /// When a session ends of which nothing is stored.
    pub fn passing_policy(self, idle_minutes: u32, hidden_seconds: u32) -> String {
        let (idle, hidden) = self.lock_times(idle_minutes, hidden_seconds);
        match self {
            Self::De => format!(
                "Auf diesem Gerät wird nichts behalten. Konsil endet {idle}, {hidden} und wenn Sie es schließen. Danach ist hier alles weg, und das Gerät gehört nicht mehr zu Ihrem Konto."
            ),
            Self::En => format!(
                "Nothing is kept on this device. Konsil ends {idle}, {hidden} and when you close it. Then all is gone from here, and the device no longer belongs to your account."
            ),
        }
    }

    /// The name of the picture that stands for somebody whose name is not shown.
    pub fn sign(self, index: usize) -> String {
        let index = u8::try_from(index).unwrap_or_default();
        super::emoji_name(self, index).unwrap_or_default().to_owned()
    }

    fn lock_times(self, idle_minutes: u32, hidden_seconds: u32) -> (String, String) {
        let idle = match (self, idle_minutes) {
            (Self::De, 1) => "nach einer Minute ohne Eingabe".to_owned(),
            (Self::De, n) => format!("nach {n} Minuten ohne Eingabe"),
            (Self::En, 1) => "after a minute without input".to_owned(),
            (Self::En, n) => format!("after {n} minutes without input"),
        };
        let minutes = hidden_seconds / 60;
        let hidden = match (self, hidden_seconds) {
            (Self::De, 0) => "sobald es nicht mehr zu sehen ist".to_owned(),
            (Self::De, 60) => "wenn es eine Minute nicht zu sehen war".to_owned(),
            (Self::De, n) if n % 60 == 0 => format!("wenn es {minutes} Minuten nicht zu sehen war"),
            (Self::De, n) => format!("wenn es {n} Sekunden nicht zu sehen war"),
            (Self::En, 0) => "as soon as it is out of sight".to_owned(),
            (Self::En, 60) => "when it was out of sight for a minute".to_owned(),
            (Self::En, n) if n % 60 == 0 => {
                format!("when it was out of sight for {minutes} minutes")
            }
            (Self::En, n) => format!("when it was out of sight for {n} seconds"),
        };
        (idle, hidden)
    }

    /// When the app locks itself.
    pub fn lock_policy(self, idle_minutes: u32, hidden_seconds: u32) -> String {
        let (idle, hidden) = self.lock_times(idle_minutes, hidden_seconds);
        match self {
            Self::De => {
                format!("Konsil sperrt sich {idle} und {hidden}. So hat es die Klinik festgelegt.")
            }
            Self::En => {
                format!("Konsil locks itself {idle} and {hidden}. The hospital has chosen so.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_pause_reads_like_a_clock() {
        for (seconds, time) in [(0, "0:00"), (9, "0:09"), (61, "1:01"), (3600, "1:00:00")] {
            assert_eq!(Lang::De.next_try_in(seconds), format!("Nächster Versuch in {time}"));
        }
    }

    #[test]
    fn the_policy_says_what_holds() {
        assert!(Lang::De.lock_policy(5, 0).contains("nach 5 Minuten ohne Eingabe und sobald"));
        assert!(
            Lang::En.lock_policy(1, 30).contains(
                "after a minute without input and when it was out of sight for 30 seconds"
            )
        );
        assert!(Lang::De.lock_policy(5, 600).contains("wenn es 10 Minuten nicht zu sehen war"));
        assert!(Lang::De.lock_policy(5, 90).contains("wenn es 90 Sekunden nicht zu sehen war"));
    }
}
