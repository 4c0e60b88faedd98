//! Taking addresses of mail and phone numbers out of free text.

use std::borrow::Cow;

/// What stands where something was taken out.
pub(super) const REDACTED: &str = "[redacted]";

/// Digits that a phone number has at least.
const PHONE_DIGITS: usize = 7;

/// The text without addresses of mail and phone numbers. Rather one order number too many is taken out
/// than a phone number left in.
pub(super) fn scrubbed(text: &str) -> Cow<'_, str> {
    let mut spans = mails(text);
    spans.extend(phones(text));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in spans {
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(REDACTED);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// How people and programs write the sign of an address.
const SIGNS: [&str; 4] = ["@", "＠", "﹫", "%40"];

/// Where addresses of mail stand: around each sign, as far as their characters go.
fn mails(text: &str) -> Vec<(usize, usize)> {
    let signs = SIGNS.iter().flat_map(|sign| text.match_indices(sign));
    signs
        .filter_map(|(at, sign)| {
            let (start, after) = (local(&text[..at]), at + sign.len());
            let domain = domain(&text[after..]);
            (start < at && domain > 0).then_some((start, after + domain))
        })
        .collect()
}

/// Where the part before the sign begins; it may be quoted.
fn local(before: &str) -> usize {
    let is_part = |character: char| {
        character.is_alphanumeric()
            || is_unseen(character)
            || "._%+-'!#$&*/=?^`{|}~".contains(character)
    };
    match before.strip_suffix('"') {
        Some(quoted) => quoted.rfind('"').unwrap_or(quoted.len()),
        None => before.trim_end_matches(is_part).len(),
    }
}

/// How long the part behind the sign is: a name, or a number in brackets.
fn domain(after: &str) -> usize {
    let is_part = |character: char| {
        character.is_alphanumeric() || is_unseen(character) || "-.".contains(character)
    };
    match after.strip_prefix('[').and_then(|number| number.find(']')) {
        Some(end) => end + 2,
        None => after.len() - after.trim_start_matches(is_part).len(),
    }
}

/// Characters of no width, which can stand inside of anything.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Where phone numbers stand: runs of digits, in any script, with what people write between them.
fn phones(text: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, first)) = characters.next() {
        if !(first.is_numeric() || first == '+' || first == '(') {
            continue;
        }
        let mut digits = usize::from(first.is_numeric());
        let mut end = start + first.len_utf8();
        let mut gap = 0;
        while let Some((at, character)) = characters.peek().copied() {
            if character.is_numeric() {
                digits += 1;
                end = at + character.len_utf8();
                gap = 0;
            } else if is_between(character) && gap < 3 {
                gap += 1;
            } else {
                break;
            }
            characters.next();
        }
        if digits >= PHONE_DIGITS {
            spans.push((start, end));
        }
    }
    spans
}

fn is_between(character: char) -> bool {
    character.is_whitespace() || is_unseen(character) || "-.()/‐‑–+".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers_go_wherever_they_stand() {
        for (text, expected) in [
            ("mail jane.doe+x@mail.example.com now", "mail [redacted] now"),
            ("<a@b.example>", "<[redacted]>"),
            ("call +1 (555) 123-4567 or 020 7946 0018!", "call [redacted] or [redacted]!"),
            ("+15551234567", "[redacted]"),
            ("٠١٢٣٤٥٦٧٨", "[redacted]"),
            ("ünï@exämple.org, 555.123.4567", "[redacted], [redacted]"),
            ("jane@example", "[redacted]"),
            ("mailto:jane%40mail.example", "mailto:[redacted]"),
            ("\"jane doe\"@mail.example or jane@[192.0.2.1]", "[redacted] or [redacted]"),
            ("ja\u{200b}ne\u{200b}@mail.example", "[redacted]"),
            ("jane＠mail.example", "[redacted]"),
            ("555\u{200b}123\u{200b}4567", "[redacted]"),
        ] {
            assert_eq!(scrubbed(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_neither_stays() {
        for text in ["order #123 ships on 24.12.", "€ 19.99 @ 3 p.m.", "", "room 4, 2nd floor (3)"]
        {
            assert_eq!(scrubbed(text), text);
        }
    }

    #[test]
    fn nothing_is_left_of_many_addresses_side_by_side() {
        let text = "a@b.example,c@d.example;e@f.example a@b@c.example";
        let out = scrubbed(text);
        assert!(!out.contains('@'), "{out}");
    }
}
