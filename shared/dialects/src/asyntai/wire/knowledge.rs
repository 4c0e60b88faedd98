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
        let from = |what: &str| format!("Content from {}", source.url.as_deref().unwrap_or(what));
        let (kind, description) = match source.kind {
            SourceKind::Raw => ("text", format!("Manual text content ({})", length(source))),
            SourceKind::Spreadsheet => ("spreadsheet", table(source)),
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

/// How long a text is.
fn length(source: &Source) -> String {
    match source.words {
        Some(1) => "1 word".to_owned(),
        Some(words) => format!("{words} words"),
        // Stored before words were counted.
        None => format!("{} characters", source.characters),
    }
}

fn table(source: &Source) -> String {
    match source.rows {
        Some(1) => "Spreadsheet (1 row)".to_owned(),
        Some(rows) => format!("Spreadsheet ({rows} rows)"),
        None => "Spreadsheet".to_owned(),
    }
}

/// A text was added.
#[derive(Debug, Serialize)]
pub(in crate::asyntai) struct Added {
    success: bool,
    id: SourceId,
    title: String,
    chunks_created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl From<Source> for Added {
    fn from(source: Source) -> Self {
        Self {
            success: true,
            id: source.id,
            title: source.title.to_string(),
            chunks_created: source.chunks.unwrap_or(0),
            status: unless_ready(&source),
        }
    }
}

/// What a source is told to be that could not be read while its sender waited.
fn unless_ready(source: &Source) -> Option<&'static str> {
    let is_ready = source.state == SourceState::Ready && source.chunks.is_some();
    (!is_ready).then_some("processing")
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
    fn from(source: Source) -> Self {
        Self {
            success: true,
            id: source.id,
            title: source.title.to_string(),
            rows_processed: source.rows.unwrap_or(0),
            chunks_created: source.chunks.unwrap_or(0),
            status: unless_ready(&source),
            note: source.reason,
        }
    }
}
