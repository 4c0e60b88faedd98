//! Sources of knowledge and their texts.

use aiva_core::error::Result;
use aiva_core::id::{ProjectId, SourceId, WorkspaceId};
use aiva_core::knowledge::{Origin, Progress, Source, SourceKind, SourceState};
use aiva_core::text::Label;
use serde::{Deserialize, Serialize};

use super::Millis;

/// A source: `k` is its kind, `t` the title, `a` the address, `tg` the tags, `o` the origin, `st` the
/// state, `r` the reason, `lo` what was left out, `ou` whether there is no room for it, `pd` and `pt` how
/// many of its passages are in the index that is built, `n` the characters, `wd` the words of a raw text,
/// `nr` the rows of a table, `np` the rows its text takes, `ch` the passages, `c` the object of its
/// content, `et` what its server calls that, `rs` the seconds between two fetches, `ac` the claims since
/// it was queued, `f` the fence.
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
    #[serde(default)]
    o: Origin,
    #[serde(default = "ready")]
    pub(in crate::dynamo) st: SourceState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lo: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ou: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pd: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pt: Option<u64>,
    n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wd: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nr: Option<u64>,
    pub(in crate::dynamo) np: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    et: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rs: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) ac: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) f: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) lu: Option<Millis>,
    ca: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ua: Option<Millis>,
}

/// Sources that were stored before there were states had none but this one.
fn ready() -> SourceState {
    SourceState::Ready
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
            o: source.origin.clone(),
            st: source.state,
            r: source.reason.clone(),
            lo: source.left_out.clone(),
            ou: source.unplaced.then_some(true),
            pd: source.progress.map(|progress| progress.done),
            pt: source.progress.map(|progress| progress.total),
            n: source.characters,
            wd: source.words,
            nr: source.rows,
            np: parts,
            ch: source.chunks,
            c: source.content.clone(),
            et: source.etag.clone(),
            rs: source.refresh_seconds,
            ac: None,
            f: None,
            lu: None,
            ca: source.created_at.into(),
            ua: Some(source.updated_at.into()),
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
            origin: row.o,
            state: row.st,
            reason: row.r,
            left_out: row.lo,
            unplaced: row.ou.unwrap_or(false),
            progress: row.pd.zip(row.pt).map(|(done, total)| Progress { done, total }),
            characters: row.n,
            words: row.wd,
            rows: row.nr,
            chunks: row.ch,
            content: row.c,
            etag: row.et,
            refresh_seconds: row.rs,
            created_at: row.ca.moment()?,
            updated_at: row.ua.unwrap_or(row.ca).moment()?,
        })
    }
}

/// A part of a source's text.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct TextRow {
    pub(in crate::dynamo) t: String,
}
