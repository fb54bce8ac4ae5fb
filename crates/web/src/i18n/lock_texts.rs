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
    lock_offline_hint: "Konsil versucht es weiter von selbst. Auf diesem Gerät geht nichts verloren. In dringenden Fällen bitte anrufen.", "Konsil keeps trying by itself. Nothing is lost on this device. If it is urgent, please telephone.";
    forgot_pin: "Abmelden und neu anmelden", "Sign out and sign in anew";
    forgot_question: "Auf diesem Gerät neu anfangen?", "Begin anew on this device?";
    forgot_lost: "Entwürfe und Nachrichten, die noch nicht gesendet sind, gehen verloren.", "Drafts and messages that are not sent yet are lost.";
    forgot_back: "Frühere Nachrichten kommen nach dem Neuanmelden mit dem Wiederherstellungsschlüssel oder einem anderen eigenen Gerät zurück.", "Earlier messages come back after signing in anew, with the recovery key or another device of yours.";

    // Settings
    app_lock: "App-Sperre", "App lock";
    lock_now: "Jetzt sperren", "Lock now";
    change_pin: "PIN ändern", "Change the PIN";
    current_pin: "Bisherige PIN oder Passphrase", "Present PIN or pass phrase";
    pin_changed: "Die neue PIN gilt.", "The new PIN holds.";
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

    /// When the app locks itself.
    pub fn lock_policy(self, idle_minutes: u32, hidden_seconds: u32) -> String {
        let idle = match (self, idle_minutes) {
            (Self::De, 1) => "nach einer Minute ohne Eingabe".to_owned(),
            (Self::De, n) => format!("nach {n} Minuten ohne Eingabe"),
            (Self::En, 1) => "after a minute without input".to_owned(),
            (Self::En, n) => format!("after {n} minutes without input"),
        };
        let hidden = match (self, hidden_seconds) {
            (Self::De, 0) => "sobald es nicht mehr zu sehen ist".to_owned(),
            (Self::De, n) => format!("wenn es {n} Sekunden nicht zu sehen war"),
            (Self::En, 0) => "as soon as it is out of sight".to_owned(),
            (Self::En, n) => format!("when it was out of sight for {n} seconds"),
        };
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
            Lang::En
                .lock_policy(1, 30)
                .contains("after a minute without input and when it was out of sight for 30")
        );
    }
}
