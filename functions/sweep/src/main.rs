//! `sweep`: pays what is owed.

use aiva_adapters::aws_ports::{Cloud, Places};
use aiva_core::outbox;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let places = Places {
        table: config.table()?.to_owned(),
        generation_queue_url: Some(config.generation_queue_url()?.to_owned()),
        delivery_queue_url: Some(config.delivery_queue_url()?.to_owned()),
        ..Places::default()
    };
    let sdk = aws::sdk_config()?;
    let cloud = Cloud::connect(&sdk, places, config.settings(), SystemClock, OsEntropy);
    serve::schedule(|| async {
        let report = outbox::sweep(&cloud.app).await?;
        tracing::info!(generations = report.generations, deliveries = report.deliveries, "swept");
        Ok(())
    })
    .await
}
