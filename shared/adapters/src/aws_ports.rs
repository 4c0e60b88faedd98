//! The ports of everything that runs on DynamoDB, SQS and Secrets Manager: wired once, here.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aiva_core::app::{App, Settings};
use aiva_core::error::Result;
use aiva_core::id::WorkspaceId;
use aiva_core::ports::{Clock, Entropy, Ports, Vault, WorkspaceStore};
use aws_types::SdkConfig;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::dynamo::DynamoStore;
use crate::mail::Mailer;
#[cfg(feature = "mail")]
use crate::mail::SesMailer;
use crate::names::SystemNames;
use crate::secrets::{self, RingVault};
use crate::sqs::SqsQueue;

/// The AWS ports with a clock and a source of randomness.
#[derive(Debug)]
pub struct AwsPorts<C, E>(PhantomData<fn() -> (C, E)>);

impl<C: Clock, E: Entropy> Ports for AwsPorts<C, E> {
    type Store = DynamoStore;
    type Queue = SqsQueue;
    type Vault = RingVault<E>;
    type Mailer = Mailer;
    type Names = SystemNames;
    type Clock = C;
    type Entropy = E;
}

/// Where things are; what a function does not use may be absent.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The table's name.
    pub table: String,
    /// The URL of the queue of replies to generate.
    pub generation_queue_url: Option<String>,
    /// The URL of the queue of deliveries.
    pub delivery_queue_url: Option<String>,
    /// The ARN of the key ring.
    pub keyring_secret: Option<String>,
    /// The address that mail comes from; without one no mail is sent.
    pub mail_from: Option<String>,
}

/// An application connected to AWS.
pub struct Cloud<C: Clock, E: Entropy> {
    /// The application.
    pub app: Arc<App<AwsPorts<C, E>>>,
    sqs: aws_sdk_sqs::Client,
    secrets: aws_sdk_secretsmanager::Client,
    places: Places,
}

impl<C: Clock, E: Entropy + Clone> Cloud<C, E> {
    /// Makes the clients; nothing is called yet.
    pub fn connect(
        sdk: &SdkConfig,
        places: Places,
        settings: Settings,
        clock: C,
        entropy: E,
    ) -> Self {
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let secrets = aws_sdk_secretsmanager::Client::new(sdk);
        let dynamo = aws_sdk_dynamodb::Client::new(sdk);
        let ring = places.keyring_secret.clone();
        let app = App {
            store: DynamoStore::new(dynamo, places.table.clone()),
            queue: SqsQueue::new(
                sqs.clone(),
                places.generation_queue_url.clone(),
                places.delivery_queue_url.clone(),
            ),
            vault: RingVault::from_secrets_manager(secrets.clone(), ring, entropy.clone()),
            mailer: mailer(sdk, places.mail_from.as_deref()),
            names: SystemNames,
            clock,
            entropy,
            settings,
        };
        Self { app: Arc::new(app), sqs, secrets, places }
    }

    /// Reads one text field of a secret that is a JSON object.
    ///
    /// # Errors
    /// When the secret cannot be read or has no such field.
    pub async fn secret_field(&self, arn: &str, field: &str) -> Result<SecretString> {
        secrets::secret_field(&self.secrets, arn, field).await
    }

    /// Opens the connections that the first request will need: reads a row that never exists and the
    /// key ring, and sends a message that SQS refuses for having no body. Any outcome is fine.
    pub async fn warm(&self) {
        let nobody = WorkspaceId::new(Timestamp::UNIX_EPOCH, &*self.app);
        let read = self.app.store.workspace(nobody);
        let ring = async {
            if self.places.keyring_secret.is_some() {
                self.app.vault.mac("warm", &[]).await.err()
            } else {
                None
            }
        };
        let queues = [&self.places.generation_queue_url, &self.places.delivery_queue_url];
        let send = async {
            if let Some(url) = queues.into_iter().flatten().next() {
                let refused = self.sqs.send_message().queue_url(url).message_body("").send().await;
                tracing::trace!(refused = refused.is_err(), "the connection to SQS is tried");
            }
        };
        // Once in a process: not worth carrying about in the future of a whole start.
        let (read, ring, ()) = Box::pin(async { tokio::join!(read, ring, send) }).await;
        for error in read.err().into_iter().chain(ring) {
            tracing::warn!(%error, "a connection is not open yet");
        }
    }

    /// Puts failed records of the generation queue back.
    pub fn generations_back(&self) -> PutBack {
        PutBack { client: self.sqs.clone(), url: self.places.generation_queue_url.clone() }
    }

    /// Puts failed records of the delivery queue back.
    pub fn deliveries_back(&self) -> PutBack {
        PutBack { client: self.sqs.clone(), url: self.places.delivery_queue_url.clone() }
    }
}

/// Mail through SES, where there is an address that it comes from.
#[cfg(feature = "mail")]
fn mailer(sdk: &SdkConfig, from: Option<&str>) -> Mailer {
    let client = || aws_sdk_sesv2::Client::new(sdk);
    from.map_or(Mailer::Off, |from| Mailer::Ses(SesMailer::new(client(), from.to_owned())))
}

/// A binary that is built without SES sends no mail.
#[cfg(not(feature = "mail"))]
fn mailer(_sdk: &SdkConfig, _from: Option<&str>) -> Mailer {
    Mailer::Off
}

/// Makes failed records of one queue visible again when they should be tried.
#[derive(Debug, Clone)]
pub struct PutBack {
    client: aws_sdk_sqs::Client,
    url: Option<String>,
}

/// The longest time that SQS hides a message, in seconds.
const MAX_HIDDEN_SECONDS: u64 = 43_200;

impl PutBack {
    /// Shows a record again after a time. Where that fails, or the queue is not known, the record waits
    /// for the queue's visibility timeout.
    pub async fn put(self, receipt: String, after: Duration) {
        let Some(url) = self.url else { return };
        let seconds = after.as_secs().min(MAX_HIDDEN_SECONDS);
        let request = self.client.change_message_visibility().queue_url(url);
        let request = request.receipt_handle(receipt);
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        if let Err(error) = request.visibility_timeout(seconds).send().await {
            let error = aws_sdk_sqs::error::DisplayErrorContext(error);
            tracing::warn!(%error, "a failed record waits for its visibility timeout");
        }
    }
}
