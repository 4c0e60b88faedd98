//! Asking: every question of a set, through the index and the model that needs none.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::Extractive;
use aiva_adapters::objects::ObjectStore;
use aiva_core::id::{Id, ProjectId};
use aiva_core::knowledge::{Edition, Passage};
use aiva_core::ports::{KnowledgeIndex, Model};
use aiva_core::reply::{Confidence, ModelRequest};

use crate::{Corpus, Figures, Question, Result};

/// Passages that are looked at.
const DEPTH: usize = 5;
/// Bytes that an index may take.
const INDEX_BYTES: usize = 256 * 1024 * 1024;

/// A question that went wrong.
#[derive(Debug, Clone)]
pub struct Missed {
    /// The question.
    pub question: String,
    /// What went wrong.
    pub how: String,
}

/// Sums over some questions.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Questions that the documents answer.
    pub answerable: u32,
    /// Questions that they do not answer.
    pub unanswerable: u32,
    first: u32,
    among: u32,
    reciprocal: u32,
    right: u32,
    refused: u32,
    /// How sure each answer was, in thousandths, and whether it is right.
    pub weighed: Vec<(u16, bool)>,
    /// What went wrong.
    pub missed: Vec<Missed>,
    /// How long each search took, in microseconds.
    pub micros: Vec<u64>,
}

impl Tally {
    /// Adds another's sums.
    pub fn add(&mut self, other: Self) {
        self.answerable += other.answerable;
        self.unanswerable += other.unanswerable;
        self.first += other.first;
        self.among += other.among;
        self.reciprocal += other.reciprocal;
        self.right += other.right;
        self.refused += other.refused;
        self.weighed.extend(other.weighed);
        self.missed.extend(other.missed);
        self.micros.extend(other.micros);
    }

    /// What they come to.
    pub fn figures(&self) -> Figures {
        let share = |part: u32, whole: u32| (part * 1_000).checked_div(whole).unwrap_or(0);
        Figures {
            recall_at_1: share(self.first, self.answerable),
            recall_at_5: share(self.among, self.answerable),
            mean_reciprocal_rank: self.reciprocal.checked_div(self.answerable).unwrap_or(0),
            answered_rightly: share(self.right, self.answerable),
            refused: share(self.refused, self.unanswerable),
            calibrated: 1_000_u32.saturating_sub(self.calibration_error()),
        }
    }

    /// Answers of like confidence (the same tenth) together: how many, how sure in the mean, and how many of a thousand are
    /// right.
    pub fn reliability(&self) -> Vec<(u32, u32, u32)> {
        let mut bins: BTreeMap<u16, Vec<(u16, bool)>> = BTreeMap::new();
        for (permille, right) in &self.weighed {
            bins.entry(permille / 100).or_default().push((*permille, *right));
        }
        let reliability = bins.into_values().map(|bin| {
            let count = u32::try_from(bin.len()).unwrap_or(u32::MAX);
            let sure: u32 = bin.iter().map(|(permille, _)| u32::from(*permille)).sum();
            let right: u32 = bin.iter().map(|(_, right)| u32::from(*right)).sum();
            (count, sure / count, right * 1_000 / count)
        });
        reliability.collect()
    }

    /// How far confidence is from the share that is right, in the mean of all answers, in thousandths.
    fn calibration_error(&self) -> u32 {
        let bins = self.reliability();
        let all: u32 = bins.iter().map(|(count, _, _)| count).sum();
        let off: u32 = bins.iter().map(|(count, sure, right)| count * sure.abs_diff(*right)).sum();
        off.checked_div(all).unwrap_or(0)
    }

    fn rank(&mut self, question: &Question, passages: &[Passage]) {
        let answers =
            |passage: &Passage| question.is_answered_by(passage.url.as_deref(), &passage.text);
        match passages.iter().position(answers) {
            Some(above) => {
                let rank = u32::try_from(above + 1).unwrap_or(u32::MAX);
                self.first += u32::from(rank == 1);
                self.among += 1;
                self.reciprocal += 1_000 / rank;
            }
            None => self.miss(question, "no passage that answers is found".to_owned()),
        }
    }

    fn miss(&mut self, question: &Question, how: String) {
        self.missed.push(Missed { question: question.question.clone(), how });
    }
}

/// Asks every question of a set.
///
/// # Errors
/// When the index cannot be made or asked.
pub async fn measure(corpus: &Corpus) -> Result<Tally> {
    let index = MemoryIndex::new(IndexLimits::of(INDEX_BYTES), ObjectStore::Off);
    let project: ProjectId = Id::from_bare(&"0".repeat(26)).ok_or("no id of a project")?;
    let edition = Edition { project, version: 1 };
    index.publish(edition, corpus.documents.clone()).await?;
    let mut tally = Tally::default();
    for question in &corpus.questions {
        let began = Instant::now();
        let passages = index.search(edition, &question.question, DEPTH, &HashSet::new()).await?;
        tally.micros.push(u64::try_from(began.elapsed().as_micros())?);
        let answered = answered(question, &passages).await?;
        let right = answered.as_ref().is_some_and(|(passage, _)| {
            question.is_answered_by(passage.url.as_deref(), &passage.text)
        });
        tally.weighed.extend(answered.map(|(_, confidence)| (confidence.permille(), right)));
        let cited = answered.map(|(passage, _)| passage);
        if !question.is_answerable() {
            tally.unanswerable += 1;
            match cited {
                None => tally.refused += 1,
                Some(passage) => tally.miss(question, format!("answered from {}", passage.title)),
            }
            continue;
        }
        tally.answerable += 1;
        tally.rank(question, &passages);
        tally.right += u32::from(right);
        if !right {
            let from = cited.map_or("refused".to_owned(), |passage| {
                format!(
                    "answered from {} ({})",
                    passage.title,
                    passage.url.as_deref().unwrap_or("")
                )
            });
            tally.miss(question, from);
        }
    }
    Ok(tally)
}

/// The passage that the answer is taken from, and how sure the answer is; `None` where it says that it does
/// not know.
async fn answered<'a>(
    question: &Question,
    passages: &'a [Passage],
) -> Result<Option<(&'a Passage, Confidence)>> {
    let request = ModelRequest {
        question: question.question.clone(),
        passages: passages.to_vec(),
        max_output_tokens: 1_024,
        ..ModelRequest::default()
    };
    let reply = Extractive.reply(&request, &|_| {}).await;
    let reply = reply.map_err(|error| format!("the model failed: {error:?}"))?;
    let passage = reply.cited.first().and_then(|index| passages.get(*index));
    Ok(passage.map(|passage| (passage, Confidence::of_quote(passage))))
}
