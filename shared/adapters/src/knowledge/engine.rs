//! The index of one edition: built once, in memory, and never changed.

use std::collections::HashSet;

use aiva_core::error::{Error, Result};
use aiva_core::knowledge::{Document, Passage};
use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::analysis::{self, ANALYZER, QuestionTerm};
use super::split::{self, Piece};

/// What the builder may take for its tables while it runs, in bytes.
const BUILD_BYTES: usize = 4 * 1024 * 1024;

/// The most passages of one answer.
const MAX_PASSAGES: usize = 50;

/// Candidates looked at for each passage of an answer, so that duplicates leave no gap.
const CANDIDATES_PER_PASSAGE: usize = 3;

/// Title, headings and text, with what a match in each is worth.
const FIELDS: [(&str, f32); 3] = [("title", 2.0), ("headings", 1.5), ("text", 1.0)];

/// The index of one edition.
pub(super) struct Engine {
    pieces: Vec<Piece>,
    /// `None` where there is nothing to find.
    search: Option<(IndexReader, [Field; 3])>,
    analyzer: TextAnalyzer,
    bytes: usize,
}

/// A term that a question is about, and its rarity.
struct Weighted {
    term: String,
    weight: u64,
}

impl Engine {
    /// Indexes documents; what exceeds `max_bytes` is left out, with a warning in the log.
    pub(super) fn build(documents: &[Document], max_bytes: usize) -> Result<Self> {
        let (pieces, left_out) = split::split(documents, max_bytes);
        if left_out > 0 {
            tracing::warn!(left_out, max_bytes, "knowledge exceeds the memory for its index");
        }
        let search = if pieces.is_empty() { None } else { Some(index(&pieces)?) };
        let bytes = pieces.iter().map(Piece::bytes).sum();
        Ok(Self { pieces, search, analyzer: analysis::analyzer(), bytes })
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Finds the passages nearest to a question, best first.
    pub(super) fn search(&self, question: &str, limit: usize) -> Result<Vec<Passage>> {
        let limit = limit.min(MAX_PASSAGES);
        let mut analyzer = self.analyzer.clone();
        let terms = analysis::question_terms(&mut analyzer, question);
        let Some((reader, fields)) = self.search.as_ref().filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let searcher = reader.searcher();
        let query = query(&terms, fields);
        let candidates = TopDocs::with_limit(limit * CANDIDATES_PER_PASSAGE).order_by_score();
        let hits = searcher.search(&query, &candidates).map_err(Error::internal)?;
        let terms = self.weigh(&searcher, fields, terms)?;
        let mut kept: Vec<(HashSet<String>, Passage)> = Vec::new();
        for (score, address) in hits {
            // One segment, filled in order: the number in it is the place in the list.
            let place = usize::try_from(address.doc_id).map_err(Error::internal)?;
            let piece =
                self.pieces.get(place).ok_or_else(|| Error::internal("a stray document"))?;
            let own = analysis::terms(&mut analyzer, &[&piece.text]);
            if kept.iter().any(|(other, _)| is_near_duplicate(&own, other, &terms)) {
                continue;
            }
            let around = analysis::terms(&mut analyzer, &[&piece.title, &piece.headings]);
            let passage = passage(piece, score, coverage(&terms, &own, &around));
            kept.push((own, passage));
            if kept.len() == limit {
                break;
            }
        }
        Ok(kept.into_iter().map(|(_, passage)| passage).collect())
    }

    fn weigh(
        &self,
        searcher: &Searcher,
        fields: &[Field; 3],
        terms: Vec<QuestionTerm>,
    ) -> Result<Vec<Weighted>> {
        let passages = u64::try_from(self.pieces.len()).map_err(Error::internal)?;
        let mut weighted = Vec::with_capacity(terms.len());
        for QuestionTerm { text: term, .. } in terms.into_iter().filter(|term| term.is_subject) {
            let mut holding = 0;
            for field in fields {
                let frequency = searcher.doc_freq(&Term::from_field_text(*field, &term));
                holding = frequency.map_err(Error::internal)?.max(holding);
            }
            weighted.push(Weighted { term, weight: rarity(holding, passages) });
        }
        Ok(weighted)
    }
}

fn index(pieces: &[Piece]) -> Result<(IndexReader, [Field; 3])> {
    let mut schema = Schema::builder();
    let fields = FIELDS.map(|(name, _)| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs);
        schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
    });
    let builder = Index::builder().schema(schema.build());
    let index = fill(builder, &fields, pieces).map_err(Error::internal)?;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
    let reader: IndexReader = reader.map_err(Error::internal)?;
    Ok((reader, fields))
}

fn fill(
    builder: tantivy::IndexBuilder,
    fields: &[Field; 3],
    pieces: &[Piece],
) -> tantivy::Result<Index> {
    let tokenizers = tantivy::tokenizer::TokenizerManager::new();
    tokenizers.register(ANALYZER, analysis::analyzer());
    let builder = builder.tokenizers(tokenizers);
    let mut writer = builder.single_segment_index_writer(RamDirectory::create(), BUILD_BYTES)?;
    for piece in pieces {
        let mut document = TantivyDocument::new();
        for (field, text) in fields.iter().zip([&*piece.title, &piece.headings, &piece.text]) {
            document.add_text(*field, text);
        }
        writer.add_document(document)?;
    }
    writer.finalize()
}

/// Any of the terms in any of the fields. Terms are looked up as they are: no part of a question is
/// read as a query language.
fn query(terms: &[QuestionTerm], fields: &[Field; 3]) -> BooleanQuery {
    let clauses = terms.iter().flat_map(|term| {
        fields.iter().zip(FIELDS).map(move |(field, (_, boost))| {
            let term = Term::from_field_text(*field, &term.text);
            let query = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            (Occur::Should, Box::new(BoostQuery::new(query, boost)) as Box<dyn Query>)
        })
    });
    BooleanQuery::new(clauses.collect())
}

fn passage(piece: &Piece, score: f32, coverage_permille: u16) -> Passage {
    Passage {
        source: piece.source,
        title: piece.title.to_string(),
        url: piece.url.as_deref().map(str::to_owned),
        text: piece.text.clone(),
        score,
        coverage_permille,
    }
}

/// The inverse document frequency in thousandths, at least 1. A term that no passage holds counts as
/// one that a single passage does, the rarest there can be.
#[expect(clippy::float_arithmetic, reason = "the weight of a word, not money")]
fn rarity(holding: u64, passages: u64) -> u64 {
    let (holding, passages) = (holding.max(1) as f64, passages as f64);
    let idf = (1.0 + (passages - holding + 0.5) / (holding + 0.5)).ln();
    ((idf * 1_000.0) as u64).max(1)
}

fn coverage(terms: &[Weighted], own: &HashSet<String>, around: &HashSet<String>) -> u16 {
    let total = terms.iter().map(|weighted| weighted.weight).sum::<u64>();
    let found = terms
        .iter()
        .filter(|weighted| own.contains(&weighted.term) || around.contains(&weighted.term))
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
        && terms.iter().all(|weighted| a.contains(&weighted.term) == b.contains(&weighted.term))
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
}
