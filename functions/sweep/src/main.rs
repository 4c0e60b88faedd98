//! `sweep`: pays what is owed.

use aiva_adapters::absent::{NoMailer, NoVault};
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::sqs::SqsQueue;
use aiva_core::outbox;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config()?;
    let (generations, deliveries) = (config.generation_queue_url()?, config.delivery_queue_url()?);
    let queue = SqsQueue::connect(&sdk, Some(generations.to_owned()), Some(deliveries.to_owned()));
    let reach = Reach { queue, vault: NoVault, mailer: NoMailer };
    let own = (SystemClock, OsEntropy);
    let app = aws_ports::connect(&sdk, config.table()?, reach, config.settings(), own);
    serve::schedule(|| async {
        let report = outbox::sweep(&app).await?;
        tracing::info!(generations = report.generations, deliveries = report.deliveries, "swept");
        Ok(())
    })
    .await
}
