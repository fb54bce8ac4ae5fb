//! The words of the notice.

use super::{Lang, Section, Text};
use crate::{Policy, retention::Retention};

/// Writes the notice in one language.
pub(super) fn write(policy: &Policy, bots: &[&str], lang: Lang) -> Text {
    let say = |de: &str, en: &str| match lang {
        Lang::De => de.to_owned(),
        Lang::En => en.to_owned(),
    };
    let section = |heading: String, paragraphs: Vec<String>| Section { heading, paragraphs };
    let given = |text: &str, de: &str, en: &str| match text.trim() {
        "" => say(de, en),
        text => text.to_owned(),
    };
    let privacy = &policy.privacy;
    let mut sections = vec![
        section(
            say("Wer verantwortlich ist", "Who is responsible"),
            vec![
                given(&privacy.controller, &policy.display_name, &policy.display_name),
                format!(
                    "{} {}",
                    say("Datenschutzbeauftragte:", "Data protection officer:"),
                    given(
                        &privacy.officer,
                        "noch nicht eingetragen; die Verwaltung des Hauses gibt Auskunft.",
                        "not entered yet; the hospital's administration will tell."
                    )
                ),
            ],
        ),
        section(
            say("Wofür Konsil Daten verarbeitet", "What Konsil processes data for"),
            vec![
                say(
                    "Damit sich die Beschäftigten des Hauses über die Behandlung und den Betrieb verständigen können: Nachrichten, Bilder, Dateien.",
                    "So that the hospital's staff can talk about treatment and operation: messages, pictures, files.",
                ),
                privacy.legal_basis.of(lang).map(str::to_owned).unwrap_or_else(|| say(
                    "Rechtsgrundlage: für Beschäftigte Art. 6 Abs. 1 Buchst. b und f DSGVO, für Daten von Patientinnen und Patienten Art. 9 Abs. 2 Buchst. h DSGVO mit Art. 6 Abs. 1 Buchst. b DSGVO.",
                    "Legal basis: for staff Art. 6(1)(b) and (f) GDPR, for patients' data Art. 9(2)(h) GDPR with Art. 6(1)(b) GDPR.",
                )),
            ],
        ),
        section(say("Was niemand mitlesen kann", "What nobody can read along"), vec![in_cipher(policy, lang)]),
        section(say("Was der Server weiß", "What the server knows"), known(policy, lang)),
        section(say("Wie lange Daten bleiben", "How long data stay"), periods(policy, lang)),
        section(say("Wer Daten bekommt", "Who gets data"), recipients(policy, bots, lang)),
        section(
            say("Ihre Rechte", "Your rights"),
            vec![
                say(
                    "Sie können Auskunft verlangen, Berichtigung, Löschung, Einschränkung der Verarbeitung und eine Kopie Ihrer Daten, und der Verarbeitung widersprechen (Art. 15 bis 21 DSGVO). Nachrichten löschen Sie in der App selbst; Ihr Konto schließen Sie mit allem, was dazugehört.",
                    "You may ask for access, correction, deletion, restriction of processing and a copy of your data, and object to the processing (Art. 15 to 21 GDPR). You delete messages in the app yourself; you close your account with all that belongs to it.",
                ),
                format!(
                    "{} {}",
                    say("Beschwerden nimmt entgegen:", "Complaints go to:"),
                    given(
                        &privacy.authority,
                        "die Datenschutzaufsicht des Bundeslandes, in dem das Haus liegt.",
                        "the data protection authority of the state in which the hospital lies."
                    )
                ),
                say(
                    "Es gibt keine automatischen Entscheidungen über Sie und keine Profile (Art. 22 DSGVO).",
                    "There are no automated decisions about you and no profiles (Art. 22 GDPR).",
                ),
            ],
        ),
    ];
    if let Some(more) = privacy.more.of(lang) {
        let paragraphs = more.split("\n\n").map(|part| part.trim().to_owned()).collect();
        sections.push(section(say("Außerdem", "Besides"), paragraphs));
    }
    let title = say("Datenschutzhinweise", "Privacy notice");
    Text { title: format!("{title} · {}", policy.display_name), sections }
}

fn in_cipher(policy: &Policy, lang: Lang) -> String {
    match (lang, policy.require_encryption) {
        (Lang::De, true) => "Text, Bilder, Dateien, Sprachnachrichten, Namen von Gruppen und Reaktionen sind von Gerät zu Gerät verschlüsselt. Weder die Klinik-IT noch wer den Server betreibt kann sie lesen. Der Server weist Nachrichten ab, die nicht verschlüsselt sind.",
        (Lang::De, false) => "Die App verschlüsselt Text, Bilder, Dateien, Sprachnachrichten, Namen von Gruppen und Reaktionen von Gerät zu Gerät. Dieses Haus lässt auch unverschlüsselte Nachrichten anderer Programme zu; solche kann lesen, wer den Server betreibt.",
        (Lang::En, true) => "Text, pictures, files, voice messages, names of groups and reactions are encrypted from device to device. Neither the hospital's IT nor whoever runs the server can read them. The server refuses messages that are not encrypted.",
        (Lang::En, false) => "The app encrypts text, pictures, files, voice messages, names of groups and reactions from device to device. This hospital also lets unencrypted messages of other programs through; whoever runs the server can read those.",
    }
    .to_owned()
}

fn known(policy: &Policy, lang: Lang) -> Vec<String> {
    let say = |de: &str, en: &str| if lang == Lang::De { de.to_owned() } else { en.to_owned() };
    let mut known = vec![
        say(
            "Ihr Konto: Benutzername, Name, Funktion, Abteilung, Durchwahl, Ihre Geräte und deren öffentliche Schlüssel.",
            "Your account: user name, name, role, department, extension, your devices and their public keys.",
        ),
        say(
            "Zu jeder Nachricht: wer sie wann in welchem Chat geschickt hat, wie groß sie ist, worauf sie sich bezieht, und bis wohin Sie gelesen haben. Der Inhalt ist nicht dabei.",
            "Of each message: who sent it when in which chat, how large it is, what it refers to, and how far you have read. The content is not among it.",
        ),
        say(
            "Was die App für Sie aufhebt: Ruhezeiten, Einstellungen, Adressen Ihrer Geräte bei Push-Diensten, ob eine Nachricht dringend ist, welche Fassung dieser Hinweise Ihnen gezeigt wurde; dazu Ihre Schlüssel zur Wiederherstellung und Ihr eigenes Adressbuch, die nur Ihre Geräte öffnen können; vom Adressbuch sieht der Server die ungefähre Größe und wann es sich ändert. Wenn Sie etwas melden: was und warum.",
            "What the app keeps for you: quiet hours, settings, your devices' addresses at push services, whether a message is urgent, which version of this notice was shown to you; and your keys for recovery and your own address book, which only your devices can open; of the address book the server sees its rough size and when it changes. If you report something: what and why.",
        ),
        say(
            "Zur App-Sperre jedes Geräts: einen Teil des Schlüssels, der allein nichts öffnet, wie oft hintereinander die PIN falsch war und wann zuletzt eine versucht wurde. Die PIN selbst kennt der Server nicht.",
            "For the app lock of each device: a part of the key that alone opens nothing, how often in a row the PIN was wrong and when one was tried last. The server does not know the PIN itself.",
        ),
        say(
            "Netzadressen, Orte und Angaben zu Ihrem Browser werden nicht gespeichert; gegen Missbrauch zählt der Server Anfragen nur im Arbeitsspeicher.",
            "Network addresses, places and facts about your browser are not stored; against abuse the server counts requests in memory alone.",
        ),
    ];
    let deviations = [
        (
            policy.allow_clear_reactions,
            "Reaktionen anderer Programme können unverschlüsselt sein.",
            "Reactions of other programs may be unencrypted.",
        ),
        (
            policy.presence,
            "Andere sehen, ob Sie gerade angemeldet sind.",
            "Others see whether you are online.",
        ),
        (
            policy.list_without_login,
            "Das Verzeichnis öffentlicher Räume ist auch ohne Anmeldung zu sehen.",
            "The directory of public rooms can be seen without signing in.",
        ),
        (
            policy.save_to_device,
            "Dateien aus Chats können auf dem Gerät gespeichert werden, außerhalb des verschlüsselten Speichers der App.",
            "Files of chats can be saved on the device, outside of the app's encrypted store.",
        ),
        (
            policy.registration_open,
            "Jede Person kann sich hier ein Konto anlegen.",
            "Anybody can make an account here.",
        ),
    ];
    for (on, de, en) in deviations {
        if on {
            known.push(say(de, en));
        }
    }
    if let Some(days) = policy.crash_report_days {
        known.push(match lang {
            Lang::De => format!(
                "Wenn die App abstürzt und Sie zustimmen, nachdem Sie den genauen Inhalt gesehen haben: Fassung und Stelle des Programms, Art des Fehlers, Browser und System. Der Server bewahrt das ohne Ihren Namen höchstens {days} Tage auf."
            ),
            Lang::En => format!(
                "If the app crashes and you agree after having seen the exact content: version and place of the program, kind of error, browser and system. The server keeps it without your name for {days} days at most."
            ),
        });
    }
    known
}

fn periods(policy: &Policy, lang: Lang) -> Vec<String> {
    let days = store::reports::KEPT_DAYS;
    let invited = store::invitations::MAX_DAYS + store::invitations::KEPT_DAYS + 1;
    let reports = match lang {
        Lang::De => format!(
            "Meldungen an die Verwaltung: höchstens {days} Tage. Name, Funktion und Abteilung von Personen, die eine Einladung nicht annehmen: höchstens {invited} Tage."
        ),
        Lang::En => format!(
            "Reports to the administrators: {days} days at most. Name, role and department of people who do not accept an invitation: {invited} days at most."
        ),
    };
    let periods: &[&str] = match lang {
        Lang::De => &[
            "Lesestand und Zustellung: bis zum nächsten Stand. Schlüssel, die von Gerät zu Gerät gehen: bis zur Abholung. Kennungen gesendeter Anfragen: einen Tag.",
            "Ihr Konto und Ihre Geräte: bis Sie sich abmelden oder das Konto geschlossen wird.",
        ],
        Lang::En => &[
            "How far you have read and what was delivered: until the next state. Keys that go from device to device: until fetched. Identifiers of sent requests: one day.",
            "Your account and your devices: until you sign out or the account is closed.",
        ],
    };
    let on_device = on_device(policy.device_days(), lang);
    let [messages, files] = on_server(&policy.retention, lang);
    let rest = periods.iter().map(|&period| period.to_owned());
    [messages, files].into_iter().chain(rest).chain([on_device, reports]).collect()
}

/// How long the server keeps messages, and files.
fn on_server(retention: &Retention, lang: Lang) -> [String; 2] {
    let within = |days: u16| match (lang, days) {
        (Lang::De, 1) => "höchstens einen Tag".to_owned(),
        (Lang::De, _) => format!("höchstens {days} Tage"),
        (Lang::En, 1) => "for one day at most".to_owned(),
        (Lang::En, _) => format!("for {days} days at most"),
    };
    let messages = match (lang, retention.message_days.map(within)) {
        (Lang::De, Some(within)) => format!(
            "Nachrichten: {within}, nachdem sie gesendet wurden; dann löscht der Server sie von selbst, spätestens eine Stunde danach. Früher, wenn jemand sie löscht oder der Chat eine kürzere Frist hat. Wer wann in einem Chat war, bleibt mit dem Chat."
        ),
        (Lang::De, None) => "Nachrichten: bis sie gelöscht werden. Eine Frist, nach der sie von selbst verschwinden, hat dieses Haus nicht eingestellt.".to_owned(),
        (Lang::En, Some(within)) => format!(
            "Messages: {within} after they were sent; then the server deletes them by itself, an hour later at the latest. Sooner if somebody deletes them or the chat has a shorter period. Who was in a chat when stays with the chat."
        ),
        (Lang::En, None) => "Messages: until they are deleted. This hospital has set no period after which they vanish by themselves.".to_owned(),
    };
    let files = match (lang, retention.media_days.map(within)) {
        (Lang::De, Some(within)) => format!(
            "Fotos, Sprachnachrichten und andere Dateien: {within}, nachdem sie hochgeladen wurden. Bilder von Personen und Gruppen bleiben, solange sie benutzt werden. Dass etwas gelöscht wurde, hält der Server fest: wann und wie viel, nicht was und von wem."
        ),
        (Lang::De, None) => "Fotos, Sprachnachrichten und andere Dateien: bis sie gelöscht werden. Eine Frist hat dieses Haus dafür nicht eingestellt.".to_owned(),
        (Lang::En, Some(within)) => format!(
            "Photos, voice messages and other files: {within} after they were uploaded. Pictures of people and groups stay while they are used. The server records that something was deleted: when and how much, not what and whose."
        ),
        (Lang::En, None) => "Photos, voice messages and other files: until they are deleted. This hospital has set no period for them.".to_owned(),
    };
    [messages, files]
}

fn on_device(days: u16, lang: Lang) -> String {
    let text = match (lang, days) {
        (Lang::De, 1) => {
            "Auf Ihrem Gerät bleiben Nachrichten verschlüsselt und höchstens einen Tag lang, nachdem sie geschrieben wurden."
        }
        (Lang::De, _) => {
            "Auf Ihrem Gerät bleiben Nachrichten verschlüsselt und höchstens {days} Tage lang, nachdem sie geschrieben wurden."
        }
        (Lang::En, 1) => {
            "On your device messages stay encrypted and for one day at most after they were written."
        }
        (Lang::En, _) => {
            "On your device messages stay encrypted and for {days} days at most after they were written."
        }
    };
    let rest = match lang {
        Lang::De => {
            " Was älter ist, entfernt die App beim nächsten Öffnen, bevor sie etwas zeigt; ebenso Angefangenes. Im Chat ist es weiter zu sehen, solange der Server erreichbar ist. Geöffnete Bilder und Dateien legt die App gar nicht auf dem Gerät ab."
        }
        Lang::En => {
            " What is older the app removes when it is opened next, before it shows anything; drafts too. In the chat it can be seen as before while the server can be reached. Opened pictures and files the app does not put on the device at all."
        }
    };
    text.replace("{days}", &days.to_string()) + rest
}

fn recipients(policy: &Policy, bots: &[&str], lang: Lang) -> Vec<String> {
    let say = |de: &str, en: &str| if lang == Lang::De { de.to_owned() } else { en.to_owned() };
    let mut recipients = vec![say(
        "Die Personen, mit denen Sie schreiben. Alle Daten liegen auf dem Server des Hauses.",
        "The people whom you write with. All data lie on the hospital's server.",
    )];
    let push = &policy.push;
    for (hosts, de, en) in [
        (
            &push.web_push,
            "Nur wenn Sie in der App Mitteilungen einschalten: Push-Dienste der Browserhersteller wecken Ihr Gerät und erfahren dabei Zeitpunkt, Dringlichkeit und Adresse des Geräts, nicht wer schreibt und was:",
            "Only if you switch notifications on in the app: push services of browser makers wake your device and learn the time, the urgency and the device's address, not who writes and what:",
        ),
        (
            &push.gateways,
            "Push-Vermittler anderer Programme erfahren Kennungen und Anzahlen:",
            "Push gateways of other programs learn identifiers and counts:",
        ),
    ] {
        if !hosts.is_empty() {
            recipients.push(format!("{} {}.", say(de, en), hosts.names().join(", ")));
        }
    }
    if !bots.is_empty() {
        recipients.push(format!(
            "{} {}.",
            say(
                "Programme des Hauses, die in Chats mitlesen können, in die sie eingeladen sind:",
                "Programs of the hospital, which can read along in chats to which they are invited:"
            ),
            bots.join(", ")
        ));
    }
    if policy.writing_aids {
        recipients.push(say(
            "Die Schreibhilfe Ihres Browsers (Rechtschreibung, Vorschläge) ist erlaubt: Manche Browser schicken dazu an ihren Hersteller, was Sie schreiben.",
            "Your browser's help with writing (spelling, suggestions) is allowed: for that some browsers send what you write to their makers.",
        ));
    }
    for processor in &policy.privacy.processors {
        let facts = [&processor.name, &processor.purpose, &processor.place];
        let facts: Vec<&str> =
            facts.into_iter().map(|fact| fact.trim()).filter(|fact| !fact.is_empty()).collect();
        recipients.push(format!(
            "{} {}.",
            say("Im Auftrag des Hauses (Art. 28 DSGVO):", "For the hospital (Art. 28 GDPR):"),
            facts.join(", ")
        ));
    }
    if recipients.len() == 1 {
        recipients.push(say(
            "Sonst niemand: kein Dienst außerhalb des Hauses, auch keine Absturzberichte und keine Zähldienste.",
            "Nobody else: no service outside the hospital, neither crash reports nor counters.",
        ));
    }
    recipients
}
