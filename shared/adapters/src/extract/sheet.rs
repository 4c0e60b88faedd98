//! Tables: each row a record of `header: value` lines.

use std::io::Cursor;

use aiva_core::knowledge::{Extracted, Layout, Part, RECORD_END, Unreadable};
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

use super::refused;

/// Rows of one file at most, whatever is asked for.
const MAX_ROWS: u64 = 200_000;
/// Columns that are read.
const MAX_COLUMNS: usize = 500;
/// Characters of one cell that are read.
const MAX_CELL_CHARS: usize = 8_000;
/// Bytes of text that one file may come to: a short file may repeat a long header or a long cell in
/// every row.
const MAX_TEXT_BYTES: usize = 48 * 1024 * 1024;
/// Rows that tell whether a text is a table.
const SAMPLE_ROWS: usize = 30;

/// Whether a name or a type says that a text is a table.
pub(super) fn is_hinted(name: &str, content_type: Option<&str>) -> bool {
    let name = name.split(['?', '#']).next().unwrap_or(name).to_ascii_lowercase();
    let declared = content_type.unwrap_or_default();
    name.ends_with(".csv")
        || name.ends_with(".tsv")
        || declared.starts_with("text/csv")
        || declared.starts_with("text/tab-separated-values")
}

/// What parts the columns of a text, if it is a table.
pub(super) fn delimiter(text: &str, hinted: bool) -> Option<u8> {
    let candidates = [b',', b';', b'\t'];
    let best = candidates.into_iter().filter_map(|delimiter| {
        let columns = columns(text, delimiter, hinted)?;
        Some((columns, delimiter))
    });
    let best = best.max_by_key(|(columns, _)| *columns).map(|(_, delimiter)| delimiter);
    // A list of single values is a table where its name says so.
    best.or(hinted.then_some(b','))
}

/// The number of columns, if the first rows agree on more than one.
fn columns(text: &str, delimiter: u8, hinted: bool) -> Option<usize> {
    let mut reader = reader(text, delimiter);
    let rows: Vec<csv::StringRecord> =
        reader.records().take(SAMPLE_ROWS).collect::<Result<_, _>>().ok()?;
    let wide = rows.first()?.len();
    let enough = if hinted { 1 } else { 3 };
    let alike = rows.iter().filter(|row| row.len() == wide).count();
    // Prose has commas too, but not the same number in every line, and not without a space behind.
    let tight = rows.iter().flatten().filter(|cell| !cell.starts_with(' ')).count();
    let cells = rows.iter().map(csv::StringRecord::len).sum::<usize>();
    let agree = alike * 10 >= rows.len() * 9 && (hinted || tight * 10 >= cells * 8);
    (wide > 1 && rows.len() >= enough && agree).then_some(wide)
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// Reads a table of text.
pub(super) fn read_text(
    text: &str,
    delimiter: u8,
    max_rows: Option<u64>,
) -> Result<Extracted, Unreadable> {
    let mut table = Table::new(max_rows, MAX_TEXT_BYTES);
    for row in reader(text, delimiter).records() {
        let row = row.map_err(|_| refused("it is a damaged table"))?;
        table.push(row.iter().map(str::to_owned));
    }
    let (left_out, rows) = (table.left_out(), Some(table.taken));
    Ok(Extracted { parts: vec![table.part(None)], left_out, rows, ..Extracted::default() })
}

/// Reads every sheet of a workbook.
pub(super) fn read_workbook(bytes: &[u8], max_rows: Option<u64>) -> Result<Extracted, Unreadable> {
    let book = open_workbook_from_rs(Cursor::new(bytes));
    let mut book: Xlsx<_> = book.map_err(|_| damaged())?;
    let mut parts = Vec::new();
    let (mut most, mut room) = (max_rows.unwrap_or(MAX_ROWS), MAX_TEXT_BYTES);
    let (mut taken, mut cut) = (0, 0);
    for name in book.sheet_names() {
        let mut table = Table::new(Some(most), room);
        rows(&mut book, &name, |row| table.push(row.into_iter()))?;
        most = most.saturating_sub(table.taken);
        room = room.saturating_sub(table.text.len());
        taken += table.taken;
        cut += table.cut;
        if table.taken > 0 || table.cut > 0 {
            parts.push(table.part(Some(name)));
        }
    }
    let left_out = told(cut);
    Ok(Extracted { parts, left_out, rows: Some(taken), ..Extracted::default() })
}

/// Walks over the rows of a sheet that hold anything. A sheet is never laid out whole: two cells far
/// from each other would make it larger than any memory.
fn rows(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    mut take: impl FnMut(Vec<String>),
) -> Result<(), Unreadable> {
    let damaged = |_| damaged();
    let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
    let (mut row, mut number) = (Vec::new(), None);
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (at, column) = cell.get_position();
        if number != Some(at) {
            take(std::mem::take(&mut row));
            number = Some(at);
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column < MAX_COLUMNS {
            row.resize((column + 1).max(row.len()), String::new());
            row[column] = text_of(Data::from(cell.get_value().clone()));
        }
    }
    take(row);
    Ok(())
}

fn text_of(data: Data) -> String {
    match data {
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}

fn damaged() -> Unreadable {
    refused("it is a damaged or protected workbook")
}

fn told(cut: u64) -> Option<String> {
    (cut > 0).then(|| format!("{cut} rows over the limit were left out"))
}

/// A table on its way to records.
struct Table {
    headers: Option<Vec<String>>,
    text: String,
    most: u64,
    room: usize,
    taken: u64,
    cut: u64,
}

impl Table {
    fn new(max_rows: Option<u64>, room: usize) -> Self {
        let most = max_rows.unwrap_or(MAX_ROWS).min(MAX_ROWS);
        Self { headers: None, text: String::new(), most, room, taken: 0, cut: 0 }
    }

    fn push(&mut self, row: impl Iterator<Item = String>) {
        let cells: Vec<String> = row
            .take(MAX_COLUMNS)
            .map(|cell| {
                let clean = cell.split_whitespace().collect::<Vec<_>>().join(" ");
                clean.chars().filter(|c| !c.is_control()).take(MAX_CELL_CHARS).collect()
            })
            .collect();
        if cells.iter().all(String::is_empty) {
            return;
        }
        let Some(headers) = &self.headers else {
            self.headers = Some(cells);
            return;
        };
        if self.taken == self.most || self.text.len() > self.room {
            self.cut += 1;
            return;
        }
        self.taken += 1;
        for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            match headers.get(place).filter(|header| !header.is_empty()) {
                Some(header) => self.text.push_str(&format!("{header}: {cell}\n")),
                None => self.text.push_str(&format!("{cell}\n")),
            }
        }
        self.text.push(RECORD_END);
    }

    fn left_out(&self) -> Option<String> {
        told(self.cut)
    }

    /// Headers alone are a record, too.
    fn part(mut self, title: Option<String>) -> Part {
        if self.taken == 0 {
            self.text = self.headers.unwrap_or_default().join("\n");
        }
        Part { title, url: None, text: self.text, layout: Layout::Records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_from_prose_by_its_content() {
        assert_eq!(delimiter("sku,price\nA-1,4\nA-2,5\nA-3,6\n", false), Some(b','));
        assert_eq!(delimiter("sku;price\nA-1;4,50\nA-2;5,50\n", false), Some(b';'));
        let prose = "Dear all, we open, at nine.\nThen, we close, at six.\nSo, it is, good.\n";
        assert_eq!(delimiter(prose, false), None);
        assert_eq!(delimiter("# Title\n\nOne line.\n", false), None);
        assert_eq!(delimiter("name\nAnna\n", true), Some(b','));
    }

    #[test]
    fn each_row_is_a_record_and_the_rows_over_the_limit_are_counted() {
        let read = read_text("sku,price,\nA-1,4,x\n,,\nA-2,5\nA-3,6\n", b',', Some(2)).unwrap();
        let text = &read.parts[0].text;
        assert_eq!(text, "sku: A-1\nprice: 4\nx\n\u{1e}sku: A-2\nprice: 5\n\u{1e}");
        assert_eq!(read.left_out.unwrap(), "1 rows over the limit were left out");
        assert_eq!(read.rows, Some(2));
    }

    #[test]
    fn a_long_header_cannot_make_a_short_file_large() {
        let mut table = Table::new(None, 10_000);
        let header = "h".repeat(MAX_CELL_CHARS);
        for cell in std::iter::once(header.as_str()).chain(["x"; 100]) {
            table.push(std::iter::once(cell.to_owned()));
        }
        assert!(table.text.len() < 10_000 + 2 * MAX_CELL_CHARS, "{}", table.text.len());
        assert_eq!(table.taken + table.cut, 100);
        assert!(table.cut > 90, "{}", table.cut);
    }
}
