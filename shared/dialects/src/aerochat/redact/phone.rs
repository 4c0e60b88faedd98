//! Phone numbers in free text.

use super::{Span, is_unseen};

/// Digits that a phone number has at least where nothing says that it is one.
const PHONE_DIGITS: usize = 7;
/// Digits of one that a word announces.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 5..=6;
/// Digits that a phone number has at most.
const MAX_DIGITS: usize = 15;
/// Characters between two digits at most.
const MAX_GAP: usize = 3;

/// What people write between the digits of a phone number, and of little else.
fn is_between(character: char) -> bool {
    character.is_whitespace() || is_unseen(character) || "-.()/‐‑–+".contains(character)
}

/// What also stands in prices, times, lists and names: it needs the pattern of a phone number around it.
const UNUSUAL: &str = "_,:·—*";

/// Where phone numbers stand.
pub(super) fn found(text: &str) -> Vec<Span> {
    let mut spans = usual(text);
    spans.extend(international(text));
    spans.extend(unusual(text));
    spans
}

/// Where the digits of a known number stand, with anything between them.
pub(super) fn spelt(text: &str, digits: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for (start, _) in text.match_indices(|character| digits.starts_with(character)) {
        let follows = text[..start].chars().next_back().is_some_and(char::is_numeric);
        if let Some(end) = spelt_from(text, start, digits).filter(|_| !follows) {
            spans.push((start, end));
        }
    }
    spans
}

fn spelt_from(text: &str, start: usize, digits: &str) -> Option<usize> {
    let mut wanted = digits.chars().peekable();
    let (mut gap, mut end) = (0, start);
    for (at, character) in text[start..].char_indices() {
        match wanted.peek() {
            None if character.is_numeric() => return None,
            None => return Some(end),
            Some(next) if *next == character => {
                wanted.next();
                (gap, end) = (0, start + at + character.len_utf8());
            }
            Some(_) if !character.is_alphanumeric() && gap < MAX_GAP => gap += 1,
            Some(_) => return None,
        }
    }
    wanted.peek().is_none().then_some(end)
}

/// A run of digits with something between them.
struct Run {
    span: Span,
    digits: usize,
}

/// The run that begins at a place: digits, in any script, with what may stand between them.
fn run(text: &str, start: usize, between: impl Fn(char) -> bool) -> Run {
    let (mut digits, mut gap, mut end) = (0, 0, start);
    for (at, character) in text[start..].char_indices() {
        if character.is_numeric() {
            digits += 1;
            (gap, end) = (0, start + at + character.len_utf8());
        } else if at == 0 || (between(character) && gap < MAX_GAP) {
            gap += 1;
        } else {
            break;
        }
    }
    // A number in brackets goes with both.
    let closes = text[end..].starts_with(')') && !text[start..end].contains(')');
    let end = if text[start..].starts_with('(') && closes { end + 1 } else { end };
    Run { span: (start, end), digits }
}

/// Numbers as most people write them; short ones where a word before them says what they are.
fn usual(text: &str) -> Vec<Span> {
    let (mut spans, mut past) = (Vec::new(), 0);
    for (start, first) in text.char_indices() {
        if start < past || !(first.is_numeric() || first == '+' || first == '(') {
            continue;
        }
        let run = run(text, start, is_between);
        past = run.span.1.max(start + 1);
        let is_short = SHORT_DIGITS.contains(&run.digits);
        if run.digits >= PHONE_DIGITS || (is_short && is_announced(&text[..start])) {
            spans.push(run.span);
        }
    }
    spans
}

/// Numbers that begin with a plus, whatever stands between their digits.
fn international(text: &str) -> Vec<Span> {
    let between = |character: char| is_between(character) || UNUSUAL.contains(character);
    let mut spans = Vec::new();
    for (start, _) in text.match_indices('+') {
        let run = run(text, start, between);
        let written = &text[start + 1..run.span.1.max(start + 1)];
        let fits = (PHONE_DIGITS..=MAX_DIGITS).contains(&run.digits);
        if written.starts_with(char::is_numeric) && fits && !is_in_thousands(written) {
            spans.push(run.span);
        }
    }
    spans
}

/// Whether a number is written as `1,234,567`.
fn is_in_thousands(written: &str) -> bool {
    let mut groups = written.split(',').map(|group| group.chars().count());
    let first = groups.next().unwrap_or_default();
    let rest: Vec<usize> = groups.collect();
    (1..=3).contains(&first) && !rest.is_empty() && rest.iter().all(|group| *group == 3)
}

/// Groups of digits with one unusual sign between all of them, perhaps in blanks.
fn unusual(text: &str) -> Vec<Span> {
    let (mut spans, mut past) = (Vec::new(), 0);
    for (start, first) in text.char_indices() {
        if start < past || !first.is_ascii_digit() {
            continue;
        }
        let row = row(text, start);
        past = row.end;
        let before = text[..start].chars().next_back();
        let in_name = |character: char| character.is_alphanumeric() || "_#-.,/".contains(character);
        if !before.is_some_and(in_name) && row.is_phone() {
            let bracket = usize::from(before == Some('('));
            spans.push((start - bracket, row.end));
        }
    }
    spans
}

/// Groups of digits in a row.
struct Row<'a> {
    groups: Vec<&'a str>,
    sign: Option<char>,
    end: usize,
}

fn row(text: &str, start: usize) -> Row<'_> {
    let (mut groups, mut sign, mut end) = (Vec::new(), None, start);
    let mut rest = &text[start..];
    loop {
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        groups.push(&rest[..length]);
        end += length;
        let Some((found, gap)) = separator(&rest[length..], sign) else {
            return Row { groups, sign, end };
        };
        sign = Some(found);
        end += gap;
        rest = &rest[length + gap..];
    }
}

/// The sign before the next group, and the bytes until that group: the same as before, a blank on either
/// side at most, a closing bracket before it.
fn separator(text: &str, before: Option<char>) -> Option<(char, usize)> {
    let open = text.strip_prefix(')').unwrap_or(text);
    let near = open.strip_prefix(' ').unwrap_or(open);
    let sign = near.chars().next().filter(|sign| UNUSUAL.contains(*sign))?;
    let far = &near[sign.len_utf8()..];
    let far = far.strip_prefix(' ').unwrap_or(far);
    let follows = far.starts_with(|character: char| character.is_ascii_digit());
    let is_same = before.is_none_or(|before| before == sign);
    (follows && is_same).then_some((sign, text.len() - far.len()))
}

impl Row<'_> {
    /// Whether its groups are those of a phone number and of no price, time, date or list.
    fn is_phone(&self) -> bool {
        let Some(sign) = self.sign else { return false };
        let lengths: Vec<usize> = self.groups.iter().map(|group| group.len()).collect();
        let digits: usize = lengths.iter().sum();
        if !(PHONE_DIGITS..=MAX_DIGITS).contains(&digits) || self.is_date() {
            return false;
        }
        // As they are written in North America.
        if matches!(lengths[..], [3, 4] | [3, 3, 4] | [1, 3, 3, 4]) {
            return true;
        }
        let is_national = self.groups[0].starts_with('0') && lengths[0] >= 2;
        let is_grouped = lengths.len() >= 3 && lengths[1..].iter().any(|length| *length >= 3);
        match sign {
            ',' | ':' => is_national && lengths.iter().any(|length| *length >= 3),
            _ => is_national || (is_grouped && digits >= 9),
        }
    }

    fn is_date(&self) -> bool {
        let is_year =
            |group: &&str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
        let short = self.groups.iter().filter(|group| group.len() <= 2).count();
        self.groups.iter().any(is_year) && short >= 2
    }
}

/// Words that announce a number.
const CUES: [&str; 22] = [
    "phone",
    "telephone",
    "tel",
    "call",
    "mobile",
    "cell",
    "whatsapp",
    "sms",
    "dial",
    "ring",
    "fon",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "ruf",
    "rufen",
    "anrufen",
    "móvil",
    "teléfono",
    "téléphone",
    "portable",
];
/// Words that may stand between.
const FILLERS: [&str; 28] = [
    "me", "us", "him", "her", "my", "our", "at", "on", "under", "is", "no", "nr", "number", "the",
    "mich", "uns", "meine", "unter", "an", "ist", "nummer", "número", "numéro", "es", "est", "mi",
    "mon", "al",
];
/// Words between at most.
const MAX_FILLERS: usize = 4;

/// Whether a text ends in words that announce a phone number.
fn is_announced(before: &str) -> bool {
    let lower = before.to_lowercase();
    let words = lower.rsplit(|character: char| !character.is_alphanumeric());
    let mut said_number = false;
    for word in words.filter(|word| !word.is_empty()).take(MAX_FILLERS + 1) {
        // "my number is", but not "my order number is".
        if CUES.contains(&word) || (said_number && ["my", "our", "meine"].contains(&word)) {
            return true;
        }
        said_number = ["number", "nummer"].contains(&word);
        if !FILLERS.contains(&word) {
            return false;
        }
    }
    false
}
