//! Addresses of mail in free text.

use super::{Span, is_unseen};

/// How people and programs write the sign of an address.
const SIGNS: [&str; 4] = ["@", "＠", "﹫", "%40"];
/// Blanks that may stand on one side of a sign.
const MAX_BLANKS: usize = 3;

/// Where addresses of mail stand: around each sign, as far as their characters go.
pub(super) fn found(text: &str) -> Vec<Span> {
    let signs = SIGNS.iter().flat_map(|sign| text.match_indices(sign));
    signs.filter_map(|(at, sign)| around(text, at, at + sign.len())).collect()
}

/// Where a known address stands, in letters of any case.
pub(super) fn spelt(text: &str, address: &str) -> Vec<Span> {
    let (text, address) = (text.to_ascii_lowercase(), address.to_ascii_lowercase());
    text.match_indices(&address).map(|(at, found)| (at, at + found.len())).collect()
}

/// The address around a sign. Between blanks, where a sign may mean a price or a place, what follows must
/// be a host name.
fn around(text: &str, sign: usize, after: usize) -> Option<Span> {
    let (before, rest) = (&text[..sign], &text[after..]);
    let (near, far) = (before.trim_end_matches(is_blank), rest.trim_start_matches(is_blank));
    let blanks = [&before[near.len()..], &rest[..rest.len() - far.len()]];
    let length = domain(far);
    let start = local(near);
    let is_close = blanks.iter().all(|blanks| blanks.is_empty());
    let is_spaced = blanks.iter().all(|blanks| blanks.chars().count() <= MAX_BLANKS);
    let is_address = is_close || (is_spaced && is_host(&far[..length]));
    let end = text.len() - far.len() + length;
    (is_address && start < near.len() && length > 0).then_some((start, end))
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() && character != '\n'
}

/// Whether it is a host name with a top level of letters.
fn is_host(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let top = name.rsplit('.').next().unwrap_or_default();
    let is_top = top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    name.contains('.') && is_top && name.split('.').all(|label| !label.is_empty())
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
