//! A number that is known to be somebody's, however it is written.

use aiva_core::contact::Span;

/// Characters between two digits at most.
const MAX_GAP: usize = 8;
/// Digits that say whose number it is: what stands before them depends on where one calls from.
const OWN_DIGITS: usize = 7;

/// Where the digits of a known number stand, with anything between them: all of them, or the last of them
/// behind what is dialled at home.
pub(super) fn spelt(text: &str, digits: &str) -> Vec<Span> {
    let before = digits.len().saturating_sub(OWN_DIGITS);
    let (before, own) = digits.split_at_checked(before).unwrap_or_default();
    let mut spans = Vec::new();
    for (start, _) in text.match_indices(|character| own.starts_with(character)) {
        let Some(end) = end_of(text, start, own) else { continue };
        let start = begin_of(text, start, before);
        let follows = text[..start].chars().next_back().is_some_and(char::is_numeric);
        if !follows {
            spans.push((start, end));
        }
    }
    spans
}

/// Where digits that begin at a place end, if no other digit follows.
fn end_of(text: &str, start: usize, digits: &str) -> Option<usize> {
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

/// Where a number begins of which the last digits begin at a place: as many of the others as stand before
/// them, and the zeros that are dialled for those that do not, or before all.
fn begin_of(text: &str, own: usize, before: &str) -> usize {
    let mut wanted = before.chars().rev().peekable();
    let (mut gap, mut start) = (0, own);
    for (at, character) in text[..own].char_indices().rev() {
        if wanted.next_if_eq(&character).is_some() || (character == '0' && !before.is_empty()) {
            (gap, start) = (0, at);
        } else if !character.is_alphanumeric() && gap < MAX_GAP {
            gap += 1;
        } else {
            break;
        }
    }
    start
}
