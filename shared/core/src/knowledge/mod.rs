//! Knowledge: what the agent may answer from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ProjectId, SourceId, WorkspaceId};
use crate::text::Label;

mod manage;
mod quota;
mod search;

pub use manage::{AddSource, add, remove};
pub use quota::take_characters;
pub use search::search;

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
    /// Its length, in characters.
    pub characters: u64,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What kind a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Text sent with the request.
    Raw,
}

impl SourceKind {
    /// The kind on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
        }
    }
}

/// A source with its text, as an index takes it in.
#[derive(Debug, Clone)]
pub struct Document {
    /// The source.
    pub source: SourceId,
    /// Its title.
    pub title: String,
    /// Its address, if any.
    pub url: Option<String>,
    /// Its whole text.
    pub text: String,
}

/// A project's knowledge at one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edition {
    /// The project.
    pub project: ProjectId,
    /// The value of [`crate::project::Project::knowledge_version`].
    pub version: u64,
}

/// A passage that may answer a question, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The source.
    pub source: SourceId,
    /// Its title.
    pub title: String,
    /// Its address, if any.
    pub url: Option<String>,
    /// The passage, as it stands in the source.
    pub text: String,
    /// The engine's score; comparable within one answer only.
    pub score: f32,
    /// The share of the question's own words (stop words left out, stemmed, weighted by how rare they
    /// are in the project) that stand in the passage or its title, in thousandths.
    pub coverage_permille: u16,
}
