//! Taking addresses of mail and phone numbers out of free text.
//!
//! A text is looked at as it was written, then with every escape decoded and every character folded, then
//! without markup; what is found in any of them is taken out of the original.

use std::borrow::Cow;

use aiva_core::contact::{Details, Folded, Phone, Span};
use aiva_core::identity::EmailAddress;
use aiva_core::webhook::Scene;

mod announce;
mod escape;
mod known;
mod mail;
mod markup;
mod phone;

/// What stands where something was taken out.
pub(super) const REDACTED: &str = "[redacted]";

/// Addresses and numbers that are known to be somebody's: they go however they look.
#[derive(Default)]
pub(super) struct Known {
    /// As they were told, and as they are read.
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
        for mail in mail.into_iter().flat_map(|mail| [mail.to_owned(), read(mail)]) {
            if !self.mails.contains(&mail) {
                self.mails.push(mail);
            }
        }
        let number = details.phone.as_ref().map(Phone::as_str);
        let number = number.map(|number| number.trim_start_matches('+').to_owned());
        self.numbers.extend(number.filter(|number| !self.numbers.contains(number)));
    }
}

fn read(text: &str) -> String {
    Folded::of(text).text().to_owned()
}

/// The text without addresses of mail and phone numbers. Rather one order number too many is taken out
/// than a phone number left in.
pub(super) fn scrubbed<'a>(text: &'a str, known: &Known) -> Cow<'a, str> {
    let mut spans = found(text, known);
    let decoded = escape::decoded(text);
    let bare = markup::bare(decoded.text());
    if bare.text() != decoded.text() {
        let bare = decoded.then(bare);
        spans.extend(found(bare.text(), known).into_iter().map(|span| bare.origin(span)));
    }
    if decoded.text() != text {
        spans.extend(found(decoded.text(), known).into_iter().map(|span| decoded.origin(span)));
    }
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), None);
    for (start, end) in spans {
        let past = at.unwrap_or(0);
        // What overlaps, or begins where the last one ended, is told of once.
        if at.is_none() || start > past {
            out.push_str(&text[past..start]);
            out.push_str(REDACTED);
        }
        at = Some(past.max(end));
    }
    out.push_str(&text[at.unwrap_or(0)..]);
    Cow::Owned(out)
}

/// Where something stands in a text, however it came to be.
fn found(text: &str, known: &Known) -> Vec<Span> {
    let mut spans = mail::found(text);
    spans.extend(phone::found(text));
    spans.extend(known.mails.iter().flat_map(|known| mail::spelt(text, known)));
    spans.extend(known.numbers.iter().flat_map(|known| known::spelt(text, known)));
    spans
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
