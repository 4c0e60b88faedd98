//! Large knowledge: building a generation, opening it in a cold process, and asking it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::objects::{FolderObjects, ObjectStore};
use aiva_core::id::{Id, ProjectId, SourceId};
use aiva_core::knowledge::{Built, Document, Edition, EmbedError, Generation, Layout};
use aiva_core::ports::{Embedder, KnowledgeIndex, NoEmbedder, Objects};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::Result;
use crate::report::{Report, Table, median, megabytes, millis};

/// A budget as it is shown, and in milliseconds.
type Limit = (&'static str, u64);
/// Passages, and what publishing, opening and asking may take at most.
const SIZES: [(u64, [Limit; 3]); 2] = [
    (20_000, [("≤ 3 s", 3_000), ("≤ 30 ms", 30), ("≤ 10 ms", 10)]),
    (100_000, [("≤ 10 s", 10_000), ("≤ 100 ms", 100), ("≤ 20 ms", 20)]),
];
/// Bytes that an index may take: the setting of a worker with memory for it.
const INDEX_BYTES: usize = 1024 * 1024 * 1024;
const OBJECT: &str = "generation/bench";
const OPENINGS: usize = 5;
const QUESTIONS: u64 = 500;
/// Words of a document, and how many different ones there are.
const DOCUMENT_WORDS: usize = 1_000;
const VOCABULARY: u64 = 30_000;
/// The length of a passage's vector, where it has one.
const DIMENSIONS: usize = 512;

/// Measures an index over synthetic documents.
pub(crate) async fn measure(progress: impl Fn(&str)) -> Result<Report> {
    let mut report = Report::default();
    let mut rows = Vec::new();
    let sample = built(&MemoryIndex::default(), documents(50)).await?.total;
    for (wanted, limits) in SIZES {
        progress(&format!("knowledge: {wanted} passages"));
        let count = usize::try_from(wanted * 50 / sample)? + 1;
        let words = published(NoEmbedder, count).await?;
        let measured = [words.times[0], words.times[1], words.times[3]];
        let what = ["publish", "cold open", "question, p99"];
        for ((what, time), (limit, most)) in what.into_iter().zip(measured).zip(limits) {
            let what = format!("knowledge of {wanted} passages: {what}");
            report.row(what, limit, millis(time), time <= Duration::from_millis(most));
        }
        progress(&format!("knowledge: {wanted} passages with vectors"));
        let both = published(Noise, count).await?;
        rows.push(row(count, "none", &words));
        rows.push(row(count, "512 bytes", &both));
    }
    report.tables.push(Table {
        title: "Large knowledge",
        method: "Synthetic documents of 1,000 words each (a vocabulary of 30,000 whose frequencies fall \
            as in natural language, headings between), in one process. Publish: split, index, \
            compress, and write to a folder. Cold open: read and open by an index that holds nothing, \
            median of 5. Questions: 500 of five words, the first ten passages. Vectors are made up on \
            the spot: asking a model for them is not in these times.",
        head: vec![
            "passages",
            "documents",
            "vector",
            "size",
            "publish",
            "cold open",
            "question, p50",
            "p99",
        ],
        rows,
    });
    Ok(report)
}

/// What was measured of one index.
struct Measured {
    passages: u64,
    bytes: u64,
    /// Publish, cold open, question in the middle and at the end.
    times: [Duration; 4],
}

fn row(documents: usize, vector: &str, measured: &Measured) -> Vec<String> {
    let what = [measured.passages.to_string(), documents.to_string(), vector.to_owned()];
    let size = vec![megabytes(measured.bytes)];
    [what.to_vec(), size, measured.times.map(millis).to_vec()].concat()
}

async fn published<E: Embedder + Copy>(embedder: E, count: usize) -> Result<Measured> {
    let dir = TempDir::new()?;
    let secret = SecretString::from("bench");
    let folder = FolderObjects::new(dir.path().to_owned(), secret, String::new());
    let objects = ObjectStore::Folder(folder);
    let index =
        || MemoryIndex::with_embedder(IndexLimits::of(INDEX_BYTES), objects.clone(), embedder);
    let documents = documents(count);
    let began = Instant::now();
    let made = built(&index(), documents).await?;
    let bytes = u64::try_from(made.bytes.len())?;
    objects.put(OBJECT, made.bytes).await.map_err(|error| format!("{error:?}"))?;
    let publish = began.elapsed();
    let generation = Generation {
        object: OBJECT.to_owned(),
        version: 1,
        bytes,
        chunks: made.total,
        vectors_owed: made.vectors_owed,
    };
    let (open, opened) = opened(index, &generation).await?;
    let asked = asked(&opened).await?;
    let times = [publish, open, at(&asked, 500), at(&asked, 990)];
    Ok(Measured { passages: made.total, bytes, times })
}

/// Answers vectors at once, made of nothing but the bytes of the texts.
#[derive(Debug, Clone, Copy)]
struct Noise;

impl Embedder for Noise {
    fn identity(&self) -> Option<&str> {
        Some("noise")
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    async fn embed(&self, texts: &[String]) -> std::result::Result<Vec<Vec<f32>>, EmbedError> {
        let noise = |text: &String| {
            let seed = text
                .bytes()
                .fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let mut draws = Words::new(seed);
            let mut number = || i16::try_from(draws.draw() % 2_001).unwrap_or(0) - 1_000;
            (0..DIMENSIONS).map(|_| f32::from(number())).collect()
        };
        Ok(texts.iter().map(noise).collect())
    }
}

async fn built(index: &impl KnowledgeIndex, documents: Vec<Document>) -> Result<Built> {
    let built = index.build(documents, None, Duration::from_secs(600)).await;
    Ok(built.map_err(|error| format!("{error:?}"))?)
}

fn project() -> Result<ProjectId> {
    Id::from_bare(&"0".repeat(26)).ok_or_else(|| "no id of a project".into())
}

/// The median time of opening, and an index that holds the generation.
async fn opened<I: KnowledgeIndex>(
    index: impl Fn() -> I,
    of: &Generation,
) -> Result<(Duration, I)> {
    let mut times = Vec::new();
    let mut last = index();
    for _ in 0..OPENINGS {
        last = index();
        let began = Instant::now();
        last.open(project()?, of).await.map_err(|error| format!("{error:?}"))?;
        times.push(began.elapsed());
    }
    Ok((median(times), last))
}

async fn asked(index: &impl KnowledgeIndex) -> Result<Vec<Duration>> {
    let edition = Edition { project: project()?, version: 1 };
    let mut words = Words::new(7);
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        let question = (0..5).map(|_| words.next()).collect::<Vec<_>>().join(" ");
        let began = Instant::now();
        let found = index.search(edition, &question, 10, &HashSet::new()).await;
        times.push(began.elapsed());
        found.map_err(|error| format!("{error:?}"))?;
    }
    times.sort_unstable();
    Ok(times)
}

/// The time below which so many thousandths of sorted times are.
fn at(sorted: &[Duration], permille: usize) -> Duration {
    sorted[(sorted.len() * permille / 1_000).min(sorted.len() - 1)]
}

fn documents(count: usize) -> Vec<Document> {
    let mut words = Words::new(1);
    (0..count).filter_map(|number| document(number, &mut words)).collect()
}

fn document(number: usize, words: &mut Words) -> Option<Document> {
    let source: SourceId = Id::from_bare(&format!("{number:025}0"))?;
    let mut text = String::new();
    for place in 0..DOCUMENT_WORDS {
        match place % 200 {
            0 => text.push_str(&format!("\n\n## {} {}\n\n", words.next(), words.next())),
            place if place % 13 == 0 => text.push_str(". "),
            _ => text.push(' '),
        }
        text.push_str(&words.next());
    }
    let title = format!("{} {}", words.next(), words.next());
    Some(Document { source, title, url: None, text, layout: Layout::Prose })
}

/// Words whose frequencies fall with their rank, from a sequence that is the same in every run.
struct Words(u64);

impl Words {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        // A linear congruential generator by Knuth (MMIX); its high bits are good enough for words.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn next(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "xo",
            "zu", "bra", "cle", "dri", "flo", "gru", "sta", "tre", "spi", "pro",
        ];
        // The product of even draws falls off nearly as ranks do.
        let mut rank = self.draw() % VOCABULARY;
        for _ in 0..2 {
            rank = rank * (self.draw() % VOCABULARY) / VOCABULARY;
        }
        let mut word = String::new();
        loop {
            word.push_str(SYLLABLES[usize::try_from(rank % 24).unwrap_or(0)]);
            rank /= 24;
            if rank == 0 && word.len() > 3 {
                return word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn vectors_are_measured_where_they_are_said_to_be() {
        let (words, both) = (published(NoEmbedder, 3).await, published(Noise, 3).await);
        let (words, both) = (words.unwrap(), both.unwrap());
        assert_eq!(words.passages, both.passages);
        let each = u64::try_from(DIMENSIONS).unwrap();
        assert!(both.bytes > words.bytes + both.passages * each, "{}", both.bytes);
    }
}
