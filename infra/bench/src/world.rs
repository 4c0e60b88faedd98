//! The product over embedded engines that count, one step at a time.

use std::sync::Arc;
use std::time::Duration;

use aiva_adapters::aws_ports::{AwsPorts, Everything};
use aiva_adapters::dynamo::{DynamoStore, create_table};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::MemoryIndex;
use aiva_adapters::llm::Extractive;
use aiva_adapters::mail::Mailer;
use aiva_adapters::names::SystemNames;
use aiva_adapters::objects::ObjectStore;
use aiva_adapters::secrets::{RingSource, RingVault};
use aiva_adapters::sqs::SqsQueue;
use aiva_core::app::{App, IdentitySettings, Settings};
use aiva_core::delivery::RetrySchedule;
use aiva_core::egress::EgressPolicy;
use aiva_core::knowledge::KnowledgeSettings;
use aiva_core::ports::Clock as _;
use aiva_dialects::{Edge, function, router};
use aiva_embedded::{ClientOptions, Clock, EmbeddedDynamo, EmbeddedSqs, Recorder};
use aiva_kit::batch::{Disposition, Record, Task};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::work::{DeliveryWorker, GenerationWorker, ModelDesk};
use aws_sdk_dynamodb::Client as DynamoClient;
use aws_sdk_sqs::Client as SqsClient;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use crate::Result;
use crate::cost::Cost;
use crate::receiver::Receiver;
use crate::tenant::{Credential, Tenant, message, unique};

pub(crate) type BenchDesk = Arc<ModelDesk<Extractive, MemoryIndex, GuardedHttp>>;
pub(crate) type BenchPorts = AwsPorts<SystemClock, OsEntropy, Everything<OsEntropy>, BenchDesk>;
pub(crate) type Worker = GenerationWorker<BenchPorts, BenchDesk>;

pub(crate) const TABLE: &str = "aiva";
/// The whole ring, as the secret holds it.
pub(crate) const RING: &str =
    r#"{"current":"v1","v1":"a-key-that-seals-nothing-but-benchmarks-000000"}"#;
const MAX_ANSWER_BYTES: usize = 1 << 20;
const TIME_LIMIT: Duration = Duration::from_secs(60);
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// The engines, the application over them, and what the steps consumed.
pub(crate) struct World {
    pub(crate) dynamo: EmbeddedDynamo,
    pub(crate) sqs: EmbeddedSqs,
    pub(crate) generation_url: String,
    pub(crate) delivery_url: String,
    pub(crate) ingestion_url: String,
    pub(crate) app: Arc<App<BenchPorts>>,
    pub(crate) tenant: Tenant,
    /// A key with a callback, and one without.
    pub(crate) called_back: Credential,
    pub(crate) silent: Credential,
    pub(crate) recorder: Recorder,
    /// Where the callbacks go, for as long as this lives.
    _receiver: Receiver,
    edge: Arc<Edge<BenchPorts>>,
    router: Router,
    generation: Arc<Worker>,
    delivery: Arc<DeliveryWorker<BenchPorts, GuardedHttp>>,
    queue: SqsClient,
}

/// What the three steps of a message's life consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) submit: Cost,
    pub(crate) generate: Cost,
    pub(crate) deliver: Cost,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    /// Makes the product in memory, with one tenant.
    pub(crate) async fn new() -> Result<Self> {
        let dynamo = EmbeddedDynamo::memory()?;
        let sqs = EmbeddedSqs::memory(Clock::System)?;
        let queue = sqs.client();
        create_table(&dynamo.client(), TABLE).await?;
        let generation_url = create_queue(&queue, "generation.fifo").await?;
        let delivery_url = create_queue(&queue, "deliveries").await?;
        let ingestion_url = create_queue(&queue, "ingestion.fifo").await?;
        let recorder = Recorder::new();
        let options =
            ClientOptions { recorder: Some(recorder.clone()), ..ClientOptions::default() };
        let urls = [&generation_url, &delivery_url, &ingestion_url].map(String::as_str);
        let app = Arc::new(application(dynamo.client_with(&options), sqs.client(), urls)?);
        let receiver = Receiver::start().await?;
        let tenant = Tenant::create(&*app).await?;
        let called_back = tenant.key(&*app, Some(&receiver.url)).await?;
        let silent = tenant.key(&*app, None).await?;
        let http = GuardedHttp::new(policy(), Resolution::System, || SystemClock.now())?;
        let desk: BenchDesk = Arc::new(ModelDesk {
            model: Extractive,
            index: MemoryIndex::default(),
            http: http.clone(),
            epoch: 0,
        });
        let edge = Edge::with_desk(Arc::clone(&app), None, Arc::clone(&desk));
        let router = router(Arc::clone(&edge), function::everything());
        let (app_of_generation, app_of_delivery) = (Arc::clone(&app), Arc::clone(&app));
        let generation = Arc::new(Worker { app: app_of_generation, desk });
        let delivery = Arc::new(DeliveryWorker {
            app: app_of_delivery,
            http,
            epoch: 0,
            timeout: CALLBACK_TIMEOUT,
            schedule: RetrySchedule::default(),
            away: aiva_kit::work::Away::default(),
        });
        Ok(Self {
            dynamo,
            sqs,
            generation_url,
            delivery_url,
            ingestion_url,
            app,
            tenant,
            called_back,
            silent,
            _receiver: receiver,
            recorder,
            edge,
            router,
            generation,
            delivery,
            queue,
        })
    }

    /// The same deployment over other clients.
    pub(crate) fn beside(&self, dynamo: DynamoClient, sqs: SqsClient) -> Result<Router> {
        let urls = [&self.generation_url, &self.delivery_url, &self.ingestion_url];
        let app = application(dynamo, sqs, urls.map(String::as_str))?;
        let desk = Arc::clone(&self.generation.desk);
        Ok(router(Edge::with_desk(Arc::new(app), None, desk), function::everything()))
    }

    /// Sends a request through the router and waits until its log is written.
    pub(crate) async fn call(&self, request: Request<Body>) -> Result<Answer> {
        let answer = ask(&self.router, request).await?;
        self.edge.drain().await;
        Ok(answer)
    }

    /// Submits one message, which must be queued, and returns what it consumed.
    pub(crate) async fn submit(
        &self,
        key: &Credential,
        conversation: &str,
        user: Option<&str>,
    ) -> Result<Cost> {
        self.recorder.take();
        let answer = self.call(submission(key, conversation, user)?).await?;
        if answer.status != StatusCode::ACCEPTED {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(format!("a submit was answered {}: {text}", answer.status).into());
        }
        Ok(Cost::taken(&self.recorder))
    }

    /// Generates the reply that the queue asks for next, and returns what it consumed.
    pub(crate) async fn generate(&self) -> Result<Cost> {
        let message = self.receive_one(&self.generation_url).await?;
        let work = Box::pin(Arc::clone(&self.generation).work(task(&message)));
        self.measured(work, &self.generation_url, &message).await
    }

    /// Makes the attempt that the queue asks for next, and returns what it consumed.
    pub(crate) async fn deliver(&self) -> Result<Cost> {
        let message = self.receive_one(&self.delivery_url).await?;
        let work = Box::pin(Arc::clone(&self.delivery).work(task(&message)));
        self.measured(work, &self.delivery_url, &message).await
    }

    /// The whole life of one message.
    pub(crate) async fn life(&self, conversation: &str, user: Option<&str>) -> Result<Life> {
        let submit = self.submit(&self.called_back, conversation, user).await?;
        let generate = self.generate().await?;
        let deliver = self.deliver().await?;
        Ok(Life { submit, generate, deliver })
    }

    /// Takes the next messages off a queue, at least one and at most ten.
    pub(crate) async fn receive(&self, queue_url: &str, at_most: i32) -> Result<Vec<Message>> {
        let request = self.queue.receive_message().queue_url(queue_url).wait_time_seconds(2);
        let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = request.max_number_of_messages(at_most).send().await?;
        let messages = answer.messages.filter(|messages| !messages.is_empty());
        Ok(messages.ok_or("the queue is empty")?)
    }

    async fn receive_one(&self, queue_url: &str) -> Result<Message> {
        let messages = self.receive(queue_url, 1).await?;
        Ok(messages.into_iter().next().ok_or("the queue is empty")?)
    }

    /// Deletes a message that is done with.
    pub(crate) async fn delete(&self, queue_url: &str, message: &Message) -> Result<()> {
        let request = self.queue.delete_message().queue_url(queue_url);
        request.set_receipt_handle(message.receipt_handle.clone()).send().await?;
        Ok(())
    }

    async fn measured(
        &self,
        work: impl Future<Output = Disposition>,
        queue_url: &str,
        message: &Message,
    ) -> Result<Cost> {
        self.recorder.take();
        let disposition = work.await;
        if disposition != Disposition::Done {
            return Err(format!("a worker answered {disposition:?}").into());
        }
        let cost = Cost::taken(&self.recorder);
        self.delete(queue_url, message).await?;
        Ok(cost)
    }
}

/// Sends one request through a router.
pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Result<Answer> {
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_ANSWER_BYTES).await?;
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

/// `POST /api/v1/messages`.
pub(crate) fn submission(
    key: &Credential,
    conversation: &str,
    user: Option<&str>,
) -> Result<Request<Body>> {
    let request = Request::post("/api/v1/messages")
        .header("authorization", format!("Bearer {}", key.token))
        .header("content-type", "application/json");
    Ok(request.body(Body::from(message(conversation, user).to_string()))?)
}

/// What stands in a message of a queue, as a worker gets it.
pub(crate) fn task(message: &Message) -> Task {
    let record = Record {
        id: message.message_id.clone().unwrap_or_default(),
        body: message.body.clone().unwrap_or_default(),
        group: group(message),
        receive_count: 1,
    };
    Task { record, holder: unique("bench-"), time_left: TIME_LIMIT }
}

/// The group of a message.
pub(crate) fn group(message: &Message) -> Option<String> {
    message.attributes.as_ref()?.get(&MessageSystemAttributeName::MessageGroupId).cloned()
}

fn application(dynamo: DynamoClient, sqs: SqsClient, urls: [&str; 3]) -> Result<App<BenchPorts>> {
    let [generation, delivery, ingestion] = urls.map(|url| Some(url.to_owned()));
    Ok(App {
        store: DynamoStore::new(dynamo, TABLE.to_owned()),
        queue: SqsQueue::new(sqs, generation, delivery).with_ingestion(ingestion),
        objects: ObjectStore::Off,
        mailer: Mailer::Off,
        names: SystemNames::default(),
        vault: RingVault::new(RingSource::Fixed(RING.into()), OsEntropy),
        clock: SystemClock,
        entropy: OsEntropy,
        settings: Settings {
            powered_by: "Assistify".to_owned(),
            egress: policy(),
            outbox_grace_ms: 60_000,
            answer_within_ms: 27_000,
            stream_within_ms: 27_000,
            write_within_ms: 85_000,
            render: aiva_dialects::telling::render,
            identity: IdentitySettings::default(),
            payments: aiva_core::payment::PaymentSettings::default(),
            knowledge: KnowledgeSettings::default(),
        },
    })
}

fn policy() -> EgressPolicy {
    EgressPolicy { local: true, ..EgressPolicy::default() }
}

async fn create_queue(client: &SqsClient, name: &str) -> Result<String> {
    let mut request = client.create_queue().queue_name(name);
    request = request.attributes(QueueAttributeName::VisibilityTimeout, "540");
    if name.ends_with(".fifo") {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    let made = request.send().await?;
    Ok(made.queue_url.ok_or("a queue without an address")?)
}

/// The operator's secret, as the function reads it.
pub(crate) fn operator_secret(token: &str) -> String {
    json!({ "operatorToken": token }).to_string()
}
