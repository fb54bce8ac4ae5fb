//! Contrast of every pair of colours in use, in both themes (WCAG 2.1, 1.4.3 and 1.4.11; L.6).

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../static/css/tokens.css");
const SHEETS: [(&str, &str); 4] = [
    ("base.css", include_str!("../static/css/base.css")),
    ("shell.css", include_str!("../static/css/shell.css")),
    ("chat.css", include_str!("../static/css/chat.css")),
    ("sheets.css", include_str!("../static/css/sheets.css")),
];

/// Text needs 4.5:1 (1.4.3); borders of controls and marks of state need 3:1 (1.4.11).
const TEXT: f64 = 4.5;
const MARK: f64 = 3.0;

/// Foreground, background, least contrast. A colour that stands in a style sheet and in no pair fails a test below.
const PAIRS: &[(&str, &str, f64)] = &[
    ("ink", "ground", TEXT),
    ("ink", "panel", TEXT),
    ("ink", "raised", TEXT),
    ("ink", "hover", TEXT),
    ("ink", "brand-soft", TEXT),
    ("ink", "urgent-soft", TEXT),
    ("ink-2", "ground", TEXT),
    ("ink-2", "panel", TEXT),
    ("ink-2", "raised", TEXT),
    ("ink-2", "hover", TEXT),
    ("ink-2", "brand-soft", TEXT),
    ("ink-3", "ground", TEXT),
    ("ink-3", "panel", TEXT),
    ("ink-3", "hover", TEXT),
    ("panel", "ink", TEXT),
    ("brand", "panel", TEXT),
    ("brand", "raised", TEXT),
    ("brand", "ground", TEXT),
    ("brand", "hover", TEXT),
    ("brand", "brand-soft", TEXT),
    ("brand", "own", TEXT),
    ("brand-ink", "brand", TEXT),
    ("brand-ink", "brand-strong", TEXT),
    ("own-ink", "own", TEXT),
    ("own-ink-2", "own", TEXT),
    ("urgent", "urgent-soft", TEXT),
    ("urgent", "panel", TEXT),
    ("urgent", "own", TEXT),
    ("urgent-ink", "urgent", TEXT),
    ("outside", "outside-soft", TEXT),
    ("outside", "panel", MARK),
    ("outside", "ground", TEXT),
    ("avatar-ink", "avatar-1", TEXT),
    ("avatar-ink", "avatar-2", TEXT),
    ("avatar-ink", "avatar-3", TEXT),
    ("avatar-ink", "avatar-4", TEXT),
    ("avatar-ink", "avatar-5", TEXT),
    ("avatar-ink", "avatar-6", TEXT),
    ("avatar-ink", "avatar-7", TEXT),
    ("avatar-ink", "avatar-8", TEXT),
    ("stage-ink", "stage", TEXT),
    ("stage-ink", "stage-control", TEXT),
    ("stage-ink-2", "stage", TEXT),
    ("stage-ink-2", "stage-control", TEXT),
    ("line-strong", "panel", MARK),
    ("line-strong", "ground", MARK),
];

/// Colours that separate areas without being needed to understand or use anything, so no contrast is asked of them.
const DECORATION: &[&str] = &["line", "veil"];

type Rgb = (u8, u8, u8);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Token {
    light: Rgb,
    dark: Rgb,
}

fn hex(text: &str) -> Option<Rgb> {
    let digits = text.trim().strip_prefix('#')?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (digits.len() == 6).then_some(())?;
    Some((part(0)?, part(2)?, part(4)?))
}

/// All tokens that are plain colours: `--name: #rrggbb;` or `--name: light-dark(#rrggbb, #rrggbb);`.
fn tokens() -> BTreeMap<&'static str, Token> {
    let declarations =
        TOKENS.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    declarations
        .filter_map(|(name, value)| {
            let value = value.trim().trim_end_matches(';');
            let (light, dark) =
                match value.strip_prefix("light-dark(").and_then(|rest| rest.strip_suffix(')')) {
                    Some(both) => both.split_once(',')?,
                    None => (value, value),
                };
            Some((name, Token { light: hex(light)?, dark: hex(dark)? }))
        })
        .collect()
}

/// Relative luminance as WCAG 2.1 defines it.
fn luminance((r, g, b): Rgb) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn the_formula_gives_the_known_extremes() {
    assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 1e-9);
    assert!((contrast((119, 119, 119), (255, 255, 255)) - 4.48).abs() < 0.01);
}

#[test]
fn every_pair_of_colours_in_use_is_readable_in_both_themes() {
    let tokens = tokens();
    let token = |name: &str| *tokens.get(name).unwrap_or_else(|| panic!("no token --{name}"));
    let mut failures = Vec::new();
    for (front, back, least) in PAIRS {
        let (front_token, back_token) = (token(front), token(back));
        for (theme, ratio) in [
            ("light", contrast(front_token.light, back_token.light)),
            ("dark", contrast(front_token.dark, back_token.dark)),
        ] {
            if ratio < *least {
                failures.push(format!("--{front} on --{back}, {theme}: {ratio:.2} < {least}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_colour_in_a_style_sheet_is_a_token_with_a_checked_pair() {
    let tokens = tokens();
    for (sheet, css) in SHEETS {
        for (number, line) in css.lines().enumerate() {
            for used in line.split("var(--").skip(1) {
                let name = used.split([')', ',']).next().expect("split gives one");
                let is_checked =
                    PAIRS.iter().any(|(front, back, _)| *front == name || *back == name);
                let is_colour = tokens.contains_key(name);
                assert!(
                    !is_colour || is_checked || DECORATION.contains(&name),
                    "{sheet}:{}: --{name} is in no pair",
                    number + 1
                );
            }
        }
    }
}

#[test]
fn style_sheets_contain_no_colour_of_their_own() {
    for (sheet, css) in SHEETS {
        for (number, line) in css.lines().enumerate() {
            let bare = line.split('#').skip(1).any(|rest| {
                rest.chars().take_while(char::is_ascii_hexdigit).count() >= 3 && line.contains(':')
            });
            assert!(
                !bare && !line.contains("rgb(") && !line.contains("hsl("),
                "{sheet}:{}: {line}",
                number + 1
            );
        }
    }
}

#[test]
fn every_token_used_is_defined() {
    let defined: Vec<&str> = TOKENS
        .lines()
        .flat_map(|line| line.split("--").skip(1))
        .filter_map(|rest| rest.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    for (sheet, css) in SHEETS {
        for used in css.split("var(--").skip(1) {
            let name = used.split([')', ',']).next().expect("split gives one");
            assert!(defined.contains(&name), "{sheet} uses --{name}, which is not defined");
        }
    }
}
