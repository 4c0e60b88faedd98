//! `callback-deliver`: signs and sends callbacks, and schedules those that failed.

use std::sync::Arc;

use aiva_adapters::absent::NoMailer;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::secrets::RingVault;
use aiva_adapters::sqs::SqsQueue;
use aiva_core::ports::Clock;
use aiva_core::webhook;
use aiva_kit::batch::Order;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::serve::{self, Error, QueueKind};
use aiva_kit::work::{Away, DeliveryWorker};
use aiva_kit::{aws, telemetry};

/// Every record of a batch at once, as each mostly waits for somebody else's endpoint; but of one endpoint
/// no more than it takes to find out that it is away.
const KIND: QueueKind = QueueKind { order: Order::Free, concurrency: 10, places: 5, frees: false };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config()?;
    let deliveries = config.delivery_queue_url()?.to_owned();
    let queue = SqsQueue::connect(&sdk, None, Some(deliveries));
    let back = queue.deliveries_back();
    let vault = RingVault::connect(&sdk, config.keyring_secret()?, OsEntropy);
    let reach = Reach { queue, vault, mailer: NoMailer };
    let own = (SystemClock, OsEntropy);
    let app = aws_ports::connect(
        &sdk,
        config.table()?,
        reach,
        config.settings(webhook::nothing_to_tell),
        own,
    );
    aws::warm(aws_ports::warm(&app)).await;
    let worker = Arc::new(DeliveryWorker {
        app,
        http: GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?,
        epoch: 0,
        timeout: config.callback_timeout,
        schedule: config.callback_retries,
        away: Away::default(),
    });
    let work = move |task| Arc::clone(&worker).work(task);
    serve::queue(KIND, work, move |records| back.clone().put(records)).await
}
