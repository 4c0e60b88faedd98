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

/// Where addresses of mail stand: around each `@`, as far as their characters go.
fn mails(text: &str) -> Vec<(usize, usize)> {
    let is_part =
        |character: char| character.is_alphanumeric() || "._%+-'!#$&*/=?^`{|}~".contains(character);
    text.match_indices(['@', '＠'])
        .filter_map(|(at, sign)| {
            let before = text[..at].trim_end_matches(is_part).len();
            let after = at + sign.len();
            let rest = &text[after..];
            let domain = rest.len()
                - rest
                    .trim_start_matches(|c: char| c.is_alphanumeric() || c == '-' || c == '.')
                    .len();
            (before < at && domain > 0).then_some((before, after + domain))
        })
        .collect()
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
    character.is_whitespace() || "-.()/‐‑–+".contains(character)
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
