//! `callback-deliver`: signs and sends callbacks, and schedules those that failed.

use std::sync::Arc;

use aiva_adapters::aws_ports::{Cloud, Places};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_core::ports::Clock;
use aiva_kit::batch::Order;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::serve::{self, Error, QueueKind};
use aiva_kit::work::DeliveryWorker;
use aiva_kit::{aws, telemetry};

type Connected = Cloud<SystemClock, OsEntropy>;

/// Every record of a batch at once: each mostly waits for somebody else's endpoint.
const KIND: QueueKind = QueueKind { order: Order::Free, concurrency: 10 };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let places = Places {
        table: config.table()?.to_owned(),
        delivery_queue_url: Some(config.delivery_queue_url()?.to_owned()),
        keyring_secret: Some(config.keyring_secret()?.to_owned()),
        ..Places::default()
    };
    let sdk = aws::sdk_config()?;
    let cloud = Connected::connect(&sdk, places, config.settings(), SystemClock, OsEntropy);
    aws::warm(cloud.warm()).await;
    let worker = Arc::new(DeliveryWorker {
        app: Arc::clone(&cloud.app),
        http: GuardedHttp::new(config.egress, Resolution::System, || SystemClock.now())?,
        epoch: 0,
        timeout: config.callback_timeout,
        schedule: config.callback_retries,
    });
    let work = move |task| Arc::clone(&worker).work(task);
    let back = cloud.deliveries_back();
    serve::queue(KIND, work, move |receipt, after| back.clone().put(receipt, after)).await
}
