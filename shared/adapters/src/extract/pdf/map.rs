//! Maps from the characters of a font to Unicode, written anew.
//!
//! Their reader lays out every range, however wide, and breaks on what it does not expect. It gets the same
//! map in the plainest words.

use aiva_core::knowledge::Unreadable;

use crate::extract::refused;

/// Characters that the maps of one document may tell of.
pub(super) const MAX_CODES: u64 = 4_000_000;
/// Characters that one range may tell of: all that two bytes can name.
const MAX_RANGE: u64 = 65_536;

/// The same map, with ranges and characters only; each takes from what the document may have.
pub(super) fn rewritten(map: &[u8], codes: &mut u64) -> Result<Vec<u8>, Unreadable> {
    let (mut tokens, mut written) = (Tokens { rest: map }, Written::default());
    let mut section = Section::None;
    while let Some(token) = tokens.next() {
        match (token, section) {
            (Token::Word(b"beginbfchar"), _) => section = Section::Characters,
            (Token::Word(b"beginbfrange"), _) => section = Section::Ranges,
            (Token::Text(code), Section::Characters) => {
                let Some(Token::Text(means)) = tokens.next() else { break };
                take(codes, 1)?;
                written.character(number(&code), &means);
            }
            (Token::Text(first), Section::Ranges) => {
                let Some(Token::Text(last)) = tokens.next() else { break };
                let (first, last) = (number(&first), number(&last));
                let width = u64::from(last).saturating_sub(u64::from(first)) + 1;
                take(codes, width)?;
                if width > MAX_RANGE {
                    return Err(wild());
                }
                range(&mut tokens, &mut written, first..=last);
            }
            // Whatever else is between the words ends the section.
            (Token::Word(_), _) => section = Section::None,
            (Token::Text(_) | Token::Open | Token::Close, _) => {}
        }
    }
    Ok(written.into_bytes())
}

#[derive(Clone, Copy)]
enum Section {
    None,
    Characters,
    Ranges,
}

fn wild() -> Unreadable {
    refused("it is a damaged PDF: a font of it maps more characters than there are")
}

fn take(codes: &mut u64, some: u64) -> Result<(), Unreadable> {
    *codes = codes.checked_sub(some).ok_or_else(wild)?;
    Ok(())
}

/// What a range means: a list, or the first of a row.
fn range(tokens: &mut Tokens<'_>, written: &mut Written, codes: std::ops::RangeInclusive<u32>) {
    match tokens.next() {
        Some(Token::Text(means)) if means.len() == 2 => {
            let most = u32::from(u16::MAX) - number(&means);
            let last = (*codes.end()).min(codes.start().saturating_add(most));
            written.range(*codes.start(), last, &means);
        }
        Some(Token::Text(means)) => {
            for (step, code) in (0..).zip(codes) {
                let Some(means) = later(&means, step) else { break };
                written.character(code, &means);
            }
        }
        Some(Token::Open) => {
            let mut codes = codes;
            while let Some(Token::Text(means)) = tokens.next() {
                if let Some(code) = codes.next() {
                    written.character(code, &means);
                }
            }
        }
        Some(Token::Close | Token::Word(_)) | None => {}
    }
}

/// The text so many steps behind this one: its last character counts on.
fn later(means: &[u8], step: u16) -> Option<Vec<u8>> {
    let means = if means.len() == 1 { vec![0, means[0]] } else { means.to_vec() };
    let (front, last) = means.split_last_chunk::<2>()?;
    let last = u16::from_be_bytes(*last).checked_add(step)?;
    Some([front, &last.to_be_bytes()].concat())
}

fn number(code: &[u8]) -> u32 {
    code.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The map in its new words. A later entry goes before an earlier one, so their order is kept.
#[derive(Default)]
struct Written {
    text: String,
    entries: String,
    count: usize,
    is_ranges: bool,
}

impl Written {
    fn character(&mut self, code: u32, means: &[u8]) {
        let means = if means.len() == 1 { vec![0, means[0]] } else { means.to_vec() };
        let (units, rest) = means.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
        if rest.is_empty() && char::decode_utf16(units).all(|character| character.is_ok()) {
            self.entry(false, &format!("<{code:08x}> <{}>\n", Hex(&means)));
        }
    }

    fn range(&mut self, first: u32, last: u32, means: &[u8]) {
        self.entry(true, &format!("<{first:08x}> <{last:08x}> <{}>\n", Hex(means)));
    }

    fn entry(&mut self, is_range: bool, entry: &str) {
        if self.is_ranges != is_range {
            self.end();
            self.is_ranges = is_range;
        }
        self.entries.push_str(entry);
        self.count += 1;
    }

    fn end(&mut self) {
        let (count, kind) = (self.count, if self.is_ranges { "bfrange" } else { "bfchar" });
        if count > 0 {
            let entries = &self.entries;
            self.text.push_str(&format!("{count} begin{kind}\n{entries}end{kind}\n"));
        }
        self.entries.clear();
        self.count = 0;
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.end();
        // Its reader breaks on an empty one.
        format!("begincmap\n{}endcmap\n", self.text).into_bytes()
    }
}

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| f.write_fmt(format_args!("{byte:02x}")))
    }
}

/// What a map is made of, as far as it matters here.
enum Token<'a> {
    Text(Vec<u8>),
    Open,
    Close,
    Word(&'a [u8]),
}

struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// Takes what is before the first byte of this kind.
    fn until(&mut self, is_end: impl Fn(&u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            match first {
                b'%' => {
                    self.until(|byte| matches!(byte, b'\r' | b'\n'));
                }
                b'[' | b']' => {
                    self.rest = rest;
                    return Some(if *first == b'[' { Token::Open } else { Token::Close });
                }
                b'<' if rest.first() != Some(&b'<') => {
                    self.rest = rest;
                    return Some(Token::Text(unhexed(self.until(|byte| *byte == b'>'))));
                }
                _ if is_break(first) => self.rest = rest,
                _ => return Some(Token::Word(self.until(|byte| is_break(byte) || *byte == b'['))),
            }
        }
    }
}

fn is_break(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0 | b'<' | b'>' | b'(' | b')' | b']')
}

/// The bytes that hexadecimal digits say; a missing last digit is a zero.
fn unhexed(digits: &[u8]) -> Vec<u8> {
    let digits = digits.iter().filter_map(|digit| char::from(*digit).to_digit(16));
    let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(map: &str) -> String {
        String::from_utf8(rewritten(map.as_bytes(), &mut 200_000).unwrap()).unwrap()
    }

    #[test]
    fn a_map_says_the_same_in_plainer_words() {
        let map = "/CIDInit /ProcSet findresource begin % <00> beginbfchar\n\
            1 begincodespacerange <0000><FFFF> endcodespacerange\n\
            2 beginbfchar\n<0001> <00 41>\n<02><0066 0069>\nendbfchar\n\
            3 beginbfrange <0003> <0005> <0061>\n<0006><0007>[<0041><0042>]\n<8> <81> <00660069>\nendbfrange";
        assert_eq!(
            said(map),
            "begincmap\n2 beginbfchar\n<00000001> <0041>\n<00000002> <00660069>\nendbfchar\n\
             1 beginbfrange\n<00000003> <00000005> <0061>\nendbfrange\n\
             4 beginbfchar\n<00000006> <0041>\n<00000007> <0042>\n<00000080> <00660069>\n\
             <00000081> <0066006a>\nendbfchar\nendcmap\n"
        );
    }

    #[test]
    fn what_its_reader_would_break_on_is_left_out() {
        assert_eq!(said(""), "begincmap\nendcmap\n");
        let odd = "1 beginbfchar <01> <d800> <02> <004142> <03> <41> endbfchar \
            beginbfrange <05> <04> <0041> <06> <07> <fffe> <08> <0a> <fffe>";
        assert_eq!(
            said(odd),
            "begincmap\n1 beginbfchar\n<00000003> <0041>\nendbfchar\n\
             3 beginbfrange\n<00000005> <00000004> <0041>\n<00000006> <00000007> <fffe>\n\
             <00000008> <00000009> <fffe>\nendbfrange\nendcmap\n"
        );
    }

    #[test]
    fn a_range_wider_than_there_are_characters_is_refused() {
        let map = |range: &str| rewritten(range.as_bytes(), &mut 200_000);
        assert!(map("1 beginbfrange <0000> <FFFF> <0000> endbfrange").is_ok());
        assert!(map("1 beginbfrange <00000000> <FFFFFFFF> <00000041> endbfrange").is_err());
        assert!(map("1 beginbfrange <00000000> <00010000> <0041> endbfrange").is_err());
        assert!(map(&"1 beginbfrange <0000> <FFFF> <0000> endbfrange\n".repeat(4)).is_err());
    }
}
