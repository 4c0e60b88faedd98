//! A text as it is read, whatever it was typed with: one kind of digit, of blank and of dash, no accents and
//! nothing that cannot be seen. Each piece knows where it stood in the original.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Where something stands in a text, in bytes.
pub type Span = (usize, usize);

/// A text that was made from another, with the way back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    text: String,
    /// For each byte of the text, what of the original it came from.
    origins: Vec<Span>,
}

impl Folded {
    /// Folds every character of a text.
    pub fn of(original: &str) -> Self {
        let mut folded = Self::default();
        for (at, character) in original.char_indices() {
            let end = at + character.len_utf8();
            folded.fold(character, (at, end), &original[end..]);
        }
        folded
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a piece of the text stands in the original.
    pub fn origin(&self, (start, end): Span) -> Span {
        let first = self.origins.get(start).map_or(0, |origin| origin.0);
        let last = end.checked_sub(1).and_then(|last| self.origins.get(last));
        (first, last.map_or(first, |origin| origin.1))
    }

    /// Appends a character that stands for a piece of the original.
    pub fn push(&mut self, character: char, from: Span) {
        self.text.push(character);
        self.origins.resize(self.text.len(), from);
    }

    /// Appends a character as it is read; `rest` is what follows it in the original.
    pub fn fold(&mut self, character: char, from: Span, rest: &str) {
        if character.is_ascii() {
            return self.push(character, from);
        }
        if let Some(known) = self.of_its_place(character, rest) {
            return self.push(known, from);
        }
        let before = self.text.len();
        decompose_compatible(character, |part| {
            if !is_combining_mark(part) && !is_unseen(part) {
                self.push(plain(part), from);
            }
        });
        // What is not seen goes with what it stands behind.
        if let Some(last) = self.origins.last_mut().filter(|_| before == self.text.len()) {
            last.1 = from.1;
        }
    }

    /// The way back through two foldings: `next` was made from the text of this one.
    #[must_use]
    pub fn then(&self, mut next: Self) -> Self {
        for origin in &mut next.origins {
            *origin = self.origin(*origin);
        }
        next
    }

    /// Signs that mean something else beside what they stand beside.
    fn of_its_place(&self, character: char, rest: &str) -> Option<char> {
        let before = self.text.chars().next_back();
        let beside = |is: fn(&char) -> bool| {
            before.as_ref().is_some_and(is) && rest.chars().next().as_ref().is_some_and(is)
        };
        match character {
            // The sign of a long vowel, which Japanese keyboards offer as a dash.
            'ー' | 'ｰ' if before.is_some_and(|before| before.is_ascii_digit()) => Some('-'),
            '。' | '｡' if beside(char::is_ascii_alphanumeric) => Some('.'),
            // One sign; three dots would belong to an address before it.
            '…' => Some(character),
            _ => None,
        }
    }
}

/// Characters of no width, which can stand inside of anything.
pub fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Zeros of the scripts in which people write numbers; nine digits follow each.
const ZEROS: [char; 20] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}',
    '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}',
];

fn plain(character: char) -> char {
    match character {
        '֊'
        | '־'
        | '᐀'
        | '᠆'
        | '˗'
        | '‐'..='–'
        | '⁃'
        | '−'
        | '⸗'
        | '⸚'
        | '⹀'
        | '゠'
        | '﹣'
        | '－' => '-',
        // Dashes between words, not within a number.
        '—' | '―' | '⸺' | '⸻' | '﹘' => '—',
        '〜' | '〰' | '～' => '~',
        blank if blank.is_whitespace() && blank != '\n' => ' ',
        _ => digit(character).unwrap_or(character),
    }
}

fn digit(character: char) -> Option<char> {
    let code = u32::from(character);
    let value = ZEROS
        .iter()
        .find_map(|zero| code.checked_sub(u32::from(*zero)).filter(|value| *value < 10));
    value.and_then(|value| char::from_digit(value, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_alike_whatever_it_was_typed_with() {
        for (typed, read) in [
            ("０３－１２３４", "03-1234"),
            ("03ー1234", "03-1234"),
            ("キーは5", "キーは5"),
            ("555\u{2012}123\u{2212}4567", "555-123-4567"),
            ("1990—2000", "1990—2000"),
            ("\u{a0}\u{3000}\u{2003}", "   "),
            ("5️⃣5️⃣", "55"),
            ("٠١٢ ०१२", "012 012"),
            ("jose\u{301}＠exämple．com。", "jose@example.com。"),
            ("a\u{2062}b\u{2066}c\u{ad}", "abc"),
            ("example。com…", "example.com…"),
        ] {
            assert_eq!(Folded::of(typed).text(), read, "{typed}");
        }
    }

    #[test]
    fn a_piece_is_found_again_where_it_stood_with_what_is_not_seen_of_it() {
        let typed = "x ５\u{200b}5e\u{301}\u{200b} y";
        let folded = Folded::of(typed);
        assert_eq!(folded.text(), "x 55e y");
        let (start, end) = folded.origin((2, 5));
        assert_eq!(&typed[start..end], "５\u{200b}5e\u{301}\u{200b}");
        let mut again = Folded::default();
        again.push('z', (2, 5));
        assert_eq!(folded.then(again).origin((0, 1)), (start, end));
    }
}
