//! `reply-generate`: answers the messages of the generation queue and settles them.

use std::sync::Arc;

use aiva_adapters::absent::NoMailer;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::{Embeddings, Provider};
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::RingVault;
use aiva_adapters::sqs::SqsQueue;
use aiva_core::ports::Clock;
use aiva_dialects::telling;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::serve::{self, Error, QueueKind};
use aiva_kit::work::{GenerationWorker, ModelDesk};
use aiva_kit::{aws, batch, telemetry};

/// Every record of a batch at once: each mostly waits for the model.
const KIND: QueueKind =
    QueueKind { order: batch::Order::Grouped, concurrency: 10, places: 10, frees: true };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config()?;
    let deliveries = Some(config.delivery_queue_url()?.to_owned());
    let queue = SqsQueue::connect(&sdk, config.generation_queue_url.clone(), deliveries);
    let back = queue.generations_back();
    let vault = RingVault::connect(&sdk, config.keyring_secret()?, OsEntropy);
    let objects = ObjectStore::connect(&sdk, config.bucket()?);
    let embedder = Embeddings::connect(&config.embedding, Some(&sdk), OsEntropy).await?;
    let limits = IndexLimits::of(config.index_bytes);
    let index = MemoryIndex::with_embedder(limits, objects.clone(), embedder);
    let reach = (Reach { queue, vault, mailer: NoMailer }, objects);
    let (own, settings) = ((SystemClock, OsEntropy), config.settings(telling::render));
    let app = aws_ports::connect_with(&sdk, config.table()?, reach, settings, own);
    let model = Provider::connect(&config.model, Some(&sdk), OsEntropy).await?;
    aws::warm(aws_ports::warm(&app)).await;
    let http = GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?;
    let desk = ModelDesk { model, index, http, epoch: 0 };
    let worker = Arc::new(GenerationWorker { app, desk });
    let work = move |task| Arc::clone(&worker).work(task);
    serve::queue(KIND, work, move |records| back.clone().put(records)).await
}
