//! Which lines begin a message.

use super::{
    head::Head,
    marks::{OWN_WORDS, is_mark},
};

/// A line that may begin a message.
pub(super) struct Line {
    /// Where it starts in the file.
    pub starts: usize,
    /// Where date and time end.
    pub head_ends: usize,
    pub head: Head,
    /// Begins with WhatsApp's mark for its own words.
    pub is_marked: bool,
    /// The line before it ends with CR LF.
    is_after_cr: bool,
}

/// The lines that begin a message, as far as it can be told without knowing day and month.
pub(super) fn message_lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut starts, mut is_after_cr) = (0, true);
    for line in text.split_inclusive('\n') {
        // The first letter tells for nearly all other lines that they begin none.
        let may_begin =
            line.starts_with(|it: char| it.is_ascii_digit() || it == '[' || is_mark(it));
        let read = if may_begin { Head::read(line) } else { None };
        if let Some((head, rest)) = read
            && lines.first().is_none_or(|first| first.head.form == head.form)
        {
            let head_ends = starts + line.len() - rest.len();
            let is_marked = line.chars().take_while(|it| is_mark(*it)).any(|it| it == OWN_WORDS);
            lines.push(Line { starts, head_ends, head, is_marked, is_after_cr });
        }
        starts += line.len();
        is_after_cr = line.ends_with("\r\n");
    }
    // Files that went through an editor may have a CR LF somewhere: what most lines have counts.
    let after_cr = lines.iter().filter(|line| line.is_after_cr).count();
    if after_cr > lines.len() / 2 && lines.len() > 1 {
        lines.retain(|line| line.is_after_cr);
    }
    lines
}
