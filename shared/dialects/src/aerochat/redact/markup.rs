//! What makes a text look like something, and is not read: tags of HTML, marks of Markdown.

use aiva_core::contact::Folded;

/// Bytes of a tag at most.
const MAX_TAG: usize = 512;
/// Marks of Markdown that may stand around, or in, what is read.
const MARKS: &str = "*_~`";
/// Tags that stand within a word; all others part words.
const INLINE: [&str; 24] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "code", "data", "del", "em", "font", "i", "ins", "kbd",
    "mark", "nobr", "s", "small", "span", "strong", "sub", "sup", "u", "wbr",
];

/// The text as it is read.
pub(super) fn bare(text: &str) -> Folded {
    let (mut folded, mut at) = (Folded::default(), 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let end = if let Some(tag) = tag(rest) {
            if !tag.inline {
                folded.push(' ', (at, at + tag.length));
            }
            at + tag.length
        } else if let Some(length) = marks(&text[..at], rest) {
            at + length
        } else {
            folded.push(first, (at, at + first.len_utf8()));
            at + first.len_utf8()
        };
        at = end;
    }
    folded
}

struct Tag {
    length: usize,
    inline: bool,
}

/// A tag or a comment at the beginning of a text; an address in angle brackets is none.
fn tag(text: &str) -> Option<Tag> {
    let body = text.strip_prefix('<')?;
    if let Some(comment) = body.strip_prefix("!--") {
        let near = comment.as_bytes().get(..MAX_TAG.min(comment.len()))?;
        let length = near.windows(3).position(|end| end == b"-->")?;
        return Some(Tag { length: length + 7, inline: true });
    }
    let named = body.strip_prefix('/').unwrap_or(body);
    let name = named.bytes().take(MAX_TAG).take_while(u8::is_ascii_alphanumeric).count();
    let follows = named[name..].chars().next()?;
    let is_name = named.starts_with(|first: char| first.is_ascii_alphabetic());
    if !is_name || !(follows.is_whitespace() || "/>".contains(follows)) {
        return None;
    }
    let length = body.bytes().take(MAX_TAG).position(|byte| b"<>".contains(&byte))?;
    let inline = INLINE.contains(&named[..name].to_ascii_lowercase().as_str());
    body[length..].starts_with('>').then_some(Tag { length: length + 2, inline })
}

/// Marks at the beginning of a text: a pair of them wherever it is, one alone at the edge of a word.
fn marks(before: &str, text: &str) -> Option<usize> {
    let mark = text.chars().next().filter(|mark| MARKS.contains(*mark))?;
    let length = text.bytes().take(3).take_while(|byte| char::from(*byte) == mark).count();
    let near = before.chars().next_back();
    let far = text[length..].chars().next();
    let blank = |beside: Option<char>| beside.is_none_or(char::is_whitespace);
    let inner = |beside: Option<char>| beside.is_some_and(char::is_alphanumeric);
    let is_within = length == 1 && inner(near) && inner(far);
    let is_alone = blank(near) && blank(far);
    (!is_within && !is_alone).then_some(length)
}
