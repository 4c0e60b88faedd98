//! One source, and what becomes of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Delivery;
use crate::id::{ProjectId, SourceId, WorkspaceId};
use crate::text::Label;
use crate::webhook::KnowledgeFact;

/// One source of knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The source.
    pub id: SourceId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The project whose knowledge it is.
    pub project: ProjectId,
    /// What kind it is.
    pub kind: SourceKind,
    /// What people call it.
    pub title: Label,
    /// Where it is on the web, if anywhere.
    pub url: Option<String>,
    /// Labels of the owner's.
    pub tags: Vec<String>,
    /// Where its content comes from.
    pub origin: Origin,
    /// How far it is.
    pub state: SourceState,
    /// Why it failed, in words for its owner; or what was left out of it.
    pub reason: Option<String>,
    /// What was left out of its content when that was read, in words for its owner.
    pub left_out: Option<String>,
    /// Whether it failed for want of room in the index alone, and is ready when there is room again.
    pub unplaced: bool,
    /// How far its passages are, while its index is built.
    pub progress: Option<Progress>,
    /// Its length, in characters.
    pub characters: u64,
    /// Its words, where it is a raw text.
    pub words: Option<u64>,
    /// The rows that were taken, where it is a table that was read.
    pub rows: Option<u64>,
    /// Its passages; `None` until it is indexed.
    pub chunks: Option<u64>,
    /// The object that holds its content; `None` for a raw source, whose text is stored beside it.
    pub content: Option<String>,
    /// What its server calls its content.
    pub etag: Option<String>,
    /// How often it is fetched again, in seconds.
    pub refresh_seconds: Option<u64>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When anything about it changed.
    pub updated_at: Timestamp,
}

impl Source {
    /// What there is to tell of it once it is in this state, with so many passages.
    pub fn fact(&self, state: SourceState, chunks: u64) -> KnowledgeFact<'_> {
        KnowledgeFact {
            id: self.id,
            kind: self.kind.as_str(),
            title: self.title.as_str(),
            status: state.as_str(),
            chunks,
        }
    }
}

/// What kind a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Text sent with the request.
    Raw,
    /// A public page, or several from one on.
    Url,
    /// A file.
    File,
    /// A table, each row of it a passage.
    Spreadsheet,
    /// A repository on GitHub.
    Github,
    /// A shared document on Google Drive.
    Drive,
}

impl SourceKind {
    /// The kind in words that no dialect needs to change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Url => "url",
            Self::File => "file",
            Self::Spreadsheet => "spreadsheet",
            Self::Github => "github",
            Self::Drive => "drive",
        }
    }
}

/// Where the content of a source comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It came with the request.
    #[default]
    Raw,
    /// A page.
    Url {
        /// Its address, vetted.
        url: String,
        /// Which further pages are taken.
        crawl: Option<Crawl>,
    },
    /// A file in the object store.
    File {
        /// The object.
        object: String,
        /// Its name, as its owner gave it; what it is, its content tells.
        name: String,
        /// Rows of a table that are taken; the rest is counted.
        rows: Option<u64>,
    },
    /// A repository.
    Github {
        /// `owner/name`.
        repository: String,
        /// The branch; the repository's default where there is none.
        branch: Option<String>,
        /// Which paths are taken: a glob, or a folder.
        path: Option<String>,
    },
    /// A shared document.
    Drive {
        /// Its id.
        file: String,
    },
}

/// Which pages follow the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crawl {
    /// The address of a sitemap that lists them; without one, links are followed.
    pub sitemap: Option<String>,
    /// What the address of each must begin with.
    pub prefix: String,
    /// Pages at most, the first included.
    pub max_pages: u32,
}

/// How far a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It waits for a worker.
    Queued,
    /// A worker reads it.
    Fetching,
    /// Its content is known; the index is not published yet.
    Indexing,
    /// It answers questions.
    Ready,
    /// It could not be read.
    Failed,
}

impl SourceState {
    /// The state on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Fetching => "fetching",
            Self::Indexing => "indexing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// How many of a source's passages are in the index that is being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Those that are in it.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// Why a source is not in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// The reason, in words for its owner.
    pub reason: String,
    /// Whether its text is lost. What is not lost is taken in when there is room again.
    pub lost: bool,
}

/// A source with the text that is stored beside it, if any.
#[derive(Debug, Clone)]
pub struct StoredSource {
    /// The source.
    pub source: Source,
    /// The text of a raw source; `None` where it is beyond the bytes that were asked for.
    pub text: Option<String>,
}

/// What came of an attempt to claim a source.
#[derive(Debug, Clone)]
pub enum SourceClaim {
    /// The caller holds the lease.
    Yes {
        /// The source.
        source: Box<Source>,
        /// How often a worker has claimed it since it was queued, this time included.
        attempts: u32,
        /// Only its holder may record.
        fence: u64,
    },
    /// Another worker does, until then.
    Busy {
        /// When its lease ends.
        until: Timestamp,
    },
    /// Nothing is to be done.
    Finished,
}

/// What came of fetching a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceUpdate {
    /// How it stands now: indexing, ready (nothing had changed) or failed. What is indexing makes an
    /// index owed, with new content or without.
    pub state: SourceState,
    /// Why it failed, or what was left out.
    pub reason: Option<String>,
    /// What is left out of its content, be it new or what it was before.
    pub left_out: Option<String>,
    /// What it is called from now on, where its content tells and its owner did not.
    pub title: Option<Label>,
    /// Its new content; `None` where it did not change.
    pub content: Option<NewContent>,
    /// What its server calls its content now.
    pub etag: Option<String>,
    /// When it is fetched again, if it is.
    pub next_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
    /// When the index that is owed may be asked for again.
    pub due: Timestamp,
    /// What is to be delivered of it.
    pub deliveries: Vec<(Delivery, Timestamp)>,
}

/// New content of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContent {
    /// The object.
    pub object: String,
    /// Its characters.
    pub characters: u64,
    /// Its rows, where it is a table.
    pub rows: Option<u64>,
}
