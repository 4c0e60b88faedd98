//! `message-submit`: takes a visitor's message.

use aiva_adapters::absent::{NoMailer, NoVault};
use aiva_adapters::aws_ports::{self, Reach};
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
    let reach = Reach {
        queue: SqsQueue::connect(&sdk, Some(generations.to_owned()), Some(deliveries.to_owned())),
        vault: NoVault,
        mailer: NoMailer,
    };
    let own = (SystemClock, OsEntropy);
    let app =
        aws_ports::connect(&sdk, config.table()?, reach, config.settings(telling::render), own);
    aws::warm(aws_ports::warm(&app)).await;
    let edge = Edge::new(app, None);
    let routes = router(edge.clone(), function::message_submit());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::http(routes, arrived, drain).await
}
