//! `reply-generate`: answers the messages of the generation queue and settles them.

use std::sync::Arc;

use aiva_adapters::aws_ports::{Cloud, Places};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::MemoryIndex;
use aiva_adapters::llm::{
    Bedrock, Extractive, OpenAi, OpenAiSettings, Patience, Provider, Scripted,
};
use aiva_core::ports::Clock;
use aiva_kit::batch::Order;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::{Config, ModelChoice};
use aiva_kit::serve::{self, Error, QueueKind};
use aiva_kit::work::GenerationWorker;
use aiva_kit::{aws, telemetry};

type Connected = Cloud<SystemClock, OsEntropy>;

/// Every record of a batch at once: each mostly waits for the model.
const KIND: QueueKind = QueueKind { order: Order::Grouped, concurrency: 10 };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let places = Places {
        table: config.table()?.to_owned(),
        generation_queue_url: config.generation_queue_url.clone(),
        delivery_queue_url: Some(config.delivery_queue_url()?.to_owned()),
        keyring_secret: Some(config.keyring_secret()?.to_owned()),
        ..Places::default()
    };
    let sdk = aws::sdk_config()?;
    let cloud = Connected::connect(&sdk, places, config.settings(), SystemClock, OsEntropy);
    let model = match config.model {
        ModelChoice::Extractive => Provider::Extractive(Extractive),
        ModelChoice::Scripted => Provider::Scripted(Scripted),
        ModelChoice::Bedrock { model } => {
            let client = aws_sdk_bedrockruntime::Client::new(&aws::patient(&sdk));
            Provider::Bedrock(Bedrock::new(client, model, Patience::default(), OsEntropy))
        }
        ModelChoice::OpenAi(choice) => {
            let key = match &choice.secret {
                Some(secret) => Some(cloud.secret_field(secret, "apiKey").await?),
                None => choice.api_key,
            };
            let settings = OpenAiSettings::new(choice.base_url.parse()?, key, choice.model);
            Provider::OpenAi(OpenAi::new(settings, OsEntropy)?)
        }
    };
    aws::warm(cloud.warm()).await;
    let (app, index) = (Arc::clone(&cloud.app), MemoryIndex::default());
    let http = GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?;
    let worker = Arc::new(GenerationWorker { app, model, index, http, epoch: 0 });
    let work = move |task| Arc::clone(&worker).work(task);
    let back = cloud.generations_back();
    serve::queue(KIND, work, move |receipt, after| back.clone().put(receipt, after)).await
}
