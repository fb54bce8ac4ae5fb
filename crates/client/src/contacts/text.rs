//! Texts of files of any origin: which letters their bytes are, and how texts are compared.

/// The letters of a file. UTF-8 with or without a mark at its beginning, UTF-16 with one, and otherwise Windows-1252, in which Excel
/// writes tables and old telephones their cards.
pub(super) fn decoded(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(rest).into_owned();
    }
    let utf_16 = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf_16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf_16(rest, u16::from_be_bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => windows_1252(bytes),
    }
}

/// <https://encoding.spec.whatwg.org/#windows-1252>
pub(super) fn windows_1252(bytes: &[u8]) -> String {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let letter = |byte: &u8| match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        byte => char::from(*byte),
    };
    bytes.iter().map(letter).collect()
}

/// For comparing and sorting: small letters, umlauts and accents as their vowels.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' => folded.push('a'),
            'ö' | 'ò' | 'ó' | 'ô' | 'õ' | 'ø' => folded.push('o'),
            'ü' | 'ù' | 'ú' | 'û' => folded.push('u'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'í' | 'ì' | 'î' | 'ï' | 'ı' => folded.push('i'),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ş' | 'š' | 'ś' => folded.push('s'),
            'ğ' => folded.push('g'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' => folded.push('n'),
            'ž' | 'ź' | 'ż' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            // What a small İ is made of besides the i.
            '\u{307}' => {}
            letter => folded.push(letter),
        }
    }
    folded
}

/// A number for comparing: as it is dialled from abroad, by the rules of Germany where no country is given. Extensions stay short.
pub(super) fn dialled(number: &str) -> String {
    let without_trunk = number.replace("(0)", "");
    let digits: String =
        without_trunk.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    match digits.as_str() {
        abroad if abroad.starts_with('+') => abroad.to_owned(),
        abroad if abroad.starts_with("00") => format!("+{}", &abroad[2..]),
        home if home.starts_with('0') => format!("+49{}", &home[1..]),
        extension => extension.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_a_file_are_found_out() {
        for bytes in [
            &b"M\xc3\xbcller \xe2\x80\x93 \xe2\x82\xac"[..],
            b"\xef\xbb\xbfM\xc3\xbcller \xe2\x80\x93 \xe2\x82\xac",
            b"M\xfcller \x96 \x80",
            b"\xff\xfeM\0\xfc\0l\0l\0e\0r\0 \0\x13\x20 \0\xac\x20",
            b"\xfe\xff\0M\0\xfc\0l\0l\0e\0r\0 \x20\x13\0 \x20\xac",
        ] {
            assert_eq!(decoded(bytes), "Müller – €", "{bytes:?}");
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for number in
            ["+49 511 123-4711", "0049 511 1234711", "0511/123 47 11", "+49 (0)511 1234711"]
        {
            assert_eq!(dialled(number), "+495111234711", "{number}");
        }
        assert_eq!(dialled("4711"), "4711");
    }

    #[test]
    fn letters_are_compared_without_their_marks() {
        assert_eq!(folded("ÖZLEM Şahin-Weiß İ"), "ozlem sahin-weiss i");
    }
}
