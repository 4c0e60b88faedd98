//! Words, and when two of them mean the same well enough to pick a sentence.

/// Words that say nothing about what a sentence is about.
const IDLE: &str = "a about all am an and any are as at be been but by can could did do does for from \
get got had has have how i if in into is it its just like long many may me much my need no not of on \
or our please should so some tell than that the their them then there these they this to us \
want was we were what when where which who why will with would you your";

/// The beginning that two forms of a word share, in characters.
const MIN_STEM_CHARS: usize = 4;

/// The ending in which two forms of a word may differ, in characters.
const MAX_ENDING_CHARS: usize = 3;

/// The words of a text in lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// A word that a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TellingWord {
    /// In lower case.
    pub(super) text: String,
    /// Whether it looks like a name or a number, which a question turns on.
    pub(super) is_name: bool,
}

/// The words that a question is about, each once.
pub(super) fn telling_words(question: &str) -> Vec<TellingWord> {
    let mut telling: Vec<TellingWord> = Vec::new();
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        let text = word.to_lowercase();
        let is_idle = IDLE.split_ascii_whitespace().any(|idle| idle == text);
        if !is_idle && telling.iter().all(|known| known.text != text) {
            let is_name = word.contains(|c: char| c.is_ascii_digit())
                || (index > 0 && word.starts_with(char::is_uppercase));
            telling.push(TellingWord { text, is_name });
        }
    }
    telling
}

/// Whether two words are forms of one: equal, or alike but for a short ending (`open` and `opening`,
/// `delivery` and `delivered`). Numbers are equal or different.
pub(super) fn are_alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if a.chars().chain(b.chars()).any(|c| c.is_ascii_digit()) {
        return false;
    }
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    common >= MIN_STEM_CHARS
        && a.chars().count() - common <= MAX_ENDING_CHARS
        && b.chars().count() - common <= MAX_ENDING_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_alike_and_other_words_are_not() {
        let alike = [("open", "opening"), ("delivery", "delivered"), ("refund", "refunds")];
        for (a, b) in alike {
            assert!(are_alike(a, b) && are_alike(b, a), "{a} {b}");
        }
        let others = [("ship", "shop"), ("1000", "10001"), ("order", "ordinary"), ("a", "at")];
        for (a, b) in others {
            assert!(!are_alike(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_question_is_about_its_telling_words() {
        let words = telling_words("Refunds to France within 30 days, refunds?");
        let seen: Vec<_> = words.iter().map(|word| (word.text.as_str(), word.is_name)).collect();
        let expected = [
            ("refunds", false),
            ("france", true),
            ("within", false),
            ("30", true),
            ("days", false),
        ];
        assert_eq!(seen, expected);
    }
}
