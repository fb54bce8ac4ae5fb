//! The words after a crash.

words! {
    crash_title: "Die App ist unerwartet beendet worden", "The app has ended unexpectedly";
    crash_explain: "Das tut uns leid. Ein Bericht hilft, den Fehler zu finden. Gesendet würde genau das:", "We are sorry. A report helps to find the fault. Exactly this would be sent:";
    crash_content: "Inhalt des Berichts", "Content of the report";
    crash_where: "Er geht nur an den Server Ihrer Klinik, ohne Ihren Namen.", "It goes to your hospital's server alone, without your name.";
    crash_send: "Senden", "Send";
    crash_not: "Nicht senden", "Do not send";
    crash_never: "Nie fragen", "Never ask";
    crash_sent: "Der Bericht ist gesendet. Danke.", "The report is sent. Thank you.";
    crash_not_sent: "Der Bericht ist nicht angekommen. Bitte noch einmal versuchen.", "The report has not arrived. Please try again.";
    crash_setting: "Absturzberichte", "Crash reports";
    crash_setting_asks: "Nach einem Absturz zeigt Konsil, was gesendet würde, und fragt. Ohne Ihr Ja wird nichts gesendet.", "After a crash Konsil shows what would be sent, and asks. Without your yes nothing is sent.";
    crash_setting_never: "Konsil fragt nach einem Absturz nicht, und nichts wird gesendet.", "Konsil does not ask after a crash, and nothing is sent.";
    crash_ask_again: "Wieder fragen", "Ask again";
}
