//! Reading what WhatsApp exports of a chat: `_chat.txt` from an iPhone, `WhatsApp Chat mit ….txt` from Android.
//!
//! Nobody has specified the format. A message is a line that begins with date, time and author, and all lines after it up to the
//! next such line; the words depend on the device's language (read here: German and English) and on WhatsApp's version.
//!
//! A line that looks like the beginning of a message may be part of one, where somebody has pasted something. It begins a message
//! only if
//! - date and time are written as in the first line: one device has written all of them;
//! - the day exists, in the order of day and month that fits the dates of all lines;
//! - the line before it ends as lines of messages do: iOS ends messages with CR LF, and lines within them with LF.
//!
//! What still looks the same is read as a message of its own.

mod authors;
mod body;
mod head;
mod lines;
mod marks;
mod order;
mod words;

pub use order::DateOrder;

use self::{
    authors::Authors,
    body::Body,
    head::{Date, Head},
    lines::{Line, message_lines},
    marks::plain,
};
use super::{Gone, Item, LocalTime, When};

/// A chat as its export has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// All messages and lines of the system, as they stand there.
    pub items: Vec<Item>,
    /// How the dates were read.
    pub order: DateOrder,
    /// Another order fits the dates as well: ask the person.
    pub is_ambiguous: bool,
}

/// Reads an export. `order`: as the person has said it, if the dates fit several. `None`: this is no export of WhatsApp.
pub fn read(text: &str, order: Option<DateOrder>) -> Option<Read> {
    let lines = message_lines(text);
    let first = lines.first()?;
    // Nothing stands before the first message.
    if !plain(&text[..first.starts]).is_empty() {
        return None;
    }
    let dates: Vec<Date> = lines.iter().map(|line| line.head.date).collect();
    let (order, is_ambiguous) = order::order(first.head.form, &dates, order);
    // WhatsApp has written the first line, and so its day exists.
    local(&first.head, order)?;
    let begun: Vec<(&Line, LocalTime)> =
        lines.iter().filter_map(|line| Some((line, local(&line.head, order)?))).collect();
    let ends = begun.iter().skip(1).map(|(line, _)| line.starts).chain([text.len()]);
    let messages = begun.iter().zip(ends).map(|((line, at), end)| Message {
        at: *at,
        is_marked: line.is_marked,
        text: &text[line.head_ends..end],
    });
    let messages: Vec<Message> = messages.collect();
    let authors = Authors::of(messages.iter().map(|message| message.text));
    let items: Vec<Item> = messages.iter().map(|message| message.item(&authors)).collect();
    // A list of appointments has dates and times too, but nobody who says something.
    let is_chat = items.iter().any(|item| item.author.is_some() || words::is_notice(&item.text));
    is_chat.then_some(Read { items, order, is_ambiguous })
}

fn local(head: &Head, order: DateOrder) -> Option<LocalTime> {
    let Head { hour, minute, second, .. } = *head;
    let (year, month, day) = order.read(head.date)?;
    Some(LocalTime { year, month, day, hour, minute, second })
}

/// A message without its head.
struct Message<'a> {
    at: LocalTime,
    is_marked: bool,
    /// Author and text.
    text: &'a str,
}

impl Message<'_> {
    fn item(&self, authors: &Authors) -> Item {
        let at = When::Local(self.at);
        let system = |text: String| Item {
            author: None,
            at,
            text,
            attachment: None,
            gone: None,
            edited: false,
            line: None,
        };
        let Some((author, text)) = authors.split(self.text) else {
            return system(plain(self.text).into_owned());
        };
        let Body { text, attachment, gone, edited, is_notice } = Body::read(text, self.is_marked);
        if is_notice {
            // The author is the group, or whom the notice is about.
            return system(text);
        }
        Item { author: Some(author.into_owned()), at, text, attachment, gone, edited, line: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // All samples are made up by us after the formats described above.

    /// A group on a German Android phone.
    const ANDROID: &str = "\u{feff}12.03.24, 14:03 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Tippe, um mehr zu erfahren.\n\
        12.03.24, 14:03 - Petra Holm hat die Gruppe „Klinikum Nord: Station 3“ erstellt\n\
        12.03.24, 14:04 - Petra Holm hat dich hinzugefügt\n\
        12.03.24, 14:05 - Petra Holm: Guten Tag,\n\nwer hat am 13.03.24, 9:00 - oder später - Zeit?\n13.03.24: OP-Plan\n\
        12.03.24, 14:06 - +49 151 23456789: Ich: immer\n\
        12.03.24, 14:07 - Jörg Weiß: IMG-20240312-WA0001.jpg (Datei angehängt)\nEKG von Bett 3\n\
        12.03.24, 14:08 - Jörg Weiß: <Medien ausgeschlossen>\n\
        12.03.24, 14:09 - Jörg Weiß: Diese Nachricht wurde gelöscht\n\
        12.03.24, 14:10 - Petra Holm: Danke! <Diese Nachricht wurde bearbeitet.>\n\
        12.03.24, 14:11 - Petra Holm: \n\
        13.03.24, 08:00 - +49 151 23456789 hat die Gruppe verlassen\n";

    /// A group on an English iPhone.
    const IOS: &str = "[3/12/24, 2:03:11\u{202f}PM] Northern Ward: \u{200e}Messages and calls are end-to-end encrypted.\r\n\
        [3/12/24, 2:03:11\u{202f}PM] Petra Holm: \u{200e}Petra Holm created group “Northern Ward”\r\n\
        [3/12/24, 2:05:33\u{202f}PM] Petra Holm: Who has copied this?\n\
        [3/12/24, 2:01:00\u{202f}PM] Anna: Lunch?\n\
        [3/12/24, 2:02:00\u{202f}PM] Jonas: Yes\r\n\
        \u{200e}[3/12/24, 2:06:00\u{202f}PM] ~\u{202f}Anna: ECG \u{200e}<attached: 00000012-PHOTO-2024-03-12-14-06-00.jpg>\r\n\
        \u{200e}[3/12/24, 2:07:00\u{202f}PM] ~\u{202f}Anna: \u{200e}image omitted\r\n\
        [3/12/24, 2:08:00\u{202f}PM] Petra Holm: image omitted\r\n\
        [3/13/24, 12:00:09\u{202f}AM] Petra Holm: \u{200e}Missed voice call. Tap to call back\r\n";

    fn items(text: &str) -> Vec<Item> {
        read(text, None).unwrap_or_else(|| panic!("{text}")).items
    }

    /// Authors and texts.
    fn said(items: &[Item]) -> Vec<(&str, &str)> {
        items.iter().map(|it| (it.author.as_deref().unwrap_or("-"), it.text.as_str())).collect()
    }

    fn at(item: &Item) -> LocalTime {
        let When::Local(at) = item.at else { panic!("{item:?}") };
        at
    }

    #[test]
    fn a_german_group_from_android_is_read() {
        let Read { items, order, is_ambiguous } = read(ANDROID, None).expect("an export");
        assert_eq!((order, is_ambiguous), (DateOrder::DayFirst, false));
        let expected = [
            (
                "-",
                "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Tippe, um mehr zu erfahren.",
            ),
            ("-", "Petra Holm hat die Gruppe „Klinikum Nord: Station 3“ erstellt"),
            ("-", "Petra Holm hat dich hinzugefügt"),
            (
                "Petra Holm",
                "Guten Tag,\n\nwer hat am 13.03.24, 9:00 - oder später - Zeit?\n13.03.24: OP-Plan",
            ),
            ("+49 151 23456789", "Ich: immer"),
            ("Jörg Weiß", "EKG von Bett 3"),
            ("Jörg Weiß", ""),
            ("Jörg Weiß", ""),
            ("Petra Holm", "Danke!"),
            ("Petra Holm", ""),
            ("-", "+49 151 23456789 hat die Gruppe verlassen"),
        ];
        assert_eq!(said(&items), expected);
        assert_eq!(items[5].attachment.as_deref(), Some("IMG-20240312-WA0001.jpg"));
        let gone: Vec<Option<Gone>> = items[6..=9].iter().map(|it| it.gone).collect();
        assert_eq!(gone, [Some(Gone::LeftOut), Some(Gone::Deleted), None, Some(Gone::LeftOut)]);
        let edited: Vec<usize> = (0..items.len()).filter(|it| items[*it].edited).collect();
        assert_eq!(edited, [8]);
        let time = LocalTime { year: 2024, month: 3, day: 13, hour: 8, minute: 0, second: 0 };
        assert_eq!(at(&items[10]), time);
    }

    #[test]
    fn an_english_group_from_an_iphone_is_read() {
        let Read { items, order, is_ambiguous } = read(IOS, None).expect("an export");
        assert_eq!((order, is_ambiguous), (DateOrder::MonthFirst, false));
        let expected = [
            ("-", "Messages and calls are end-to-end encrypted."),
            ("-", "Petra Holm created group “Northern Ward”"),
            (
                "Petra Holm",
                "Who has copied this?\n[3/12/24, 2:01:00\u{202f}PM] Anna: Lunch?\n[3/12/24, 2:02:00\u{202f}PM] Jonas: Yes",
            ),
            ("~\u{202f}Anna", "ECG"),
            ("~\u{202f}Anna", ""),
            ("Petra Holm", "image omitted"),
            ("Petra Holm", "Missed voice call. Tap to call back"),
        ];
        assert_eq!(said(&items), expected);
        let attachment = items[3].attachment.as_deref();
        assert_eq!(attachment, Some("00000012-PHOTO-2024-03-12-14-06-00.jpg"));
        assert_eq!((items[4].gone, items[5].gone), (Some(Gone::LeftOut), None));
        let time = LocalTime { year: 2024, month: 3, day: 13, hour: 0, minute: 0, second: 9 };
        assert_eq!(at(&items[6]), time);
    }

    #[test]
    fn an_iphone_of_2016_is_read() {
        let text = "20.10.16, 09:17:46: \u{200e}Nachrichten in diesem Chat sind jetzt mit Ende-zu-Ende-Verschlüsselung geschützt.\n\
            20.10.16, 09:18:02: Petra Holm: Visite um 10:00: wer kommt?\n";
        let expected = [
            (
                "-",
                "Nachrichten in diesem Chat sind jetzt mit Ende-zu-Ende-Verschlüsselung geschützt.",
            ),
            ("Petra Holm", "Visite um 10:00: wer kommt?"),
        ];
        assert_eq!(said(&items(text)), expected);
    }

    #[test]
    fn a_line_in_another_form_or_of_no_day_goes_on_with_the_message() {
        let rest = [
            "[12.03.24, 14:05:33] Anna: kopiert",
            "12.03.2024, 14:05 - Anna: langes Jahr",
            "12.03.24, 14:05:33 - Anna: Sekunden",
            "12.03.24, 2:05 PM - Anna: zwölf Stunden",
            "12/03/24, 14:05 - Anna: Striche",
            "31.02.24, 14:05 - Anna: kein Tag",
            "12.03.24, 14:05 Uhr: Visite",
        ];
        let text = format!("12.03.24, 14:05 - Petra Holm: Hier\n{}\n", rest.join("\n"));
        let items = items(&text);
        assert_eq!(said(&items), [("Petra Holm", &*format!("Hier\n{}", rest.join("\n")))]);
    }

    #[test]
    fn lines_end_as_the_device_or_an_editor_has_it() {
        let expected = items(ANDROID);
        assert_eq!(items(&ANDROID.replace('\n', "\r\n")), expected);
        assert_eq!(items(&ANDROID.replacen('\n', "\r\n", 2)), expected);
        assert_eq!(items(ANDROID.trim_end()), expected);
        assert_eq!(items(&format!("\n{ANDROID}\n\n")), expected);
    }

    #[test]
    fn the_person_says_the_order_where_several_fit() {
        let text = "03/04/24, 14:05 - Anna: Hello\n04/04/24, 14:05 - Jonas: Hi\n";
        let guess = read(text, None).expect("an export");
        assert_eq!((guess.order, guess.is_ambiguous), (DateOrder::DayFirst, true));
        assert_eq!((at(&guess.items[0]).month, at(&guess.items[0]).day), (4, 3));
        let told = read(text, Some(DateOrder::MonthFirst)).expect("an export");
        assert_eq!((told.order, told.is_ambiguous), (DateOrder::MonthFirst, false));
        assert_eq!((at(&told.items[0]).month, at(&told.items[0]).day), (3, 4));
    }

    #[test]
    fn other_files_are_no_export() {
        for text in [
            "",
            "\u{feff}\r\n",
            "Name;Telefon\nAnna;4711",
            "Protokoll\n12.03.24, 14:05 - Anna: Hallo",
            "12.03.24, 14:05 - Zahnarzt\n13.03.24, 9:00 - Visite",
            "32.03.24, 14:05 - Anna: Hallo\n12.03.24, 14:05 - Anna: Hallo",
            "{\"messages\": []}",
        ] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }

    /// Small steps of a generator (xorshift), so that a seed names a file.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % u64::try_from(end.max(1)).expect("small")).expect("small")
        }
    }

    #[test]
    fn no_file_brings_the_reader_down() {
        let pieces = [
            "\u{200e}",
            "\u{feff}",
            "\u{202f}",
            "\r\n",
            "\n",
            ": ",
            ":",
            "<",
            ">",
            "[",
            "]",
            " - ",
            ".",
            "/",
            "•",
            "ä",
            "🏥",
            "12",
            "2024",
            "PM",
            "a. m.",
            "(Datei angehängt)",
            "<Anhang: ",
            "weggelassen",
            "omitted",
            "\u{200e}Dokument weggelassen",
            "<Diese Nachricht wurde bearbeitet.>",
            "12.03.24, 14:05 - ",
            "[3/12/24, 2:05:33\u{202f}PM] ",
        ];
        for seed in 1..4_000_u64 {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let sample = [ANDROID, IOS][random.below(2)];
            let mut letters: Vec<char> = sample.chars().collect();
            for _ in 0..=random.below(30) {
                let at = random.below(letters.len());
                match random.below(4) {
                    0 => letters.truncate(at.max(1)),
                    1 => drop(letters.drain(at..(at + random.below(9)).min(letters.len()))),
                    _ => drop(letters.splice(at..at, pieces[random.below(pieces.len())].chars())),
                }
            }
            let text: String = letters.into_iter().collect();
            let order = [None, Some(DateOrder::YearFirst)][random.below(2)];
            let read = std::panic::catch_unwind(|| read(&text, order));
            assert!(read.is_ok(), "seed {seed}");
        }
    }
}
