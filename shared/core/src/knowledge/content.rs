//! The content of a source: what was read out of it, and how it is kept.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::SourceId;

/// Stands behind each record of a text in [`Layout::Records`].
pub const RECORD_END: char = '\u{1e}';

/// The largest content that is kept, in bytes.
pub(super) const MAX_CONTENT_BYTES: usize = 128 * 1024 * 1024;

/// How a text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Running text, Markdown mostly.
    #[default]
    Prose,
    /// Records, each ended by [`RECORD_END`]; each is a passage of its own.
    Records,
}

/// A part of a source, as an index takes it in.
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
    /// How the text is laid out.
    pub layout: Layout,
}

/// A page, sheet or file of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is called, if it says so.
    pub title: Option<String>,
    /// Its own address, if it has one.
    pub url: Option<String>,
    /// Its text.
    pub text: String,
    /// How the text is laid out.
    pub layout: Layout,
}

/// What was read out of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// What the file calls itself.
    pub title: Option<String>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// The addresses that it links to, as they stand in it.
    pub links: Vec<String>,
    /// What was left out, in words for its owner.
    pub left_out: Option<String>,
    /// The rows that were taken, where it is a table.
    pub rows: Option<u64>,
}

/// A file whose text is wanted.
#[derive(Debug, Clone)]
pub struct UnreadFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its name or its path; only a hint.
    pub name: String,
    /// What its server or sender called its type; only a hint.
    pub content_type: Option<String>,
    /// Rows of a table that are taken.
    pub max_rows: Option<u64>,
}

/// Why no text could be read out of a file, in words that its owner can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// The reason.
    pub reason: String,
    /// Whether it is no fault of the file, so that trying again may help.
    pub passing: bool,
}

impl Unreadable {
    /// The file itself cannot be read.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: false }
    }

    /// Nobody had the time or the means to read it.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: true }
    }
}

/// Writes content down, compressed.
pub(super) fn encode(parts: &[Part]) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(parts).map_err(Error::internal)?;
    Ok(lz4_flex::block::compress_prepend_size(&text))
}

/// Reads what [`encode`] wrote.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Part>> {
    let broken = || Error::internal("the content of a source is broken");
    let (size, _) = bytes.split_first_chunk::<4>().ok_or_else(broken)?;
    if usize::try_from(u32::from_le_bytes(*size)).map_err(Error::internal)? > MAX_CONTENT_BYTES {
        return Err(broken());
    }
    let text = lz4_flex::block::decompress_size_prepended(bytes).map_err(Error::internal)?;
    serde_json::from_slice(&text).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_reads_back_and_what_is_broken_is_refused() {
        let part = Part {
            title: Some("Returns".to_owned()),
            url: None,
            text: "Thirty days. ".repeat(100),
            layout: Layout::Prose,
        };
        let bytes = encode(std::slice::from_ref(&part)).unwrap();
        assert!(bytes.len() < part.text.len());
        assert_eq!(decode(&bytes).unwrap(), [part]);
        assert!(decode(&bytes[..bytes.len() - 3]).is_err());
        assert!(decode(&[255, 255, 255, 255, 0]).is_err());
        assert!(decode(&[]).is_err());
    }
}
