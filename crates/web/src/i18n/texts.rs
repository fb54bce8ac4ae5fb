//! All texts of the app.

use super::Lang;

words! {
    // The app
    app_name: "Konsil", "Konsil";
    chats: "Chats", "Chats";
    people: "Personen", "People";
    settings: "Einstellungen", "Settings";
    back: "Zurück", "Back";
    close: "Schließen", "Close";
    cancel: "Abbrechen", "Cancel";
    done: "Fertig", "Done";
    next: "Weiter", "Next";
    retry: "Noch einmal versuchen", "Try again";
    loading: "Wird geladen", "Loading";
    main_navigation: "Hauptbereiche", "Main areas";
    copied: "Kopiert", "Copied";
    copy: "Kopieren", "Copy";
    print: "Drucken", "Print";
    later: "Später", "Later";
    search: "Suchen", "Search";
    clear_search: "Suche leeren", "Clear search";

    // Connection
    connecting: "Wird verbunden …", "Connecting …";
    offline: "Kein Netz. Nachrichten werden gesendet, sobald Netz da und Konsil offen ist.", "No network. Messages are sent as soon as there is network and Konsil is open.";
    server_unreachable: "Der Server der Klinik antwortet nicht. Nachrichten warten hier.", "The hospital's server does not answer. Messages wait here.";

    // Sign-in
    sign_in: "Anmelden", "Sign in";
    signing_in: "Wird angemeldet …", "Signing in …";
    user_name: "Benutzername", "User name";
    password: "Passwort", "Password";
    show_typed: "Eingabe anzeigen", "Show what is typed";
    hide_typed: "Eingabe verbergen", "Hide what is typed";
    sign_in_wrong: "Benutzername oder Passwort stimmt nicht. Bitte prüfen, auch die Feststelltaste.", "User name or password is wrong. Please check them, and caps lock too.";
    sign_in_blocked: "Dieses Konto ist gesperrt. Die IT der Klinik kann es wieder öffnen.", "This account is blocked. The hospital's IT can open it again.";
    sign_in_limited: "Zu viele Versuche. Bitte kurz warten und dann noch einmal versuchen.", "Too many tries. Please wait a little, then try again.";
    sign_in_offline: "Kein Netz. Zum Anmelden bitte mit WLAN oder Mobilfunk verbinden.", "No network. Please connect to Wi-Fi or mobile network to sign in.";
    sign_in_unreachable: "Der Server der Klinik antwortet nicht. Bitte später noch einmal versuchen oder die IT fragen.", "The hospital's server does not answer. Please try later or ask IT.";
    sign_in_store: "Konsil kann auf diesem Gerät nichts speichern. Bitte kein privates Fenster verwenden und freien Speicherplatz prüfen.", "Konsil cannot store anything on this device. Please do not use a private window, and check the free space.";
    fill_in_both: "Bitte Benutzername und Passwort eingeben.", "Please enter user name and password.";
    signed_out_by_hospital: "Dieses Gerät wurde abgemeldet. Bitte neu anmelden.", "This device was signed out. Please sign in again.";
    sign_in_again: "Bitte noch einmal anmelden. Chats auf diesem Gerät bleiben erhalten.", "Please sign in again. Chats on this device are kept.";
    encrypted_hint: "Nachrichten sind von Gerät zu Gerät verschlüsselt. Auch die Klinik-IT kann sie nicht lesen.", "Messages are encrypted from device to device. Not even the hospital's IT can read them.";
    store_broken: "Der Speicher auf diesem Gerät lässt sich nicht öffnen. Nach dem Neuanmelden sind frühere Nachrichten mit dem Wiederherstellungsschlüssel wieder da.", "The storage on this device cannot be opened. After signing in anew, the recovery key brings earlier messages back.";
    start_anew: "Neu anmelden", "Sign in anew";
    other_tab: "Konsil ist in einem anderen Tab offen", "Konsil is open in another tab";
    other_tab_hint: "Auf einem Gerät kann nur ein Tab Nachrichten empfangen.", "On one device only one tab can receive messages.";
    use_here: "Hier verwenden", "Use here";

    // List of chats
    filter_all: "Alle", "All";
    filter_unread: "Ungelesen", "Unread";
    filters: "Chats filtern", "Filter chats";
    new_chat: "Neuer Chat", "New chat";
    take_photo: "Foto aufnehmen", "Take a photo";
    draft: "Entwurf:", "Draft:";
    you: "Du", "You";
    photo: "Foto", "Photo";
    voice_message: "Sprachnachricht", "Voice message";
    video: "Video", "Video";
    message_deleted: "Nachricht gelöscht", "Message deleted";
    older_messages: "Ältere Nachrichten", "Older messages";
    cannot_be_read: "Noch nicht lesbar", "Not readable yet";
    invited: "Einladung", "Invitation";
    is_writing: "schreibt …", "is writing …";
    no_chats: "Noch keine Chats", "No chats yet";
    no_chats_hint: "Eine Person aus dem Klinikverzeichnis suchen und schreiben.", "Find a person in the hospital's directory and write.";
    find_person: "Person suchen", "Find a person";
    nothing_unread: "Alles gelesen", "All read";
    nothing_unread_hint: "Keine ungelesenen Nachrichten.", "No unread messages.";
    nothing_found: "Nichts gefunden", "Nothing found";
    nothing_found_chats: "Kein Chat passt zu dieser Suche.", "No chat matches this search.";
    choose_chat: "Chat auswählen", "Choose a chat";
    choose_chat_hint: "Oder mit der Kamera beginnen und danach wählen, wer das Foto bekommt.", "Or start with the camera and choose afterwards who gets the photo.";
    new_message_from: "Neue Nachricht von", "New message from";

    // Directory
    search_people: "Name, Funktion oder Abteilung", "Name, role or department";
    search_people_hint: "Mindestens zwei Buchstaben eingeben, zum Beispiel „Neuro“ oder „Weber“.", "Enter at least two letters, such as “neuro” or “Weber”.";
    no_people: "Niemand gefunden", "Nobody found";
    no_people_hint: "Bitte anders schreiben oder nur den Anfang des Namens eingeben.", "Please try another spelling or only the beginning of the name.";
    more_people: "Es gibt weitere Treffer. Genauer suchen.", "There are more. Search more precisely.";
    directory_offline: "Das Verzeichnis braucht Netz. Bestehende Chats sind weiter da.", "The directory needs network. Existing chats are still there.";
    directory_failed: "Das Verzeichnis antwortet gerade nicht.", "The directory does not answer just now.";
    new_group: "Neue Gruppe", "New group";
    group_name: "Name der Gruppe", "Name of the group";
    group_name_hint: "Zum Beispiel Stroke-Team", "For example Stroke team";
    create_group: "Gruppe erstellen", "Create group";
    creating: "Wird erstellt …", "Creating …";
    choose_members: "Mitglieder auswählen", "Choose members";
    remove: "Entfernen", "Remove";
    could_not_open_chat: "Der Chat konnte nicht geöffnet werden. Bitte noch einmal versuchen.", "The chat could not be opened. Please try again.";
    chat_needs_network: "Einen neuen Chat zu beginnen braucht Netz.", "Starting a new chat needs network.";
    chat_refused: "Diese Person nimmt keine Nachrichten von hier an.", "This person does not accept messages from here.";
    recipients: "An wen?", "To whom?";
    recent: "Zuletzt", "Recent";

    // Chat
    chat: "Chat", "Chat";
    call: "Anrufen", "Call";
    details: "Details", "Details";
    messages: "Nachrichten", "Messages";
    message: "Nachricht", "Message";
    send: "Senden", "Send";
    save_change: "Änderung speichern", "Save change";
    attach: "Anhang", "Attach";
    attach_photo: "Foto aus Datei", "Photo from file";
    attach_camera: "Kamera", "Camera";
    attach_document: "Dokument", "Document";
    add_caption: "Bildunterschrift", "Caption";
    emoji: "Emoji", "Emoji";
    new_messages: "Neue Nachrichten", "New messages";
    to_newest: "Zur neuesten Nachricht", "To the newest message";
    beginning: "Hier beginnt der Chat. Nachrichten sind von Gerät zu Gerät verschlüsselt.", "The chat begins here. Messages are encrypted from device to device.";
    older_failed: "Ältere Nachrichten konnten nicht geladen werden.", "Older messages could not be loaded.";
    edited: "bearbeitet", "edited";
    state_queued: "Wird gesendet, sobald Netz da und Konsil offen ist", "Is sent as soon as there is network and Konsil is open";
    read_on: "Weiterlesen", "Read on";
    read_less: "Weniger anzeigen", "Show less";
    state_sent: "Gesendet", "Sent";
    state_read: "Gelesen", "Read";
    state_failed: "Nicht gesendet", "Not sent";
    failed_network: "Nicht gesendet: kein Netz", "Not sent: no network";
    failed_identity: "Nicht gesendet: Identität prüfen", "Not sent: check identity";
    failed_device: "Nicht gesendet: dieses Gerät zuerst bestätigen", "Not sent: confirm this device first";
    failed_refused: "Nicht gesendet: hier nicht erlaubt", "Not sent: not allowed here";
    failed_too_large: "Nicht gesendet: Datei zu groß", "Not sent: file too large";
    failed_lost: "Nicht gesendet: Datei nicht mehr da, bitte neu anhängen", "Not sent: the file is gone, please attach it again";
    send_again: "Noch einmal senden", "Send again";
    discard: "Verwerfen", "Discard";
    reply: "Antworten", "Reply";
    reply_to: "Antwort an", "Reply to";
    react: "Reagieren", "React";
    more_reactions: "Weitere Emoji", "More emoji";
    edit: "Bearbeiten", "Edit";
    edit_picture: "Bild bearbeiten", "Edit picture";
    writing_hint: "Auf dem Bild ist wahrscheinlich Schrift zu sehen. Steht ein Name dabei?", "The picture probably shows writing. Is there a name?";
    show: "Zeigen", "Show";
    blacken: "Schwärzen", "Blacken";
    blacken_hint: "Über die Stelle ziehen. Was schwarz ist, ist aus dem Bild entfernt.", "Drag over the place. What is black is removed from the picture.";
    pixelate: "Verpixeln", "Pixelate";
    pixelate_hint: "Über die Stelle ziehen. Für Namen und Nummern lieber schwärzen.", "Drag over the place. For names and numbers rather blacken.";
    crop: "Zuschneiden", "Crop";
    crop_hint: "Über den Teil ziehen, der bleiben soll.", "Drag over the part that is to stay.";
    draw_arrow: "Pfeil", "Arrow";
    draw_arrow_hint: "Zur Stelle hin ziehen, auf die der Pfeil zeigt.", "Drag to the place that the arrow points to.";
    words_on_picture: "Text", "Words";
    words_on_picture_hint: "Text eingeben, dann auf die Stelle tippen.", "Enter the words, then tap the place.";
    turn: "Drehen", "Turn";
    undo: "Rückgängig", "Undo";
    tools: "Werkzeuge", "Tools";
    picture_by_keys: "Bild. Pfeiltasten bewegen die Auswahl, mit Umschalt ändern sie ihre Größe, Eingabe wendet sie an.", "Picture. Arrow keys move the selection, with Shift they change its size, Enter applies it.";
    discard_edits: "Bearbeitung verwerfen?", "Discard the edits?";
    discard_edits_hint: "Das Bild ist dann wieder wie vorher. Geschwärztes ist wieder zu sehen.", "The picture is then as before. What was blackened can be seen again.";
    before_sending: "Vor dem Senden", "Before sending";
    drawn_anew: "Datei neu gezeichnet, das Original blieb auf dem Gerät", "File drawn anew, the original stayed on the device";
    meta_exif: "Angaben der Kamera", "Camera data";
    meta_place: "Aufnahmeort", "Place";
    meta_thumbnail: "kleine Kopie des Originals", "small copy of the original";
    meta_xmp: "Bearbeitungsangaben", "editing data";
    meta_iptc: "Bildbeschreibung", "caption data";
    meta_text: "Kommentare", "comments";
    meta_time: "Zeitangabe", "date and time";
    meta_colours: "Farbprofil", "colour profile";
    meta_other: "weitere Angaben", "other data";
    editing: "Nachricht bearbeiten", "Edit message";
    delete_for_all: "Für alle löschen", "Delete for all";
    delete_question: "Nachricht für alle löschen?", "Delete message for all?";
    delete_consequence: "Die Nachricht verschwindet bei allen. Das lässt sich nicht rückgängig machen.", "The message disappears for everybody. This cannot be undone.";
    more: "Mehr", "More";
    message_details: "Über diese Nachricht", "About this message";
    sent_at: "Gesendet", "Sent";
    read_by: "Gelesen von", "Read by";
    nobody_read_yet: "Noch niemand", "Nobody yet";
    sender: "Von", "From";
    quote_loading: "Wird geladen …", "Loading …";
    quote_missing: "Nachricht nicht mehr da", "Message no longer there";
    quote_not_loaded: "Diese Nachricht liegt weiter zurück. Bitte nach oben blättern.", "This message lies further back. Please scroll up.";
    jump_to_original: "Zur ursprünglichen Nachricht", "To the original message";
    open_picture: "Bild öffnen", "Open picture";
    picture_offline: "Bild braucht Netz", "Picture needs network";
    picture_gone: "Bild ist nicht mehr da", "Picture is no longer there";
    picture_damaged: "Bild ist beschädigt", "Picture is damaged";
    previous_picture: "Voriges Bild", "Previous picture";
    next_picture: "Nächstes Bild", "Next picture";
    file: "Datei", "File";
    open_file: "Öffnen", "Open";
    file_stays_inside: "Diese Art von Datei kann Konsil noch nicht anzeigen. Speichern auf dem Gerät erlaubt die Klinik nicht.", "Konsil cannot show this kind of file yet. The hospital does not allow saving on the device.";
    drop_here: "Zum Senden hier ablegen", "Drop here to send";
    left_chat: "Dieser Chat ist beendet. Lesen geht weiter, schreiben nicht.", "This chat has ended. Reading still works, writing does not.";
    not_encrypted_chat: "Dieser Chat ist nicht verschlüsselt und daher gesperrt. Bitte der IT melden.", "This chat is not encrypted and is therefore closed. Please tell IT.";
    opening: "Wird geöffnet …", "Opening …";
    accept: "Annehmen", "Accept";
    decline: "Ablehnen", "Decline";
    needs_network: "Das braucht Netz. Bitte später noch einmal versuchen.", "This needs network. Please try again later.";
    action_failed: "Das hat nicht geklappt. Bitte noch einmal versuchen.", "That did not work. Please try again.";
    not_sent_yet: "Das geht, sobald die Nachricht gesendet ist.", "This works once the message has been sent.";
    chat_unknown: "Diesen Chat gibt es hier nicht", "This chat is not here";
    chat_unknown_hint: "Vielleicht ist er gelöscht, oder er gehört zu einem anderen Konto.", "It may have been deleted, or it belongs to another account.";
    to_chats: "Zu den Chats", "To the chats";
    image_unreadable: "Dieses Bild kann nicht gelesen werden. Bitte als JPEG oder PNG senden, oder als Dokument.", "This picture cannot be read. Please send it as JPEG or PNG, or as a document.";
    file_changed: "Die Datei ist nicht mehr da oder wurde inzwischen geändert und wurde nicht gesendet. Bitte neu anhängen.", "The file is gone or was changed meanwhile, and was not sent. Please attach it again.";
    file_waits: "Wartet auf die Datei davor", "Waits for the file before it";
    save_file: "Auf dem Gerät speichern", "Save on this device";
    save_outside: "Gespeichert liegt sie unverschlüsselt auf dem Gerät, außerhalb von Konsil.", "Once saved, it lies on the device unencrypted, outside of Konsil.";
    save_cancel: "Holen abbrechen", "Stop fetching";
    save_paused: "Kein Netz. Es geht von selbst weiter.", "No network. It goes on by itself.";
    saved: "Gespeichert", "Saved";
    save_failed: "Die Datei konnte nicht gespeichert werden. Bitte freien Speicherplatz prüfen.", "The file could not be saved. Please check the free space.";
    file_damaged: "Die Datei ist beschädigt oder wurde verändert. Es wurde nichts gespeichert.", "The file is damaged or was altered. Nothing was saved.";
    file_gone: "Die Datei ist nicht mehr auf dem Server.", "The file is not on the server any more.";
    file_not_shown: "Diese Art von Datei kann Konsil noch nicht anzeigen.", "Konsil cannot show this kind of file yet.";
    file_empty: "Diese Datei ist leer und wurde nicht gesendet.", "This file is empty and was not sent.";

    // Undecryptable
    key_waiting: "Wird entschlüsselt …", "Being decrypted …";
    key_needs_recovery: "Lesbar, sobald dieses Gerät bestätigt ist.", "Readable once this device is confirmed.";
    key_not_in_backup: "Diese Nachricht kann hier nicht gelesen werden: Ihr Schlüssel wurde nicht gesichert. Auf dem alten Gerät ist sie lesbar.", "This message cannot be read here: its key was not backed up. It can be read on the old device.";
    key_before_joining: "Aus der Zeit vor der Aufnahme in diesen Chat.", "From before joining this chat.";
    key_device_not_confirmed: "Nicht lesbar, weil dieses Gerät noch nicht bestätigt ist.", "Not readable because this device is not confirmed yet.";
    key_sender_not_confirmed: "Von einem Gerät, das nicht bestätigt ist. Bitte anders nachfragen.", "From a device that is not confirmed. Please ask in another way.";
    key_identity_changed: "Die Identität hat sich geändert. Bitte persönlich nachfragen.", "The identity has changed. Please ask in person.";
    key_broken: "Diese Nachricht ist beschädigt angekommen. Bitte noch einmal senden lassen.", "This message arrived damaged. Please have it sent again.";
    unknown_message: "Diese Art von Nachricht zeigt Konsil noch nicht.", "Konsil does not show this kind of message yet.";
    warn_device: "Von einem nicht bestätigten Gerät gesendet", "Sent from a device that is not confirmed";
    warn_identity: "Die Identität hat sich geändert", "The identity has changed";
    warn_not_proven: "Aus der Sicherung geholt: Der Absender ist nicht sicher belegt.", "Fetched from the backup: the sender is not proven.";
    warn_clear: "Unverschlüsselt angekommen", "Arrived without encryption";

    // Details
    members_heading: "Mitglieder", "Members";
    role: "Funktion", "Role";
    department: "Abteilung", "Department";
    extension: "Durchwahl", "Extension";
    hospital: "Klinik", "Hospital";
    manages: "verwaltet", "manages";
    identity_confirmed: "Identität bestätigt", "Identity confirmed";
    identity_open: "Identität noch nicht bestätigt", "Identity not confirmed yet";
    confirm_identity: "Identität bestätigen", "Confirm identity";
    topic: "Thema", "Topic";
    topic_hint: "Worum es in der Gruppe geht", "What the group is about";
    change_topic: "Thema ändern", "Change topic";
    leave_group: "Gruppe verlassen", "Leave group";
    leave_question: "Gruppe verlassen?", "Leave the group?";
    leave_consequence: "Neue Nachrichten kommen dann nicht mehr an. Wieder hinein geht es nur mit einer Einladung.", "New messages will no longer arrive. Coming back needs an invitation.";
    start_chat: "Nachricht schreiben", "Write a message";
    add_members: "Mitglieder hinzufügen", "Add members";
    add: "Hinzufügen", "Add";

    // Camera
    camera: "Kamera", "Camera";
    shutter: "Auslösen", "Take photo";
    photo_or_video: "Foto oder Video", "Photo or video";
    start_recording: "Aufnahme beginnen", "Start recording";
    stop_recording: "Aufnahme beenden", "Stop recording";
    video_without_sound: "Ohne Ton: Konsil darf das Mikrofon nicht verwenden.", "Without sound: Konsil may not use the microphone.";
    video_missing: "Dieser Browser kann keine Videos aufnehmen.", "This browser cannot record videos.";
    video_unreadable: "Dieses Video lässt sich nicht bereinigen und wird deshalb nicht gesendet.", "This video cannot be cleaned and is therefore not sent.";
    video_not_playable: "Dieses Gerät kann das Format dieses Videos nicht abspielen.", "This device cannot play the format of this video.";
    document: "Dokument", "Document";
    take_page: "Seite aufnehmen", "Take page";
    remove_last_page: "Letzte Seite entfernen", "Remove last page";
    document_password: "Dieses Dokument ist mit einem Passwort geschützt und lässt sich hier nicht öffnen.", "This document is protected by a password and cannot be opened here.";
    document_damaged: "Dieses Dokument lässt sich nicht anzeigen: Es ist beschädigt oder kein PDF.", "This document cannot be shown: it is damaged or not a PDF.";
    document_too_long: "Das Anzeigen dauert zu lange und wurde abgebrochen.", "Showing it takes too long and was stopped.";
    magnification: "Vergrößerung", "Magnification";
    larger: "Größer", "Larger";
    smaller: "Kleiner", "Smaller";
    preparing_video: "Video wird vorbereitet …", "Preparing the video …";
    switch_camera: "Kamera wechseln", "Switch camera";
    take_again: "Neu aufnehmen", "Take again";
    use_photo: "Foto verwenden", "Use photo";
    camera_refused: "Konsil darf die Kamera nicht verwenden", "Konsil may not use the camera";
    camera_refused_hint: "In den Einstellungen des Browsers bei dieser Seite die Kamera erlauben, dann noch einmal versuchen. Fotos bleiben in Konsil und kommen nicht in die Galerie.", "Allow the camera for this page in the browser's settings, then try again. Photos stay in Konsil and never reach the gallery.";
    camera_missing: "Keine Kamera gefunden", "No camera found";
    camera_missing_hint: "Ein Foto aus einer Datei geht trotzdem: im Chat über „Anhang“.", "A photo from a file still works: in the chat with “Attach”.";

    // This device, recovery
    confirm_device: "Dieses Gerät bestätigen", "Confirm this device";
    confirm_device_hint: "Danach sind frühere Nachrichten lesbar, und andere können an dieses Gerät schreiben.", "Then earlier messages are readable, and others can write to this device.";
    confirm_with_other: "Mit einem anderen Gerät", "With another device";
    confirm_with_other_hint: "Sieben Bilder vergleichen. Das andere Gerät muss zur Hand sein.", "Compare seven pictures. The other device must be at hand.";
    confirm_with_key: "Mit dem Wiederherstellungsschlüssel", "With the recovery key";
    confirm_with_key_hint: "Der Schlüssel, der beim ersten Anmelden gezeigt wurde.", "The key that was shown at the first sign-in.";
    not_now: "Jetzt nicht", "Not now";
    device_not_confirmed_banner: "Frühere Nachrichten sind noch nicht lesbar.", "Earlier messages are not readable yet.";
    confirm: "Bestätigen", "Confirm";
    recovery_key: "Wiederherstellungsschlüssel", "Recovery key";
    recovery_banner: "Wiederherstellungsschlüssel sichern", "Keep the recovery key safe";
    recovery_banner_hint: "Damit auf einem neuen Gerät alles lesbar bleibt.", "So that everything stays readable on a new device.";
    recovery_show: "Anzeigen", "Show";
    recovery_explain: "Mit diesem Schlüssel sind alle Nachrichten auf einem neuen Gerät wieder lesbar. Nur hier steht er: Die Klinik hat ihn nicht.", "With this key all messages can be read again on a new device. It is only here: the hospital does not have it.";
    recovery_keep: "Ausdrucken und wegschließen, oder im Passwortspeicher ablegen. Nicht als Foto und nicht in einer E-Mail.", "Print it and lock it away, or keep it in a password store. Not as a photo and not in an e-mail.";
    recovery_saved: "Ist gesichert", "It is safe";
    recovery_input: "Schlüssel eingeben", "Enter the key";
    recovery_input_hint: "Groß- und Kleinschreibung zählt, Leerzeichen nicht.", "Capital and small letters matter, spaces do not.";
    recovery_malformed: "Das ist kein vollständiger Schlüssel. Bitte mit dem Ausdruck vergleichen.", "This is not a complete key. Please compare it with the printout.";
    recovery_wrong: "Dieser Schlüssel gehört nicht zu diesem Konto, oder er wurde durch einen neuen ersetzt.", "This key does not belong to this account, or was replaced by a new one.";
    recovery_not_here: "Dieses Gerät kann den Schlüssel nicht anzeigen. Ein neuer Schlüssel ersetzt den alten.", "This device cannot show the key. A new key replaces the old one.";
    recovery_ready: "Eingerichtet: Mit dem Schlüssel ist auf einem neuen Gerät alles lesbar.", "Set up: with the key everything is readable on a new device.";
    recovery_not_kept: "Noch nicht aufbewahrt: Geht dieses Gerät verloren, sind alte Nachrichten nicht mehr lesbar.", "Not kept yet: if this device is lost, old messages cannot be read any more.";
    recovery_needs_key: "Dieses Gerät ist nicht bestätigt und sichert deshalb nichts.", "This device is not confirmed and therefore backs nothing up.";
    recovery_not_set_up: "Noch nicht eingerichtet. Das geschieht von selbst, sobald der Server erreichbar ist.", "Not set up yet. That happens by itself as soon as the server can be reached.";
    recovery_test: "Schlüssel prüfen", "Test the key";
    recovery_test_explain: "Geben Sie den Schlüssel so ein, wie Sie ihn aufbewahrt haben. So wissen Sie schon heute, ob er stimmt.", "Enter the key as you have kept it. So you know today whether it is right.";
    recovery_test_submit: "Prüfen", "Test";
    recovery_test_right: "Der Schlüssel stimmt.", "The key is right.";
    recovery_new: "Neuen Schlüssel erstellen", "Make a new key";
    recovery_checking: "Wird geprüft …", "Checking …";
    recovery_loading: "Schlüssel wird geholt …", "Fetching the key …";
    device_confirmed: "Dieses Gerät ist bestätigt", "This device is confirmed";
    device_confirmed_hint: "Frühere Nachrichten werden jetzt nach und nach lesbar.", "Earlier messages now become readable one after another.";
    device_confirmed_state: "Bestätigt. Andere können sicher an dieses Gerät schreiben.", "Confirmed. Others can safely write to this device.";
    device_open_state: "Noch nicht bestätigt. Frühere Nachrichten sind hier nicht lesbar.", "Not confirmed yet. Earlier messages cannot be read here.";
    compare: "Bilder vergleichen", "Compare the pictures";
    compare_hint: "Zeigen beide Geräte dieselben Bilder in derselben Reihenfolge?", "Do both devices show the same pictures in the same order?";
    they_match: "Ja, gleich", "Yes, the same";
    they_differ: "Nein, verschieden", "No, different";
    verification_asked_own: "Ein neues Gerät möchte bestätigt werden", "A new device wants to be confirmed";
    verification_asked_own_hint: "Nur annehmen, wenn die Anmeldung gerade selbst erfolgt ist.", "Accept only if you have just signed in yourself.";
    verification_waiting: "Warten auf das andere Gerät", "Waiting for the other device";
    verification_waiting_hint: "Dort Konsil öffnen und die Anfrage annehmen.", "Open Konsil there and accept the request.";
    verification_confirming: "Warten auf die Bestätigung drüben", "Waiting for the confirmation over there";
    verification_done: "Bestätigt", "Confirmed";
    verification_done_hint: "Beide Seiten vertrauen sich jetzt.", "Both sides now trust each other.";
    verification_cancelled: "Der Vergleich wurde abgebrochen. Es hat sich nichts geändert.", "The comparison was cancelled. Nothing has changed.";
    verification_mismatch: "Die Bilder waren verschieden. Bitte nicht weiter schreiben und die IT informieren.", "The pictures were different. Please stop writing and tell IT.";
    verification_timeout: "Das hat zu lange gedauert. Bitte noch einmal beginnen.", "That took too long. Please start again.";
    verification_elsewhere: "Auf einem anderen Gerät beantwortet.", "Answered on another device.";
    verification_failed: "Der Vergleich hat nicht geklappt. Bitte noch einmal beginnen.", "The comparison did not work. Please start again.";
    no_identity: "Diese Person hat sich noch nie angemeldet.", "This person has never signed in.";
    password_needed: "Bitte noch einmal das Passwort eingeben.", "Please enter the password once more.";
    set_up: "Einrichten", "Set up";

    // Settings
    language: "Sprache", "Language";
    german: "Deutsch", "Deutsch";
    english: "English", "English";
    appearance: "Darstellung", "Appearance";
    light: "Hell", "Light";
    dark: "Dunkel", "Dark";
    system: "System", "System";
    this_device: "Dieses Gerät", "This device";
    my_devices: "Meine Geräte", "My devices";
    devices_confirmed: "bestätigt", "confirmed";
    devices_open: "nicht bestätigt", "not confirmed";
    sign_out: "Abmelden", "Sign out";
    sign_out_question: "Auf diesem Gerät abmelden?", "Sign out on this device?";
    sign_out_consequence: "Alle Nachrichten auf diesem Gerät werden gelöscht. Auf anderen Geräten bleiben sie. Nach dem nächsten Anmelden macht der Wiederherstellungsschlüssel sie hier wieder lesbar.", "All messages on this device are deleted. They stay on other devices. After the next sign-in the recovery key makes them readable here again.";
    sign_out_drafts: "Entwürfe und wartende Nachrichten gehen verloren.", "Drafts and waiting messages are lost.";
    signing_out: "Schlüssel werden gesichert, dann wird abgemeldet …", "Keys are being backed up, then you are signed out …";
    sign_out_keys: "Noch sind nicht alle Schlüssel gesichert. Wer jetzt abmeldet, kann manche Nachrichten nie wieder lesen. Besser: mit Netz kurz warten und noch einmal versuchen.", "Not all keys are backed up yet. Signing out now makes some messages unreadable for good. Better: wait a little with network and try again.";
    sign_out_offline: "Kein Netz: Das Abmelden erreicht den Server nicht. Es wurde nichts gelöscht.", "No network: signing out does not reach the server. Nothing was deleted.";
    sign_out_anyway: "Trotzdem abmelden", "Sign out anyway";
    sign_out_store: "Der Speicher auf diesem Gerät konnte nicht gelöscht werden. Bitte die Daten dieser Seite in den Einstellungen des Browsers löschen.", "The storage on this device could not be deleted. Please delete this page's data in the browser's settings.";
    privacy: "Datenschutz", "Privacy";
    privacy_explain: "Wie dieses Haus Ihre Daten verarbeitet, wer sie bekommt und wie lange sie bleiben.", "How this hospital processes your data, who gets them and how long they stay.";
    privacy_read: "Hinweise lesen", "Read the notice";
    privacy_new: "Das Haus informiert Sie hier, wie es Ihre Daten verarbeitet. Nachlesen können Sie das jederzeit unter Einstellungen, Datenschutz.", "The hospital informs you here how it processes your data. You can read it again at any time under Settings, Privacy.";
    privacy_seen: "Weiter", "Continue";
    privacy_page: "Als Seite öffnen", "Open as a page";
    privacy_failed: "Die Hinweise lassen sich gerade nicht laden.", "The notice cannot be loaded now.";
    about: "Über Konsil", "About Konsil";
    about_purpose: "Zum Austauschen und Dokumentieren. Nicht zur Befundung bestimmt und nie der einzige Weg für einen Alarm.", "For communication and documentation. Not intended for diagnosis, and never the only path of an alarm.";

    // What else can be done with a message
    state_delivered: "Auf einem Gerät angekommen", "On a device";
    forward: "Weiterleiten", "Forward";
    forward_to: "Weiterleiten an", "Forward to";
    forwarded: "Weitergeleitet", "Forwarded";
    forwarded_done: "Weitergeleitet.", "Passed on.";
    forward_outside: "Hier sind Personen außerhalb der Klinik dabei. Trotzdem weiterleiten?", "There are people from outside the hospital here. Forward all the same?";
    pin: "Anheften", "Pin";
    unpin: "Nicht mehr anheften", "Unpin";
    pinned: "Angeheftet", "Pinned";
    pinned_messages: "Angeheftete Nachrichten", "Pinned messages";
    delete: "Löschen", "Delete";
    delete_for_me: "Nur auf diesem Gerät löschen", "Delete on this device only";
    delete_for_me_consequence: "Nur auf diesem Gerät: Die anderen behalten die Nachricht.", "On this device only: the others keep the message.";
    per_person: "Bei wem sie ist", "Who has it";
    reach_server: "Auf dem Server der Klinik", "On the hospital's server";
    reach_device: "Auf einem Gerät", "On a device";
    reach_read: "Gelesen", "Read";
    cancel_upload: "Senden abbrechen", "Stop sending";
    mention: "Person erwähnen", "Mention somebody";

    // Polls
    poll: "Umfrage", "Poll";
    poll_question: "Frage", "Question";
    poll_question_hint: "Zum Beispiel: Wer kann Samstag?", "For example: who can work on Saturday?";
    poll_answer: "Antwort", "Answer";
    poll_add_answer: "Weitere Antwort", "Another answer";
    poll_several: "Mehrere Antworten möglich", "Several answers possible";
    poll_send: "Umfrage senden", "Send the poll";
    poll_end: "Umfrage beenden", "End the poll";
    poll_ended: "Umfrage beendet", "Poll ended";
    poll_incomplete: "Eine Umfrage braucht eine Frage und mindestens zwei Antworten.", "A poll needs a question and at least two answers.";

    // Contacts
    contact: "Kontakt", "Contact";
    send_contact: "Kontakt senden", "Send a contact";
    write_to_contact: "Schreiben", "Write";

    // Voice
    record_voice: "Sprachnachricht aufnehmen", "Record a voice message";
    recording: "Aufnahme läuft", "Recording";
    stop_and_send: "Aufnahme beenden und senden", "Stop and send";
    discard_recording: "Aufnahme verwerfen", "Discard the recording";
    play: "Abspielen", "Play";
    pause: "Anhalten", "Pause";
    speed: "Geschwindigkeit", "Speed";
    microphone_refused: "Konsil darf das Mikrofon nicht verwenden. Bitte in den Einstellungen des Browsers bei dieser Seite erlauben.", "Konsil may not use the microphone. Please allow it for this page in the browser's settings.";
    microphone_missing: "Kein Mikrofon gefunden.", "No microphone found.";
    voice_broken: "Die Aufnahme hat nicht geklappt. Bitte noch einmal versuchen.", "The recording did not work. Please try again.";

    // Urgent
    urgent: "Dringend", "Urgent";
    urgent_title: "Dringend, bitte bestätigen", "Urgent, please confirm";
    urgent_switch: "Als dringend senden", "Send as urgent";
    urgent_hint: "Wer sie bekommt, wird um eine Bestätigung gebeten.", "Whoever gets it is asked to confirm.";
    take_over: "Übernehme ich", "I take it over";
    take_over_undo: "Doch nicht", "After all not";
    taken_over_by: "Übernommen von", "Taken over by";
    not_taken_yet: "Noch nicht bestätigt", "Not confirmed yet";
    urgent_not_sent: "Noch nicht gesendet.", "Not sent yet.";
    please_call: "Bitte anrufen", "Please call";
    urgent_show: "Ansehen", "Show";

    // The right person
    similar_title: "An wen geht das?", "Whom does this go to?";
    similar_answer: "Ja, senden", "Yes, send";

    // Search
    search_chat: "Im Chat suchen", "Search in the chat";
    search_messages: "In Nachrichten suchen", "Search in messages";
    search_older: "Ältere durchsuchen", "Search older ones";
    searching: "Wird gesucht …", "Searching …";
    search_all_looked_at: "Bis zum Anfang durchsucht.", "Searched down to the beginning.";
    search_enough: "Es gibt sehr viele Treffer. Bitte genauer suchen.", "There are very many hits. Please search more precisely.";
    search_failed: "Der Server antwortet nicht. Weiter zurück liegende Nachrichten brauchen Netz.", "The server does not answer. Messages further back need network.";
    search_kept_nothing: "Was weiter zurück liegt, wird nur durchsucht und nicht auf diesem Gerät behalten.", "What lies further back is only searched and not kept on this device.";
    messages_found: "Nachrichten", "Messages";
    no_messages_found: "Keine Nachricht auf diesem Gerät passt.", "No message on this device matches.";

    // Chats: favourites, muting, archive
    favourite: "Favorit", "Favourite";
    muted: "Stumm", "Muted";
    archived: "Archiviert", "Archived";
    filter_archive: "Archiv", "Archive";
    archive_empty: "Nichts im Archiv", "Nothing in the archive";
    archive_empty_hint: "Ein Chat kommt über seine Details ins Archiv.", "A chat gets here by its details.";
    make_manager: "Darf verwalten", "May manage";
    end_manager: "Darf nicht mehr verwalten", "May no longer manage";
    remove_member: "Aus der Gruppe entfernen", "Remove from the group";
    remove_member_consequence: "Neue Nachrichten kommen dort nicht mehr an. Was gelesen wurde, bleibt gelesen.", "New messages will no longer arrive there. What was read stays read.";

    // Shortcuts
    shortcuts: "Tastenkürzel", "Keyboard shortcuts";
    shortcut_search: "Chats und Nachrichten suchen", "Search chats and messages";
    shortcut_search_chat: "In diesem Chat suchen", "Search in this chat";
    shortcut_new: "Neuer Chat", "New chat";
    shortcut_next: "Nächster Chat", "Next chat";
    shortcut_previous: "Voriger Chat", "Previous chat";
    shortcut_edit: "Letzte eigene Nachricht bearbeiten", "Edit the last own message";
    shortcut_rows: "Von Nachricht zu Nachricht", "From message to message";
    shortcut_menu: "Was mit der Nachricht geht", "What can be done with the message";
    shortcut_help: "Diese Übersicht", "This overview";
    key_ctrl: "Strg", "Ctrl";
    key_alt: "Alt", "Alt";
    key_enter: "Eingabe", "Enter";

    // Dates
    today: "Heute", "Today";
    yesterday: "Gestern", "Yesterday";
}

/// Texts with arguments.
impl Lang {
    /// For screen readers beside a chat's name.
    pub fn unread_messages(self, n: u64) -> String {
        match (self, n) {
            (Self::De, 1) => "1 ungelesene Nachricht".into(),
            (Self::De, n) => format!("{n} ungelesene Nachrichten"),
            (Self::En, 1) => "1 unread message".into(),
            (Self::En, n) => format!("{n} unread messages"),
        }
    }

    /// Where the history of a chat ends of which the server deletes messages after so many days.
    pub fn beginning_after(self, days: u16) -> String {
        match (self, days) {
            (Self::De, 1) => "Hier beginnt der Chat. Nachrichten sind von Gerät zu Gerät verschlüsselt und werden nach einem Tag gelöscht.".into(),
            (Self::De, n) => format!("Hier beginnt der Chat. Nachrichten sind von Gerät zu Gerät verschlüsselt und werden nach {n} Tagen gelöscht."),
            (Self::En, 1) => "The chat begins here. Messages are encrypted from device to device, and deleted after one day.".into(),
            (Self::En, n) => format!("The chat begins here. Messages are encrypted from device to device, and deleted after {n} days."),
        }
    }

    /// For screen readers after each edit of a picture.
    pub fn edits(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 0) => "Unverändert".into(),
            (Self::De, 1) => "1 Änderung".into(),
            (Self::De, n) => format!("{n} Änderungen"),
            (Self::En, 0) => "Unchanged".into(),
            (Self::En, 1) => "1 change".into(),
            (Self::En, n) => format!("{n} changes"),
        }
    }

    /// How many areas were blackened, in a picture's report.
    pub fn areas_blackened(self, n: u32) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Stelle geschwärzt".into(),
            (Self::De, n) => format!("{n} Stellen geschwärzt"),
            (Self::En, 1) => "1 area blackened".into(),
            (Self::En, n) => format!("{n} areas blackened"),
        }
    }

    /// How many areas were pixelated, in a picture's report.
    pub fn areas_pixelated(self, n: u32) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Stelle verpixelt".into(),
            (Self::De, n) => format!("{n} Stellen verpixelt"),
            (Self::En, 1) => "1 area pixelated".into(),
            (Self::En, n) => format!("{n} areas pixelated"),
        }
    }

    /// What of the original file was not sent, in a picture's report.
    pub fn left_out(self, what: &str) -> String {
        match self {
            Self::De => format!("Entfernt: {what}"),
            Self::En => format!("Removed: {what}"),
        }
    }

    /// Other edits in a picture's report.
    pub fn other_edits(self, cropped: bool, turned: bool, marks: u32) -> Vec<String> {
        let word = |de: &str, en: &str| if self == Self::De { de } else { en }.to_owned();
        let marks = (marks > 0).then(|| match (self, marks) {
            (Self::De, 1) => "1 Markierung".into(),
            (Self::De, n) => format!("{n} Markierungen"),
            (Self::En, 1) => "1 mark".into(),
            (Self::En, n) => format!("{n} marks"),
        });
        [
            cropped.then(|| word("zugeschnitten", "cropped")),
            turned.then(|| word("gedreht", "turned")),
            marks,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Below a group's name.
    pub fn members(self, n: u64) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Mitglied".into(),
            (Self::De, n) => format!("{n} Mitglieder"),
            (Self::En, 1) => "1 member".into(),
            (Self::En, n) => format!("{n} members"),
        }
    }

    /// On the button that leads down to what has just come.
    pub fn new_below(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "1 neue Nachricht".into(),
            (Self::De, n) => format!("{n} neue Nachrichten"),
            (Self::En, 1) => "1 new message".into(),
            (Self::En, n) => format!("{n} new messages"),
        }
    }

    /// When the connection is tried again.
    pub fn try_again_in(self, seconds: u64) -> String {
        match (self, seconds) {
            (Self::De, 1) => "Nächster Versuch in 1 Sekunde".into(),
            (Self::De, n) => format!("Nächster Versuch in {n} Sekunden"),
            (Self::En, 1) => "Next try in 1 second".into(),
            (Self::En, n) => format!("Next try in {n} seconds"),
        }
    }

    /// Whom the composer writes to: name, department and hospital, as far as known.
    pub fn to_recipient(self, who: &str, department: Option<&str>, hospital: &str) -> String {
        let to = if self == Self::De { "An" } else { "To" };
        match department {
            Some(department) => format!("{to} {who}, {department}, {hospital}"),
            None => format!("{to} {who}, {hospital}"),
        }
    }

    /// Whom the composer of a group writes to.
    pub fn to_group(self, title: &str, members: u64) -> String {
        let to = if self == Self::De { "An" } else { "To" };
        format!("{to} {title}, {}", self.members(members))
    }

    /// People as the subject of a sentence. Of more than two the number is enough.
    fn subject(self, names: &[String]) -> String {
        match (self, names) {
            (_, []) => String::new(),
            (_, [one]) => one.clone(),
            (Self::De, [one, two]) => format!("{one} und {two}"),
            (Self::En, [one, two]) => format!("{one} and {two}"),
            (Self::De, many) => format!("{} Personen", many.len()),
            (Self::En, many) => format!("{} people", many.len()),
        }
    }

    /// Who has no device to encrypt to, and what that means for what is written now.
    pub fn beyond_reach(self, names: &[String]) -> String {
        let who = self.subject(names);
        match (self, names.len()) {
            (_, 0) => who,
            (Self::De, 1) => format!(
                "{who} hat noch kein Gerät eingerichtet und kann, was Sie jetzt schreiben, auch später nicht lesen."
            ),
            (Self::De, _) => format!(
                "{who} haben noch kein Gerät eingerichtet und können, was Sie jetzt schreiben, auch später nicht lesen."
            ),
            (Self::En, 1) => format!(
                "{who} has not set up a device yet and will not be able to read what you write now, not even later."
            ),
            (Self::En, _) => format!(
                "{who} have not set up a device yet and will not be able to read what you write now, not even later."
            ),
        }
    }

    /// Who is writing just now.
    pub fn writing(self, names: &[String]) -> String {
        let who = self.subject(names);
        match (self, names.len()) {
            (_, 0) => who,
            (Self::De, 1) => format!("{who} schreibt …"),
            (Self::De, _) => format!("{who} schreiben …"),
            (Self::En, 1) => format!("{who} is writing …"),
            (Self::En, _) => format!("{who} are writing …"),
        }
    }

    /// State of a message of ours in a group.
    pub fn read_by_of(self, by: usize, of: usize) -> String {
        match self {
            Self::De => format!("Gelesen von {by} von {of}"),
            Self::En => format!("Read by {by} of {of}"),
        }
    }

    /// An attachment on its way.
    pub fn uploading(self, percent: u8) -> String {
        match self {
            Self::De => format!("Wird gesendet, {percent} %"),
            Self::En => format!("Sending, {percent}%"),
        }
    }

    /// A large file while it is encrypted onto the device.
    pub fn sealing(self, percent: u64, of: u64) -> String {
        let size = self.size(of);
        match self {
            Self::De => {
                format!("Wird verschlüsselt, {percent} % von {size}. Konsil bitte offen lassen.")
            }
            Self::En => format!("Being encrypted, {percent}% of {size}. Please keep Konsil open."),
        }
    }

    /// A large file on its way.
    pub fn sending_large(self, percent: u64, of: u64) -> String {
        let size = self.size(of);
        match self {
            Self::De => format!("Wird gesendet, {percent} % von {size}"),
            Self::En => format!("Sending, {percent}% of {size}"),
        }
    }

    /// A large file that waits for the network.
    pub fn paused_large(self, percent: u64, of: u64) -> String {
        let size = self.size(of);
        match self {
            Self::De => format!("Wartet auf Netz bei {percent} % von {size}"),
            Self::En => format!("Waits for network at {percent}% of {size}"),
        }
    }

    /// An attachment on its way to this device.
    pub fn fetching(self, percent: u64, of: u64) -> String {
        let size = self.size(of);
        match self {
            Self::De => format!("Wird geholt, {percent} % von {size}"),
            Self::En => format!("Fetching, {percent}% of {size}"),
        }
    }

    /// The device lacks so much room for a file until it is sent.
    pub fn no_room(self, missing_bytes: u64) -> String {
        let missing = self.size(missing_bytes);
        match self {
            Self::De => format!(
                "Auf diesem Gerät ist nicht genug Platz: Es fehlen {missing}. Die Datei wurde nicht gesendet."
            ),
            Self::En => format!(
                "There is not enough room on this device: {missing} are missing. The file was not sent."
            ),
        }
    }

    /// What a reaction's button says to a screen reader.
    pub fn reaction_by(self, emoji: &str, names: &str) -> String {
        match self {
            Self::De => format!("{emoji} von {names}"),
            Self::En => format!("{emoji} from {names}"),
        }
    }

    /// How much of a long text is here.
    pub fn parts(self, have: usize, of: usize) -> String {
        match self {
            Self::De => format!("{have} von {of} Teilen"),
            Self::En => format!("{have} of {of} parts"),
        }
    }

    /// How many pages.
    pub fn pages(self, count: usize) -> String {
        match (self, count) {
            (Self::De, 1) => "1 Seite".into(),
            (Self::De, _) => format!("{count} Seiten"),
            (Self::En, 1) => "1 page".into(),
            (Self::En, _) => format!("{count} pages"),
        }
    }

    /// Which page of a document.
    pub fn page_of(self, page: usize, count: usize) -> String {
        match self {
            Self::De => format!("Seite {page} von {count}"),
            Self::En => format!("Page {page} of {count}"),
        }
    }

    /// Label of a video for those who do not see it.
    pub fn video_from(self, who: &str) -> String {
        match self {
            Self::De => format!("Video von {who}"),
            Self::En => format!("Video from {who}"),
        }
    }

    /// Label of a picture for those who do not see it.
    pub fn picture_from(self, who: &str) -> String {
        match self {
            Self::De => format!("Bild von {who}"),
            Self::En => format!("Picture from {who}"),
        }
    }

    /// An invitation to a chat.
    pub fn invited_by(self, who: &str) -> String {
        match self {
            Self::De => format!("{who} lädt zu diesem Chat ein."),
            Self::En => format!("{who} invites you to this chat."),
        }
    }

    /// A file that the server does not take.
    pub fn too_large(self, max_bytes: u64) -> String {
        let max = self.size(max_bytes);
        match self {
            Self::De => format!("Diese Datei ist zu groß. Möglich sind bis zu {max}."),
            Self::En => format!("This file is too large. Up to {max} is possible."),
        }
    }

    /// Asked by another person to compare pictures.
    pub fn verification_asked_by(self, who: &str) -> String {
        match self {
            Self::De => format!("{who} möchte die Identität bestätigen"),
            Self::En => format!("{who} wants to confirm the identity"),
        }
    }

    /// What the banner says while messages wait for the network.
    pub fn waiting_messages(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "1 Nachricht wartet".into(),
            (Self::De, n) => format!("{n} Nachrichten warten"),
            (Self::En, 1) => "1 message is waiting".into(),
            (Self::En, n) => format!("{n} messages are waiting"),
        }
    }

    /// Something failed in a way that only the support desk can look into.
    pub fn failed_with(self, code: &str) -> String {
        match self {
            Self::De => {
                format!("Das hat nicht geklappt. Bitte noch einmal versuchen. Für die IT: {code}")
            }
            Self::En => format!("That did not work. Please try again. For IT: {code}"),
        }
    }

    /// How many people a group gets.
    pub fn chosen(self, n: usize) -> String {
        match self {
            Self::De => format!("{n} ausgewählt"),
            Self::En => format!("{n} chosen"),
        }
    }

    /// State of a message of ours in a group: with how many it has arrived.
    pub fn delivered_to_of(self, to: usize, of: usize) -> String {
        match self {
            Self::De => format!("Angekommen bei {to} von {of}"),
            Self::En => format!("On a device of {to} of {of}"),
        }
    }

    /// On the reminder of an urgent message that nobody has taken over.
    pub fn urgent_from(self, name: &str) -> String {
        match self {
            Self::De => format!("Dringend von {name}"),
            Self::En => format!("Urgent from {name}"),
        }
    }

    /// Below a reminder: how many urgent messages wait besides.
    pub fn urgent_more(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 1) => "Noch 1 dringende Nachricht ist offen".into(),
            (Self::De, n) => format!("Noch {n} dringende Nachrichten sind offen"),
            (Self::En, 1) => "1 more urgent message is open".into(),
            (Self::En, n) => format!("{n} more urgent messages are open"),
        }
    }

    /// How many have taken an urgent message over.
    pub fn confirmed_by_of(self, by: usize, of: usize) -> String {
        match self {
            Self::De => format!("{by} von {of} bestätigt"),
            Self::En => format!("{by} of {of} confirmed"),
        }
    }

    /// How many have answered a poll.
    pub fn voters(self, n: usize) -> String {
        match (self, n) {
            (Self::De, 0) => "Noch keine Antwort".into(),
            (Self::De, 1) => "1 Person hat geantwortet".into(),
            (Self::De, n) => format!("{n} Personen haben geantwortet"),
            (Self::En, 0) => "No answer yet".into(),
            (Self::En, 1) => "1 person has answered".into(),
            (Self::En, n) => format!("{n} people have answered"),
        }
    }

    /// One answer of a poll for those who do not see its bar.
    pub fn answer_with_votes(self, answer: &str, votes: usize) -> String {
        match (self, votes) {
            (Self::De, 1) => format!("{answer}, 1 Stimme"),
            (Self::De, n) => format!("{answer}, {n} Stimmen"),
            (Self::En, 1) => format!("{answer}, 1 vote"),
            (Self::En, n) => format!("{answer}, {n} votes"),
        }
    }

    /// How many messages a search further back has looked at, and down to when.
    pub fn searched_down_to(self, messages: usize, date: &str) -> String {
        match self {
            Self::De => format!("{messages} Nachrichten durchsucht, zurück bis {date}"),
            Self::En => format!("{messages} messages searched, back to {date}"),
        }
    }

    /// Somebody else has nearly the same name.
    pub fn similar_name(self, other: &str) -> String {
        match self {
            Self::De => format!("Ähnlicher Name: Es gibt auch {other}."),
            Self::En => format!("Similar name: there is also {other}."),
        }
    }

    /// Asked before a message goes to somebody whose name is similar to another one's.
    pub fn similar_question(self, who: &str) -> String {
        match self {
            Self::De => format!("Diese Nachricht geht an {who}."),
            Self::En => format!("This message goes to {who}."),
        }
    }

    /// Asked before somebody is removed from a group.
    pub fn remove_question(self, who: &str) -> String {
        match self {
            Self::De => format!("{who} aus der Gruppe entfernen?"),
            Self::En => format!("Remove {who} from the group?"),
        }
    }

    /// Label of a recording for those who do not see it.
    pub fn recording_from(self, who: &str, length: &str) -> String {
        match self {
            Self::De => format!("Sprachnachricht von {who}, {length}"),
            Self::En => format!("Voice message from {who}, {length}"),
        }
    }

    /// One of several pictures, which is not the one that is looked at.
    pub fn writing_hint_on(self, n: usize) -> String {
        match self {
            Self::De => format!("Auf Bild {n} ist wahrscheinlich Schrift zu sehen."),
            Self::En => format!("Picture {n} probably shows writing."),
        }
    }

    /// Position in the row of pictures of a chat.
    pub fn picture_of(self, n: usize, of: usize) -> String {
        match self {
            Self::De => format!("Bild {n} von {of}"),
            Self::En => format!("Picture {n} of {of}"),
        }
    }
}
