//! `knowledge-manage`: takes, lists and deletes sources of knowledge in the dialects that have them.

use aiva_adapters::absent::NoMailer;
use aiva_adapters::aws_ports::{self, Reach};
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::RingVault;
use aiva_adapters::sqs::SqsQueue;
use aiva_dialects::{Edge, arrived, function, router, telling};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::work::WaitingRoom;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    let sdk = aws::sdk_config_for_answers()?;
    let ingestions = config.ingestion_queue_url()?.to_owned();
    let reach = Reach {
        queue: SqsQueue::connect(&sdk, None, None).with_ingestion(Some(ingestions)),
        vault: RingVault::connect(&sdk, config.keyring_secret()?, OsEntropy),
        mailer: NoMailer,
    };
    let (own, settings) = ((SystemClock, OsEntropy), config.settings(telling::render));
    let reach = (reach, ObjectStore::connect(&sdk, config.bucket()?));
    let app = aws_ports::connect_with_desk(&sdk, config.table()?, reach, settings, own);
    aws::warm(aws_ports::warm(&app)).await;
    let edge = Edge::with_desk(app, None, WaitingRoom);
    let routes = router(edge.clone(), function::knowledge_manage());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::http(routes, arrived, drain).await
}
