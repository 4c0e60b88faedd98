//! `make eval`: prints how well questions are answered, as Markdown, and fails where the answers have
//! become worse.
//!
//!     aiva-eval            the table
//!     aiva-eval --missed   and every question that went wrong, on standard error

use std::io::Write;
use std::process::ExitCode;

use aiva_eval::{Result, Tally, books, floor, measure};

#[tokio::main]
async fn main() -> ExitCode {
    let mut told = std::io::stderr();
    match run(std::env::args().any(|argument| argument == "--missed")).await {
        Ok(worse) if worse.is_empty() => ExitCode::SUCCESS,
        Ok(worse) => {
            let _ = writeln!(told, "eval: the answers have become worse: {}", worse.join("; "));
            ExitCode::FAILURE
        }
        Err(error) => {
            let _ = writeln!(told, "eval: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(tells_missed: bool) -> Result<Vec<String>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{HEAD}")?;
    let mut all = Tally::default();
    let mut pages = 0;
    for corpus in books().await? {
        let tally = measure(&corpus).await?;
        writeln!(out, "{}", row(corpus.name, corpus.pages(), &tally))?;
        if tells_missed {
            let mut told = std::io::stderr();
            for missed in &tally.missed {
                writeln!(told, "{}: {}: {}", corpus.name, missed.question, missed.how)?;
            }
        }
        pages += corpus.pages();
        all.add(tally);
    }
    writeln!(out, "{}", row("all", pages, &all))?;
    writeln!(out, "\nOf the answers that were given, by how sure they were:\n")?;
    writeln!(out, "| answers | confidence, mean | right |\n|---|---|---|")?;
    for (count, sure, right) in all.reliability() {
        writeln!(out, "| {count} | {} | {} |", share(sure), share(right))?;
    }
    Ok(all.figures().below(&floor()?))
}

const HEAD: &str = "\
| documents | pages | questions (unanswerable) | recall@1 | recall@5 | MRR | answered rightly | unanswerable refused | calibrated | search, median |
|---|---|---|---|---|---|---|---|---|---|";

fn row(name: &str, pages: usize, tally: &Tally) -> String {
    let shares = tally.figures().named().map(|(_, permille)| share(permille)).join(" | ");
    let questions = tally.answerable + tally.unanswerable;
    let mut micros = tally.micros.clone();
    micros.sort_unstable();
    let median = micros.get(micros.len() / 2).copied().unwrap_or(0);
    let unanswerable = tally.unanswerable;
    format!("| {name} | {pages} | {questions} ({unanswerable}) | {shares} | {median} µs |")
}

/// Thousandths as a share of one.
fn share(permille: u32) -> String {
    format!("{}.{:03}", permille / 1_000, permille % 1_000)
}
