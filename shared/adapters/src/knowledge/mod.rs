//! An index over knowledge that lives in memory alone: nothing is written anywhere, and a process that
//! starts has no edition until it publishes one from what is stored.
//!
//! Texts are split into passages along their Markdown structure, and ranked by BM25 over the words of
//! the passage, its headings and its source's title. English stemming; words of other languages match
//! as they are written, accents aside.

mod analysis;
mod engine;
mod memory;
mod split;

pub use self::memory::{IndexLimits, MemoryIndex};
