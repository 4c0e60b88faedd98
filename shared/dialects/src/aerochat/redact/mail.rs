//! Addresses of mail in free text.

use aiva_core::contact::{Span, is_unseen};

/// The sign of an address. What else people and programs write for it is read as this one.
const SIGNS: [char; 3] = ['@', '＠', '﹫'];
/// Blanks that may stand on one side of a sign.
const MAX_BLANKS: usize = 3;
/// Bytes of a number in brackets at most.
const MAX_NUMBER: usize = 64;
/// Bytes of a host name at most.
const MAX_HOST: usize = 253;

/// Where addresses of mail stand: around each sign, as far as their characters go. No sign is one of those
/// characters, so that no place is looked at more than twice.
pub(super) fn found(text: &str) -> Vec<Span> {
    let signs = text.match_indices(SIGNS);
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
    let (near, far) = (before.trim_end(), rest.trim_start());
    let blanks = [&before[near.len()..], &rest[..rest.len() - far.len()]];
    let length = domain(far);
    let start = local(near);
    let is_close = blanks.iter().all(|blanks| blanks.is_empty());
    let is_spaced = blanks.iter().all(|blanks| blanks.chars().count() <= MAX_BLANKS);
    let is_address = is_close || (is_spaced && is_host(&far[..length]));
    let end = text.len() - far.len() + length;
    (is_address && start < near.len() && length > 0).then_some((start, end))
}

/// Whether it is a host name with a top level of letters.
fn is_host(name: &str) -> bool {
    let name: String = name.chars().filter(|character| !character.is_whitespace()).collect();
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
    if after.starts_with('[') {
        let close = after.bytes().take(MAX_NUMBER).position(|byte| byte == b']');
        return close.map_or(0, |close| close + 1);
    }
    let mut end = name(after);
    // Dots between blanks, which no sentence has: in a name that is not whole without them.
    if !after[..end].contains('.') {
        while let Some(more) = spaced(&after[end..]).filter(|more| end + more <= MAX_HOST) {
            end += more;
        }
    }
    end
}

fn name(after: &str) -> usize {
    let is_part = |character: char| {
        character.is_alphanumeric() || is_unseen(character) || "-.".contains(character)
    };
    after.len() - after.trim_start_matches(is_part).len()
}

/// How long a dot with a blank on either side and the name behind it are.
fn spaced(text: &str) -> Option<usize> {
    let label = name(text.strip_prefix(" . ")?);
    (label > 0).then_some(label + 3)
}
