//! An index as one run of bytes: what the object store keeps of a generation.
//!
//! A magic word, the length of the manifest, the manifest (JSON), then the index's files one after
//! another, then the passages' vectors, if they have any. The passages inside are compressed by the index
//! itself, so that it is opened by copying.

use std::path::{Path, PathBuf};

use aiva_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tantivy::Index;
use tantivy::directory::{Directory, OwnedBytes, RamDirectory};

use super::vectors::Vectors;

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
    /// What its vectors are, where it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vectors: Option<VectorsHead>,
}

/// What vectors are.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VectorsHead {
    /// The identity of the embedder that they come from.
    embedder: String,
    /// The length of each.
    dimensions: usize,
}

impl Manifest {
    /// A manifest whose files are not known yet.
    pub(super) fn new(tongues: Vec<String>, pieces: usize, text_bytes: usize) -> Self {
        Self { tongues, pieces, text_bytes, files: Vec::new(), vectors: None }
    }

    fn file_bytes(&self) -> usize {
        self.files.iter().map(|(_, length)| length).sum()
    }

    /// The vectors in what follows the files, where they come from this embedder.
    fn vectors_in(&self, rest: &[u8], embedder: Option<&str>) -> Result<Option<Vectors>> {
        let head = self.vectors.as_ref().filter(|head| Some(head.embedder.as_str()) == embedder);
        head.map(|head| Vectors::read(rest, self.pieces, head.dimensions)).transpose()
    }
}

/// Writes an index down: its files as they stand in the directory, with the footers that the index checks
/// when it reads them, and its vectors with the name of their embedder.
pub(super) fn pack(
    index: &Index,
    directory: &RamDirectory,
    mut manifest: Manifest,
    vectors: Option<(&str, &Vectors)>,
) -> Result<Vec<u8>> {
    manifest.vectors = vectors.map(|(embedder, vectors)| VectorsHead {
        embedder: embedder.to_owned(),
        dimensions: vectors.dimensions(),
    });
    let contents = files(index, directory, &mut manifest)?;
    let head = serde_json::to_vec(&manifest).map_err(Error::internal)?;
    let total = contents.iter().map(|bytes| bytes.len()).sum::<usize>()
        + vectors.map_or(0, |(_, vectors)| vectors.bytes());
    let mut packed = Vec::with_capacity(MAGIC.len() + 8 + head.len() + total);
    packed.extend_from_slice(MAGIC);
    packed.extend_from_slice(&(head.len() as u64).to_le_bytes());
    packed.extend_from_slice(&head);
    for bytes in contents {
        packed.extend_from_slice(&bytes);
    }
    if let Some((_, vectors)) = vectors {
        vectors.write(&mut packed);
    }
    Ok(packed)
}

/// The length of an archive without vectors.
pub(super) fn word_bytes(
    index: &Index,
    directory: &RamDirectory,
    manifest: &Manifest,
) -> Result<usize> {
    /// What vectors add to the manifest, at most.
    const HEAD_ROOM: usize = 1024;
    let mut manifest = manifest.clone();
    files(index, directory, &mut manifest)?;
    let head = serde_json::to_vec(&manifest).map_err(Error::internal)?;
    Ok(MAGIC.len() + 8 + head.len() + manifest.file_bytes() + HEAD_ROOM)
}

/// The files of an index, which are told to its manifest.
fn files(
    index: &Index,
    directory: &RamDirectory,
    manifest: &mut Manifest,
) -> Result<Vec<OwnedBytes>> {
    let mut paths: Vec<PathBuf> = index.directory().list_managed_files().into_iter().collect();
    paths.sort();
    let mut contents = Vec::with_capacity(paths.len());
    for path in paths {
        let slice = directory.open_read(&path).map_err(Error::internal)?;
        let bytes = slice.read_bytes().map_err(Error::internal)?;
        manifest.files.push((path.to_string_lossy().into_owned(), bytes.len()));
        contents.push(bytes);
    }
    Ok(contents)
}

/// The length that an archive has without its vectors, read off its beginning.
pub(super) fn word_bytes_of(start: &[u8]) -> Result<usize> {
    let (manifest, rest) = head(start)?;
    Ok(start.len() - rest.len() + manifest.file_bytes())
}

/// What an archive holds.
pub(super) struct Unpacked {
    pub(super) index: Index,
    pub(super) directory: RamDirectory,
    pub(super) manifest: Manifest,
    pub(super) vectors: Option<Vectors>,
    /// What it takes in memory, in bytes.
    pub(super) bytes: usize,
}

/// Opens what [`pack`] wrote; vectors only where they come from this embedder.
pub(super) fn unpack(packed: &[u8], embedder: Option<&str>) -> Result<Unpacked> {
    let (manifest, mut rest) = head(packed)?;
    let directory = RamDirectory::create();
    for (name, length) in &manifest.files {
        let (bytes, tail) = rest.split_at_checked(*length).ok_or_else(broken)?;
        rest = tail;
        // At once: what is written bit by bit is there twice, beside the archive itself.
        directory.atomic_write(Path::new(name), bytes).map_err(Error::internal)?;
    }
    let index = Index::open(directory.clone()).map_err(Error::internal)?;
    let vectors = manifest.vectors_in(rest, embedder)?.map(Vectors::without_keys);
    let bytes = packed.len() - rest.len() + vectors.as_ref().map_or(0, Vectors::bytes);
    Ok(Unpacked { index, directory, manifest, vectors, bytes })
}

/// Reads the vectors alone, where they come from this embedder.
pub(super) fn vectors(packed: &[u8], embedder: &str) -> Result<Option<Vectors>> {
    let (manifest, rest) = head(packed)?;
    let (_, rest) = rest.split_at_checked(manifest.file_bytes()).ok_or_else(broken)?;
    manifest.vectors_in(rest, Some(embedder))
}

/// The manifest, and what follows it.
fn head(packed: &[u8]) -> Result<(Manifest, &[u8])> {
    let rest = packed.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(Error::internal)?;
    if length > MAX_MANIFEST_BYTES {
        return Err(broken());
    }
    let (head, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
    Ok((serde_json::from_slice(head).map_err(Error::internal)?, rest))
}

fn broken() -> Error {
    Error::internal("a generation of knowledge is broken")
}
