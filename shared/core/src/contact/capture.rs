//! Finding an e-mail address or a phone number in what a person says.

use super::{Details, Phone};
use crate::identity::EmailAddress;

/// Words beside which a bare row of digits is a phone number and no order number.
const CUES: [&str; 12] = [
    "phone",
    "call",
    "tel",
    "mobile",
    "cell",
    "whatsapp",
    "number is",
    "telefon",
    "handy",
    "ruf",
    "móvil",
    "téléphone",
];

/// What a message tells of its author.
pub(crate) fn details_in(said: &str) -> Details {
    Details { name: None, email: email(said), phone: phone(said) }
}

fn email(said: &str) -> Option<EmailAddress> {
    let outside = |c: char| c.is_whitespace() || "<>()[]{},;:\"'`|".contains(c);
    said.split(outside).filter(|word| word.contains('@')).find_map(|word| {
        let word = word.trim_matches(|c: char| ".!?*".contains(c));
        let (local, domain) = word.split_once('@')?;
        let labels: Vec<&str> = domain.split('.').collect();
        let host = |label: &&str| {
            let inner = |c: char| c.is_alphanumeric() || c == '-';
            !label.is_empty() && !label.starts_with('-') && label.chars().all(inner)
        };
        let top =
            labels.last().is_some_and(|top| top.len() >= 2 && !top.contains(char::is_numeric));
        let plausible = !local.is_empty() && labels.len() >= 2 && top && labels.iter().all(host);
        plausible.then(|| EmailAddress::parse("email", word).ok()).flatten()
    })
}

/// A number begins with a plus, is written in groups, or stands beside a word that says what it is.
fn phone(said: &str) -> Option<Phone> {
    let lower = said.to_lowercase();
    let cued = CUES.iter().any(|cue| lower.contains(cue));
    runs(said).into_iter().find_map(|run| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let grouped = run.chars().any(|c| " -./(".contains(c));
        let fits = if run.starts_with('+') {
            (7..=15).contains(&digits)
        } else {
            (9..=12).contains(&digits) && (grouped || cued) || (7..=8).contains(&digits) && cued
        };
        (fits && !is_date(run)).then(|| Phone::parse("phone", run).ok()).flatten()
    })
}

/// The longest pieces that hold only what a number is written with, outside of words.
fn runs(said: &str) -> Vec<&str> {
    let part = |c: char| c.is_ascii_digit() || "+ -./()".contains(c);
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    for (at, c) in said.char_indices().chain([(said.len(), 'x')]) {
        match (begun, part(c) && at < said.len()) {
            (None, true) => begun = Some(at),
            (Some(from), false) => {
                let before = said[..from].chars().next_back();
                let in_word = |c: char| c.is_alphanumeric() || "#_@€$£".contains(c);
                let apart =
                    |run: &str| run.starts_with([' ', '(', '+']) || !before.is_some_and(in_word);
                let run = &said[from..at];
                if apart(run) && !in_word(c) | (at == said.len()) | run.ends_with(' ') {
                    found.push(run.trim_matches(|c: char| " -./".contains(c)));
                }
                begun = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found
}

/// `2026-07-02`, perhaps with an hour behind it, or `02.07.2026`.
fn is_date(run: &str) -> bool {
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).collect();
    let year =
        |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let short = groups.iter().filter(|group| group.len() <= 2 && !group.is_empty()).count();
    groups.iter().any(year) && short >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(said: &str) -> (Option<String>, Option<String>) {
        let details = details_in(said);
        (
            details.email.map(|email| email.as_str().to_owned()),
            details.phone.map(|phone| phone.as_str().to_owned()),
        )
    }

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        for said in [
            "visitor@example.com",
            "Write to visitor@example.com.",
            "my mail (visitor@example.com), please",
            "<visitor@example.com>",
            "mail:visitor@example.com!",
        ] {
            assert_eq!(found(said).0.as_deref(), Some("visitor@example.com"), "{said}");
        }
        for said in ["me @ home", "@handle", "a@b", "a@b.1", "x@.com", "price@ 5.00", "a@-b.com"] {
            assert_eq!(found(said).0, None, "{said}");
        }
    }

    #[test]
    fn a_number_is_found_as_people_write_it() {
        for (said, number) in [
            ("+1234567890", "+1234567890"),
            ("Call me at +1 (555) 123-4567.", "+15551234567"),
            ("my phone: 5551234567", "5551234567"),
            ("030 1234 5678 please", "03012345678"),
            ("(555) 123-4567", "5551234567"),
        ] {
            assert_eq!(found(said).1.as_deref(), Some(number), "{said}");
        }
    }

    #[test]
    fn other_numbers_are_no_phone() {
        for said in [
            "Where is my order 5551234567?",
            "order #5551234567",
            "on 2026-07-02 10:30",
            "02.07.2026 18",
            "I paid 4.50",
            "ABC123456789",
            "1234 5678 9012 3456 789",
            "30 days",
        ] {
            assert_eq!(found(said).1, None, "{said}");
        }
    }
}
