//! The marks of a model: those that name its passages, like `[1]` or `[2, 3]`, and those that say what
//! kind of answer it gives, `[?]` and `[-]`. A chat has no footnotes to point at, so they are taken out of
//! the text, while it streams, and kept as citations and as its stance.

use aiva_core::reply::Stance;

/// A longer bracket is no mark, in bytes.
const MAX_HELD_BYTES: usize = 48;

/// Takes marks out of a text that comes in pieces.
#[derive(Debug)]
pub(super) struct Marks {
    passages: usize,
    cited: Vec<usize>,
    stance: Stance,
    /// What may turn out to be a mark, with the spaces before it; all ASCII.
    held: String,
    at_line_start: bool,
    swallow_spaces: bool,
}

impl Marks {
    /// Expects marks of passages 1 to `passages`; other brackets are text.
    pub(super) fn new(passages: usize) -> Self {
        Self {
            passages,
            cited: Vec::new(),
            stance: Stance::default(),
            held: String::new(),
            at_line_start: true,
            swallow_spaces: false,
        }
    }

    /// Takes a piece and appends what can be shown by now to `shown`.
    pub(super) fn feed(&mut self, piece: &str, shown: &mut String) {
        for c in piece.chars() {
            self.step(c, shown);
        }
    }

    /// Ends the text; answers which passages were named, as indices from 0 in the order of naming, and
    /// what kind of answer it is.
    pub(super) fn finish(mut self, shown: &mut String) -> (Vec<usize>, Stance) {
        if self.held.ends_with(']') {
            self.take_mark();
        }
        self.release(shown);
        (self.cited, self.stance)
    }

    fn step(&mut self, c: char, shown: &mut String) {
        if self.held.ends_with(']') {
            // A bracket before a parenthesis is a link.
            if c == '(' {
                return self.emit(c, shown);
            }
            self.take_mark();
        }
        if self.swallow_spaces && c == ' ' {
            return;
        }
        self.swallow_spaces = false;
        let inside = self.held.contains('[');
        match c {
            _ if self.held.len() >= MAX_HELD_BYTES => self.emit(c, shown),
            ' ' => self.held.push(c),
            '[' if !inside => self.held.push(c),
            '0'..='9' | ',' if inside => self.held.push(c),
            '?' | '-' if self.held.ends_with('[') => self.held.push(c),
            ']' if inside && (self.numbers().is_some() || self.stance_held().is_some()) => {
                self.held.push(c);
            }
            '[' => {
                self.release(shown);
                self.held.push(c);
            }
            _ => self.emit(c, shown),
        }
    }

    /// The passages in the bracket held; `None` when one of them does not exist or there is none.
    fn numbers(&self) -> Option<Vec<usize>> {
        let (_, inner) = self.held.split_once('[')?;
        let numbers = inner.trim_end_matches(']').split(',').map(|number| {
            let number = number.trim().parse::<usize>().ok()?;
            (1..=self.passages).contains(&number).then(|| number - 1)
        });
        numbers.collect()
    }

    /// The stance in the bracket held, if it is one.
    fn stance_held(&self) -> Option<Stance> {
        let (_, inner) = self.held.split_once('[')?;
        match inner.trim_end_matches(']') {
            "?" => Some(Stance::Unknown),
            "-" => Some(Stance::Courtesy),
            _ => None,
        }
    }

    fn take_mark(&mut self) {
        if let Some(stance) = self.stance_held() {
            self.stance = stance;
        }
        for index in self.numbers().unwrap_or_default() {
            if !self.cited.contains(&index) {
                self.cited.push(index);
            }
        }
        self.held.clear();
        self.swallow_spaces = self.at_line_start;
    }

    fn release(&mut self, shown: &mut String) {
        if !self.held.is_empty() {
            shown.push_str(&self.held);
            self.held.clear();
            self.at_line_start = false;
        }
    }

    fn emit(&mut self, c: char, shown: &mut String) {
        self.release(shown);
        shown.push(c);
        self.at_line_start = c == '\n';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result must not depend on where the text is cut.
    fn without(text: &str, passages: usize) -> (String, Vec<usize>) {
        let mut results = Vec::new();
        for size in [1, 2, 3, 7, 1_000] {
            let (mut marks, mut shown) = (Marks::new(passages), String::new());
            let characters: Vec<char> = text.chars().collect();
            for piece in characters.chunks(size) {
                marks.feed(&piece.iter().collect::<String>(), &mut shown);
            }
            let (cited, stance) = marks.finish(&mut shown);
            results.push((shown, cited, stance));
        }
        assert!(results.iter().all(|result| result == &results[0]), "{results:?}");
        let (shown, cited, stance) = results.remove(0);
        assert_eq!(stance, Stance::States, "{text}");
        (shown, cited)
    }

    #[test]
    fn the_kind_of_an_answer_leaves_the_text_too() {
        let of = |text: &str, passages| {
            let (mut marks, mut shown) = (Marks::new(passages), String::new());
            text.chars().for_each(|c| marks.feed(&c.to_string(), &mut shown));
            let (cited, stance) = marks.finish(&mut shown);
            (shown, cited, stance)
        };
        for passages in [0, 3] {
            let unknown = of("[?] I do not know that.", passages);
            assert_eq!(unknown, ("I do not know that.".to_owned(), vec![], Stance::Unknown));
            let courtesy = of("You are welcome! [-]", passages);
            assert_eq!(courtesy, ("You are welcome!".to_owned(), vec![], Stance::Courtesy));
            for text in ["[-1] [--] [?!] [ ?] a [-", "[?](https://example.com)"] {
                assert_eq!(of(text, passages), (text.to_owned(), vec![], Stance::States));
            }
        }
        assert_eq!(of("Yes [1]. [?]", 3), ("Yes.".to_owned(), vec![0], Stance::Unknown));
    }

    #[test]
    fn marks_leave_the_text_and_become_citations() {
        let cases = [
            ("Within 30 days [2].", "Within 30 days.", vec![1]),
            ("One [1][3]. Two [1, 2] and on.", "One. Two and on.", vec![0, 2, 1]),
            ("[1] First.\n[2] Second.", "First.\nSecond.", vec![0, 1]),
            ("The end [3]", "The end", vec![2]),
            ("No marks  here.", "No marks  here.", vec![]),
            ("Grüße [1] aus Köln", "Grüße aus Köln", vec![0]),
        ];
        for (text, shown, cited) in cases {
            assert_eq!(without(text, 3), (shown.to_owned(), cited), "{text}");
        }
    }

    #[test]
    fn other_brackets_are_text() {
        let texts = [
            "Model [4] and [0] and [2024]",
            "[1](https://example.com) is a link",
            "a [b] c [ ] d [1",
            "[[x]] [1, 9] [,]",
            "[111111111111111111111111111111111111111111111111111111111]",
            "spaces                                                              [",
        ];
        for text in texts {
            assert_eq!(without(text, 3), (text.to_owned(), vec![]), "{text}");
        }
        assert_eq!(without("nothing to cite [1]", 0), ("nothing to cite [1]".to_owned(), vec![]));
    }
}
