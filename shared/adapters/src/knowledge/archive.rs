//! An index as one run of bytes: what the object store keeps of a generation.
//!
//! A magic word, the length of the manifest, the manifest (JSON), then the index's files one after
//! another. The passages inside are compressed by the index itself, so that it is opened by copying.

use std::io::Write;
use std::path::{Path, PathBuf};

use aiva_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tantivy::Index;
use tantivy::directory::{Directory, RamDirectory, TerminatingWrite};

const MAGIC: &[u8; 8] = b"AIVAGEN1";
/// The longest manifest, in bytes.
const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

/// What an archive says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The names of the tongues in it.
    pub(super) tongues: Vec<String>,
    /// Its passages.
    pub(super) pieces: usize,
    /// Bytes of their texts.
    pub(super) text_bytes: usize,
    /// Its files, with their lengths.
    files: Vec<(String, usize)>,
}

impl Manifest {
    /// A manifest whose files are not known yet.
    pub(super) fn new(tongues: Vec<String>, pieces: usize, text_bytes: usize) -> Self {
        Self { tongues, pieces, text_bytes, files: Vec::new() }
    }
}

/// Writes an index down: its files as they stand in the directory, with the footers that the index checks
/// when it reads them.
pub(super) fn pack(
    index: &Index,
    directory: &RamDirectory,
    mut manifest: Manifest,
) -> Result<Vec<u8>> {
    let mut paths: Vec<PathBuf> = index.directory().list_managed_files().into_iter().collect();
    paths.sort();
    let mut contents = Vec::with_capacity(paths.len());
    for path in paths {
        let slice = directory.open_read(&path).map_err(Error::internal)?;
        let bytes = slice.read_bytes().map_err(Error::internal)?;
        manifest.files.push((path.to_string_lossy().into_owned(), bytes.len()));
        contents.push(bytes);
    }
    let head = serde_json::to_vec(&manifest).map_err(Error::internal)?;
    let total = contents.iter().map(|bytes| bytes.len()).sum::<usize>();
    let mut packed = Vec::with_capacity(MAGIC.len() + 8 + head.len() + total);
    packed.extend_from_slice(MAGIC);
    packed.extend_from_slice(&(head.len() as u64).to_le_bytes());
    packed.extend_from_slice(&head);
    for bytes in contents {
        packed.extend_from_slice(&bytes);
    }
    Ok(packed)
}

/// Opens what [`pack`] wrote.
pub(super) fn unpack(packed: &[u8]) -> Result<(Index, RamDirectory, Manifest)> {
    let broken = || Error::internal("a generation of knowledge is broken");
    let rest = packed.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(Error::internal)?;
    if length > MAX_MANIFEST_BYTES {
        return Err(broken());
    }
    let (head, mut rest) = rest.split_at_checked(length).ok_or_else(broken)?;
    let manifest: Manifest = serde_json::from_slice(head).map_err(Error::internal)?;
    let directory = RamDirectory::create();
    for (name, length) in &manifest.files {
        let (bytes, tail) = rest.split_at_checked(*length).ok_or_else(broken)?;
        rest = tail;
        let mut file = directory.open_write(Path::new(name)).map_err(Error::internal)?;
        file.write_all(bytes).map_err(Error::internal)?;
        file.terminate().map_err(Error::internal)?;
    }
    let index = Index::open(directory.clone()).map_err(Error::internal)?;
    Ok((index, directory, manifest))
}
