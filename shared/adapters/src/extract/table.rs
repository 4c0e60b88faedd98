//! Tables on their way to records: each row one of `header: value` lines.

use aiva_core::knowledge::{Layout, Part, RECORD_END};

/// Rows of one file at most, whatever is asked for.
pub(super) const MAX_ROWS: u64 = 200_000;
/// Columns that are read.
pub(super) const MAX_COLUMNS: usize = 500;
/// Characters of one cell that are read.
const MAX_CELL_CHARS: usize = 8_000;
/// Bytes of text that one file may come to: a short file may repeat a long header or a long cell in
/// every row.
pub(super) const MAX_TEXT_BYTES: usize = 48 * 1024 * 1024;

/// What did not fit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// Rows that were left out.
    pub(super) rows: u64,
    /// Cells that were cut.
    pub(super) cells: u64,
    /// Columns that were left out.
    pub(super) columns: usize,
}

impl Cut {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            cells: self.cells + other.cells,
            columns: self.columns.max(other.columns),
        }
    }

    /// In words for the owner.
    pub(super) fn told(self) -> Option<String> {
        let Self { rows, cells, columns } = self;
        let mut told = Vec::new();
        if rows > 0 {
            told.push(format!("{rows} rows over the limit were left out"));
        }
        if cells > 0 {
            told.push(format!("{cells} cells were cut after 8,000 characters"));
        }
        if columns > 0 {
            told.push(format!("{columns} columns after the first 500 were left out"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// A table on its way to records.
pub(super) struct Table {
    headers: Option<Vec<String>>,
    pub(super) text: String,
    most: u64,
    room: usize,
    pub(super) taken: u64,
    pub(super) cut: Cut,
}

impl Table {
    pub(super) fn new(max_rows: Option<u64>, room: usize) -> Self {
        let most = max_rows.unwrap_or(MAX_ROWS).min(MAX_ROWS);
        Self { headers: None, text: String::new(), most, room, taken: 0, cut: Cut::default() }
    }

    /// Takes a row; cells beyond the last column that is read are only counted.
    pub(super) fn push(&mut self, row: impl Iterator<Item = String>) {
        let (mut cells, mut long, mut width) = (Vec::new(), 0, 0);
        for (place, cell) in row.enumerate() {
            let is_empty = cell.chars().all(|c| c.is_whitespace() || c.is_control());
            width = if is_empty { width } else { place + 1 };
            if place >= MAX_COLUMNS {
                continue;
            }
            let (cell, is_cut) = clean(&cell);
            long += u64::from(is_cut);
            cells.push(cell);
        }
        if width == 0 {
            return;
        }
        let is_full = self.taken == self.most || self.text.len() > self.room;
        if self.headers.is_some() && is_full {
            self.cut.rows += 1;
            return;
        }
        self.cut.cells += long;
        self.cut.columns = self.cut.columns.max(width.saturating_sub(MAX_COLUMNS));
        let Some(headers) = &self.headers else {
            self.headers = Some(cells);
            return;
        };
        if cells.iter().all(String::is_empty) {
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

    /// Headers alone are a record, too.
    pub(super) fn part(mut self, title: Option<String>) -> Part {
        if self.taken == 0 {
            self.text = self.headers.unwrap_or_default().join("\n");
        }
        Part { title, url: None, text: self.text, layout: Layout::Records }
    }
}

/// A cell on one line, and whether it was longer than it may be.
fn clean(cell: &str) -> (String, bool) {
    let words = cell.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars().filter(|c| !c.is_control());
    let cell = characters.by_ref().take(MAX_CELL_CHARS).collect();
    (cell, characters.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_header_cannot_make_a_short_file_large() {
        let mut table = Table::new(None, 10_000);
        let header = "h".repeat(MAX_CELL_CHARS);
        for cell in std::iter::once(header.as_str()).chain(["x"; 100]) {
            table.push(std::iter::once(cell.to_owned()));
        }
        assert!(table.text.len() < 10_000 + 2 * MAX_CELL_CHARS, "{}", table.text.len());
        assert_eq!(table.taken + table.cut.rows, 100);
        assert!(table.cut.rows > 90, "{}", table.cut.rows);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_told() {
        let mut table = Table::new(Some(2), MAX_TEXT_BYTES);
        let wide = |last: &str| {
            let cells = std::iter::repeat_n("x", MAX_COLUMNS).chain(["", last, ""]);
            cells.map(str::to_owned).collect::<Vec<_>>().into_iter()
        };
        table.push(wide("header"));
        table.push(wide(""));
        table.push(std::iter::once("y".repeat(MAX_CELL_CHARS + 1)));
        table.push(wide("over"));
        assert_eq!(table.cut, Cut { rows: 1, cells: 1, columns: 2 });
        assert_eq!(
            table.cut.told().unwrap(),
            "1 rows over the limit were left out; 1 cells were cut after 8,000 characters; \
             2 columns after the first 500 were left out"
        );
        assert_eq!(Cut::default().told(), None);
    }
}
