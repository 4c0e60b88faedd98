//! `sweep`: pays what is owed.

use aiva_adapters::absent::NoVault;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::mail::Mailer;
use aiva_adapters::payments::PaymentDesk;
use aiva_adapters::secrets::secret_field;
use aiva_adapters::sqs::SqsQueue;
use aiva_core::payment::Provider;
use aiva_core::{outbox, webhook};
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
    let reach = Reach {
        queue: queue.with_ingestion(Some(config.ingestion_queue_url()?.to_owned())),
        vault: NoVault,
        mailer: Mailer::connect(&sdk, config.mail_from.as_deref()),
    };
    let own = (SystemClock, OsEntropy);
    let app = aws_ports::connect(
        &sdk,
        config.table()?,
        reach,
        config.settings(webhook::nothing_to_tell),
        own,
    );
    let desk = match (config.payments.provider, &config.stripe.secret) {
        (Provider::Manual, _) | (Provider::Stripe, None) => PaymentDesk::Manual,
        (Provider::Stripe, Some(arn)) => {
            let key = secret_field(&sdk, arn, "secretKey").await?;
            PaymentDesk::stripe(&config.stripe.base_url, key)?
        }
    };
    serve::schedule(|| async {
        let (report, payments) = outbox::sweep_with(&app, &desk).await?;
        tracing::info!(?report, payments, "swept");
        Ok(())
    })
    .await
}
