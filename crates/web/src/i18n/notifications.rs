//! Texts about notifications and quiet hours.

words! {
    notifications: "Mitteilungen", "Notifications";
    notifications_on: "Eingeschaltet", "Switched on";
    notifications_on_hint: "Dieses Gerät sagt Bescheid, wenn eine Nachricht kommt. Was darin steht und von wem sie ist, steht nur in Konsil.", "This device tells you when a message comes. What it says and whom it is from stands in Konsil alone.";
    notifications_off: "Ausgeschaltet", "Switched off";
    notifications_off_hint: "Ist Konsil zu, meldet sich dieses Gerät nicht. Eingeschaltet nutzt es den Mitteilungsdienst des Browsers (Apple, Google oder Mozilla), der dabei nur erfährt, wann etwas kam und ob es dringend ist.", "While Konsil is closed this device stays silent. Switched on, it uses the browser's notification service (Apple, Google or Mozilla), which learns only when something came and whether it is urgent.";
    notifications_unknown: "Nicht bekannt", "Not known";
    notifications_switch_on: "Einschalten", "Switch on";
    notifications_switch_off: "Ausschalten", "Switch off";
    notifications_switching: "Einen Moment …", "One moment …";
    notifications_check: "Prüfen", "Check";
    notifications_checking: "Probe-Mitteilung unterwegs …", "Test notification on its way …";
    notifications_arrive: "Die Probe-Mitteilung ist angekommen. War nichts davon zu sehen, sind Mitteilungen in den Einstellungen des Geräts stumm oder ausgeblendet.", "The test notification has arrived. If nothing was to be seen, notifications are muted or hidden in the device's settings.";
    notifications_do_not_arrive: "Mitteilungen kommen auf diesem Gerät nicht an. Bitte Energiesparen und „Nicht stören“ prüfen, WLAN oder Mobilfunk wechseln und noch einmal prüfen. Bis dahin Konsil offen lassen oder selbst nachsehen.", "Notifications do not arrive on this device. Please check battery saving and “do not disturb”, change between Wi-Fi and mobile network, and check again. Until then keep Konsil open or look yourself.";
    notifications_hospital: "Die Klinik erlaubt keine Mitteilungen über die Dienste von Apple, Google oder Mozilla. Nachrichten sind zu sehen, sobald Konsil offen ist.", "The hospital does not allow notifications through the services of Apple, Google or Mozilla. Messages are to be seen once Konsil is open.";
    notifications_hospital_service: "Die Klinik erlaubt den Mitteilungsdienst dieses Browsers nicht. Mit einem anderen Browser geht es vielleicht; die IT weiß, mit welchem.", "The hospital does not allow this browser's notification service. Another browser may do; IT knows which one.";
    notifications_denied: "Mitteilungen sind für Konsil in diesem Browser gesperrt. Über das Schloss oder Symbol neben der Adresse oder in den Einstellungen des Geräts lassen sie sich erlauben. Danach hierher zurückkommen.", "Notifications are blocked for Konsil in this browser. The lock or symbol beside the address, or the device's settings, allow them. Then come back here.";
    notifications_unsupported: "Dieser Browser kann keine Mitteilungen zeigen, oder er ist in einem privaten Fenster offen.", "This browser cannot show notifications, or it is open in a private window.";
    notifications_home_screen: "Auf iPhone und iPad gehen Mitteilungen nur, wenn Konsil vom Home-Bildschirm geöffnet wird: in Safari „Teilen“, dann „Zum Home-Bildschirm“.", "On iPhone and iPad notifications work only when Konsil is opened from the home screen: “Share” in Safari, then “Add to Home Screen”.";
    notifications_offline: "Ob Mitteilungen möglich sind, weiß der Server der Klinik. Er ist gerade nicht zu erreichen.", "The hospital's server knows whether notifications are possible. It cannot be reached just now.";
    notifications_browser_refuses: "Der Browser erreicht seinen Mitteilungsdienst nicht. Bitte Netz prüfen und noch einmal versuchen; bleibt es dabei, kann die IT den Dienst freigeben.", "The browser does not reach its notification service. Please check the network and try again; if that does not help, IT can open the way to it.";
    quiet_hours: "Ruhezeit", "Quiet hours";
    quiet_hours_hint: "In dieser Zeit meldet sich keins der eigenen Geräte. Dringende Nachrichten kommen trotzdem.", "In this time none of your devices makes itself heard. Urgent messages still come.";
    quiet_hours_on: "Ein", "On";
    quiet_hours_off: "Aus", "Off";
    quiet_hours_from: "Von", "From";
    quiet_hours_to: "Bis", "To";
    quiet_hours_kept: "Ruhezeit gespeichert", "Quiet hours saved";
}
