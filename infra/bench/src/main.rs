//! Measures the budgets of the product and prints them as Markdown.
//!
//!     aiva-bench                                        capacity, large knowledge and the local runtime
//!     aiva-bench --bootstraps DIR --repository DIR --emulator FILE      the release bootstraps too

mod bootstrap;
mod capacity;
mod cost;
mod emulator;
mod endpoint;
mod events;
mod knowledge;
mod local;
mod machine;
mod receiver;
mod report;
mod sandbox;
mod slow_model;
mod tenant;
mod trace;
mod world;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use bootstrap::Folders;
use emulator::Emulator;
use mimalloc::MiMalloc;
use report::Report;

/// The allocator of the local runtime, which is measured inside this process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Whatever keeps a figure from being measured.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What is to be measured.
#[derive(Debug, Default)]
struct Wanted {
    bootstraps: Option<PathBuf>,
    repository: Option<PathBuf>,
    emulator: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let wanted = Wanted::parse(std::env::args().skip(1))?;
    let mut report = capacity::measure(progress).await?;
    report.extend(knowledge::measure(progress).await?);
    if let Some(bootstraps) = wanted.bootstraps {
        let repository = wanted.repository.ok_or("--bootstraps needs --repository")?;
        let emulator = Emulator::at(wanted.emulator.ok_or("--bootstraps needs --emulator")?)?;
        let (functions, events) = (repository.join("functions"), repository.join("events"));
        let folders = Folders { bootstraps, functions, events };
        report.extend(bootstrap::measure(&folders, &emulator, progress).await?);
    }
    report.extend(Box::pin(local::measure(progress)).await?);
    print(&report)
}

impl Wanted {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut wanted, mut arguments) = (Self::default(), arguments);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a path"))?;
            match name.as_str() {
                "--bootstraps" => wanted.bootstraps = Some(value.into()),
                "--repository" => wanted.repository = Some(value.into()),
                "--emulator" => wanted.emulator = Some(value.into()),
                _ => return Err(format!("unknown argument {name}").into()),
            }
        }
        Ok(wanted)
    }
}

fn print(report: &Report) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Machine: {}.\n\n{}", machine::describe(), report.markdown())?;
    Ok(())
}

/// Tells whoever waits what goes on.
fn progress(text: &str) {
    // Nobody reading is no reason not to measure.
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}
