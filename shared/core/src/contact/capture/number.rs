//! Telling a phone number from what stands beside it: an hour, a count, a second number.

use super::Run;

/// Digits of one that begins with a plus.
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 7..=15;
/// Digits of one in North America, its country's among them: there all are as long.
const NORTH_AMERICAN: usize = 11;
/// Digits of one that begins without.
const NATIONAL: std::ops::RangeInclusive<usize> = 9..=12;
/// Digits of one without its area, which a word must announce.
const LOCAL: std::ops::RangeInclusive<usize> = 7..=8;
/// Digits at most of an hour or a count.
const SHORT: usize = 2;
/// Digits that are enough for a number where a blank alone parts it from a count.
const ENOUGH: usize = 10;

/// Digits side by side, with what stands before them.
#[derive(Debug, Clone, Copy)]
struct Group<'a> {
    before: &'a str,
    digits: &'a str,
}

impl Group<'_> {
    fn has_plus(&self) -> bool {
        self.before.ends_with('+') || self.before.ends_with("+(") || self.before.starts_with('+')
    }

    /// Whether what stands before is more than people write between the groups of most numbers.
    fn is_apart(&self) -> bool {
        self.before.contains(' ') && self.before.trim_matches(' ').starts_with(['.', '-', '/', '('])
            || self.begins_sentence()
            || self.before.contains('+')
    }

    fn begins_sentence(&self) -> bool {
        self.before.contains(". ")
    }
}

/// What may be a phone number in a piece of text that holds only what one is written with, as they are
/// parsed.
pub(super) fn candidates(run: Run<'_>, cued: bool) -> Vec<String> {
    let groups = groups(run.text);
    let (mut found, mut from) = (Vec::new(), 0);
    for at in 1..groups.len() {
        let counts = run.counts && at + 1 == groups.len();
        if parts(&groups[from..at], &groups[at..], (cued, counts)) {
            found.push(from..at);
            from = at;
        }
    }
    found.push(from..groups.len());
    let numbers = found.into_iter().filter_map(|range| groups.get(range));
    numbers.filter(|groups| is_number(groups, cued)).map(written).collect()
}

fn groups(run: &str) -> Vec<Group<'_>> {
    let (mut groups, mut rest) = (Vec::new(), run);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        groups.push(Group { before, digits });
        rest = after;
    }
    groups
}

/// Whether a number ends where the rest begins, which perhaps counts something.
fn parts(number: &[Group<'_>], rest: &[Group<'_>], (cued, counts): (bool, bool)) -> bool {
    let (Some(last), Some(next)) = (number.last(), rest.first()) else { return false };
    if next.before.contains('+') {
        return true;
    }
    // Each group has a digit: more of them are no number, and need not be counted.
    let whole = number.len() <= *INTERNATIONAL.end() && is_number(number, cued);
    if !whole || next.begins_sentence() {
        return whole;
    }
    let digits = count(number);
    let is_short = next.digits.len() <= SHORT;
    if next.is_apart() {
        let more = 1 + rest
            .iter()
            .skip(1)
            .take(*NATIONAL.end())
            .take_while(|group| !group.is_apart())
            .count();
        let more = count(&rest[..more]);
        let goes_beyond = digits + more > longest(number);
        return is_short || goes_beyond || LOCAL.contains(&more) || NATIONAL.contains(&more);
    }
    let is_count = counts && is_short && last.digits.len() >= 4 && digits >= ENOUGH;
    let is_too_much = digits + next.digits.len() > longest(number) && next.digits.len() <= 3;
    next.before.trim_matches(' ').is_empty() && (is_count || is_too_much)
}

fn count(groups: &[Group<'_>]) -> usize {
    groups.iter().map(|group| group.digits.len()).sum()
}

fn longest(number: &[Group<'_>]) -> usize {
    match number.first() {
        Some(first) if first.has_plus() && first.digits.starts_with('1') => NORTH_AMERICAN,
        Some(first) if first.has_plus() => *INTERNATIONAL.end(),
        Some(_) | None => *NATIONAL.end(),
    }
}

fn is_number(groups: &[Group<'_>], cued: bool) -> bool {
    let digits = count(groups);
    let has_plus = groups.first().is_some_and(Group::has_plus);
    let fits = if has_plus {
        INTERNATIONAL.contains(&digits) && digits <= longest(groups)
    } else {
        let is_grouped = groups.len() > 1 || groups.iter().any(|group| group.before.contains('('));
        NATIONAL.contains(&digits) && (is_grouped || cued) || LOCAL.contains(&digits) && cued
    };
    fits && !is_date(groups) && !is_address(groups)
}

/// `2026-07-02`, perhaps with an hour behind it, or `02.07.2026`.
fn is_date(groups: &[Group<'_>]) -> bool {
    let year = |group: &Group<'_>| {
        group.digits.len() == 4
            && (group.digits.starts_with("19") || group.digits.starts_with("20"))
    };
    groups.iter().any(year) && groups.iter().filter(|group| group.digits.len() <= 2).count() >= 2
}

/// `192.168.100.200`
fn is_address(groups: &[Group<'_>]) -> bool {
    let dotted = groups.iter().skip(1).all(|group| group.before == ".");
    groups.len() == 4 && dotted && groups.iter().all(|group| group.digits.parse::<u8>().is_ok())
}

fn written(groups: &[Group<'_>]) -> String {
    let plus = if groups.first().is_some_and(Group::has_plus) { "+" } else { "" };
    groups.iter().fold(plus.to_owned(), |number, group| number + group.digits)
}
