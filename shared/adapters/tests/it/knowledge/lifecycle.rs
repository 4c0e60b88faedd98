//! Editions: published, replaced, forgotten.

use std::sync::Arc;

use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_core::error::Error;
use aiva_core::ports::KnowledgeIndex;

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
    let theirs = index.search(edition(2, 1), "secret", 9).await.unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].title, "Theirs");
}

#[tokio::test]
async fn an_edition_that_is_not_here_is_unavailable_rather_than_empty() {
    let index = MemoryIndex::default();
    let error = index.search(edition(1, 1), "price", 3).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
}

#[tokio::test]
async fn the_project_asked_longest_ago_goes_first() {
    let limits = IndexLimits { max_editions: 2, ..IndexLimits::default() };
    let index = MemoryIndex::new(limits);
    for project in [1, 2] {
        index.publish(edition(project, 1), vec![document(1, "A", "A word.")]).await.unwrap();
    }
    index.search(edition(1, 1), "word", 1).await.unwrap();
    index.publish(edition(3, 1), vec![document(1, "A", "A word.")]).await.unwrap();
    let held: Vec<_> = [1, 2, 3].map(|project| index.has(edition(project, 1))).into();
    assert_eq!(held, [true, false, true]);
}

#[tokio::test]
async fn all_projects_together_stay_within_the_bytes_given() {
    let index = MemoryIndex::new(IndexLimits { max_bytes: 40_000, max_editions: 100 });
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
    assert_eq!(index.search(edition(9, 1), "fitting", 3).await.unwrap().len(), 1);
    assert!(index.search(edition(9, 1), "word7", 3).await.unwrap().is_empty());
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
                index.search(edition(1, 1), "word", 1).await.unwrap()[0].source
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
