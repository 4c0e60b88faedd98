//! `make run`: the whole product in one process on this machine.

use std::io::Write;
use std::process::ExitCode;

use aiva_adapters::extract::{self, FileReader};
use aiva_core::ports::Entropy;
use aiva_kit::clock::OsEntropy;
use aiva_kit::telemetry;
use aiva_local::{Config, Runtime, StartError};
use mimalloc::MiMalloc;
use tokio::signal::unix::{SignalKind, signal};

/// One process does everything on all threads: an allocator made for that saves a fifth of its time
/// (docs/adr/0004-budgets-not-yet-met.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if extract::serve() { ExitCode::SUCCESS } else { started() }
}

#[tokio::main]
async fn started() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may be filtered away; whoever started this must see why it ended.
            let _ = writeln!(std::io::stderr(), "aiva-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), StartError> {
    let config = Config { reader: FileReader::apart(), ..Config::from_env()? };
    telemetry::human(&config.product.log)?;
    let record = config.data_dir.join("demo.json");
    let runtime = Runtime::start(config).await?;
    let stopped = stopped();
    // Nobody reading is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "{}", greeting(&runtime, &record.display().to_string()));
    stopped.await;
    tracing::info!("stopping");
    runtime.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// The few lines on standard output: where it is, the key, and two commands that work as they stand.
fn greeting(runtime: &Runtime, record: &str) -> String {
    let (demo, conversation) = (runtime.demo(), "first-steps");
    let mut random = [0_u8; 16];
    OsEntropy.fill(&mut random);
    let uuid = uuid::Builder::from_random_bytes(random).into_uuid();
    let (base, key) = (&demo.base_url, &demo.key);
    format!(
        "Aiva over API listens on {base}\n\
         Key and operator token are in {record}\n\
         Key: {key}\n\n\
         curl -sS {base}/api/v1/messages -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
         -d '{{\"externalConversationId\":\"{conversation}\",\"content\":\"What is your refund policy?\",\"idempotencyKey\":\"{uuid}\"}}'\n\n\
         curl -sS {base}/api/v1/conversations/{conversation} -H 'Authorization: Bearer {key}'"
    )
}

/// Completes when the process is asked to end.
async fn stopped() {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        tracing::warn!("signals cannot be caught; only a kill ends this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
