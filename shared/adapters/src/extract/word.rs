//! Word documents: paragraphs, headings, lists and tables of the main part.

use std::io::{BufReader, Cursor, Read};

use aiva_core::knowledge::{Extracted, Unreadable};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::{prose, refused};

/// Bytes of the document's own file.
const MAX_XML_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes of the lists that say which part is what.
const MAX_LIST_BYTES: u64 = 1024 * 1024;
/// Where most programs put the document.
const USUAL: &str = "word/document.xml";

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The name of the document in an archive that is one: the part that the archive names as such.
pub(super) fn main_part(archive: &mut Archive<'_>) -> Option<String> {
    if let Some(name) = named_part(archive) {
        let kinds = list(archive, "[Content_Types].xml").unwrap_or_default();
        let is_word = name.starts_with("word/") || kinds.contains("wordprocessingml.document.main");
        if is_word && archive.index_for_name(&name).is_some() {
            return Some(name);
        }
    }
    archive.index_for_name(USUAL).map(|_| USUAL.to_owned())
}

/// The part that the archive is about.
fn named_part(archive: &mut Archive<'_>) -> Option<String> {
    let list = list(archive, "_rels/.rels")?;
    let mut reader = Reader::from_str(&list);
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return None,
            Event::Start(entry) | Event::Empty(entry) => {
                let value = |key| attribute(&entry, key);
                if value("Type").is_some_and(|kind| kind.ends_with("/officeDocument")) {
                    return value("Target").map(|name| name.trim_start_matches('/').to_owned());
                }
            }
            _ => {}
        }
    }
}

fn attribute(entry: &BytesStart<'_>, key: &str) -> Option<String> {
    let found = entry.attributes().flatten().find(|attribute| attribute.key.0 == key)?;
    Some(found.value.to_string())
}

fn list(archive: &mut Archive<'_>, name: &str) -> Option<String> {
    let mut text = String::new();
    archive.by_name(name).ok()?.take(MAX_LIST_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Reads the document of this name.
pub(super) fn read(archive: &mut Archive<'_>, document: &str) -> Result<Extracted, Unreadable> {
    let damaged = || refused("it is a damaged Word document");
    let entry = archive.by_name(document).map_err(|_| damaged())?;
    let mut reader = Reader::from_reader(BufReader::new(entry.take(MAX_XML_BYTES)));
    let (mut body, mut buffer) = (Body::default(), Vec::new());
    loop {
        match reader.read_event_into(&mut buffer).map_err(|_| damaged())? {
            Event::Eof => break,
            Event::Start(start) | Event::Empty(start) => body.begin(&start),
            Event::End(end) => body.end(end.local_name().as_ref()),
            Event::Text(text) if body.in_text => body.line.push_str(&text),
            Event::GeneralRef(reference) if body.in_text => body.refer(&reference),
            _ => {}
        }
        buffer.clear();
    }
    Ok(prose(None, body.text.trim().to_owned()))
}

#[derive(Default)]
struct Body {
    text: String,
    line: String,
    in_text: bool,
    heading: usize,
    is_item: bool,
    /// Tables may stand in tables.
    rows: usize,
}

impl Body {
    fn begin(&mut self, start: &BytesStart<'_>) {
        match start.local_name().as_ref() {
            "t" => self.in_text = true,
            "tab" => self.line.push(' '),
            "noBreakHyphen" => self.line.push('-'),
            "br" => self.line.push('\n'),
            "pStyle" => self.heading = heading(start),
            "numPr" => self.is_item = true,
            "tr" => self.rows += 1,
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" if self.rows > 0 => self.line.push(' '),
            "tc" if self.rows > 0 => self.line.push_str("| "),
            "tr" => {
                self.rows = self.rows.saturating_sub(1);
                if self.rows == 0 {
                    let row = std::mem::take(&mut self.line);
                    self.text.push_str(row.trim().trim_end_matches('|').trim());
                    self.text.push('\n');
                }
            }
            "tbl" => self.text.push('\n'),
            "p" => self.paragraph(),
            _ => {}
        }
    }

    fn paragraph(&mut self) {
        let line = std::mem::take(&mut self.line);
        let (heading, is_item) =
            (std::mem::take(&mut self.heading), std::mem::take(&mut self.is_item));
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        if heading > 0 {
            self.text.push_str(&"#".repeat(heading));
            self.text.push(' ');
        } else if is_item {
            self.text.push_str("- ");
        }
        self.text.push_str(line);
        self.text.push_str(if is_item { "\n" } else { "\n\n" });
    }

    fn refer(&mut self, name: &str) {
        let known = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            other => {
                let hex = other.strip_prefix("#x").map(|digits| u32::from_str_radix(digits, 16));
                let plain = other.strip_prefix('#').map(str::parse);
                hex.or(plain).and_then(Result::ok).and_then(char::from_u32)
            }
        };
        self.line.extend(known);
    }
}

/// The level of a heading's style; 0 for any other.
fn heading(start: &BytesStart<'_>) -> usize {
    let style = start.attributes().flatten().find(|attribute| attribute.key.0.ends_with("val"));
    let Some(style) = style.map(|attribute| attribute.value.to_ascii_lowercase()) else { return 0 };
    let level = style.trim_start_matches(|c: char| !c.is_ascii_digit());
    match level.parse::<usize>() {
        _ if style == "title" => 1,
        Ok(level @ 1..=6) if style.starts_with("heading") || style.starts_with("berschrift") => {
            level
        }
        _ => 0,
    }
}
