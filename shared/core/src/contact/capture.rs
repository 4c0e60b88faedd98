//! Finding an e-mail address or a phone number in what a person says.

use super::{Details, Folded, Phone};
use crate::identity::EmailAddress;

mod number;

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

/// An address goes as far on either side of its sign as its characters do.
fn email(said: &str) -> Option<EmailAddress> {
    said.match_indices('@').find_map(|(at, _)| {
        let (before, after) = (&said[..at], &said[at + 1..]);
        let local = local(before);
        let domain = domain(after);
        let beside = before[..before.len() - local.len()].ends_with('@');
        let apart = !beside && !after[domain.len()..].starts_with('@');
        let labels: Vec<&str> = domain.split('.').collect();
        let top =
            labels.last().is_some_and(|top| top.len() >= 2 && !top.contains(char::is_numeric));
        let plausible = apart && !local.is_empty() && labels.len() >= 2 && top;
        // What is no host name, with a label that is empty or begins with a dash, is refused there.
        plausible.then(|| EmailAddress::parse("email", &format!("{local}@{domain}")).ok()).flatten()
    })
}

/// A letter of a script without capitals: no blank parts it from an address in Latin letters.
fn is_caseless(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()
}

fn local(before: &str) -> &str {
    let part = |c: char| c.is_alphanumeric() || "._%+-~!#$*^".contains(c);
    let mut local = &before[before.trim_end_matches(part).len()..];
    if local.ends_with(|c: char| c.is_ascii()) {
        local = local.rsplit(is_caseless).next().unwrap_or(local);
    }
    local.trim_start_matches(['.', '-', '+', '%', '~', '!', '#', '$', '*', '^'])
}

fn domain(after: &str) -> &str {
    let part = |c: char| c.is_alphanumeric() || "-.".contains(c);
    let domain = &after[..after.len() - after.trim_start_matches(part).len()];
    let top = domain.trim_end_matches(['.', '-']).rfind('.').map_or(0, |dot| dot + 1);
    let foreign =
        domain[top..].find(is_caseless).filter(|at| *at > 0).map_or(domain.len(), |at| top + at);
    domain[..foreign].trim_end_matches(['.', '-'])
}

/// A number begins with a plus, is written in groups, or stands beside a word that says what it is.
fn phone(said: &str) -> Option<Phone> {
    let lower = said.to_lowercase();
    let cued = CUES.iter().any(|cue| lower.contains(cue));
    let folded = (!said.is_ascii()).then(|| Folded::of(said));
    let runs = runs(folded.as_ref().map_or(said, Folded::text));
    let mut found = runs.into_iter().flat_map(|run| number::candidates(run, cued));
    found.find_map(|number| Phone::parse("phone", &number).ok())
}

/// A piece that holds only what a number is written with.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    text: &'a str,
    /// Whether a blank and a word follow: its last digits may count something.
    counts: bool,
}

/// The longest such pieces outside of words; of one that runs into a word, what a blank parts from it.
fn runs(said: &str) -> Vec<Run<'_>> {
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
                let touches = in_word(c) && at < said.len();
                let run = if touches { &run[..run.rfind(' ').unwrap_or(0)] } else { run };
                if apart(run) {
                    let counts = touches && said[from..at].ends_with(' ');
                    let text = run.trim_matches(|c: char| " -./".contains(c));
                    found.push(Run { text, counts });
                }
                begun = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found
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
            "My email is “visitor@example.com”",
            "«visitor@example.com»",
            "visitor@example.com…",
            "メールはvisitor@example.comです。",
            "visitor@example.com—thanks",
            "email=visitor@example.com",
            "visitor@example.com/other",
            "https://x.example/?e=visitor@example.com&x=1",
        ] {
            assert_eq!(found(said).0.as_deref(), Some("visitor@example.com"), "{said}");
        }
        for said in [
            "me @ home",
            "@handle",
            "a@b",
            "a@b.1",
            "x@.com",
            "price@ 5.00",
            "a@-b.com",
            "a@b@c.com",
        ] {
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
            ("+1\u{a0}(555)\u{a0}123\u{2011}4567 is mine", "+15551234567"),
            ("０９０－１２３４－５６７８", "09012345678"),
            ("0170 / 1234567 or 030 - 1234567", "01701234567"),
            ("tel 06 12 34 56 78 merci", "0612345678"),
            ("+49 30 1234 - 5678", "+493012345678"),
        ] {
            assert_eq!(found(said).1.as_deref(), Some(number), "{said}");
        }
    }

    #[test]
    fn a_number_ends_where_something_else_begins() {
        for (said, number) in [
            ("My number is 555-123-4567. 2 questions: do you ship?", "5551234567"),
            ("My number is 555-123-4567 2 questions", "5551234567"),
            ("Call +1 555 123 4567. 24 hours a day is fine", "+15551234567"),
            ("Call +1 555 123 4567 (24 hours)", "+15551234567"),
            ("+1 555 123 4567 24 hours", "+15551234567"),
            ("my phone: 0170 1234567 - 3 pm", "01701234567"),
            ("my phone: 0170 1234567 - 3pm", "01701234567"),
            ("call 0170 1234567 10 am", "01701234567"),
            ("reach me at 555-123-4567 / 555-765-4321", "5551234567"),
            ("+1 555 123 4567 / +1 555 765 4321", "+15551234567"),
            ("030 1234567 +49 170 1234567", "0301234567"),
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
            "IP 192.168.100.200",
            "1234 + 56789012",
        ] {
            assert_eq!(found(said).1, None, "{said}");
        }
    }
}
