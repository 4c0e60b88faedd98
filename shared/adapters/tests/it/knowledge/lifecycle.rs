//! Editions: published, replaced, forgotten.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::objects::{FolderObjects, ObjectStore};
use aiva_core::error::Error;
use aiva_core::knowledge::Generation;
use aiva_core::ports::{KnowledgeIndex, Objects};

use super::shop::pages;
use super::{document, edition, found, published, titles};

#[tokio::test]
async fn empty_knowledge_is_knowledge() {
    for documents in [vec![], vec![document(1, "Nothing", "***\n\n---")]] {
        let index = published(documents).await;
        assert!(index.has(edition(1, 1)));
        assert!(found(&index, "anything at all").await.is_empty());
    }
}

#[tokio::test]
async fn a_newer_edition_takes_the_place_of_an_older_one_and_never_the_other_way() {
    let index = published(vec![document(1, "Old", "The price is ten.")]).await;
    assert!(!index.has(edition(1, 2)));
    index.publish(edition(1, 2), vec![document(2, "New", "The price is twelve.")]).await.unwrap();
    assert!(index.has(edition(1, 2)));
    // Who still asks for the older one is told what stands now.
    assert_eq!(titles(&index, "price").await, ["New"]);
    index.publish(edition(1, 1), vec![document(1, "Old", "The price is ten.")]).await.unwrap();
    assert_eq!(titles(&index, "price").await, ["New"]);
}

#[tokio::test]
async fn projects_never_see_each_others_passages() {
    let index = published(vec![document(1, "Mine", "The secret is blue.")]).await;
    index.publish(edition(2, 1), vec![document(2, "Theirs", "The secret is red.")]).await.unwrap();
    assert_eq!(titles(&index, "secret").await, ["Mine"]);
    let theirs = index.search(edition(2, 1), "secret", 9, &HashSet::new()).await.unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].title, "Theirs");
}

#[tokio::test]
async fn an_edition_that_is_not_here_is_unavailable_rather_than_empty() {
    let index = MemoryIndex::default();
    let error = index.search(edition(1, 1), "price", 3, &HashSet::new()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
}

#[tokio::test]
async fn the_project_asked_longest_ago_goes_first() {
    let limits = IndexLimits { max_editions: 2, ..IndexLimits::default() };
    let index = MemoryIndex::new(limits, ObjectStore::Off);
    for project in [1, 2] {
        index.publish(edition(project, 1), vec![document(1, "A", "A word.")]).await.unwrap();
    }
    index.search(edition(1, 1), "word", 1, &HashSet::new()).await.unwrap();
    index.publish(edition(3, 1), vec![document(1, "A", "A word.")]).await.unwrap();
    let held: Vec<_> = [1, 2, 3].map(|project| index.has(edition(project, 1))).into();
    assert_eq!(held, [true, false, true]);
}

#[tokio::test]
async fn all_projects_together_stay_within_the_bytes_given() {
    let limits = IndexLimits { max_editions: 100, ..IndexLimits::of(40_000) };
    let index = MemoryIndex::new(limits, ObjectStore::Off);
    let text: String = (0..1_000).map(|number| format!("word{number} ")).collect();
    for project in 1..=5 {
        index.publish(edition(project, 1), vec![document(1, "A", &text)]).await.unwrap();
        assert!(index.has(edition(project, 1)));
    }
    let held = (1..=5).filter(|project| index.has(edition(*project, 1))).count();
    assert!((1..5).contains(&held), "{held}");
    // One that is too large alone keeps what fits.
    let documents =
        vec![document(1, "Small", "A fitting text."), document(2, "Big", &text.repeat(9))];
    index.publish(edition(9, 1), documents).await.unwrap();
    assert_eq!(index.search(edition(9, 1), "fitting", 3, &HashSet::new()).await.unwrap().len(), 1);
    assert!(index.search(edition(9, 1), "word7", 3, &HashSet::new()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_go_on_while_editions_are_published() {
    let index = Arc::new(published(vec![document(1, "A", "A word.")]).await);
    let writer = Arc::clone(&index);
    let publishing = tokio::spawn(async move {
        for version in 2..20 {
            let documents = vec![document(1, "A", &format!("A word of edition {version}."))];
            writer.publish(edition(1, version), documents).await.unwrap();
        }
    });
    while !publishing.is_finished() {
        assert_eq!(titles(&index, "word").await, ["A"]);
        tokio::task::yield_now().await;
    }
    publishing.await.unwrap();
    assert!(index.has(edition(1, 19)));
}

#[tokio::test]
async fn questions_that_come_at_once_build_an_edition_once() {
    let index = Arc::new(MemoryIndex::default());
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let index = Arc::clone(&index);
            let documents = vec![document(number, "A", "A word.")];
            tokio::spawn(async move {
                index.publish(edition(1, 1), documents).await.unwrap();
                index.search(edition(1, 1), "word", 1, &HashSet::new()).await.unwrap()[0].source
            })
        })
        .collect();
    let mut sources = Vec::new();
    for task in tasks {
        sources.push(task.await.unwrap());
    }
    assert!(sources.iter().all(|source| *source == sources[0]));
}

#[tokio::test]
async fn the_largest_source_is_indexed_without_losing_a_word() {
    let text: String = (0..20_000).map(|number| format!("w{number:05}. \n")).collect();
    assert!(text.len() < 200_000);
    let index = published(vec![document(1, "Large", &text)]).await;
    for number in [0, 9_999, 19_999] {
        assert_eq!(found(&index, &format!("w{number:05}")).await.len(), 1);
    }
}

#[tokio::test]
async fn text_that_is_hard_on_a_markdown_reader_is_indexed_all_the_same() {
    let units = ["a", "[", "> ", "*_", "|a", "- \n", "`", "![](", "# a\n", "<a ", "[a]: b\n", "é"];
    for unit in units {
        let text = format!("{} findable", unit.repeat(30_000 / unit.len()));
        let index = published(vec![document(1, "Odd", &text)]).await;
        assert!(found(&index, "odd").await.len() <= 6, "{unit}");
    }
}

#[tokio::test]
async fn a_generation_is_written_once_and_opened_elsewhere_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (root, base) = (folder.path().to_owned(), "http://127.0.0.1".to_owned());
    let objects = ObjectStore::Folder(FolderObjects::new(root, "a-made-up-secret".into(), base));
    let builder = MemoryIndex::new(IndexLimits::default(), objects.clone());
    let built = builder.build(pages(), None, Duration::ZERO).await.unwrap();
    assert_eq!(built.pieces.values().sum::<u64>(), built.total);
    let object = "generation/1".to_owned();
    let bytes = u64::try_from(built.bytes.len()).unwrap();
    let generation = Generation { object, version: 3, bytes, chunks: built.total, vectors_owed: 0 };
    objects.put(&generation.object, built.bytes).await.unwrap();

    let reader = MemoryIndex::new(IndexLimits::default(), objects.clone());
    let project = edition(1, 3).project;
    reader.open(project, &generation).await.unwrap();
    assert_eq!(reader.held(project), Some(3));
    let fresh = published(pages()).await;
    let none = HashSet::new();
    for question in ["How do I get refunded?", "what does SM-2210 cost", "opening hours"] {
        let opened = reader.search(edition(1, 3), question, 6, &none).await.unwrap();
        assert_eq!(opened, found(&fresh, question).await, "{question}");
    }
    // A source that is gone is no answer of an older generation either.
    let best = reader.search(edition(1, 3), "refund", 6, &none).await.unwrap().remove(0);
    let gone = HashSet::from([best.source]);
    let rest = reader.search(edition(1, 3), "refund", 6, &gone).await.unwrap();
    assert!(rest.iter().all(|passage| passage.source != best.source));

    let missing = Generation { object: "generation/2".to_owned(), version: 4, ..generation };
    assert!(matches!(reader.open(project, &missing).await, Err(Error::NotFound)));
    objects.put("generation/2", b"no index".to_vec()).await.unwrap();
    assert!(matches!(reader.open(project, &missing).await, Err(Error::Internal(_))));
    assert_eq!(reader.held(project), Some(3));
}

#[tokio::test]
async fn a_generation_is_never_larger_than_its_readers_can_open_and_tells_what_it_has_no_room_for()
{
    let folder = tempfile::tempdir().unwrap();
    let (root, base) = (folder.path().to_owned(), "http://127.0.0.1".to_owned());
    let objects = ObjectStore::Folder(FolderObjects::new(root, "a-made-up-secret".into(), base));
    let text = |of: u8| (0..2_000).map(|number| format!("s{of}word{number} ")).collect::<String>();
    let documents: Vec<_> = (1..=9).map(|of| document(of, "Words", &text(of))).collect();
    let whole = MemoryIndex::default().build(documents.clone(), None, Duration::ZERO).await;
    let whole = whole.unwrap();
    assert!(whole.left_out.is_empty());

    let limits = IndexLimits::of(whole.bytes.len() / 2);
    let builder = MemoryIndex::new(limits, objects.clone());
    let built = builder.build(documents.clone(), None, Duration::ZERO).await.unwrap();
    assert!(built.bytes.len() <= limits.max_bytes);
    assert!((3..=6).contains(&built.left_out.len()), "{:?}", built.left_out);
    for (of, document) in (1..).zip(&documents) {
        let is_in = built.pieces.contains_key(&document.source);
        assert_ne!(is_in, built.left_out.contains(&document.source), "{of}");
    }
    assert!(built.pieces.contains_key(&documents[0].source), "the oldest is in");
    let bytes = u64::try_from(built.bytes.len()).unwrap();
    let object = "generation/1".to_owned();
    let generation = Generation { object, version: 1, bytes, chunks: built.total, vectors_owed: 0 };
    objects.put(&generation.object, built.bytes).await.unwrap();
    let reader = MemoryIndex::new(limits, objects.clone());
    reader.open(edition(1, 1).project, &generation).await.unwrap();
    assert_eq!(found(&reader, "s1word777").await.len(), 1);

    // Under a smaller bound it is said to be too large, and is neither broken nor cut.
    let small = MemoryIndex::new(IndexLimits::of(limits.max_bytes / 2), objects);
    let opened = small.open(edition(1, 1).project, &generation).await;
    assert!(matches!(opened, Err(Error::Unavailable(_))), "{opened:?}");
}
