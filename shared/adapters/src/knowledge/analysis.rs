//! From text to terms: the same way for what is indexed and for what is asked.

use std::collections::HashSet;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer,
    StopWordFilter, TextAnalyzer,
};

/// The name under which an index knows the analyzer.
pub(super) const ANALYZER: &str = "prose";

/// A longer run of letters and digits is no word, in bytes.
const MAX_TERM_BYTES: usize = 64;

/// Terms of one question that are looked up.
const MAX_QUESTION_TERMS: usize = 64;

/// Bytes of a question that are read; a message is never longer than its own bound.
const MAX_QUESTION_BYTES: usize = 32 * 1024;

/// Function words: they stand in every passage and say nothing about any.
const STOP_WORDS: &str = "a about after again all also am an and any are as at be because been before \
being both but by can could d did do does doing don down during each either for from had has have \
having he her here hers him his how i if in into is it its itself just ll m me might more most must \
my myself no nor not now of off on once only or other our ours out over own re s same shall she \
should so some such t than that the their theirs them then there these they this those through to \
too under until up us ve very was we were what when where which while who whom whose why will with \
within would you your yours";

/// Words of asking rather than of the thing asked about: a passage need not hold them to cover the
/// question, unless it has no others.
const ASKING_WORDS: &str = "far find get give got hello help hey hi know let like long many may much \
need offer often please provide sell soon take tell thank thanks want";

/// Makes the analyzer.
pub(super) fn analyzer() -> TextAnalyzer {
    let stop_words = STOP_WORDS.split_ascii_whitespace().map(str::to_owned);
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(StopWordFilter::remove(stop_words))
        .filter(Stemmer::new(Language::English))
        .build()
}

/// The distinct terms of a text.
pub(super) fn terms(analyzer: &mut TextAnalyzer, texts: &[&str]) -> HashSet<String> {
    let mut found = HashSet::new();
    for text in texts {
        analyzer.token_stream(text).process(&mut |token| {
            if !found.contains(&token.text) {
                found.insert(token.text.clone());
            }
        });
    }
    found
}

/// A term of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuestionTerm {
    pub(super) text: String,
    /// Whether the question is about it, or only asks with it.
    pub(super) is_subject: bool,
}

/// The distinct terms of a question, as they come, at most 64.
pub(super) fn question_terms(analyzer: &mut TextAnalyzer, question: &str) -> Vec<QuestionTerm> {
    let question = &question[..question.floor_char_boundary(MAX_QUESTION_BYTES)];
    let asking = terms(analyzer, &[ASKING_WORDS]);
    let mut found: Vec<QuestionTerm> = Vec::new();
    analyzer.token_stream(question).process(&mut |token| {
        if found.len() < MAX_QUESTION_TERMS && found.iter().all(|term| term.text != token.text) {
            let is_subject = !asking.contains(&token.text);
            found.push(QuestionTerm { text: token.text.clone(), is_subject });
        }
    });
    if found.iter().all(|term| !term.is_subject) {
        found.iter_mut().for_each(|term| term.is_subject = true);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(question: &str) -> Vec<String> {
        let terms = question_terms(&mut analyzer(), question);
        terms.into_iter().filter(|term| term.is_subject).map(|term| term.text).collect()
    }

    #[test]
    fn a_question_is_reduced_to_what_it_is_about() {
        assert_eq!(asked("How long do refunds take?"), ["refund"]);
        assert_eq!(asked("What's the café's opening time?"), ["cafe", "open", "time"]);
        assert_eq!(asked("please help"), ["pleas", "help"]);
        assert!(asked("what is it?").is_empty());
        assert!(asked("").is_empty());
    }

    #[test]
    fn numbers_and_identifiers_are_terms() {
        assert_eq!(asked("SKU-10442 costs $19.99?"), ["sku", "10442", "cost", "19", "99"]);
    }

    #[test]
    fn a_question_of_any_length_gives_a_bounded_number_of_terms() {
        let question: String = (0..10_000).map(|number| format!("word{number} ")).collect();
        assert_eq!(asked(&question).len(), MAX_QUESTION_TERMS);
        assert!(asked(&"ü".repeat(MAX_QUESTION_BYTES)).is_empty());
        let terms = question_terms(&mut analyzer(), "How long do refunds take?");
        assert_eq!(terms.len(), 3);
    }
}
