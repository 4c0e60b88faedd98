//! `chat`: answers messages while their senders wait, and serves what belongs to those dialects.

use aiva_adapters::absent::NoMailer;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::{Embeddings, Provider};
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::RingVault;
use aiva_adapters::sqs::SqsQueue;
use aiva_core::ports::Clock;
use aiva_dialects::{Edge, arrived, function, router, telling};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::work::ModelDesk;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config_for_answers()?;
    let (generations, deliveries) = (config.generation_queue_url()?, config.delivery_queue_url()?);
    let reach = Reach {
        queue: SqsQueue::connect(&sdk, Some(generations.to_owned()), Some(deliveries.to_owned())),
        vault: RingVault::connect(&sdk, config.keyring_secret()?, OsEntropy),
        mailer: NoMailer,
    };
    let objects = ObjectStore::connect(&sdk, config.bucket()?);
    let embedder = Embeddings::connect(&config.embedding, Some(&sdk), OsEntropy).await?;
    let limits = IndexLimits::of(config.index_bytes);
    let index = MemoryIndex::with_embedder(limits, objects.clone(), embedder);
    let (own, settings) = ((SystemClock, OsEntropy), config.settings(telling::render));
    let reach = (reach, objects);
    let app = aws_ports::connect_with_desk(&sdk, config.table()?, reach, settings, own);
    let model = Provider::connect(&config.model, Some(&sdk), OsEntropy).await?;
    aws::warm(aws_ports::warm(&app)).await;
    let http = GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?;
    let edge = Edge::with_desk(app, None, ModelDesk { model, index, http, epoch: 0 });
    let routes = router(edge.clone(), function::chat());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::whole_or_streamed(config.stream_answers, routes, arrived, drain).await
}
