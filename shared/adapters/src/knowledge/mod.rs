//! Indices over knowledge: written as immutable generations into the object store, held in memory by
//! the processes that answer.
//!
//! Texts are split into passages along their Markdown structure, and ranked by BM25 over the words of
//! the passage, its headings, its source's title and the identifiers in them. Words are stemmed in the
//! language of their document; a script without spaces is indexed by pairs of characters. Where there is
//! an embedder, passages whose vectors are near the question's are ranked beside, and both lists fused.

mod analysis;
mod archive;
mod build;
mod embed;
mod engine;
mod memory;
mod rank;
mod split;
mod tongue;
mod vectors;

pub use self::memory::{IndexLimits, MemoryIndex};
