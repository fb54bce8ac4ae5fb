//! The words of signing in one device by another.

use super::Lang;

words! {
    // On the new device
    link_here: "Mit einem anderen Gerät anmelden", "Sign in with another device";
    link_making: "Code wird erzeugt …", "Making the code …";
    link_step_open: "Konsil auf einem Gerät öffnen, auf dem Sie schon angemeldet sind", "Open Konsil on a device on which you are signed in already";
    link_step_settings: "Dort in den Einstellungen „Weiteres Gerät anmelden“ antippen", "There, in the settings, tap “Sign in another device”";
    link_step_read: "Diesen Code vor die Kamera halten", "Hold this code in front of its camera";
    link_qr: "QR-Code, mit dem ein anderes Gerät dieses anmeldet", "QR code by which another device signs this one in";
    link_copy: "Link statt Code kopieren", "Copy a link instead of the code";
    link_digits_title: "Zwei Ziffern eingeben", "Enter two digits";
    link_digits_hint: "Sie stehen auf dem Gerät, das den Code gelesen hat.", "They stand on the device that has read the code.";
    link_digits: "Die zwei Ziffern", "The two digits";
    link_waiting: "Jetzt auf dem anderen Gerät bestätigen …", "Now confirm on the other device …";
    link_new_code: "Neuer Code", "New code";

    // On the device that is signed in
    link_device: "Weiteres Gerät anmelden", "Sign in another device";
    link_device_hint: "Ein Computer, Tablet oder neues Telefon zeigt einen Code, dieses Gerät liest ihn. Alle Chats kommen mit.", "A computer, tablet or new phone shows a code, and this device reads it. All chats come along.";
    link_read_hint: "Auf dem neuen Gerät „Mit einem anderen Gerät anmelden“ wählen und seinen Code vor diese Kamera halten.", "On the new device choose “Sign in with another device” and hold its code in front of this camera.";
    link_no_camera: "Die Kamera geht hier nicht. Bitte den Link des neuen Geräts einfügen.", "The camera does not work here. Please paste the new device's link.";
    link_paste: "Link des neuen Geräts", "Link of the new device";
    link_paste_hint: "Statt der Kamera: Link hier einfügen", "Instead of the camera: paste the link here";
    link_wrong: "Das ist kein Code eines neuen Geräts.", "This is no code of a new device.";
    link_elsewhere: "Dieser Code gehört nicht zum Server Ihrer Klinik. Bitte nicht weitermachen.", "This code does not belong to your hospital's server. Please do not go on.";
    link_greeting: "Verbindung mit dem neuen Gerät …", "Connecting with the new device …";
    link_show_digits: "Diese Ziffern auf dem neuen Gerät eingeben", "Enter these digits on the new device";
    link_show_digits_hint: "Nur auf dem Gerät, dessen Code Sie gerade gelesen haben.", "Only on the device whose code you have just read.";
    link_password_hint: "Es liest danach alle Ihre Chats. Bestätigen Sie nur ein Gerät, das Sie selbst vor sich haben.", "It then reads all your chats. Confirm only a device that is in front of you.";
    link_confirm: "Gerät anmelden", "Sign the device in";
    link_arriving: "Das neue Gerät meldet sich an …", "The new device is signing in …";
    link_done_hint: "Dort wird noch eine eigene PIN festgelegt, dann kommen die Chats von selbst.", "There, a PIN of its own is set next, then the chats come by themselves.";

    link_ended: "Der Code ist abgelaufen, oder das andere Gerät hat abgebrochen.", "The code has ended, or the other device has given up.";
    link_wrong_digits: "Das sind nicht die Ziffern des anderen Geräts. Zur Sicherheit gilt dieser Code nicht mehr.", "These are not the other device's digits. To be safe, this code is no longer good.";
    link_wrong_password: "Das Passwort ist falsch.", "The password is wrong.";
    link_too_many: "Zu viele Versuche. Bitte eine Minute warten.", "Too many tries. Please wait a minute.";
    link_not_confirmed: "Dieses Gerät ist selbst noch nicht bestätigt. Bitte zuerst in den Einstellungen bestätigen.", "This device is not confirmed itself yet. Please confirm it first, in the settings.";
}

impl Lang {
    /// Asks whether a device may come into the account.
    pub fn link_question(self, name: &str) -> String {
        match self {
            Self::De => format!("„{name}“ in Ihrem Konto anmelden?"),
            Self::En => format!("Sign “{name}” in to your account?"),
        }
    }

    /// A device has come.
    pub fn link_done(self, name: &str) -> String {
        match self {
            Self::De => format!("„{name}“ ist angemeldet"),
            Self::En => format!("“{name}” is signed in"),
        }
    }
}
