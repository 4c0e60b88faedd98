//! Sources of knowledge and their texts.

use aiva_core::error::Result;
use aiva_core::id::{ProjectId, SourceId, WorkspaceId};
use aiva_core::knowledge::{Source, SourceKind};
use aiva_core::text::Label;
use serde::{Deserialize, Serialize};

use super::Millis;

/// A source: `k` is its kind, `t` the title, `a` the address, `tg` the tags, `n` the characters, `np`
/// the rows its text takes.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct SourceRow {
    id: SourceId,
    w: WorkspaceId,
    p: ProjectId,
    k: SourceKind,
    t: Label,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tg: Vec<String>,
    n: u64,
    pub(in crate::dynamo) np: usize,
    ca: Millis,
}

impl SourceRow {
    /// The row of a source whose text takes so many rows.
    pub(in crate::dynamo) fn new(source: &Source, parts: usize) -> Self {
        Self {
            id: source.id,
            w: source.workspace,
            p: source.project,
            k: source.kind,
            t: source.title.clone(),
            a: source.url.clone(),
            tg: source.tags.clone(),
            n: source.characters,
            np: parts,
            ca: source.created_at.into(),
        }
    }
}

impl TryFrom<SourceRow> for Source {
    type Error = aiva_core::error::Error;

    fn try_from(row: SourceRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            workspace: row.w,
            project: row.p,
            kind: row.k,
            title: row.t,
            url: row.a,
            tags: row.tg,
            characters: row.n,
            created_at: row.ca.moment()?,
        })
    }
}

/// A part of a source's text.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct TextRow {
    pub(in crate::dynamo) t: String,
}
