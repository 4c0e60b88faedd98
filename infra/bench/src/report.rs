//! What the program says in the end: one table of budgets, and the details behind it.

use std::fmt::Write;
use std::time::Duration;

/// Whether a figure keeps its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
}

impl Verdict {
    pub(crate) const fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }
}

/// One budget and what was measured.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) budget: &'static str,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

/// A table of details.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) method: &'static str,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// What one part of the benchmark found out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) tables: Vec<Table>,
}

impl Report {
    /// Adds a budget and its figure.
    pub(crate) fn row(
        &mut self,
        what: impl Into<String>,
        budget: &'static str,
        measured: String,
        is_met: bool,
    ) {
        let (what, verdict) = (what.into(), Verdict::of(is_met));
        self.rows.push(Row { what, budget, measured, verdict });
    }

    /// Adds what another part found out.
    pub(crate) fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.tables.extend(other.tables);
    }

    /// Writes everything as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("## Budgets\n\n");
        let rows = self.rows.iter().map(|row| {
            let verdict = match row.verdict {
                Verdict::Met => "met",
                Verdict::Missed => "**missed**",
            };
            let cells = [&row.what, row.budget, &row.measured, verdict];
            cells.map(str::to_owned).to_vec()
        });
        text.push_str(&table(&["what", "budget", "measured", "verdict"], rows));
        for part in &self.tables {
            // Writing to a string does not fail.
            let _ = write!(text, "\n## {}\n\n{}\n\n", part.title, part.method);
            text.push_str(&table(&part.head, part.rows.iter().cloned()));
        }
        text
    }
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// A time in milliseconds with two decimals.
pub(crate) fn millis(time: Duration) -> String {
    format!("{} ms", hundredths(time.as_micros().div_ceil(10)))
}

/// A number of hundredths as a decimal fraction.
pub(crate) fn hundredths(number: impl TryInto<u64>) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{}.{:02}", number / 100, number % 100)
}

/// `of` in hundredths of `base`.
pub(crate) fn ratio(of: u128, base: u128) -> u64 {
    u64::try_from(of * 100 / base.max(1)).unwrap_or(u64::MAX)
}

/// A size in MB (10⁶ bytes) with two decimals.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", hundredths(bytes / 10_000))
}

/// The middle one of several times.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
