//! From files to texts. What a file is, its content tells; its name and its declared type are hints.
//!
//! Everything is bounded: what is unpacked, how long it takes, how much comes out. A reader that
//! panics on an odd file fails that file alone.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use aiva_core::knowledge::{Extracted, Layout, Part, UnreadFile, Unreadable};
use aiva_core::ports::Extract;
use tokio::sync::Semaphore;
use zip::ZipArchive;

mod decode;
mod html;
mod pdf;
mod sheet;
mod word;

/// Bytes that one archive may unpack to.
const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Entries of one archive.
const MAX_ENTRIES: usize = 10_000;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Reads files, one at a time: each may take a good part of a worker's memory.
#[derive(Debug, Clone)]
pub struct FileReader {
    patience: Duration,
    max_unpacked_bytes: u64,
    desk: Arc<Semaphore>,
}

impl FileReader {
    /// Makes a reader that gives each file so long, and lets it unpack to so many bytes.
    pub fn new(patience: Duration, max_unpacked_bytes: u64) -> Self {
        Self { patience, max_unpacked_bytes, desk: Arc::new(Semaphore::new(1)) }
    }
}

impl Default for FileReader {
    fn default() -> Self {
        Self::new(PATIENCE, MAX_UNPACKED_BYTES)
    }
}

impl Extract for FileReader {
    async fn extract(&self, file: UnreadFile) -> Result<Extracted, Unreadable> {
        // The desk is free when the work has really ended, not when its caller gave up.
        let busy = || Unreadable("another file took too long; try again".to_owned());
        let desk = tokio::time::timeout(self.patience, Arc::clone(&self.desk).acquire_owned());
        let desk = desk.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let most = self.max_unpacked_bytes;
        let work = tokio::task::spawn_blocking(move || {
            let read = read(&file, most);
            drop(desk);
            read
        });
        match tokio::time::timeout(self.patience, work).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(Unreadable("it is damaged: its reader gave up on it".to_owned())),
            Err(_) => Err(Unreadable("it took too long to read; split it".to_owned())),
        }
    }
}

/// `most` is what may be unpacked, in bytes.
fn read(file: &UnreadFile, most: u64) -> Result<Extracted, Unreadable> {
    let bytes = &file.bytes;
    if bytes.is_empty() {
        return Err(refused("it is empty"));
    }
    let start = &bytes[..bytes.len().min(1_024)];
    if start.windows(5).any(|window| window == b"%PDF-") {
        only_where_any(file, "a PDF")?;
        return pdf::read(bytes, most);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return unpack(file, most);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(refused("it is an old or a protected Office file; save it as docx or xlsx"));
    }
    if bytes.starts_with(b"PK\x05\x06") {
        return Err(refused("it is an empty archive"));
    }
    let text = decode::text(bytes, file.content_type.as_deref())?;
    if html::is_html(&text, file.content_type.as_deref()) {
        only_where_any(file, "a page")?;
        return html::read(&text);
    }
    let hinted = sheet::is_hinted(&file.name, file.content_type.as_deref());
    match sheet::delimiter(&text, hinted || file.max_rows.is_some()) {
        Some(delimiter) => sheet::read_text(&text, delimiter, file.max_rows),
        None => Ok(prose(None, text)),
    }
}

/// Refuses what is no table where rows are wanted: as a table nothing of it would be right.
fn only_where_any(file: &UnreadFile, what: &str) -> Result<(), Unreadable> {
    match file.max_rows {
        None => Ok(()),
        Some(_) => Err(Unreadable(format!("it is {what}, not a table; send a .csv or an .xlsx"))),
    }
}

/// A text as it is.
fn prose(title: Option<String>, text: String) -> Extracted {
    let part = Part { title: None, url: None, text, layout: Layout::Prose };
    Extracted { title, parts: vec![part], ..Extracted::default() }
}

fn refused(reason: &str) -> Unreadable {
    Unreadable(reason.to_owned())
}

fn too_much() -> Unreadable {
    refused("it unpacks to more than can be read; split it")
}

fn unpack(file: &UnreadFile, most: u64) -> Result<Extracted, Unreadable> {
    let damaged = |_| refused("it is a damaged archive");
    let mut archive = ZipArchive::new(Cursor::new(file.bytes.as_slice())).map_err(damaged)?;
    if archive.len() > MAX_ENTRIES {
        return Err(refused("it holds more than 10,000 files"));
    }
    let has = |archive: &ZipArchive<_>, name: &str| archive.index_for_name(name).is_some();
    let is_word = has(&archive, "word/document.xml");
    let is_sheet = has(&archive, "xl/workbook.xml");
    if !is_word && !is_sheet {
        return Err(refused("it is an archive; unpack it and send its files"));
    }
    // What an archive says of its sizes is not believed: it is unpacked once into nothing.
    let mut left = most;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let read = std::io::copy(&mut entry.take(left.saturating_add(1)), &mut std::io::sink());
        let read = read.map_err(|_| refused("it is a damaged archive"))?;
        left = left.checked_sub(read).ok_or_else(too_much)?;
    }
    if is_word {
        only_where_any(file, "a Word document")?;
        word::read(&mut archive)
    } else {
        sheet::read_workbook(&file.bytes, file.max_rows)
    }
}
