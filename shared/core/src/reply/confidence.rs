//! How sure an answer is: by how well what was found fits the question, and by how much of the answer
//! stands in it. The model's own word does not count.

use std::collections::HashSet;

use super::Stance;
use crate::knowledge::Passage;
use crate::message::language_of;

/// Below this an answer is more likely wrong than right.
pub const LOW_CONFIDENCE: Confidence = Confidence(450);

/// The share of the answers quoted from a passage that are right, by the share of the question's words that
/// stand in the passage; both in thousandths. Read off the evaluation's questions (`make eval` prints how
/// far it is from them).
const RIGHT_BY_COVERAGE: [(u16, u16); 7] =
    [(0, 0), (300, 50), (400, 230), (550, 500), (700, 520), (850, 740), (1_000, 780)];

/// The same by how near an embedder finds passage and question, by the cosine of their vectors. Models lay
/// unrelated texts at very different distances, from 0 to beyond 600, so this keeps away from all of them: a
/// wrong answer is worse than none.
const RIGHT_BY_SIMILARITY: [(u16, u16); 4] = [(0, 0), (600, 0), (700, 500), (1_000, 780)];

/// A model that has read a passage and answers from it makes up for words that question and passage do not
/// share: they are counted as no less than this, in thousandths.
const READ: u16 = 700;

/// What an answer is worth whose words cannot be looked up, since the passage is in another language: this
/// share of its relevance, in thousandths.
const UNCHECKED: u32 = 850;

/// What an answer is worth that stands in what the company or its system says beside the passages.
const SAID_OTHERWISE: Confidence = Confidence(600);

/// The share of a sentence's words that must stand in the passages for it to be supported, and the share that
/// must stand in the passages or the question, in per cent: an answer takes up what was asked in its own words,
/// and that alone supports nothing.
const SUPPORTED_SHARE: usize = 30;
const KNOWN_SHARE: usize = 55;

/// Telling words that make a claim of a sentence.
const MIN_CLAIM_WORDS: usize = 3;

/// A share from 0 to 1, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Confidence(u16);

/// An answer with all that it may rest on.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// What kind of answer it is.
    pub stance: Stance,
    /// Its text.
    pub text: &'a str,
    /// What was asked.
    pub question: &'a str,
    /// The passages that it cites.
    pub cited: &'a [&'a Passage],
    /// What else the model was told by the company: of itself and of the person who asks.
    pub told: &'a str,
    /// Whether a tool answered.
    pub informed: bool,
}

impl Confidence {
    /// What a tool answered is relied on, though no passage says so.
    const OF_A_TOOL: Self = Self(800);
    /// An answer that states nothing cannot be wrong.
    const CERTAIN: Self = Self(1_000);

    /// The thousandths.
    pub const fn permille(self) -> u16 {
        self.0
    }

    /// How sure an answer is that is quoted from a passage.
    pub fn of_quote(passage: &Passage) -> Self {
        let similarity = passage.similarity_permille.unwrap_or_default();
        let by_words = read(&RIGHT_BY_COVERAGE, passage.coverage_permille);
        Self(by_words.max(read(&RIGHT_BY_SIMILARITY, similarity)))
    }

    /// Weighs an answer against what it rests on.
    pub fn of(grounds: &Grounds<'_>) -> Self {
        let least = if grounds.informed { Self::OF_A_TOOL } else { Self::default() };
        let weighed = match grounds.stance {
            Stance::Unknown | Stance::Cut => return Self::default(),
            Stance::Quotes => grounds.best_quote(),
            Stance::Courtesy if is_short_and_plain(grounds.text) => Self::CERTAIN,
            Stance::States | Stance::Courtesy => grounds.weigh(),
        };
        weighed.max(least)
    }

    /// Whether an answer of this confidence is none to rely on.
    pub fn is_low(self) -> bool {
        self < LOW_CONFIDENCE
    }
}

impl Grounds<'_> {
    /// Whether the answer is to be given up for the word that it is not known.
    pub(super) fn is_to_be_withdrawn(&self) -> bool {
        matches!(self.stance, Stance::States | Stance::Courtesy)
            && Confidence::of(self).is_low()
            && claims(self.text).next().is_some()
    }

    fn best_quote(&self) -> Confidence {
        let cited = self.cited.iter().map(|passage| Confidence::of_quote(passage));
        cited.max().unwrap_or_default()
    }

    fn weigh(&self) -> Confidence {
        if claims(self.text).next().is_none() {
            return Confidence::CERTAIN;
        }
        let passages: Vec<&str> =
            self.cited.iter().flat_map(|passage| [&*passage.text, &*passage.title]).collect();
        if passages.is_empty() {
            let support = support(self.text, &[self.told], self.question).unwrap_or(0);
            return if support >= 1_000 { SAID_OTHERWISE } else { Confidence::default() };
        }
        let relevance = u32::from(self.best_quote().permille().max(READ));
        let foreign = language_of(self.text) != language_of(&passages.concat());
        let words: Vec<&str> = passages.into_iter().chain([self.told]).collect();
        let share = if foreign {
            let numbers = is_every_number_known(self.text, &words);
            if numbers { UNCHECKED } else { 0 }
        } else {
            support(self.text, &words, self.question).unwrap_or(1_000)
        };
        Confidence(u16::try_from(relevance * share / 1_000).unwrap_or(1_000))
    }
}

/// Reads a scale, with a straight line between two of its points.
fn read(scale: &[(u16, u16)], value: u16) -> u16 {
    let mut below = (0, 0);
    for &(point, right) in scale {
        if point >= value {
            let (low, wrong) = below;
            let (rise, run) = (u32::from(right - wrong), u32::from(point - low));
            let part = (rise * u32::from(value - low)).checked_div(run).unwrap_or(0);
            return wrong + u16::try_from(part).unwrap_or(0);
        }
        below = (point, right);
    }
    below.1
}

/// The share of the answer's claims that stand in the texts, by their length, in thousandths; `None` where it
/// claims nothing.
fn support(text: &str, texts: &[&str], question: &str) -> Option<u32> {
    let known: HashSet<String> = texts.iter().flat_map(|text| telling_words(text)).collect();
    let asked: HashSet<String> = telling_words(question).into_iter().collect();
    let (mut all, mut supported) = (0, 0);
    for words in claims(text) {
        let found = words.iter().filter(|word| known.contains(*word)).count();
        let taken_up = |word: &&String| known.contains(*word) || asked.contains(*word);
        let familiar = words.iter().filter(taken_up).count();
        // A number is the point of its sentence: one that stands nowhere is made up.
        let invented = words.iter().any(|word| is_number(word) && !known.contains(word));
        all += words.len();
        let enough = found * 100 >= words.len() * SUPPORTED_SHARE
            && familiar * 100 >= words.len() * KNOWN_SHARE;
        if enough && !invented {
            supported += words.len();
        }
    }
    (supported * 1_000_usize).checked_div(all).and_then(|share| u32::try_from(share).ok())
}

fn is_every_number_known(text: &str, texts: &[&str]) -> bool {
    let known: HashSet<String> = texts.iter().flat_map(|text| telling_words(text)).collect();
    telling_words(text).iter().all(|word| !is_number(word) || known.contains(word))
}

/// The telling words of each sentence that states something. A question states nothing, nor do two words.
fn claims(text: &str) -> impl Iterator<Item = Vec<String>> {
    let sentences = text.split_inclusive(['.', '!', '?', '\n', '。', '！', '？']);
    let statements = sentences.filter(|sentence| !sentence.ends_with(['?', '？']));
    let worded = statements.map(telling_words);
    worded
        .filter(|words| words.len() >= MIN_CLAIM_WORDS || words.iter().any(|word| is_number(word)))
}

/// Whether a text is as short as a courtesy and names no figure.
fn is_short_and_plain(text: &str) -> bool {
    const MAX_WORDS: usize = 30;
    let words = telling_words(text);
    words.len() <= MAX_WORDS && !words.iter().any(|word| is_number(word))
}

/// The telling words of a text, cut so that most forms of one are alike. A script without spaces has one
/// word for each of its characters.
fn telling_words(text: &str) -> Vec<String> {
    const STEM_CHARS: usize = 5;
    let mut telling = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if word.contains(is_ideograph) {
            telling.extend(word.chars().map(String::from));
        } else if is_number(word) {
            telling.push(word.to_lowercase());
        } else if word.chars().count() > 3 {
            telling.push(word.to_lowercase().chars().take(STEM_CHARS).collect());
        }
    }
    telling
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn is_number(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    const REFUNDS: &str =
        "You can return any unused item within 30 days of delivery for a full refund.";

    fn passage(text: &str, coverage_permille: u16) -> Passage {
        Passage {
            source: Id::from_bare(&"0".repeat(26)).unwrap(),
            title: "Refund policy".to_owned(),
            url: None,
            text: text.to_owned(),
            score: 1.0,
            coverage_permille,
            similarity_permille: None,
        }
    }

    fn grounds<'a>(stance: Stance, text: &'a str, cited: &'a [&'a Passage]) -> Grounds<'a> {
        Grounds {
            stance,
            text,
            cited,
            question: "How long may I return the shoes that I bought?",
            told: "You are Ada, the assistant of Example Shoes.",
            informed: false,
        }
    }

    fn confidence(stance: Stance, text: &str, cited: &[&Passage]) -> Confidence {
        Confidence::of(&grounds(stance, text, cited))
    }

    #[test]
    fn a_quote_is_as_sure_as_its_passage_fits_the_question() {
        let of = |coverage| Confidence::of_quote(&passage(REFUNDS, coverage)).permille();
        let steps: Vec<u16> = (0..=10).map(|tenth| of(tenth * 100)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
        assert!(Confidence(of(0)).is_low() && !Confidence(of(1_000)).is_low());
        for (coverage, right) in RIGHT_BY_COVERAGE {
            assert_eq!(of(coverage), right);
        }
        let near = Passage { similarity_permille: Some(850), ..passage(REFUNDS, 0) };
        assert!(!Confidence::of_quote(&near).is_low());
        let far = Passage { similarity_permille: Some(600), ..passage(REFUNDS, 0) };
        assert_eq!(Confidence::of_quote(&far), Confidence::default());
        let passage = passage(REFUNDS, 1_000);
        assert_eq!(confidence(Stance::Quotes, REFUNDS, &[&passage]).permille(), of(1_000));
    }

    #[test]
    fn an_answer_that_its_passage_supports_is_sure_whatever_words_were_asked() {
        let text = "Unused items are refunded in full within 30 days.";
        for coverage in [0, 500, 1_000] {
            let sure = confidence(Stance::States, text, &[&passage(REFUNDS, coverage)]);
            assert!(sure.permille() >= READ, "{coverage}: {sure:?}");
        }
    }

    #[test]
    fn an_answer_may_take_up_the_question_but_not_stand_on_it_alone() {
        let passage = passage(REFUNDS, 500);
        let taken_up = "Yes, the shoes that you bought may be returned within 30 days.";
        assert!(!confidence(Stance::States, taken_up, &[&passage]).is_low());
        let echoed = "Yes, long may the shoes that somebody bought be gilded.";
        let cited = [&passage];
        assert!(grounds(Stance::States, echoed, &cited).is_to_be_withdrawn());
    }

    #[test]
    fn an_answer_that_cites_nothing_is_worth_nothing_whatever_it_says_of_itself() {
        let boast = "I am 100 % certain: refunds take 30 days.";
        assert_eq!(confidence(Stance::States, boast, &[]), Confidence::default());
        assert_eq!(confidence(Stance::Courtesy, boast, &[]), Confidence::default());
        assert!(grounds(Stance::Courtesy, boast, &[]).is_to_be_withdrawn());
    }

    #[test]
    fn an_answer_that_its_passage_does_not_support_is_withdrawn() {
        let passage = passage(REFUNDS, 1_000);
        for text in [
            "Refunds are paid within 90 days of delivery.",
            "Elephants paint watercolours beneath turquoise bridges.",
            "Erstattungen gibt es bei uns nur innerhalb von 90 Tagen.",
        ] {
            let cited = [&passage];
            let weighed = grounds(Stance::States, text, &cited);
            assert!(Confidence::of(&weighed).is_low(), "{text}");
            assert!(weighed.is_to_be_withdrawn(), "{text}");
            assert!(!Grounds { informed: true, ..weighed }.is_to_be_withdrawn(), "{text}");
        }
    }

    #[test]
    fn an_answer_in_another_language_is_checked_by_its_numbers() {
        let german =
            "Sie können den Artikel innerhalb von 30 Tagen zurückgeben, wenn er unbenutzt ist.";
        let weighed = confidence(Stance::States, german, &[&passage(REFUNDS, 0)]);
        assert!(!weighed.is_low() && weighed.permille() < READ, "{weighed:?}");
    }

    #[test]
    fn what_states_nothing_is_never_doubted_and_what_is_not_known_always() {
        for text in
            ["Hello! How can I help you today?", "You're welcome!", "Which order do you mean?"]
        {
            assert_eq!(confidence(Stance::Courtesy, text, &[]), Confidence::CERTAIN, "{text}");
            assert!(!grounds(Stance::States, text, &[]).is_to_be_withdrawn(), "{text}");
        }
        let text = "I do not know when the museum opens.";
        let unknown = grounds(Stance::Unknown, text, &[]);
        assert!(Confidence::of(&unknown).is_low() && !unknown.is_to_be_withdrawn());
        let cut = grounds(Stance::Cut, text, &[]);
        assert!(Confidence::of(&cut).is_low() && !cut.is_to_be_withdrawn());
    }

    #[test]
    fn what_the_company_says_of_itself_needs_no_passage() {
        let of_itself =
            confidence(Stance::States, "I am Ada, the assistant of Example Shoes.", &[]);
        assert_eq!(of_itself, SAID_OTHERWISE);
    }
}
