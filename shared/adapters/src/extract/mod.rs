//! From files to texts. What a file is, its content tells; its name and its declared type are hints.
//!
//! Everything is bounded: what is unpacked, how long it takes, how much comes out. A reader that
//! panics on an odd file fails that file alone.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aiva_core::knowledge::{Extracted, Layout, Part, UnreadFile, Unreadable};
use aiva_core::ports::Extract;
use tokio::sync::{Semaphore, oneshot};
use zip::ZipArchive;

mod apart;
mod decode;
mod delimited;
mod html;
mod pdf;
mod sheet;
mod table;
mod word;

pub use apart::serve;

/// Bytes that one archive may unpack to.
const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Entries of one archive.
const MAX_ENTRIES: usize = 10_000;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Files that one may wait for: a few take all the time that they may.
const TURNS: u32 = 4;
/// Readers of nested formats call themselves.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Reads files, one at a time: each may take a good part of a worker's memory.
#[derive(Debug, Clone)]
pub struct FileReader {
    patience: Duration,
    max_unpacked_bytes: u64,
    desk: Arc<Semaphore>,
    program: Option<PathBuf>,
}

impl FileReader {
    /// Makes a reader that gives each file so long, and lets it unpack to so many bytes. It reads inside this
    /// process; a file that breaks its reader, breaks the process.
    pub fn new(patience: Duration, max_unpacked_bytes: u64) -> Self {
        let desk = Arc::new(Semaphore::new(1));
        Self { patience, max_unpacked_bytes, desk, program: None }
    }

    /// Has whatever is no plain text read by a process of its own, which is killed when its time is over:
    /// by this program, whose first act is [`serve`].
    pub fn apart() -> Self {
        Self { program: apart::own_program(), ..Self::default() }
    }

    /// Like [`FileReader::apart`], by another program whose first act is [`serve`].
    #[must_use]
    pub fn by(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
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
        let busy = || Unreadable::passing("other files took too long; try again");
        let desk = Arc::clone(&self.desk).acquire_owned();
        let desk = tokio::time::timeout(self.patience.saturating_mul(TURNS), desk).await;
        let desk = desk.map_err(|_| busy())?.map_err(|_| busy())?;
        let (most, patience, program) =
            (self.max_unpacked_bytes, self.patience, self.program.clone());
        let (said, heard) = oneshot::channel();
        let work = move || {
            let read = match program {
                Some(program) if !is_plain(&file) => apart::read(&program, &file, most, patience),
                Some(_) | None => read(&file, most),
            };
            drop(desk);
            // Its caller may have given up.
            let _ = said.send(read);
        };
        let reading = std::thread::Builder::new().name("reader".to_owned()).stack_size(STACK_BYTES);
        reading.spawn(work).map_err(|_| busy())?;
        // A child ends within its time; what it takes to hear of that is little.
        let patience = match self.program {
            Some(_) => patience.saturating_add(Duration::from_secs(5)),
            None => patience,
        };
        match tokio::time::timeout(patience, heard).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(gave_up()),
            Err(_) => Err(too_slow()),
        }
    }
}

/// Whether a file is read by nothing but our own few lines.
fn is_plain(file: &UnreadFile) -> bool {
    let (bytes, kind) = (&file.bytes, file.content_type.as_deref());
    !pdf::is_pdf(bytes)
        && !bytes.starts_with(b"PK")
        && decode::text(bytes, kind).is_ok_and(|text| !html::is_html(&text, kind))
}

/// `most` is what may be unpacked, in bytes.
fn read(file: &UnreadFile, most: u64) -> Result<Extracted, Unreadable> {
    let bytes = &file.bytes;
    if bytes.is_empty() {
        return Err(refused("it is empty"));
    }
    if pdf::is_pdf(bytes) {
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
    let hinted = delimited::is_hinted(&file.name, file.content_type.as_deref());
    match delimited::layout(&text, hinted || file.max_rows.is_some()) {
        Some(layout) => delimited::read(&text, layout, file.max_rows),
        None => Ok(prose(None, text)),
    }
}

/// Refuses what is no table where rows are wanted: as a table nothing of it would be right.
fn only_where_any(file: &UnreadFile, what: &str) -> Result<(), Unreadable> {
    match file.max_rows {
        None => Ok(()),
        Some(_) => {
            Err(Unreadable::lasting(format!("it is {what}, not a table; send a .csv or an .xlsx")))
        }
    }
}

/// A text as it is.
fn prose(title: Option<String>, text: String) -> Extracted {
    let part = Part { title: None, url: None, text, layout: Layout::Prose };
    Extracted { title, parts: vec![part], ..Extracted::default() }
}

fn refused(reason: &str) -> Unreadable {
    Unreadable::lasting(reason)
}

fn gave_up() -> Unreadable {
    refused("its reader gave up on it: it is damaged or too large; save it anew, or split it")
}

fn too_slow() -> Unreadable {
    refused("it took too long to read; split it")
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
    // What an archive says of its sizes is not believed: it is unpacked once into nothing.
    let mut left = most;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let read = std::io::copy(&mut entry.take(left.saturating_add(1)), &mut std::io::sink());
        let read = read.map_err(|_| refused("it is a damaged archive"))?;
        left = left.checked_sub(read).ok_or_else(too_much)?;
    }
    if let Some(document) = word::main_part(&mut archive) {
        only_where_any(file, "a Word document")?;
        word::read(&mut archive, &document)
    } else if archive.index_for_name("xl/workbook.xml").is_some() {
        sheet::read(&file.bytes, file.max_rows)
    } else {
        Err(refused("it is an archive; unpack it and send its files"))
    }
}
