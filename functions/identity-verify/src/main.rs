//! `identity-verify`: mails the links that verify end users, and serves the page behind them.

use aiva_adapters::aws_ports::{Cloud, Places};
use aiva_dialects::{Edge, SourceAddress, function, router};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::config::Config;
use aiva_kit::{aws, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let config = Config::from_env()?;
    telemetry::json(&config.log)?;
    config.public_url()?;
    let places = Places {
        table: config.table()?.to_owned(),
        delivery_queue_url: Some(config.delivery_queue_url()?.to_owned()),
        mail_from: config.mail_from.clone(),
        ..Places::default()
    };
    let sdk = aws::sdk_config()?;
    let cloud = Cloud::connect(&sdk, places, config.settings(), SystemClock, OsEntropy);
    aws::warm(cloud.warm()).await;
    let edge = Edge::new(cloud.app, None);
    let routes = router(edge.clone(), function::identity_verify());
    let source = |address: &str| SourceAddress(address.to_owned());
    let drain = move || {
        let edge = edge.clone();
        async move { edge.drain().await }
    };
    serve::http(routes, source, drain).await
}
