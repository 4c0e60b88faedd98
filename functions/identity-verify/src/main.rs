//! `identity-verify`: mails the links that verify end users, and serves the page behind them.

use aiva_adapters::absent::NoVault;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::mail::Mailer;
use aiva_adapters::sqs::SqsQueue;
use aiva_dialects::{Edge, arrived, function, router, telling};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    config.public_url()?;
    let sdk = aws::sdk_config_for_answers()?;
    let deliveries = config.delivery_queue_url()?.to_owned();
    let reach = Reach {
        queue: SqsQueue::connect(&sdk, None, Some(deliveries)),
        vault: NoVault,
        mailer: Mailer::connect(&sdk, config.mail_from.as_deref()),
    };
    let own = (SystemClock, OsEntropy);
    let app =
        aws_ports::connect(&sdk, config.table()?, reach, config.settings(telling::render), own);
    aws::warm(aws_ports::warm(&app)).await;
    let edge = Edge::new(app, None);
    let routes = router(edge.clone(), function::identity_verify());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::http(routes, arrived, drain).await
}
