//! Taking addresses of mail and phone numbers out of free text.

use std::borrow::Cow;

use aiva_core::contact::{Details, Phone};
use aiva_core::identity::EmailAddress;
use aiva_core::webhook::Scene;

mod mail;
mod phone;

/// What stands where something was taken out.
pub(super) const REDACTED: &str = "[redacted]";

/// Where something stands in a text, in bytes.
type Span = (usize, usize);

/// Addresses and numbers that are known to be somebody's: they go however they look.
#[derive(Default)]
pub(super) struct Known {
    mails: Vec<String>,
    /// Digits alone.
    numbers: Vec<String>,
}

impl Known {
    /// What is known of the person of a scene.
    pub(super) fn of(scene: Option<Scene<'_>>) -> Self {
        let mut known = Self::default();
        if let Some(Scene { conversation, person }) = scene {
            known.learn(&person.details);
            known.learn(&conversation.person.details);
        }
        known
    }

    fn learn(&mut self, details: &Details) {
        let mail = details.email.as_ref().map(EmailAddress::as_str);
        self.mails.extend(mail.map(str::to_owned));
        let number = details.phone.as_ref().map(Phone::as_str);
        self.numbers.extend(number.map(|number| number.trim_start_matches('+').to_owned()));
    }
}

/// The text without addresses of mail and phone numbers. Rather one order number too many is taken out
/// than a phone number left in.
pub(super) fn scrubbed<'a>(text: &'a str, known: &Known) -> Cow<'a, str> {
    let mut spans = mail::found(text);
    spans.extend(phone::found(text));
    spans.extend(known.mails.iter().flat_map(|known| mail::spelt(text, known)));
    spans.extend(known.numbers.iter().flat_map(|known| phone::spelt(text, known)));
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in spans {
        // What overlaps, or begins where the last one ended, is told of once.
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(REDACTED);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// Characters of no width, which can stand inside of anything.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(text: &str) -> String {
        scrubbed(text, &Known::default()).into_owned()
    }

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
            ("jane @ example.com", "[redacted]"),
            ("at jane@ example.com or jane @example.com!", "at [redacted] or [redacted]!"),
            ("jane.doe ＠ mail.example.co.uk", "[redacted]"),
            ("555_123_4567", "[redacted]"),
            ("555,123,4567", "[redacted]"),
            ("555:123:4567", "[redacted]"),
            ("555·123·4567", "[redacted]"),
            ("555 · 123 · 4567", "[redacted]"),
            ("555—123—4567", "[redacted]"),
            ("555*123*4567", "[redacted]"),
            ("tel 0170_1234567, or 030:1234 567", "tel [redacted], or [redacted]"),
            ("+49_170,123:45*67", "[redacted]"),
            ("(555)_123_4567", "[redacted]"),
            ("1*800*555*1234", "[redacted]"),
            ("call 12345", "call [redacted]"),
            ("Call me on 12-345!", "Call me on [redacted]!"),
            ("my number is 123456", "my number is [redacted]"),
            ("Telefon: 123 456", "Telefon: [redacted]"),
            ("phone (12345)", "phone [redacted]"),
        ] {
            assert_eq!(scrub(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_neither_stays() {
        for text in [
            "order #123 ships on 24.12.",
            "€ 19.99 @ 3 p.m.",
            "",
            "room 4, 2nd floor (3)",
            "2 boxes @ 4.50",
            "meet @ noon",
            "order 12345 and #123456",
            "my order number is 12345",
            "call me about order 12345",
            "€ 1,234,567.00 or 1,234,567",
            "on 24.12. from 10:30:15 to 11:45:00",
            "at 01:02:03:04",
            "2026:07:02",
            "1990—2000",
            "ORD_555_123_4567",
            "#555_123_4567",
            "2024_000123",
            "sizes 36,38,40,42,44",
            "12,99, 13,99 and 14,99",
            "+1,234,567 views",
            "ratio 16:9, 1920*1080",
        ] {
            assert_eq!(scrub(text), text);
        }
    }

    #[test]
    fn what_is_known_goes_however_it_is_written() {
        let known = Known {
            mails: vec!["Jane+x@Example.com".to_owned()],
            numbers: vec!["12345".to_owned(), "491701234567".to_owned()],
        };
        for (text, expected) in [
            ("is order 12345 mine?", "is order [redacted] mine?"),
            ("1 2-3_4*5", "[redacted]"),
            ("123456 and 012345 and 1234", "123456 and 012345 and 1234"),
            ("(jane+X@example.COM)", "([redacted])"),
            ("49/170/1234567", "[redacted]"),
        ] {
            assert_eq!(scrubbed(text, &known), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_left_of_many_addresses_side_by_side() {
        let text = "a@b.example,c@d.example;e@f.example a@b@c.example";
        let out = scrub(text);
        assert!(!out.contains('@'), "{out}");
    }
}
