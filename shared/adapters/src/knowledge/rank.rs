//! From hits to passages: two rankings fused, neighbours joined, near-duplicates dropped, coverage
//! counted.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use aiva_core::knowledge::Passage;

use super::analysis::{Analyzers, QuestionTerm};
use super::split::Piece;

/// Characters that joined neighbours may have together.
const MAX_JOINED_BYTES: usize = 2_000;

/// What is added to a rank before it divides: the more, the less the first ranks stand out.
const RANK_CONSTANT: u32 = 60;

/// What the first rank would be worth if nothing were added to it.
const RANK_WORTH: u32 = 1_000_000;

/// A term that a question is about, and its rarity.
pub(super) struct Weighted {
    pub(super) term: QuestionTerm,
    pub(super) weight: u64,
}

/// One passage in the making: a hit, with the neighbours that were hit too.
pub(super) struct Group {
    piece: Piece,
    /// The places of its first and last piece.
    first: u32,
    last: u32,
    score: f32,
    /// That of the nearest of its pieces.
    similarity: Option<u16>,
    own: HashSet<String>,
    around: HashSet<String>,
}

impl Group {
    /// A group of one, with its place, its score and its similarity.
    pub(super) fn of(
        piece: Piece,
        (place, score, similarity): (u32, f32, Option<u16>),
        analyzers: &mut Analyzers,
    ) -> Self {
        let own = analyzers.set(piece.tongue, &[&piece.text]);
        let around = analyzers.set(piece.tongue, &[&piece.title, &piece.headings]);
        Self { piece, first: place, last: place, score, similarity, own, around }
    }

    /// The passage, with its share of the question.
    pub(super) fn passage(self, terms: &[Weighted]) -> Passage {
        let coverage = coverage(terms, &self.own, &self.around);
        passage(self.piece, self.score, coverage, self.similarity)
    }

    /// The text of both, where the other is a neighbour and they are not too long together.
    fn joined_text(&self, other: &Self) -> Option<String> {
        let together = self.piece.text.len() + other.piece.text.len();
        if self.piece.source != other.piece.source || together > MAX_JOINED_BYTES {
            return None;
        }
        let (before, gap, after) = match (&self.piece.gap, &other.piece.gap) {
            (_, Some(gap)) if other.first == self.last + 1 => {
                (&self.piece.text, gap, &other.piece.text)
            }
            (Some(gap), _) if self.first == other.last + 1 => {
                (&other.piece.text, gap, &self.piece.text)
            }
            _ => return None,
        };
        Some(format!("{before}{gap}{after}"))
    }

    /// Takes in a neighbour, with the text of both.
    fn join(&mut self, other: Self, text: String) {
        if other.first < self.first {
            self.piece.gap = other.piece.gap;
        }
        self.piece.text = text;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.similarity = self.similarity.max(other.similarity);
        self.own.extend(other.own);
        self.around.extend(other.around);
    }
}

/// Places the next best hit among the groups.
pub(super) fn place(groups: &mut Vec<Group>, hit: Group, limit: usize, terms: &[Weighted]) {
    if groups.iter().any(|group| is_near_duplicate(&hit.own, &group.own, terms)) {
        return;
    }
    for group in groups.iter_mut() {
        if let Some(text) = group.joined_text(&hit) {
            return group.join(hit, text);
        }
    }
    if groups.len() < limit {
        groups.push(hit);
    }
}

/// Fuses two rankings: each gives a place the reciprocal of its rank in it, and the sums decide. What
/// the two measure cannot be compared, the ranks can. Of equals the words go first.
pub(super) fn fused(by_words: Vec<(u32, f32)>, by_vectors: &[u32]) -> Vec<(u32, f32)> {
    let mut found: Vec<u32> = Vec::new();
    let mut worth: HashMap<u32, u32> = HashMap::new();
    let words = (1..).zip(by_words.into_iter().map(|(place, _)| place));
    for (rank, place) in words.chain((1..).zip(by_vectors.iter().copied())) {
        let sum = worth.entry(place).or_insert_with(|| {
            found.push(place);
            0
        });
        *sum += RANK_WORTH / (RANK_CONSTANT + rank);
    }
    found.sort_by_key(|place| Reverse(worth[place]));
    found.into_iter().map(|place| (place, worth[&place] as f32)).collect()
}

pub(super) fn passage(
    piece: Piece,
    score: f32,
    coverage_permille: u16,
    similarity_permille: Option<u16>,
) -> Passage {
    Passage {
        source: piece.source,
        title: piece.title.to_string(),
        url: piece.url.as_deref().map(str::to_owned),
        text: piece.text,
        score,
        coverage_permille,
        similarity_permille,
    }
}

/// The inverse document frequency in thousandths, at least 1. A term that no passage holds counts as
/// one that a single passage does, the rarest there can be.
#[expect(clippy::float_arithmetic, reason = "the weight of a word, not money")]
pub(super) fn rarity(holding: u64, passages: u64) -> u64 {
    let (holding, passages) = (holding.max(1) as f64, passages as f64);
    let idf = (1.0 + (passages - holding + 0.5) / (holding + 0.5)).ln();
    ((idf * 1_000.0) as u64).max(1)
}

fn coverage(terms: &[Weighted], own: &HashSet<String>, around: &HashSet<String>) -> u16 {
    let total = terms.iter().map(|weighted| weighted.weight).sum::<u64>();
    let found = terms
        .iter()
        .filter(|weighted| weighted.term.is_in(own) || weighted.term.is_in(around))
        .map(|weighted| weighted.weight)
        .sum::<u64>();
    (found * 1_000).checked_div(total).and_then(|share| u16::try_from(share).ok()).unwrap_or(0)
}

/// Whether two passages say the same in this context: nine tenths of their terms, every term of the
/// question, and every number. Two rows of a price list are never duplicates.
fn is_near_duplicate(a: &HashSet<String>, b: &HashSet<String>, terms: &[Weighted]) -> bool {
    let common = a.intersection(b).count();
    let all = a.len() + b.len() - common;
    common * 10 >= all * 9
        && terms.iter().all(|weighted| weighted.term.is_in(a) == weighted.term.is_in(b))
        && a.symmetric_difference(b).all(|term| !term.contains(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_term_weighs_more_than_a_common_one_and_an_absent_one_as_much_as_the_rarest() {
        assert!(rarity(1, 100) > rarity(50, 100));
        assert_eq!(rarity(0, 100), rarity(1, 100));
        assert!(rarity(100, 100) >= 1);
        assert!(rarity(1, 1) >= 1);
    }

    #[test]
    fn what_both_rankings_know_goes_first_and_of_equals_what_has_the_words() {
        let words = vec![(10, 9.0), (11, 8.0), (12, 7.0)];
        let places: Vec<u32> =
            fused(words.clone(), &[20, 12, 21]).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, [12, 10, 20, 11, 21]);
        let places =
            |found: Vec<(u32, f32)>| found.into_iter().map(|hit| hit.0).collect::<Vec<_>>();
        assert_eq!(places(fused(words, &[])), [10, 11, 12]);
        assert_eq!(places(fused(Vec::new(), &[3, 1])), [3, 1]);
    }
}
