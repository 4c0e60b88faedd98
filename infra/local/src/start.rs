//! Starting everything, in the order in which it depends on each other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aiva_adapters::dynamo::{DynamoStore, create_table};
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_adapters::llm::{Embeddings, Provider as ModelProvider};
use aiva_adapters::mail::{FileMailer, Mailer};
use aiva_adapters::names::SystemNames;
use aiva_adapters::objects::{FolderObjects, ObjectStore};
use aiva_adapters::payments::PaymentDesk;
use aiva_adapters::secrets::{RingSource, RingVault};
use aiva_adapters::sqs::SqsQueue;
use aiva_core::app::App;
use aiva_core::knowledge::EmbeddingChoice;
use aiva_core::payment::Provider;
use aiva_core::ports::Clock;
use aiva_core::reply::ModelChoice;
use aiva_dialects::{Edge, function, router, telling};
use aiva_embedded::{Clock as EngineClock, EmbeddedDynamo, EmbeddedSqs};
use aiva_kit::aws;
use aiva_kit::batch::{Order, Task};
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::work::{Away, DeliveryWorker, GenerationWorker, IngestionWorker, ModelDesk};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::{DataDir, new_secret};
use crate::demo;
use crate::error::StartError;
use crate::floor::Places;
use crate::poll::{Poller, Stop};
use crate::queues::{self, Queues};
use crate::runtime::{LocalDesk, LocalPorts, Runtime};
use crate::{http, tend};

const TABLE: &str = "aiva";
/// Replies generated at once, at most.
const GENERATION_DESKS: u32 = 64;
/// Callbacks on their way at once, at most.
const DELIVERY_DESKS: u32 = 256;
/// Of them, callbacks to one endpoint: at first, and once it has shown that it answers.
const ENDPOINT_PLACES: Places = Places { first: 16, most: 64 };
/// As long as the functions may take on AWS.
const GENERATION_TIME: Duration = Duration::from_secs(90);
const DELIVERY_TIME: Duration = Duration::from_secs(30);
/// Projects whose knowledge is taken in at once, at most.
const INGESTION_DESKS: u32 = 2;
const INGESTION_TIME: Duration = Duration::from_secs(840);

/// The embedded engines, ready for use.
struct Engines {
    dynamo: EmbeddedDynamo,
    sqs: aws_sdk_sqs::Client,
    queues: Queues,
}

pub(crate) async fn start(config: Config) -> Result<Runtime, StartError> {
    if !config.bind.is_loopback() && !config.allow_public_bind {
        return Err(StartError::PublicBind(config.bind));
    }
    let dir = DataDir::open(&config.data_dir)?;
    let wanted = SocketAddr::new(config.bind, config.port);
    let listener = TcpListener::bind(wanted).await;
    let listener = listener.map_err(|error| StartError::Listen { address: wanted, error })?;
    let address = listener.local_addr();
    let address = address.map_err(|error| StartError::Listen { address: wanted, error })?;
    let engines = open_engines(&config, &dir).await?;
    let epoch = dir.next_epoch()?;
    let upload_secret = dir.secret("upload-secret", new_secret)?;
    let base_url = format!("http://{address}");
    let objects = FolderObjects::new(dir.path("objects"), upload_secret.into(), base_url);
    let app = Arc::new(application((&config, address), (&dir, &objects), &engines)?);
    let token = match &config.operator_token {
        Some(token) => token.expose_secret().to_owned(),
        None => dir.secret("operator-token", new_secret)?,
    };
    let demo = demo::prepare(&*app, &dir, &format!("http://{address}"), &token).await?;

    let (stop, tasks) = (Stop::default(), TaskTracker::new());
    let payments = payment_desk(&config)?;
    let webhook = config.product.stripe.webhook_secret.clone();
    let desk: LocalDesk = Arc::new(ModelDesk {
        model: model(&config.product.model).await?,
        index: MemoryIndex::with_embedder(
            IndexLimits::of(config.product.index_bytes),
            ObjectStore::Folder(objects.clone()),
            embeddings(&config.product.embedding).await?,
        ),
        http: guarded(&config)?,
        epoch,
    });
    let secrets = (Some(token.into()), webhook);
    let edge = Edge::with_all(Arc::clone(&app), secrets, Arc::clone(&desk));
    let product = router(Arc::clone(&edge), function::everything());
    let routes = http::routes(product, dir.path("mail"), objects);
    let serving = http::serve(listener, routes, stop.soft.clone().cancelled_owned());
    let hard = stop.hard.clone();
    tasks.spawn(async move { hard.run_until_cancelled(serving).await });
    let embedder = embeddings(&config.product.embedding).await?;
    let pollers = Pollers { config: &config, app: &app, engines: &engines, desk: &desk, epoch };
    pollers.start(embedder, &stop, &tasks)?;
    tasks.spawn(tend::sweep(Arc::clone(&app), payments, stop.clone()));
    tasks.spawn(tend::expire(engines.dynamo, stop.clone()));
    Ok(Runtime { address, demo, app, edge, stop, tasks, _dir: dir })
}

/// Who writes the replies. Credentials of AWS are asked for only where the choice needs them.
async fn model(choice: &ModelChoice) -> Result<ModelProvider<OsEntropy>, StartError> {
    let sdk = choice.needs_aws().then(aws::sdk_config).transpose()?;
    let model = ModelProvider::connect(choice, sdk.as_ref(), OsEntropy).await;
    model.map_err(|error| StartError::Model(error.to_string()))
}

/// Who turns texts into vectors; credentials as above.
async fn embeddings(choice: &EmbeddingChoice) -> Result<Embeddings<OsEntropy>, StartError> {
    let sdk = choice.needs_aws().then(aws::sdk_config).transpose()?;
    let embedder = Embeddings::connect(choice, sdk.as_ref(), OsEntropy).await;
    embedder.map_err(|error| StartError::Model(error.to_string()))
}

/// Stripe where it is chosen and its key is known, people otherwise.
fn payment_desk(config: &Config) -> Result<PaymentDesk, StartError> {
    let stripe = &config.product.stripe;
    match (config.product.payments.provider, &stripe.secret_key) {
        (Provider::Stripe, Some(key)) => {
            PaymentDesk::stripe(&stripe.base_url, key.clone()).map_err(StartError::engine)
        }
        (Provider::Stripe, None) | (Provider::Manual, _) => Ok(PaymentDesk::Manual),
    }
}

async fn open_engines(config: &Config, dir: &DataDir) -> Result<Engines, StartError> {
    let dynamo = EmbeddedDynamo::open(&dir.path("dynamo.db")).map_err(StartError::engine)?;
    let queues = EmbeddedSqs::open(&dir.path("sqs.db"), EngineClock::System);
    let queues = queues.map_err(StartError::engine)?;
    // Whoever held these messages ended with the process before this one.
    queues.release_in_flight().map_err(StartError::engine)?;
    // What is made at the start is made through clients without injected faults.
    create_table(&dynamo.client(), TABLE).await.map_err(StartError::engine)?;
    let made = queues::create(&queues.client()).await?;
    Ok(Engines { dynamo, sqs: queues.client_with(&config.sqs), queues: made })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn application(
    (config, address): (&Config, SocketAddr),
    (dir, objects): (&DataDir, &FolderObjects),
    engines: &Engines,
) -> Result<App<LocalPorts>, StartError> {
    let ring = dir.secret("key-ring.json", || {
        serde_json::json!({ "current": "v1", "v1": new_secret() }).to_string()
    })?;
    let vault = RingVault::new(RingSource::Fixed(ring.into()), OsEntropy);
    let queues = &engines.queues;
    let mut settings = config.product.settings(telling::render);
    settings.outbox_grace_ms = millis(config.outbox_grace);
    settings.answer_within_ms = millis(config.answer_within);
    settings.stream_within_ms = millis(config.stream_within);
    settings.identity.public_url.get_or_insert_with(|| format!("http://{address}"));
    Ok(App {
        store: DynamoStore::new(engines.dynamo.client_with(&config.dynamo), TABLE.to_owned()),
        queue: SqsQueue::new(
            engines.sqs.clone(),
            Some(queues.generation.clone()),
            Some(queues.delivery.clone()),
        )
        .with_ingestion(Some(queues.ingestion.clone())),
        vault,
        objects: ObjectStore::Folder(objects.clone()),
        mailer: Mailer::Files(FileMailer::new(dir.path("mail"), || SystemClock.now())),
        names: SystemNames::default(),
        clock: SystemClock,
        entropy: OsEntropy,
        settings,
    })
}

/// The way out, for callbacks and tools.
fn guarded(config: &Config) -> Result<GuardedHttp, StartError> {
    let egress = config.product.egress.clone();
    let http = GuardedHttp::new(egress, Resolution::System, || SystemClock.now());
    http.map_err(StartError::engine)
}

/// What the pollers are made from.
struct Pollers<'a> {
    config: &'a Config,
    app: &'a Arc<App<LocalPorts>>,
    engines: &'a Engines,
    desk: &'a LocalDesk,
    epoch: u64,
}

impl Pollers<'_> {
    fn start(
        &self,
        embedder: Embeddings<OsEntropy>,
        stop: &Stop,
        tasks: &TaskTracker,
    ) -> Result<(), StartError> {
        let product = &self.config.product;
        let desk = Arc::clone(self.desk);
        let generation = Arc::new(GenerationWorker { app: Arc::clone(self.app), desk });
        let delivery = Arc::new(DeliveryWorker {
            app: Arc::clone(self.app),
            http: guarded(self.config)?,
            epoch: self.epoch,
            timeout: product.callback_timeout,
            schedule: product.callback_retries.clone(),
            away: Away::default(),
        });
        // The builder keeps none, and builds none that the readers cannot open.
        let limits = IndexLimits { max_editions: 1, ..IndexLimits::of(product.index_bytes) };
        let ingestion = Arc::new(IngestionWorker {
            app: Arc::clone(self.app),
            fetch: guarded(self.config)?,
            extract: self.config.reader.clone(),
            index: MemoryIndex::with_embedder(limits, self.app.objects.clone(), embedder),
            epoch: self.epoch,
        });
        let knowledge = Poller {
            client: self.engines.sqs.clone(),
            queue_url: self.engines.queues.ingestion.clone(),
            epoch: self.epoch,
            order: Order::Grouped,
            desks: INGESTION_DESKS,
            places: Places { first: INGESTION_DESKS, most: INGESTION_DESKS },
            time_limit: INGESTION_TIME,
            work: move |task: Task| Arc::clone(&ingestion).work(task),
        };
        let replies = Poller {
            client: self.engines.sqs.clone(),
            queue_url: self.engines.queues.generation.clone(),
            epoch: self.epoch,
            order: Order::Grouped,
            desks: GENERATION_DESKS,
            places: Places { first: GENERATION_DESKS, most: GENERATION_DESKS },
            time_limit: GENERATION_TIME,
            work: move |task: Task| Arc::clone(&generation).work(task),
        };
        let callbacks = Poller {
            client: self.engines.sqs.clone(),
            queue_url: self.engines.queues.delivery.clone(),
            epoch: self.epoch,
            order: Order::Free,
            desks: DELIVERY_DESKS,
            places: ENDPOINT_PLACES,
            time_limit: DELIVERY_TIME,
            work: move |task: Task| Arc::clone(&delivery).work(task),
        };
        tasks.spawn(knowledge.run(stop.clone(), tasks.clone()));
        tasks.spawn(replies.run(stop.clone(), tasks.clone()));
        tasks.spawn(callbacks.run(stop.clone(), tasks.clone()));
        Ok(())
    }
}
