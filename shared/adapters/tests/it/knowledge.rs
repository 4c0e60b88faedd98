//! The index in memory: what is found, and what is kept.

#[cfg(feature = "llm")]
mod hybrid;
mod lifecycle;
mod ranking;
pub(crate) mod shop;

use std::collections::HashSet;

use aiva_adapters::knowledge::MemoryIndex;
use aiva_core::id::{Id, base32};
use aiva_core::knowledge::{Document, Edition, Layout, Passage};
use aiva_core::ports::KnowledgeIndex;

/// A document whose source is told by its number.
fn document(number: u8, title: &str, text: &str) -> Document {
    let source = Id::from_bare(&base32(&[number; 16])).unwrap();
    Document {
        source,
        title: title.to_owned(),
        url: None,
        text: text.to_owned(),
        layout: Layout::Prose,
    }
}

fn edition(project: u8, version: u64) -> Edition {
    Edition { project: Id::from_bare(&base32(&[project; 16])).unwrap(), version }
}

async fn published(documents: Vec<Document>) -> MemoryIndex {
    let index = MemoryIndex::default();
    index.publish(edition(1, 1), documents).await.unwrap();
    index
}

async fn found(index: &MemoryIndex, question: &str) -> Vec<Passage> {
    index.search(edition(1, 1), question, 6, &HashSet::new()).await.unwrap()
}

async fn titles(index: &MemoryIndex, question: &str) -> Vec<String> {
    found(index, question).await.into_iter().map(|passage| passage.title).collect()
}
