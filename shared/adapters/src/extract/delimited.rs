//! Tables of text: what parts their columns, where they begin, and their rows.

use std::borrow::Cow;

use aiva_core::knowledge::{Extracted, Unreadable};

use super::refused;
use super::table::{MAX_TEXT_BYTES, Table};

/// Rows that tell whether a text is a table.
const SAMPLE_ROWS: usize = 30;
/// Bytes in which they are looked for.
const SAMPLE_BYTES: usize = 64 * 1024;
/// Lines that may stand above a table.
const MAX_LEAD_ROWS: usize = 10;
/// Bytes that are looked through for the ends of cells that have none, before no quotation mark means
/// anything.
const MAX_IN_VAIN: usize = 256 * 1024 * 1024;

/// How a text is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    delimiter: u8,
    /// Columns of most rows.
    columns: usize,
    /// Where the rows begin: behind the line that names the delimiter.
    start: usize,
}

/// Whether a name or a type says that a text is a table.
pub(super) fn is_hinted(name: &str, content_type: Option<&str>) -> bool {
    let name = name.split(['?', '#']).next().unwrap_or(name).to_ascii_lowercase();
    let declared = content_type.unwrap_or_default();
    name.ends_with(".csv")
        || name.ends_with(".tsv")
        || declared.starts_with("text/csv")
        || declared.starts_with("text/tab-separated-values")
}

/// How a text is a table, if it is one.
pub(super) fn layout(text: &str, hinted: bool) -> Option<Layout> {
    if let Some((delimiter, start)) = named_delimiter(text) {
        let columns = Sample::of(&text[start..], delimiter).columns();
        return Some(Layout { delimiter, columns, start });
    }
    let samples = [b',', b';', b'\t'].map(|delimiter| (delimiter, Sample::of(text, delimiter)));
    let agreed = samples.iter().filter(|(_, sample)| sample.agrees(hinted));
    let best = agreed.max_by_key(|(_, sample)| sample.columns());
    // Where rows differ in width, or something stands above them, most cells are where most are one row's.
    let ragged = || samples.iter().max_by_key(|(_, sample)| sample.columns() * sample.alike());
    let best = best.or_else(|| hinted.then(ragged).flatten());
    // A list of single values is a table where its name says so.
    best.map(|(delimiter, sample)| {
        let columns = sample.columns();
        let delimiter = if columns > 1 { *delimiter } else { b',' };
        Layout { delimiter, columns, start: 0 }
    })
}

/// What the first line names as delimiter, as spreadsheet programs write it, and where that line ends.
fn named_delimiter(text: &str) -> Option<(u8, usize)> {
    let line = text.lines().next()?;
    let named = line.trim().trim_matches('"');
    let named = named.get(..4).filter(|key| key.eq_ignore_ascii_case("sep=")).map(|_| &named[4..]);
    let delimiter = match named?.as_bytes() {
        [delimiter] if delimiter.is_ascii_punctuation() => *delimiter,
        [] if line.ends_with('\t') => b'\t',
        _ => return None,
    };
    let rest = text[line.len()..].trim_start_matches(['\r', '\n']);
    Some((delimiter, text.len() - rest.len()))
}

/// The first rows of a text, parted in one way.
struct Sample {
    rows: Vec<csv::StringRecord>,
}

impl Sample {
    fn of(text: &str, delimiter: u8) -> Self {
        let head = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
        let is_whole = head.len() == text.len();
        let whole_rows = head.rfind('\n').filter(|_| !is_whole).map_or(head, |end| &head[..end]);
        let text = mended(whole_rows, delimiter);
        Self { rows: reader(&text, delimiter).records().flatten().take(SAMPLE_ROWS).collect() }
    }

    /// The commonest width; of several the largest.
    fn columns(&self) -> usize {
        let widths = self.rows.iter().map(width);
        widths.max_by_key(|wide| (self.of_width(*wide), *wide)).unwrap_or(0)
    }

    fn of_width(&self, wide: usize) -> usize {
        self.rows.iter().filter(|row| width(row) == wide).count()
    }

    /// Rows of the commonest width, where that is more than one cell.
    fn alike(&self) -> usize {
        let columns = self.columns();
        if columns > 1 { self.of_width(columns) } else { 0 }
    }

    /// Whether the first row and nearly all others have the same number of cells, more than one.
    fn agrees(&self, hinted: bool) -> bool {
        let rows = &self.rows;
        let wide = rows.first().map_or(0, csv::StringRecord::len);
        let enough = if hinted { 1 } else { 3 };
        let alike = rows.iter().filter(|row| row.len() == wide).count();
        // Prose has commas too, but not the same number in every line, and not without a space behind.
        let tight = rows.iter().flatten().filter(|cell| !cell.starts_with(' ')).count();
        let cells = rows.iter().map(csv::StringRecord::len).sum::<usize>();
        let agree = alike * 10 >= rows.len() * 9 && (hinted || tight * 10 >= cells * 8);
        wide > 1 && rows.len() >= enough && agree
    }
}

/// Cells up to the last that holds anything.
fn width(row: &csv::StringRecord) -> usize {
    row.len() - row.iter().rev().take_while(|cell| cell.trim().is_empty()).count()
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// Reads a table of text.
pub(super) fn read(
    text: &str,
    layout: Layout,
    max_rows: Option<u64>,
) -> Result<Extracted, Unreadable> {
    let text = mended(&text[layout.start..], layout.delimiter);
    let mut table = Table::new(max_rows, MAX_TEXT_BYTES);
    let (mut lead, mut above) = (Vec::new(), layout.columns > 1);
    for row in reader(&text, layout.delimiter).records() {
        let row = row.map_err(|_| refused("it is a damaged table"))?;
        // A title above the header is no header.
        above = above && width(&row) < 2 && lead.len() < MAX_LEAD_ROWS;
        if above {
            lead.extend(row.iter().map(str::trim).find(|cell| !cell.is_empty()).map(str::to_owned));
        } else {
            table.push(row.iter().map(str::to_owned));
        }
    }
    let (left_out, rows) = (table.cut.told(), Some(table.taken));
    let title = (!lead.is_empty()).then(|| lead.join(" ").chars().take(200).collect());
    Ok(Extracted { parts: vec![table.part(title)], left_out, rows, ..Extracted::default() })
}

/// The text without the quotation marks that open a cell and do not close it: each of them would swallow the
/// rows up to the next one, or all.
fn mended(text: &str, delimiter: u8) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_end = |byte: &u8| *byte == delimiter || matches!(byte, b'\r' | b'\n');
    let (mut at, mut kept, mut in_vain) = (0, 0, 0);
    let mut mended = String::new();
    while at < bytes.len() {
        if bytes[at] == b'"' {
            match closed(bytes, at, is_end) {
                Ok(end) => at = end,
                Err(end) => {
                    in_vain += end - at;
                    mended.push_str(&text[kept..at]);
                    kept = at + 1;
                }
            }
            if in_vain > MAX_IN_VAIN {
                return Cow::Owned(text.replace('"', ""));
            }
        }
        // The next cell.
        at += bytes[at..].iter().position(is_end).map_or(bytes.len() - at, |end| end + 1);
    }
    if kept == 0 { Cow::Borrowed(text) } else { Cow::Owned(mended + &text[kept..]) }
}

/// Where a quoted cell ends, if behind its last quotation mark comes the next cell or the end; else how far
/// it was looked for.
fn closed(bytes: &[u8], open: usize, is_end: impl Fn(&u8) -> bool) -> Result<usize, usize> {
    let mut at = open + 1;
    while let Some(next) = bytes[at..].iter().position(|byte| *byte == b'"') {
        at += next + 1;
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            continue;
        }
        let blank = bytes[at..].iter().take_while(|byte| **byte == b' ').count();
        let is_closed = bytes.get(at + blank).is_none_or(is_end);
        return if is_closed { Ok(at) } else { Err(at + blank) };
    }
    Err(bytes.len())
}

#[cfg(test)]
#[path = "delimited_tests.rs"]
mod tests;
