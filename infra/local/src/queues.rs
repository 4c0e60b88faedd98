//! The queues, as the deployment's template makes them; but a record is hidden from the start no longer than
//! a worker of the deployment hides it, which is a little longer than its function may take.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::error::StartError;

/// Where the queues are.
#[derive(Debug, Clone)]
pub(crate) struct Queues {
    pub(crate) generation: String,
    pub(crate) delivery: String,
    pub(crate) ingestion: String,
}

/// Receives of one message before it is a dead letter.
const MAX_RECEIVES: u32 = 5;

/// Makes the queues and their dead-letter queues, unless they are there.
pub(crate) async fn create(client: &Client) -> Result<Queues, StartError> {
    let dead_generations = create_queue(client, "aiva-generation-dlq.fifo", &[FIFO]).await?;
    let dead_ingestions = create_queue(client, "aiva-ingestion-dlq.fifo", &[FIFO]).await?;
    let dead_deliveries = create_queue(client, "aiva-deliveries-dlq", &[]).await?;
    let generation = [
        FIFO,
        (QueueAttributeName::VisibilityTimeout, "100"),
        (QueueAttributeName::RedrivePolicy, &redrive(client, &dead_generations).await?),
    ];
    let delivery = [
        (QueueAttributeName::VisibilityTimeout, "180"),
        (QueueAttributeName::RedrivePolicy, &redrive(client, &dead_deliveries).await?),
    ];
    let ingestion = [
        FIFO,
        (QueueAttributeName::VisibilityTimeout, "910"),
        (QueueAttributeName::RedrivePolicy, &redrive(client, &dead_ingestions).await?),
    ];
    Ok(Queues {
        generation: create_queue(client, "aiva-generation.fifo", &generation).await?,
        delivery: create_queue(client, "aiva-deliveries", &delivery).await?,
        ingestion: create_queue(client, "aiva-ingestion.fifo", &ingestion).await?,
    })
}

const FIFO: (QueueAttributeName, &str) = (QueueAttributeName::FifoQueue, "true");

async fn create_queue(
    client: &Client,
    name: &str,
    attributes: &[(QueueAttributeName, &str)],
) -> Result<String, StartError> {
    let attributes: HashMap<QueueAttributeName, String> =
        attributes.iter().map(|(key, value)| (key.clone(), (*value).to_owned())).collect();
    let request = client.create_queue().queue_name(name).set_attributes(Some(attributes));
    let made = request.send().await.map_err(StartError::engine)?;
    made.queue_url.ok_or_else(|| StartError::Engine(format!("{name} has no address")))
}

async fn redrive(client: &Client, dead_letters: &str) -> Result<String, StartError> {
    let wanted = QueueAttributeName::QueueArn;
    let request = client.get_queue_attributes().queue_url(dead_letters);
    let answer = request.attribute_names(wanted.clone()).send().await;
    let answer = answer.map_err(StartError::engine)?;
    let arn = answer.attributes().and_then(|attributes| attributes.get(&wanted)).cloned();
    let arn = arn.ok_or_else(|| StartError::Engine("a queue without an ARN".to_owned()))?;
    let policy = serde_json::json!({ "deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES });
    Ok(policy.to_string())
}
