//! Passages found by what they mean: an endpoint on loopback embeds, by a small table of synonyms.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::{Embeddings, OpenAiEmbedder, OpenAiEmbedderSettings};
use aiva_adapters::objects::{FolderObjects, ObjectStore};
use aiva_core::knowledge::{Built, Document, Generation, Passage};
use aiva_core::ports::{KnowledgeIndex, Objects};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{document, edition};
use crate::llm::endpoint::{self, Act, Endpoint};
use crate::llm::{NoJitter, patience};

/// Words of one row mean the same.
const SYNONYMS: [&[&str]; 4] = [
    &["refund", "reimbursed", "cash", "money"],
    &["shipping", "dispatch", "courier", "parcel"],
    &["closed", "holiday", "shut"],
    &["warranty", "guarantee", "defect"],
];
const DIMENSIONS: usize = 48;
const TIME: Duration = Duration::from_secs(20);

/// A number for each row of synonyms, and a little of one for every other word.
fn vector(text: &str) -> Vec<u32> {
    let mut numbers = vec![0; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        match SYNONYMS.iter().position(|row| row.contains(&word.as_str())) {
            Some(row) => numbers[row] += 20,
            None => {
                let hash =
                    word.bytes().fold(7_usize, |hash, byte| hash * 31 % 9_973 + byte as usize);
                numbers[SYNONYMS.len() + hash % (DIMENSIONS - SYNONYMS.len())] += 1;
            }
        }
    }
    numbers
}

fn concepts(body: &Value) -> String {
    let inputs = body["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = inputs
        .map(|(index, text)| json!({ "index": index, "embedding": vector(text.as_str().unwrap()) }))
        .collect();
    endpoint::whole(200, "content-type: application/json\r\n", &json!({ "data": data }).to_string())
}

/// An endpoint, and objects in a folder.
struct World {
    endpoint: Endpoint,
    objects: ObjectStore,
    _folder: TempDir,
}

impl World {
    async fn with(acts: impl Into<Vec<Act>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, base) = (folder.path().to_owned(), "http://127.0.0.1".to_owned());
        let objects = FolderObjects::new(root, "a-made-up-secret".into(), base);
        let endpoint = Endpoint::start(acts).await;
        Self { endpoint, objects: ObjectStore::Folder(objects), _folder: folder }
    }

    async fn new() -> Self {
        Self::with([Act::Answer(concepts)]).await
    }

    fn index_of(&self, model: &str, limits: IndexLimits) -> MemoryIndex<Embeddings<NoJitter>> {
        let settings = OpenAiEmbedderSettings {
            base_url: self.endpoint.url("/v1").parse().unwrap(),
            api_key: None,
            model: model.to_owned(),
            dimensions: None,
            patience: patience(),
        };
        let embedder = Embeddings::OpenAi(OpenAiEmbedder::new(settings, NoJitter).unwrap());
        MemoryIndex::with_embedder(limits, self.objects.clone(), embedder)
    }

    fn index(&self) -> MemoryIndex<Embeddings<NoJitter>> {
        self.index_of("concepts", IndexLimits::default())
    }

    /// Texts that were embedded so far.
    fn embedded(&self) -> usize {
        let seen = self.endpoint.seen();
        seen.iter().map(|seen| seen.body["input"].as_array().unwrap().len()).sum()
    }

    /// Stores what was built as the project's generation.
    async fn stored(&self, version: u64, built: Built) -> Generation {
        let object = format!("generation/{version}");
        let bytes = u64::try_from(built.bytes.len()).unwrap();
        self.objects.put(&object, built.bytes).await.unwrap();
        let vectors_owed = built.vectors_owed;
        Generation { object, version, bytes, chunks: built.total, vectors_owed }
    }

    async fn build(&self, documents: Vec<Document>, before: Option<&Generation>) -> Built {
        self.index().build(documents, before, TIME).await.unwrap()
    }

    /// An index that has opened a generation of these documents.
    async fn opened(&self, documents: Vec<Document>) -> MemoryIndex<Embeddings<NoJitter>> {
        let generation = self.stored(1, self.build(documents, None).await).await;
        let index = self.index();
        index.open(edition(1, 1).project, &generation).await.unwrap();
        index
    }
}

fn shop() -> Vec<Document> {
    vec![
        document(
            1,
            "Sending back",
            "Whoever sends an article back is reimbursed within nine days.",
        ),
        document(2, "On its way", "Our courier comes on Tuesdays and rings twice."),
        document(3, "Calendar", "We are shut on the first of May."),
        document(4, "Defects", "Each machine has a guarantee of three years."),
    ]
}

async fn asked(index: &impl KnowledgeIndex, question: &str) -> Vec<Passage> {
    index.search(edition(1, 1), question, 6, &HashSet::new()).await.unwrap()
}

fn titles(passages: &[Passage]) -> Vec<&str> {
    passages.iter().map(|passage| passage.title.as_str()).collect()
}

#[tokio::test]
async fn a_question_in_other_words_finds_its_passage_where_there_are_vectors() {
    let world = World::new().await;
    let index = world.opened(shop()).await;
    let words = super::published(shop()).await;
    for (question, title) in [
        ("Can I have my money?", "Sending back"),
        ("When is dispatch?", "On its way"),
        ("Which holiday do you take?", "Calendar"),
    ] {
        let found = asked(&index, question).await;
        assert_eq!(found[0].title, title, "{question}");
        assert!(found[0].similarity_permille.unwrap() > 700, "{found:?}");
        assert_eq!(found[0].coverage_permille, 0, "{found:?}");
        let without = asked(&words, question).await;
        assert!(!titles(&without).contains(&title), "{question} {without:?}");
        assert!(without.iter().all(|passage| passage.similarity_permille.is_none()));
    }
}

#[tokio::test]
async fn what_has_the_words_and_the_meaning_goes_before_what_has_one_of_them() {
    let world = World::new().await;
    let index = world
        .opened(vec![
            document(1, "Meaning", "Whoever complains in time is reimbursed by us."),
            document(2, "Both", "A refund reaches its account after nine days."),
            document(3, "Words", "Nine account managers wear a blue badge after work."),
        ])
        .await;
    let found = asked(&index, "When does money reach my account?").await;
    assert_eq!(titles(&found)[0], "Both");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.is_sorted_by(|a, b| a.score >= b.score));
    // Whatever found a passage, how near it is, is told.
    assert!(found.iter().all(|passage| passage.similarity_permille.is_some()));
}

#[tokio::test]
async fn sources_that_are_gone_are_not_found_by_their_meaning_either() {
    let world = World::new().await;
    let index = world.opened(shop()).await;
    let gone = HashSet::from([shop()[0].source]);
    let found = index.search(edition(1, 1), "money back", 6, &gone).await.unwrap();
    assert!(found.iter().all(|passage| passage.title != "Sending back"), "{found:?}");
}

#[tokio::test]
async fn only_what_changed_is_embedded_again() {
    let world = World::new().await;
    let page = |number: u8, text: &str| document(number, &format!("Page {number}"), text);
    let pages = |changed: &str| -> Vec<Document> {
        (0..120)
            .map(|number| match number {
                60 => page(number, changed),
                _ => page(number, &format!("Page number {number} tells of matter {number}.")),
            })
            .collect()
    };
    let first = world.build(pages("The old refund."), None).await;
    assert_eq!((world.embedded(), first.total, first.vectors_owed), (120, 120, 0));
    let before = world.stored(1, first).await;

    let second = world.build(pages("The new warranty."), Some(&before)).await;
    assert_eq!(world.embedded(), 121);
    let generation = world.stored(2, second).await;
    let index = world.index();
    index.open(edition(1, 2).project, &generation).await.unwrap();
    assert_eq!(asked(&index, "Any guarantee?").await[0].title, "Page 60");
    assert_eq!(world.embedded(), 122, "the question");

    // Another model shares nothing with the first.
    let other = world.index_of("other", IndexLimits::default());
    other.build(pages("The new warranty."), Some(&generation), TIME).await.unwrap();
    assert_eq!(world.embedded(), 242);
    // What cannot be read is embedded again.
    let lost = Generation { object: "generation/lost".to_owned(), ..generation };
    world.build(pages("The new warranty."), Some(&lost)).await;
    assert_eq!(world.embedded(), 362);
}

#[tokio::test]
async fn a_generation_is_read_on_words_alone_by_whoever_has_another_model_or_none() {
    let world = World::new().await;
    let generation = world.stored(1, world.build(shop(), None).await).await;
    let project = edition(1, 1).project;
    let plain = MemoryIndex::new(IndexLimits::default(), world.objects.clone());
    plain.open(project, &generation).await.unwrap();
    let other = world.index_of("other", IndexLimits::default());
    other.open(project, &generation).await.unwrap();
    let before = world.embedded();
    for found in [asked(&plain, "guarantee").await, asked(&other, "guarantee").await] {
        assert_eq!(titles(&found), ["Defects"]);
        assert_eq!(found[0].similarity_permille, None);
    }
    assert_eq!(world.embedded(), before, "no question is embedded in vain");

    // What was built without vectors says nothing of any, and whoever has a model reads it all the same.
    let words = plain.build(shop(), Some(&generation), TIME).await.unwrap();
    assert!(!words.bytes.windows(9).any(|part| part == b"\"vectors\""));
    let words = Generation { version: 2, ..world.stored(2, words).await };
    let index = world.index();
    index.open(project, &words).await.unwrap();
    assert_eq!(titles(&asked(&index, "guarantee").await), ["Defects"]);
    assert_eq!(world.embedded(), before);
}

#[tokio::test]
async fn while_the_endpoint_is_away_questions_are_answered_by_their_words() {
    let concepts = Act::Answer(concepts);
    let refused = endpoint::status(401, "", "{}");
    let odd = endpoint::json(r#"{"data":[{"index":0,"embedding":[1,2]}]}"#);
    let hangs = Act::SayAndHang(String::new());
    let world = World::with([concepts.clone(), refused, odd, hangs, concepts]).await;
    let generation = world.stored(1, world.build(shop(), None).await).await;
    let opened = async || {
        let index = world.index();
        index.open(edition(1, 1).project, &generation).await.unwrap();
        index
    };
    let index = opened().await;
    for requests in [2, 3, 4] {
        let begun = Instant::now();
        let found = asked(&index, "guarantee").await;
        assert_eq!((titles(&found), found[0].similarity_permille), (vec!["Defects"], None));
        assert!(begun.elapsed() < Duration::from_secs(4));
        assert_eq!(world.endpoint.requests(), requests);
    }
    // It was silent: for a while nobody waits for it.
    let begun = Instant::now();
    assert_eq!(titles(&asked(&index, "guarantee").await), ["Defects"]);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(world.endpoint.requests(), 4);
    // It is back, for whoever did not meet its silence.
    let index = opened().await;
    assert!(asked(&index, "guarantee").await[0].similarity_permille.is_some());
}

#[tokio::test]
async fn an_endpoint_that_is_away_leaves_an_index_of_words_and_owes_the_vectors() {
    let away = endpoint::status(503, "", "{}");
    let world = World::with(vec![away; 4]).await;
    let built = world.build(shop(), None).await;
    assert_eq!((built.total, built.vectors_owed), (4, 4));
    let index = world.index();
    let generation = world.stored(1, built).await;
    index.open(edition(1, 1).project, &generation).await.unwrap();
    assert_eq!(titles(&asked(&index, "guarantee").await), ["Defects"]);

    let refused = World::with([endpoint::status(401, "", "{}")]).await;
    let built = refused.build(shop(), None).await;
    assert_eq!((built.total, built.vectors_owed, refused.endpoint.requests()), (4, 0, 1));
}

#[tokio::test]
async fn vectors_that_are_owed_come_with_the_next_build_and_those_that_came_are_kept() {
    let away = endpoint::status(503, "", "{}");
    let concepts = Act::Answer(concepts);
    let world =
        World::with([concepts.clone(), away.clone(), away.clone(), away.clone(), away, concepts])
            .await;
    let pages: Vec<Document> = (0..100)
        .map(|number| document(number, "Page", &format!("Page number {number}, cash {number}.")))
        .collect();
    // Two batches: one came through.
    let first = world.build(pages.clone(), None).await;
    assert!([4, 96].contains(&first.vectors_owed), "{}", first.vectors_owed);
    let owed = usize::try_from(first.vectors_owed).unwrap();
    let before = world.stored(1, first).await;
    let asked_before = world.embedded();
    let second = world.build(pages, Some(&before)).await;
    assert_eq!((second.vectors_owed, world.embedded() - asked_before), (0, owed));

    // Whoever holds the first opens the second, though both are of one version.
    let second = Generation { version: 1, ..world.stored(2, second).await };
    let (index, project) = (world.index(), edition(1, 1).project);
    index.open(project, &before).await.unwrap();
    assert!(index.holds(project, &before) && !index.holds(project, &second));
    index.open(project, &second).await.unwrap();
    assert!(index.holds(project, &second));
    let found = asked(&index, "money 7").await;
    assert!(found.iter().all(|passage| passage.similarity_permille.is_some()), "{found:?}");
}

#[tokio::test]
async fn what_was_made_on_the_spot_gives_way_to_the_generation_with_vectors() {
    let world = World::new().await;
    let (index, project) = (world.index(), edition(1, 1).project);
    index.publish(edition(1, 1), shop()).await.unwrap();
    assert_eq!(world.embedded(), 0, "nothing is embedded on the spot");
    assert!(asked(&index, "Can I have my money?").await.is_empty());
    let generation = world.stored(1, world.build(shop(), None).await).await;
    assert!(!index.holds(project, &generation));
    index.open(project, &generation).await.unwrap();
    assert_eq!(asked(&index, "Can I have my money?").await[0].title, "Sending back");
    // Without an embedder one is as good as the other.
    let plain = super::published(shop()).await;
    assert!(plain.holds(project, &generation));
}

#[tokio::test]
async fn where_words_and_vectors_do_not_fit_the_words_are_opened_alone() {
    let world = World::new().await;
    let built = world.build(shop(), None).await;
    let (whole, project) = (built.bytes.len(), edition(1, 1).project);
    let generation = world.stored(1, built).await;
    let opened = async |max_bytes| {
        let index = world.index_of("concepts", IndexLimits::of(max_bytes));
        index.open(project, &generation).await.map(|()| index)
    };
    let index = opened(whole).await.unwrap();
    assert!(asked(&index, "guarantee").await[0].similarity_permille.is_some());
    let index = opened(whole - 1).await.unwrap();
    let found = asked(&index, "guarantee").await;
    assert_eq!((titles(&found), found[0].similarity_permille), (vec!["Defects"], None));
    assert!(index.holds(project, &generation), "it is not opened again for every question");
    assert!(opened(whole / 2).await.is_err());
}

#[tokio::test]
async fn vectors_count_as_memory() {
    let world = World::new().await;
    let limits = IndexLimits { build_bytes: 40_000, ..IndexLimits::default() };
    let pages: Vec<Document> = (0..100)
        .map(|number| document(number, "Page", &format!("Page number {number} of the book.")))
        .collect();
    let plain = MemoryIndex::new(limits, ObjectStore::Off);
    let words = plain.build(pages.clone(), None, TIME).await.unwrap().total;
    // Nobody said how long the vectors are: they are taken to be of the usual length.
    let both = world.index_of("concepts", limits).build(pages, None, TIME).await.unwrap().total;
    assert_eq!(words, 100);
    assert!((10..30).contains(&both), "{both}");
}
