//! How much one project may know.

use crate::error::{Error, Result};
use crate::project::Project;

/// Sources of one project at most.
pub const MAX_SOURCES: u32 = 10_000;

/// Characters of all sources of a project, beyond which none is added.
pub const MAX_CHARACTERS: u64 = 128 * 1024 * 1024;

/// Bytes of text that one index is built from at most: as much as a worker has the memory for.
pub(super) const MAX_INDEX_TEXT_BYTES: usize = 256 * 1024 * 1024;

/// Bytes of them that may be texts of raw sources, which stand in the table.
pub(super) const MAX_RAW_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// Refuses what a project has no room for, as far as it is known before it is read; what turns out to be
/// larger is left out when the index is built.
///
/// # Errors
/// [`Error::Conflict`] when there is no room.
pub(super) fn check(project: &Project, characters: u64) -> Result<()> {
    let known = project.knowledge.text_bytes;
    if known >= MAX_CHARACTERS || known.saturating_add(characters) > MAX_CHARACTERS {
        return Err(Error::conflict(format!(
            "the project knows {known} characters already and may know {MAX_CHARACTERS}; delete a source first"
        )));
    }
    Ok(())
}

/// Why a source is not in the index that the project has no memory for.
pub(super) const NO_ROOM: &str =
    "the project's index has no room for it; delete other sources, or split the project";

/// Why a source is not in the index whose text is not in the store any more.
pub(super) fn lost(is_fetched: bool) -> &'static str {
    if is_fetched {
        "its text is gone; sync it again"
    } else {
        "its text is gone; delete it and send it anew"
    }
}
