//! Phone numbers in free text.

use aiva_core::contact::{Span, is_unseen};

use super::announce::is_announced;

/// Digits that a phone number has at least where nothing says that it is one.
const PHONE_DIGITS: usize = 7;
/// Digits of one that a word announces.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 5..=6;
/// Digits that a phone number has at most.
const MAX_DIGITS: usize = 15;
/// Signs between two digits at most; blanks side by side are one.
const MAX_GAP: usize = 3;
/// Blanks side by side at most where anything may be a phone number.
const NEAR: usize = 3;
/// Blanks side by side at most where the digits stand in the groups of one.
const FAR: usize = 8;

/// What people write between the digits of a phone number, and of little else.
fn is_between(character: char) -> bool {
    character.is_whitespace() || is_unseen(character) || "-.()/‐‑–+".contains(character)
}

/// What also stands in prices, times, lists and names: it needs the pattern of a phone number around it.
const UNUSUAL: &str = "_,:·—*•|;~";

/// Where phone numbers stand.
pub(super) fn found(text: &str) -> Vec<Span> {
    let mut spans = usual(text);
    spans.extend(international(text));
    spans.extend(unusual(text));
    spans
}

/// A run of digits with something between them.
struct Run {
    span: Span,
    digits: usize,
}

/// How far a run goes.
#[derive(Clone, Copy)]
struct Reach {
    blanks: usize,
    digits: usize,
}

/// The run that begins at a place: digits, in any script, with what may stand between them.
fn run(text: &str, start: usize, reach: Reach, between: impl Fn(char) -> bool) -> Run {
    let (mut digits, mut end) = (0, start);
    let (mut gap, mut blanks) = (0, 0);
    for (at, character) in text[start..].char_indices() {
        if character.is_numeric() {
            digits += 1;
            (gap, blanks, end) = (0, 0, start + at + character.len_utf8());
            if digits == reach.digits {
                break;
            }
            continue;
        }
        let is_blank = matches!(character, ' ' | '\t');
        blanks = if is_blank { blanks + 1 } else { 0 };
        gap += usize::from(blanks < 2);
        let goes_on = between(character) && gap <= MAX_GAP && blanks <= reach.blanks;
        if at > 0 && !goes_on {
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
        let wide = run(text, start, Reach { blanks: FAR, digits: MAX_DIGITS + 1 }, is_between);
        let run = match is_grouped(&text[wide.span.0..wide.span.1]) {
            true => wide,
            false => run(text, start, Reach { blanks: NEAR, digits: usize::MAX }, is_between),
        };
        past = run.span.1.max(start + 1);
        let is_short = SHORT_DIGITS.contains(&run.digits);
        if run.digits >= PHONE_DIGITS || (is_short && is_announced(&text[..start])) {
            spans.push(run.span);
        }
    }
    spans
}

/// Whether digits stand in the groups of a phone number.
fn is_grouped(written: &str) -> bool {
    let groups = written.split(|character: char| !character.is_numeric());
    let lengths = groups.map(|group| group.chars().count()).filter(|length| *length > 0);
    let lengths: Vec<usize> = lengths.collect();
    let digits: usize = lengths.iter().sum();
    let rest = lengths.get(1..).unwrap_or_default();
    (PHONE_DIGITS..=MAX_DIGITS).contains(&digits)
        && lengths.iter().all(|length| *length <= 5)
        && rest.iter().all(|length| *length >= 2)
}

/// Numbers that begin with a plus, whatever stands between their digits.
fn international(text: &str) -> Vec<Span> {
    let between = |character: char| is_between(character) || UNUSUAL.contains(character);
    let reach = Reach { blanks: NEAR, digits: MAX_DIGITS + 1 };
    let mut spans = Vec::new();
    for (start, _) in text.match_indices('+') {
        let run = run(text, start, reach, between);
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

/// The sign before the next group, and the bytes until that group: the same as before, few blanks on
/// either side, a closing bracket before it.
fn separator(text: &str, before: Option<char>) -> Option<(char, usize)> {
    let open = text.strip_prefix(')').unwrap_or(text);
    let near = past_blanks(open);
    let sign = near.chars().next().filter(|sign| UNUSUAL.contains(*sign))?;
    let far = &near[sign.len_utf8()..];
    let far = past_blanks(far);
    let follows = far.starts_with(|character: char| character.is_ascii_digit());
    let is_same = before.is_none_or(|before| before == sign);
    (follows && is_same).then_some((sign, text.len() - far.len()))
}

fn past_blanks(text: &str) -> &str {
    let blanks = text.bytes().take(NEAR).take_while(|byte| *byte == b' ').count();
    &text[blanks..]
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
        let has_long = lengths.iter().any(|length| *length >= 3);
        let is_grouped = lengths.len() >= 3 && lengths[1..].iter().any(|length| *length >= 3);
        // As they are written in France.
        let is_paired = lengths == [2; 5] && is_national && self.groups[0] != "00";
        match sign {
            ',' | ':' => (is_national && has_long) || is_paired,
            '•' | '|' | ';' | '~' => {
                (is_national && has_long) || is_paired || (is_grouped && digits >= 9)
            }
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
