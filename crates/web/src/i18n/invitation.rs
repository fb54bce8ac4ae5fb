//! Texts about being invited, choosing a password, and the home screen of iPhone and iPad.

use super::Lang;
use crate::password::{MIN_CHARS, Strength};

words! {
    invitation_have_one: "Ich habe eine Einladung", "I have an invitation";
    invitation_link: "Link der Einladung", "Link of the invitation";
    invitation_link_hint: "Den ganzen Link hier einfügen.", "Paste the whole link here.";
    invitation_link_wrong: "Das ist kein Link einer Einladung. Bitte ganz kopieren, vom Anfang bis zum Ende.", "This is not the link of an invitation. Please copy all of it, from beginning to end.";
    invitation_looking: "Einladung wird geöffnet …", "Opening the invitation …";
    invitation_prepared: "Das Konto ist vorbereitet. Jetzt noch ein Passwort wählen.", "The account is prepared. Now choose a password.";
    invitation_user_hint: "Damit geht die Anmeldung auf weiteren Geräten.", "This signs in on further devices.";
    invitation_password: "Neues Passwort", "New password";
    invitation_set_up: "Konto einrichten", "Set up the account";
    invitation_setting_up: "Konto wird eingerichtet …", "Setting up the account …";
    invitation_used: "Diese Einladung wurde schon verwendet", "This invitation has been used already";
    invitation_used_hint: "Wer sie selbst angenommen hat, meldet sich mit Benutzername und Passwort an. War es jemand anders, bitte gleich der IT der Klinik melden.", "Whoever accepted it signs in with user name and password. If it was somebody else, please tell the hospital's IT at once.";
    invitation_ended: "Diese Einladung ist abgelaufen", "This invitation has ended";
    invitation_ended_hint: "Die IT der Klinik stellt in einer Minute eine neue aus.", "The hospital's IT makes a new one in a minute.";
    invitation_unknown: "Diese Einladung gibt es nicht", "There is no such invitation";
    invitation_unknown_hint: "Vielleicht fehlt ein Teil des Links, oder es gibt inzwischen eine neuere Einladung. Sonst hilft die IT der Klinik.", "Perhaps a part of the link is missing, or there is a newer invitation. Otherwise the hospital's IT helps.";
    invitation_taken: "Dieser Benutzername ist inzwischen vergeben", "This user name has been taken meanwhile";
    invitation_unreachable: "Der Server der Klinik antwortet nicht", "The hospital's server does not answer";
    invitation_unreachable_hint: "Bitte mit WLAN oder Mobilfunk verbinden und noch einmal versuchen. Die Einladung bleibt gültig.", "Please connect to Wi-Fi or mobile network and try again. The invitation stays good.";
    invitation_write_to_it: "An die IT schreiben", "Write to IT";
    invitation_to_sign_in: "Zur Anmeldung", "To the sign-in";
    invitation_accepted: "Das Konto ist eingerichtet. Bitte mit dem neuen Passwort anmelden.", "The account is set up. Please sign in with the new password.";
    invitation_signed_in: "Hier ist schon jemand angemeldet. Für die Einladung bitte zuerst abmelden.", "Somebody is signed in here already. Please sign out first for the invitation.";
    password_guessable: "Zu leicht zu erraten: bitte etwas Eigenes, das nicht im Namen oder auf der Tastatur liegt.", "Too easy to guess: please something of your own that is not in the name or on the keyboard.";
    password_fair: "Gut", "Good";
    password_strong: "Sehr gut", "Very good";

    home_screen_title: "Erst auf den Home-Bildschirm", "First to the home screen";
    home_screen_why: "Auf iPhone und iPad behält Konsil Nachrichten nur, wenn es vom Home-Bildschirm geöffnet wird. Auch Mitteilungen gehen nur so.", "On iPhone and iPad Konsil keeps messages only when it is opened from the home screen. Notifications work only that way too.";
    home_screen_copy: "Link der Einladung kopieren", "Copy the invitation's link";
    home_screen_share: "Unten oder oben auf „Teilen“ tippen", "Tap “Share” at the bottom or the top";
    home_screen_add: "„Zum Home-Bildschirm“ wählen und hinzufügen", "Choose “Add to Home Screen” and add it";
    home_screen_open: "Konsil von dort öffnen", "Open Konsil from there";
    home_screen_open_invited: "Konsil von dort öffnen, „Ich habe eine Einladung“ antippen und den Link einfügen", "Open Konsil from there, tap “I have an invitation” and paste the link";
    home_screen_skip: "Ohne Home-Bildschirm weiter", "Go on without the home screen";
}

impl Lang {
    /// Above the form of an invitation.
    pub fn invitation_welcome(self, name: &str) -> String {
        match self {
            Self::De => format!("Willkommen, {name}"),
            Self::En => format!("Welcome, {name}"),
        }
    }

    /// What a password has to be.
    pub fn password_rules(self) -> String {
        match self {
            Self::De => format!(
                "Mindestens {MIN_CHARS} Zeichen. Ein kurzer Satz ist sicherer und leichter zu merken als ein kompliziertes Wort."
            ),
            Self::En => format!(
                "At least {MIN_CHARS} characters. A short sentence is safer and easier to remember than a complicated word."
            ),
        }
    }

    /// How good a password is, while it is typed.
    pub fn password_strength(self, strength: Strength) -> String {
        match (self, strength) {
            (_, Strength::Empty) => String::new(),
            (Self::De, Strength::TooShort(missing)) => format!("Noch {missing} Zeichen"),
            (Self::En, Strength::TooShort(1)) => "1 more character".into(),
            (Self::En, Strength::TooShort(missing)) => format!("{missing} more characters"),
            (_, Strength::Guessable) => self.password_guessable().into(),
            (_, Strength::Fair) => self.password_fair().into(),
            (_, Strength::Strong) => self.password_strong().into(),
        }
    }
}
