//! Sources of knowledge on the wire.

use aiva_core::id::SourceId;
use aiva_core::knowledge::{Source, SourceKind, SourceState};
use aiva_core::time;
use serde::Serialize;

/// A source of knowledge.
#[derive(Debug, Serialize)]
pub(in crate::asyntai) struct Entry {
    id: SourceId,
    r#type: &'static str,
    title: String,
    description: String,
    created_at: String,
}

impl From<&Source> for Entry {
    fn from(source: &Source) -> Self {
        let characters = source.characters;
        let from = |what: &str| format!("Content from {}", source.url.as_deref().unwrap_or(what));
        let (kind, description) = match source.kind {
            SourceKind::Raw => ("text", format!("Manual text content ({characters} characters)")),
            SourceKind::Spreadsheet => {
                ("spreadsheet", format!("Spreadsheet ({} rows)", source.chunks.unwrap_or(0)))
            }
            SourceKind::Url => ("url", from("a page")),
            SourceKind::File => ("file", from("a file")),
            SourceKind::Github => ("github", from("GitHub")),
            SourceKind::Drive => ("drive", from("Google Drive")),
        };
        Self {
            id: source.id,
            r#type: kind,
            title: source.title.to_string(),
            description,
            created_at: time::seconds(source.created_at),
        }
    }
}

/// A text was added.
#[derive(Debug, Serialize)]
pub(in crate::asyntai) struct Added {
    success: bool,
    id: SourceId,
    title: String,
    chunks_created: u64,
}

impl Added {
    /// A text, in pieces of about a thousand characters.
    pub(in crate::asyntai) fn of(source: &Source) -> Self {
        let chunks_created = source.characters.div_ceil(1_000).max(1);
        Self { success: true, id: source.id, title: source.title.to_string(), chunks_created }
    }
}

/// What a source is told to be that could not be read while its sender waited.
fn unless_ready(source: &Source) -> Option<&'static str> {
    (source.state != SourceState::Ready).then_some("processing")
}

/// A page was added.
#[derive(Debug, Serialize)]
pub(in crate::asyntai) struct AddedPage {
    success: bool,
    id: SourceId,
    title: String,
    url: Option<String>,
    chunks_created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl From<Source> for AddedPage {
    fn from(source: Source) -> Self {
        Self {
            success: true,
            id: source.id,
            title: source.title.to_string(),
            chunks_created: source.chunks.unwrap_or(0),
            status: unless_ready(&source),
            url: source.url,
        }
    }
}

/// A table was added.
#[derive(Debug, Serialize)]
pub(in crate::asyntai) struct AddedTable {
    success: bool,
    id: SourceId,
    title: String,
    rows_processed: u64,
    chunks_created: u64,
    /// What was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl From<Source> for AddedTable {
    /// Each row is a passage.
    fn from(source: Source) -> Self {
        let rows = source.chunks.unwrap_or(0);
        Self {
            success: true,
            id: source.id,
            title: source.title.to_string(),
            rows_processed: rows,
            chunks_created: rows,
            status: unless_ready(&source),
            note: source.reason,
        }
    }
}
