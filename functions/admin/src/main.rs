//! `admin`: the operator API.

use aiva_adapters::absent::NoMailer;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::{RingVault, operator_token, secret_field};
use aiva_adapters::sqs::SqsQueue;
use aiva_dialects::{Edge, arrived, function, router, telling};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config_for_answers()?;
    let (generations, deliveries) = (config.generation_queue_url()?, config.delivery_queue_url()?);
    let ingestions = Some(config.ingestion_queue_url()?.to_owned());
    let queue = SqsQueue::connect(&sdk, Some(generations.to_owned()), Some(deliveries.to_owned()));
    let reach = Reach {
        queue: queue.with_ingestion(ingestions),
        vault: RingVault::connect(&sdk, config.keyring_secret()?, OsEntropy),
        mailer: NoMailer,
    };
    let own = (SystemClock, OsEntropy);
    let reach = (reach, ObjectStore::connect(&sdk, config.bucket()?));
    let settings = config.settings(telling::render);
    let app = aws_ports::connect_with(&sdk, config.table()?, reach, settings, own);
    let webhook = match &config.stripe.secret {
        Some(arn) => Some(secret_field(&sdk, arn, "webhookSecret").await?),
        None => None,
    };
    let token = operator_token(&sdk, config.operator_secret()?).await?;
    aws::warm(aws_ports::warm(&app)).await;
    let edge = Edge::with_payments(app, Some(token), webhook);
    let routes = router(edge.clone(), function::admin());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::http(routes, arrived, drain).await
}
