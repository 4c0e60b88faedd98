//! Knowledge: what the agent may answer from.
//!
//! A source is text sent with a request, or a page, file, repository or shared document that a worker
//! fetches. Its content is written once into the object store, and a project's index is published from
//! all of them as an immutable generation, whose name stands in the project.

mod add;
mod content;
mod documents;
mod embedding;
mod fields;
mod gather;
mod ingest;
mod publish;
mod quota;
mod remove;
mod resync;
mod room;
mod search;
mod source;
mod upload;
mod wait;

pub use add::{AddSource, CrawlWish, NewSource, add};
pub use content::{Document, Extracted, Layout, Part, RECORD_END, UnreadFile, Unreadable};
pub use embedding::{EmbedError, EmbeddingChoice, OpenAiEmbedding};
pub use fields::FieldNames;
pub use gather::{DriveAccess, GithubAccess};
pub use ingest::{Ingested, IngestionSettings, IngestionTools, ingest};
pub use publish::{BuildWatch, Built, Edition, Generation, Published, Unwatched};
pub use quota::take_characters;
pub use remove::{remove, remove_anywhere};
pub use resync::resync;
pub use room::{MAX_CHARACTERS, MAX_SOURCES};
pub use search::{Passage, search};
pub use source::{
    Crawl, NewContent, Origin, Progress, Source, SourceClaim, SourceKind, SourceState,
    SourceUpdate, StoredSource, Unplaced,
};
pub use upload::{BeginUpload, Upload, begin_upload};
pub use wait::wait;

/// Where knowledge may come from, beside the public web.
#[derive(Debug, Clone, Default)]
pub struct KnowledgeSettings {
    /// How GitHub is read.
    pub github: Option<GithubAccess>,
    /// How Google Drive is read.
    pub drive: Option<DriveAccess>,
}
