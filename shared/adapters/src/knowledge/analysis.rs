//! From text to terms: the same way for what is indexed and for what is asked.

use std::collections::HashSet;

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter,
    TextAnalyzer,
};

use super::tongue::Tongue;

/// A longer run of letters and digits is no word, in bytes.
const MAX_TERM_BYTES: usize = 64;

/// Terms of one question that are looked up.
const MAX_QUESTION_TERMS: usize = 64;

/// Bytes of a question that are read; a message is never longer than its own bound.
const MAX_QUESTION_BYTES: usize = 32 * 1024;

/// English function words: they stand in every passage and say nothing about any.
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

/// One analyzer for each tongue.
#[derive(Clone)]
pub(super) struct Analyzers {
    plain: TextAnalyzer,
    each: Vec<(Tongue, TextAnalyzer)>,
}

impl Analyzers {
    /// Makes the analyzers of these tongues.
    pub(super) fn of(tongues: &[Tongue]) -> Self {
        let plain = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
            .filter(LowerCaser)
            .build();
        let each = tongues.iter().map(|tongue| (*tongue, analyzer(*tongue))).collect();
        Self { plain, each }
    }

    /// The terms of a text, in order, as its tongue makes them.
    pub(super) fn terms(&mut self, tongue: Tongue, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.analyzer(tongue).token_stream(text).process(&mut |token| {
            push_term(&token.text, &mut found);
        });
        found
    }

    /// The distinct terms of some texts.
    pub(super) fn set(&mut self, tongue: Tongue, texts: &[&str]) -> HashSet<String> {
        texts.iter().flat_map(|text| self.terms(tongue, text)).collect()
    }

    fn analyzer(&mut self, tongue: Tongue) -> &mut TextAnalyzer {
        let known = self.each.iter().position(|(known, _)| *known == tongue);
        let place = known.unwrap_or_else(|| {
            self.each.push((tongue, analyzer(tongue)));
            self.each.len() - 1
        });
        &mut self.each[place].1
    }

    /// The distinct terms of a question, as they come, at most 64. Each word is looked up in the form
    /// that every tongue of the knowledge would have given it.
    pub(super) fn question(&mut self, question: &str) -> Vec<QuestionTerm> {
        let question = &question[..question.floor_char_boundary(MAX_QUESTION_BYTES)];
        let tongues: Vec<Tongue> = self.each.iter().map(|(tongue, _)| *tongue).collect();
        let asked_in = Tongue::of_question(question, &tongues);
        let asking = self.set(asked_in, &[ASKING_WORDS]);
        let mut words = Vec::new();
        self.plain.token_stream(question).process(&mut |token| words.push(token.text.clone()));
        let mut found: Vec<QuestionTerm> = Vec::new();
        for word in words {
            let own = self.terms(asked_in, &word);
            if own.is_empty() || found.len() == MAX_QUESTION_TERMS {
                continue;
            }
            let mut forms: Vec<Vec<String>> = vec![own];
            for tongue in &tongues {
                let form = self.terms(*tongue, &word);
                if !form.is_empty() && !forms.contains(&form) {
                    forms.push(form);
                }
            }
            // Of a script without spaces a word is many terms, and each counts by itself.
            let single = forms.iter().all(|form| form.len() == 1);
            let groups: Vec<Vec<String>> = if single {
                vec![forms.into_iter().flatten().collect()]
            } else {
                forms.swap_remove(0).into_iter().map(|term| vec![term]).collect()
            };
            for forms in groups {
                if found.iter().all(|known| known.forms[0] != forms[0]) {
                    let is_subject = !asking.contains(&forms[0]);
                    found.push(QuestionTerm { forms, is_subject });
                }
            }
        }
        found.truncate(MAX_QUESTION_TERMS);
        if found.iter().all(|term| !term.is_subject) {
            found.iter_mut().for_each(|term| term.is_subject = true);
        }
        found
    }
}

fn analyzer(tongue: Tongue) -> TextAnalyzer {
    let base = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(LowerCaser);
    let Some(language) = tongue.language() else {
        return base.filter(AsciiFoldingFilter).build();
    };
    let stop_words = if tongue == Tongue::ENGLISH {
        Some(StopWordFilter::remove(STOP_WORDS.split_ascii_whitespace().map(str::to_owned)))
    } else {
        StopWordFilter::new(language)
    };
    let stop_words = stop_words.unwrap_or_else(|| StopWordFilter::remove([]));
    base.filter(stop_words).filter(Stemmer::new(language)).filter(AsciiFoldingFilter).build()
}

/// A run of a script that puts no spaces between words becomes its pairs of characters.
fn push_term(word: &str, terms: &mut Vec<String>) {
    if !word.chars().any(is_unspaced) {
        terms.push(word.to_owned());
        return;
    }
    let characters: Vec<char> = word.chars().collect();
    if let [single] = characters[..] {
        terms.push(single.to_string());
    }
    terms.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
}

fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x2_ffff)
}

/// Identifiers of a text: runs that join letters and digits by signs, whole and in lower case, so that
/// `SM-2210` or `std::fs::read` is found as it is written.
pub(super) fn identifiers(text: &str) -> Vec<String> {
    let runs = text.split(|c: char| c.is_whitespace() || "()[]{}<>\"'`,;|".contains(c));
    let trimmed = runs.map(|run| run.trim_matches(|c: char| !c.is_alphanumeric()));
    trimmed
        .filter(|run| (3..=MAX_TERM_BYTES).contains(&run.len()) && is_identifier(run))
        .map(str::to_lowercase)
        .collect()
}

fn is_identifier(run: &str) -> bool {
    let joined = run.contains(|c: char| "-_.:/#@+=".contains(c));
    joined && (run.contains(|c: char| c.is_ascii_digit() || c == '_') || run.contains("::"))
}

/// A term of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuestionTerm {
    /// The forms under which it may be indexed; the first is that of the question's own tongue.
    pub(super) forms: Vec<String>,
    /// Whether the question is about it, or only asks with it.
    pub(super) is_subject: bool,
}

impl QuestionTerm {
    /// Whether any form of it is among these terms.
    pub(super) fn is_in(&self, terms: &HashSet<String>) -> bool {
        self.forms.iter().any(|form| terms.contains(form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(question: &str) -> Vec<String> {
        let terms = Analyzers::of(&[Tongue::ENGLISH]).question(question);
        let subjects = terms.into_iter().filter(|term| term.is_subject);
        subjects.map(|term| term.forms[0].clone()).collect()
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
        let text = "Call `std::fs::read_dir` (v1.2.3), part SM-2210; well-known U.S. words. a/b";
        assert_eq!(identifiers(text), ["std::fs::read_dir", "v1.2.3", "sm-2210"]);
    }

    #[test]
    fn a_question_of_any_length_gives_a_bounded_number_of_terms() {
        let question: String = (0..10_000).map(|number| format!("word{number} ")).collect();
        assert_eq!(asked(&question).len(), MAX_QUESTION_TERMS);
        assert!(asked(&"ü".repeat(MAX_QUESTION_BYTES)).is_empty());
        let terms = Analyzers::of(&[Tongue::ENGLISH]).question("How long do refunds take?");
        assert_eq!(terms.len(), 3);
    }

    #[test]
    fn a_word_is_looked_up_in_the_form_of_every_tongue_of_the_knowledge() {
        let german =
            Tongue::of("Die Rücksendung der bestellten Waren ist innerhalb von Tagen möglich.");
        assert_ne!(german, Tongue::ENGLISH);
        let mut analyzers = Analyzers::of(&[Tongue::ENGLISH, german]);
        let indexed = analyzers.set(german, &["Die Öffnungszeiten unserer Läden"]);
        let asked = analyzers.question("Wie sind die Öffnungszeiten des Ladens?");
        assert!(asked.iter().any(|term| term.is_in(&indexed)), "{asked:?} {indexed:?}");
        assert!(asked.iter().all(|term| term.forms[0] != "die"), "{asked:?}");
    }

    #[test]
    fn a_script_without_spaces_is_found_by_pairs() {
        let mut analyzers = Analyzers::of(&[Tongue::OTHER]);
        let indexed = analyzers.set(Tongue::OTHER, &["返品は三十日以内に可能です。"]);
        let asked = analyzers.question("返品は可能ですか");
        let found = asked.iter().filter(|term| term.is_in(&indexed)).count();
        assert!(found >= 4, "{asked:?}");
    }
}
