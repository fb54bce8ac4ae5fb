//! Names of the 64 pictures that two devices compare (Matrix specification, "SAS method: emoji").

use super::Lang;

/// The picture's name; `index` counts from 0 to 63 as in the specification's table. `None` beyond it.
pub fn emoji_name(lang: Lang, index: u8) -> Option<&'static str> {
    let names = match lang {
        Lang::De => &GERMAN,
        Lang::En => &ENGLISH,
    };
    names.get(usize::from(index)).copied()
}

/// The specification's own translations.
const GERMAN: [&str; 64] = [
    "Hund",
    "Katze",
    "Löwe",
    "Pferd",
    "Einhorn",
    "Schwein",
    "Elefant",
    "Hase",
    "Panda",
    "Hahn",
    "Pinguin",
    "Schildkröte",
    "Fisch",
    "Oktopus",
    "Schmetterling",
    "Blume",
    "Baum",
    "Kaktus",
    "Pilz",
    "Globus",
    "Mond",
    "Wolke",
    "Feuer",
    "Banane",
    "Apfel",
    "Erdbeere",
    "Mais",
    "Pizza",
    "Kuchen",
    "Herz",
    "Lächeln",
    "Roboter",
    "Hut",
    "Brille",
    "Schraubenschlüssel",
    "Nikolaus",
    "Daumen hoch",
    "Regenschirm",
    "Sanduhr",
    "Uhr",
    "Geschenk",
    "Glühbirne",
    "Buch",
    "Bleistift",
    "Büroklammer",
    "Schere",
    "Schloss",
    "Schlüssel",
    "Hammer",
    "Telefon",
    "Flagge",
    "Zug",
    "Fahrrad",
    "Flugzeug",
    "Rakete",
    "Pokal",
    "Ball",
    "Gitarre",
    "Trompete",
    "Glocke",
    "Anker",
    "Kopfhörer",
    "Ordner",
    "Stecknadel",
];

const ENGLISH: [&str; 64] = [
    "Dog",
    "Cat",
    "Lion",
    "Horse",
    "Unicorn",
    "Pig",
    "Elephant",
    "Rabbit",
    "Panda",
    "Rooster",
    "Penguin",
    "Turtle",
    "Fish",
    "Octopus",
    "Butterfly",
    "Flower",
    "Tree",
    "Cactus",
    "Mushroom",
    "Globe",
    "Moon",
    "Cloud",
    "Fire",
    "Banana",
    "Apple",
    "Strawberry",
    "Corn",
    "Pizza",
    "Cake",
    "Heart",
    "Smiley",
    "Robot",
    "Hat",
    "Glasses",
    "Spanner",
    "Santa",
    "Thumbs Up",
    "Umbrella",
    "Hourglass",
    "Clock",
    "Gift",
    "Light Bulb",
    "Book",
    "Pencil",
    "Paperclip",
    "Scissors",
    "Lock",
    "Key",
    "Hammer",
    "Telephone",
    "Flag",
    "Train",
    "Bicycle",
    "Aeroplane",
    "Rocket",
    "Trophy",
    "Ball",
    "Guitar",
    "Trumpet",
    "Bell",
    "Anchor",
    "Headphones",
    "Folder",
    "Pin",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_64_pictures_have_64_different_names_in_each_language() {
        for lang in [Lang::De, Lang::En] {
            let names: std::collections::BTreeSet<_> =
                (0..64).map(|index| emoji_name(lang, index).expect("a name")).collect();
            assert_eq!(names.len(), 64);
            assert_eq!(emoji_name(lang, 64), None);
        }
    }

    /// Anchors at both ends and in between, from the specification's table: a shifted table would confirm a stranger.
    #[test]
    fn the_table_is_in_the_order_of_the_specification() {
        for (index, de, en) in [
            (0, "Hund", "Dog"),
            (19, "Globus", "Globe"),
            (31, "Roboter", "Robot"),
            (47, "Schlüssel", "Key"),
            (63, "Stecknadel", "Pin"),
        ] {
            assert_eq!(
                (emoji_name(Lang::De, index), emoji_name(Lang::En, index)),
                (Some(de), Some(en))
            );
        }
    }
}
