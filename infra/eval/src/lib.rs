//! How well questions are answered from what a company really has: real documents, read as their files
//! are read, indexed as knowledge is indexed, and asked questions whose answers are known.
//!
//! The documents are those that come with the compiler: three books of about a hundred pages each. They
//! are read where they are installed; the questions are ours and stand in `questions/`.

mod corpus;
mod figures;
mod measure;
mod question;

pub use corpus::{Corpus, books};
pub use figures::{Figures, floor};
pub use measure::{Missed, Tally, measure};
pub use question::Question;

/// Whatever keeps an evaluation from being made, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// The outcome of a step.
pub type Result<T> = std::result::Result<T, Failure>;
