//! `knowledge-ingest`: fetches sources, reads them, and publishes the indices of their projects.

use std::sync::Arc;

use aiva_adapters::absent::{NoMailer, NoVault};
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::extract::{self, FileReader};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::Embeddings;
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::secret_field;
use aiva_adapters::sqs::SqsQueue;
use aiva_core::ports::Clock;
use aiva_dialects::telling;
use aiva_kit::batch::Order;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::serve::{self, Error, QueueKind};
use aiva_kit::work::IngestionWorker;
use aiva_kit::{aws, telemetry};

/// One record at a time: each may need most of the sandbox's memory.
const KIND: QueueKind = QueueKind { order: Order::Grouped, concurrency: 1, places: 1, frees: true };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if extract::serve() {
        return Ok(());
    }
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config()?;
    let queue = SqsQueue::connect(&sdk, None, Some(config.delivery_queue_url()?.to_owned()));
    let queue = queue.with_ingestion(Some(config.ingestion_queue_url()?.to_owned()));
    let back = queue.ingestions_back();
    let reach = Reach { queue, vault: NoVault, mailer: NoMailer };
    let objects = ObjectStore::connect(&sdk, config.bucket()?);
    let reach = (reach, objects.clone());
    let own = (SystemClock, OsEntropy);
    let mut settings = config.settings(telling::render);
    if let (Some(arn), Some(github)) = (&config.github_secret, &mut settings.knowledge.github) {
        github.token = Some(secret_field(&sdk, arn, "token").await?);
    }
    if let (Some(arn), Some(drive)) = (&config.drive_secret, &mut settings.knowledge.drive) {
        drive.key = Some(secret_field(&sdk, arn, "apiKey").await?);
    }
    let app = aws_ports::connect_with(&sdk, config.table()?, reach, settings, own);
    let embedder = Embeddings::connect(&config.embedding, Some(&sdk), OsEntropy).await?;
    let limits = IndexLimits { max_editions: 1, ..IndexLimits::of(config.index_bytes) };
    let worker = Arc::new(IngestionWorker {
        app,
        fetch: GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?,
        extract: FileReader::apart(),
        index: MemoryIndex::with_embedder(limits, objects, embedder),
        epoch: 0,
    });
    let work = move |task| Arc::clone(&worker).work(task);
    serve::queue(KIND, work, move |records| back.clone().put(records)).await
}
