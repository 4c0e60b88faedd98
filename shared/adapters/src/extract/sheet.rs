//! Workbooks: each sheet a table.

use std::io::Cursor;

use aiva_core::knowledge::{Extracted, Unreadable};
use calamine::{Data, ExcelDateTime, Reader, SheetType, Xlsx, open_workbook_from_rs};

use super::refused;
use super::table::{Cut, MAX_COLUMNS, MAX_ROWS, MAX_TEXT_BYTES, Table};

/// Reads every sheet of a workbook.
pub(super) fn read(bytes: &[u8], max_rows: Option<u64>) -> Result<Extracted, Unreadable> {
    let book = open_workbook_from_rs(Cursor::new(bytes));
    let mut book: Xlsx<_> = book.map_err(|_| damaged())?;
    let mut parts = Vec::new();
    let (mut most, mut room) = (max_rows.unwrap_or(MAX_ROWS), MAX_TEXT_BYTES);
    let (mut taken, mut cut) = (0, Cut::default());
    // A sheet that is a chart or a program has no cells.
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    for name in names {
        let mut table = Table::new(Some(most), room);
        let columns = rows(&mut book, &name, |row| table.push(row.into_iter()))?;
        table.cut.columns = columns.saturating_sub(MAX_COLUMNS);
        most = most.saturating_sub(table.taken);
        room = room.saturating_sub(table.text.len());
        taken += table.taken;
        cut = cut.and(table.cut);
        if table.taken > 0 || table.cut != Cut::default() {
            parts.push(table.part(Some(name)));
        }
    }
    Ok(Extracted { parts, left_out: cut.told(), rows: Some(taken), ..Extracted::default() })
}

/// Walks over the rows of a sheet that hold anything. A sheet is never laid out whole: two cells far
/// from each other would make it larger than any memory. Answers how many columns it has.
fn rows(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    mut take: impl FnMut(Vec<String>),
) -> Result<usize, Unreadable> {
    let damaged = |_| damaged();
    let mut cells = book.worksheet_cells_reader(name).map_err(damaged)?;
    let (mut row, mut number, mut columns) = (Vec::new(), None, 0);
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (at, column) = cell.get_position();
        if number != Some(at) {
            take(std::mem::take(&mut row));
            number = Some(at);
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let text = text_of(Data::from(cell.get_value().clone()));
        if !text.trim().is_empty() {
            columns = columns.max(column.saturating_add(1));
        }
        if column < MAX_COLUMNS {
            row.resize((column + 1).max(row.len()), String::new());
            row[column] = text;
        }
    }
    take(row);
    Ok(columns)
}

fn text_of(data: Data) -> String {
    match data {
        Data::Empty | Data::Error(_) => String::new(),
        Data::DateTime(moment) if moment.is_duration() => duration(moment),
        Data::DateTime(moment) => date(moment),
        other => other.to_string(),
    }
}

/// A moment as ISO 8601 writes it, without what it does not say: a date has no hour, a time no day.
fn date(moment: ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let mut time = format!("{hour:02}:{minute:02}");
    if second > 0 {
        time.push_str(&format!(":{second:02}"));
    }
    if (0.0..1.0).contains(&moment.as_f64()) {
        time
    } else if (hour, minute, second) == (0, 0, 0) {
        date
    } else {
        format!("{date} {time}")
    }
}

/// A duration in hours and minutes, and in seconds where there are some.
#[expect(clippy::float_arithmetic, reason = "a workbook counts days in floats; no money")]
fn duration(length: ExcelDateTime) -> String {
    let seconds = (length.as_f64() * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0 => format!("{sign}{hours}:{minutes:02}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn damaged() -> Unreadable {
    refused("it is a damaged or protected workbook")
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn dates_times_and_durations_are_written_as_a_reader_says_them() {
        let is = |value, kind| text_of(Data::DateTime(ExcelDateTime::new(value, kind, false)));
        let at = |value| is(value, ExcelDateTimeType::DateTime);
        assert_eq!(at(46_387.0), "2026-12-31");
        assert_eq!(at(45_292.5), "2024-01-01 12:00");
        assert_eq!(at(45_292.520_833_333_33), "2024-01-01 12:30");
        assert_eq!(at(0.25), "06:00");
        assert_eq!(at(0.000_011_574_1), "00:00:01");
        let lasts = |value| is(value, ExcelDateTimeType::TimeDelta);
        assert_eq!(lasts(1.5), "36:00");
        assert_eq!(lasts(0.062_511_574_1), "1:30:01");
        assert_eq!(lasts(-0.25), "-6:00");
        assert_eq!(
            lasts(f64::MAX),
            format!("{}:{:02}:{:02}", i64::MAX / 3_600, i64::MAX / 60 % 60, i64::MAX % 60)
        );
        assert_eq!(text_of(Data::Float(0.15)), "0.15");
    }
}
