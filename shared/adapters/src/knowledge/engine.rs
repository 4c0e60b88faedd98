//! The index of one edition: built once, and never changed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use aiva_core::error::{Error, Result};
use aiva_core::id::SourceId;
use aiva_core::knowledge::Passage;
use tantivy::collector::TopDocs;
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::{DocAddress, Index, IndexReader, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::analysis::{self, Analyzers, QuestionTerm};
use super::archive::{self, Manifest, Unpacked};
use super::rank::{self, Group, Weighted};
use super::split::Piece;
use super::tongue::Tongue;
use super::vectors::{self, Vector, Vectors};

/// What the builder may take for its tables while it runs, in bytes.
const BUILD_BYTES: usize = 32 * 1024 * 1024;

/// The most passages of one answer.
const MAX_PASSAGES: usize = 50;

/// Candidates looked at for each passage of an answer, so that duplicates leave no gap.
const CANDIDATES_PER_PASSAGE: usize = 4;

/// Title, headings, text and identifiers, with what a match in each is worth.
const FIELDS: [(&str, f32); 4] = [("title", 2.0), ("headings", 1.5), ("text", 1.0), ("ids", 2.0)];

/// How much less a word of asking counts than a word of the thing asked about.
const ASKING_BOOST: f32 = 0.3;

/// The field that keeps a passage as it is.
const STORED: &str = "piece";

/// The index of one edition.
pub(super) struct Engine {
    index: Index,
    directory: RamDirectory,
    reader: IndexReader,
    fields: [Field; 4],
    stored: Field,
    analyzers: Analyzers,
    manifest: Manifest,
    /// Of its passages, in their order.
    vectors: Option<Vectors>,
    bytes: usize,
}

/// A question's vector, and the places of the passages that are near it, nearest first.
pub(super) struct Nearest {
    pub(super) question: Vector,
    pub(super) places: Vec<u32>,
}

impl Engine {
    /// Indexes passages, and counts those that are in.
    pub(super) fn build(pieces: &[&Piece], written: &AtomicUsize) -> Result<Self> {
        let bytes = pieces.iter().map(|piece| piece.bytes()).sum::<usize>();
        let mut tongues: Vec<Tongue> = Vec::new();
        for piece in pieces {
            if !tongues.contains(&piece.tongue) {
                tongues.push(piece.tongue);
            }
        }
        let text_bytes = pieces.iter().map(|piece| piece.text.len()).sum();
        let names = tongues.iter().map(|tongue| tongue.name().to_owned()).collect();
        let manifest = Manifest::new(names, pieces.len(), text_bytes);
        let directory = RamDirectory::create();
        let index = fill(directory.clone(), pieces, &mut Analyzers::of(&tongues), written);
        let index = index.map_err(Error::internal)?;
        Self::over(Unpacked { index, directory, manifest, vectors: None, bytes })
    }

    /// Takes up the vectors of its passages.
    pub(super) fn with_vectors(self, vectors: Option<Vectors>) -> Self {
        let bytes = self.bytes + vectors.as_ref().map_or(0, Vectors::bytes);
        Self { vectors, bytes, ..self }
    }

    /// What it is long without its vectors, written down.
    pub(super) fn word_bytes(&self) -> Result<usize> {
        archive::word_bytes(&self.index, &self.directory, &self.manifest)
    }

    /// Opens what [`Engine::pack`] wrote; vectors only where they come from this embedder.
    pub(super) fn open(packed: &[u8], embedder: Option<&str>) -> Result<Self> {
        Self::over(archive::unpack(packed, embedder)?)
    }

    /// Writes it down for the object store, its vectors under the name of their embedder; with the number
    /// of its passages.
    pub(super) fn pack(&self, embedder: Option<&str>) -> Result<(Vec<u8>, usize)> {
        let vectors = embedder.zip(self.vectors.as_ref());
        let packed = archive::pack(&self.index, &self.directory, self.manifest.clone(), vectors)?;
        Ok((packed, self.manifest.pieces))
    }

    fn over(unpacked: Unpacked) -> Result<Self> {
        let Unpacked { index, directory, manifest, vectors, bytes } = unpacked;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let reader: IndexReader = reader.map_err(Error::internal)?;
        let schema = index.schema();
        let field = |name: &str| schema.get_field(name).map_err(Error::internal);
        let [title, headings, text, ids] = FIELDS.map(|(name, _)| field(name));
        let tongues: Vec<_> = manifest.tongues.iter().map(|name| Tongue::named(name)).collect();
        Ok(Self {
            fields: [title?, headings?, text?, ids?],
            stored: field(STORED)?,
            analyzers: Analyzers::of(&tongues),
            index,
            directory,
            reader,
            manifest,
            vectors,
            bytes,
        })
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Every passage, in the order of the documents, if their texts are at most so many bytes.
    pub(super) fn whole(&self, max_bytes: usize) -> Result<Option<Vec<Passage>>> {
        if self.manifest.text_bytes > max_bytes {
            return Ok(None);
        }
        let searcher = self.reader.searcher();
        let places = 0..u32::try_from(self.manifest.pieces).map_err(Error::internal)?;
        let passages = places.map(|place| {
            let piece = self.piece(&searcher, DocAddress::new(0, place))?;
            Ok(rank::passage(piece, 0.0, 0, None))
        });
        passages.collect::<Result<Vec<_>>>().map(Some)
    }

    /// The length of its vectors, if it has any.
    pub(super) fn dimensions(&self) -> Option<usize> {
        self.vectors.as_ref().map(Vectors::dimensions)
    }

    /// Finds the passages that are near a question by their vectors alone, as candidates for
    /// [`Engine::search`].
    pub(super) fn nearest(&self, question: Vector, limit: usize, gone: usize) -> Nearest {
        let places = self.vectors.as_ref();
        let places = places.map(|all| all.nearest(&question, candidates(limit, gone)));
        Nearest { question, places: places.unwrap_or_default() }
    }

    /// Finds the passages that answer a question, best first: those that hold its words, and those near
    /// it; those of the sources that are `gone` are left out.
    pub(super) fn search(
        &self,
        question: &str,
        near: Option<&Nearest>,
        limit: usize,
        gone: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>> {
        let mut analyzers = self.analyzers.clone();
        let terms = analyzers.question(question);
        let silent = terms.is_empty() && near.is_none();
        if silent || limit == 0 || self.manifest.pieces == 0 {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let query = query(&terms, &analysis::identifiers(question), &self.fields);
        let best = TopDocs::with_limit(candidates(limit, gone.len())).order_by_score();
        let hits = searcher.search(&query, &best).map_err(Error::internal)?;
        // One segment, filled in order: the number in it is the place in the list.
        let hits = hits.into_iter().map(|(score, address)| (address.doc_id, score)).collect();
        let hits = match near {
            Some(near) => rank::fused(hits, &near.places),
            None => hits,
        };
        let terms = self.weigh(&searcher, terms)?;
        let mut groups: Vec<Group> = Vec::new();
        for (place, score) in hits {
            let piece = self.piece(&searcher, DocAddress::new(0, place))?;
            if gone.contains(&piece.source) {
                continue;
            }
            let similarity = near.and_then(|near| self.similarity(near, place));
            let group = Group::of(piece, (place, score, similarity), &mut analyzers);
            rank::place(&mut groups, group, limit.min(MAX_PASSAGES), &terms);
        }
        Ok(groups.into_iter().map(|group| group.passage(&terms)).collect())
    }

    /// `None` where the passage has no vector.
    fn similarity(&self, near: &Nearest, place: u32) -> Option<u16> {
        let place = usize::try_from(place).ok()?;
        let vectors = self.vectors.as_ref().filter(|vectors| vectors.has(place))?;
        Some(vectors::permille(vectors.similarity(&near.question, place)))
    }

    fn piece(&self, searcher: &Searcher, address: DocAddress) -> Result<Piece> {
        let document: TantivyDocument = searcher.doc(address).map_err(Error::internal)?;
        let stored = document.get_first(self.stored).and_then(|value| value.as_str());
        let stored = stored.ok_or_else(|| Error::internal("a stray document"))?;
        serde_json::from_str(stored).map_err(Error::internal)
    }

    fn weigh(&self, searcher: &Searcher, terms: Vec<QuestionTerm>) -> Result<Vec<Weighted>> {
        let passages = u64::try_from(self.manifest.pieces).map_err(Error::internal)?;
        let mut weighted = Vec::with_capacity(terms.len());
        for term in terms.into_iter().filter(|term| term.is_subject) {
            let mut holding = 0;
            for (field, form) in self
                .fields
                .iter()
                .flat_map(|field| term.forms.iter().map(move |form| (field, form)))
            {
                let frequency = searcher.doc_freq(&Term::from_field_text(*field, form));
                holding = frequency.map_err(Error::internal)?.max(holding);
            }
            weighted.push(Weighted { term, weight: rank::rarity(holding, passages) });
        }
        Ok(weighted)
    }
}

/// How many passages are looked at for so many that are wanted.
fn candidates(limit: usize, gone: usize) -> usize {
    limit.min(MAX_PASSAGES) * CANDIDATES_PER_PASSAGE + gone.min(MAX_PASSAGES)
}

fn schema() -> (Schema, [Field; 4], Field) {
    let mut schema = Schema::builder();
    let fields = FIELDS.map(|(name, _)| {
        // Terms are made before they are given to the index.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs);
        schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
    });
    let stored = schema.add_text_field(STORED, TextOptions::default().set_stored());
    (schema.build(), fields, stored)
}

fn fill(
    directory: RamDirectory,
    pieces: &[&Piece],
    analyzers: &mut Analyzers,
    written: &AtomicUsize,
) -> tantivy::Result<Index> {
    let (schema, fields, stored) = schema();
    let builder = Index::builder().schema(schema);
    let mut writer = builder.single_segment_index_writer(directory, BUILD_BYTES)?;
    for piece in pieces.iter().copied() {
        let mut document = TantivyDocument::new();
        for (field, text) in fields.iter().zip([&piece.title, &piece.headings, &piece.text]) {
            document.add_text(*field, analyzers.terms(piece.tongue, text).join(" "));
        }
        let ids =
            [&piece.title, &piece.headings, &piece.text].map(|text| analysis::identifiers(text));
        document.add_text(fields[3], ids.concat().join(" "));
        document.add_text(stored, serde_json::to_string(piece)?);
        writer.add_document(document)?;
        written.fetch_add(1, Ordering::Relaxed);
    }
    writer.finalize()
}

/// Any of the terms in any of the fields. Terms are looked up as they are: no part of a question is
/// read as a query language.
fn query(terms: &[QuestionTerm], identifiers: &[String], fields: &[Field; 4]) -> BooleanQuery {
    let mut clauses = Vec::new();
    let mut add = |field: Field, text: &str, boost: f32| {
        let term = Term::from_field_text(field, text);
        let query = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
        clauses.push((Occur::Should, Box::new(BoostQuery::new(query, boost)) as Box<dyn Query>));
    };
    for term in terms {
        for form in &term.forms {
            for (field, (_, boost)) in fields.iter().zip(FIELDS).take(3) {
                add(*field, form, if term.is_subject { boost } else { boost.min(ASKING_BOOST) });
            }
        }
    }
    for identifier in identifiers {
        add(fields[3], identifier, FIELDS[3].1);
    }
    BooleanQuery::new(clauses)
}
