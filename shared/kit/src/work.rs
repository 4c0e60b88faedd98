//! The workers, from a record of a queue to its disposition.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::app::App;
use aiva_core::delivery::{self, DeliverySettings, KnownBreakers, RetrySchedule};
use aiva_core::error::Error;
use aiva_core::knowledge::{self, Ingested, IngestionSettings, IngestionTools};
use aiva_core::outbox::{DeliveryJob, GenerationJob, IngestionJob};
use aiva_core::ports::{Clock, Desk, Extract, Fetch, HttpOut, KnowledgeIndex, Model, Ports, Queue};
use aiva_core::reply::{self, Generated, GenerationSettings, Listening, Means};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::batch::{Disposition, Task};

/// The longest delay that the queue can keep; what is due later is the sweep's.
const MAX_QUEUE_DELAY: Duration = Duration::from_secs(900);

/// How often, and how long apart, a worker looks whether the reply before its own is there. It is often
/// that of a request that waits, and then soon.
const TURNS: u32 = 20;
const TURN_PAUSE: Duration = Duration::from_millis(250);
const LATER: Duration = Duration::from_secs(5);

/// What the generation worker needs.
pub struct GenerationWorker<P: Ports, D> {
    /// The ports.
    pub app: Arc<App<P>>,
    /// Where the replies are written.
    pub desk: D,
}

/// Where replies are written: by a worker of the queue, or by a request that waits.
#[derive(Debug)]
pub struct ModelDesk<M, I, H> {
    /// Who writes them.
    pub model: M,
    /// Where the passages are found.
    pub index: I,
    /// The way to the tools.
    pub http: H,
    /// The runtime's epoch (0 where there are many processes).
    pub epoch: u64,
}

impl<M: Model, I: KnowledgeIndex, H: HttpOut> Desk for ModelDesk<M, I, H> {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    async fn generate<P: Ports>(
        &self,
        app: &App<P>,
        job: &GenerationJob,
        settings: &GenerationSettings,
        listener: Listening<'_>,
    ) -> Result<Generated, Error> {
        let (model, index, http) = (&self.model, &self.index, &self.http);
        reply::generate(app, Means { model, index, http, listener }, job, settings).await
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The desk of a process that writes no replies but lets requests wait.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitingRoom;

impl Desk for WaitingRoom {
    fn epoch(&self) -> u64 {
        0
    }

    async fn generate<P: Ports>(
        &self,
        _app: &App<P>,
        _job: &GenerationJob,
        _settings: &GenerationSettings,
        _listener: Listening<'_>,
    ) -> Result<Generated, Error> {
        Err(Error::internal("this process writes no replies"))
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl<P: Ports, D: Desk> GenerationWorker<P, D> {
    /// Generates the reply that a record asks for.
    pub async fn work(self: Arc<Self>, task: Task) -> Disposition {
        let job: GenerationJob = match task.parse() {
            Ok(job) => job,
            Err(dead) => return dead,
        };
        let epoch = self.desk.epoch();
        let settings = GenerationSettings { holder: task.holder, epoch, lease: task.time_left };
        let mut outcome = self.desk.generate(&self.app, &job, &settings, &|_: &str| {}).await;
        for _ in 0..TURNS {
            let Ok(Generated::NotYet) = outcome else { break };
            self.desk.pause(TURN_PAUSE).await;
            outcome = self.desk.generate(&self.app, &job, &settings, &|_: &str| {}).await;
        }
        match outcome {
            Ok(Generated::Done) => Disposition::Done,
            Ok(Generated::NotYet) => Disposition::Retry { after: Some(LATER) },
            Ok(Generated::Busy { until }) => {
                let left = time_until(until, self.app.now());
                Disposition::Retry { after: Some(left + Duration::from_secs(1)) }
            }
            Err(error) => again(&error, &job.message_id.to_string()),
        }
    }
}

/// What the delivery worker needs.
pub struct DeliveryWorker<P: Ports, H> {
    /// The ports.
    pub app: Arc<App<P>>,
    /// The way out.
    pub http: H,
    /// The runtime's epoch (0 where there are many processes).
    pub epoch: u64,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// When to try again.
    pub schedule: RetrySchedule,
    /// What this process knows of endpoints that are away.
    pub away: Away,
}

/// Endpoints that are away, and the pace at which what waits for them is put off: putting off 10,000
/// deliveries must not take the database from everybody else.
#[derive(Debug)]
pub struct Away {
    breakers: Arc<KnownBreakers>,
    turn: Semaphore,
}

impl Default for Away {
    fn default() -> Self {
        Self { breakers: Arc::default(), turn: Semaphore::new(1) }
    }
}

/// The time that each delivery that is put off takes of the process at least.
const PUT_OFF_PACE: Duration = Duration::from_millis(10);

impl<P: Ports, H: HttpOut> DeliveryWorker<P, H> {
    /// Makes the attempt that a record asks for.
    pub async fn work(self: Arc<Self>, task: Task) -> Disposition {
        let job: DeliveryJob = match task.parse() {
            Ok(job) => job,
            Err(dead) => return dead,
        };
        let settings = DeliverySettings {
            holder: task.holder,
            epoch: self.epoch,
            timeout: self.timeout,
            schedule: self.schedule.clone(),
            breakers: Arc::clone(&self.away.breakers),
        };
        let turn = if self.away.breakers.knows(&job.endpoint, self.app.now()) && !job.urgent {
            self.away.turn.acquire().await.ok()
        } else {
            None
        };
        match delivery::attempt(&self.app, &self.http, &job, &settings).await {
            Ok(delivery::Outcome::Done) => Disposition::Done,
            Ok(delivery::Outcome::HeldBack) => {
                if turn.is_some() {
                    tokio::time::sleep(PUT_OFF_PACE).await;
                }
                Disposition::Done
            }
            Ok(delivery::Outcome::Later { at }) => self.later(&job, at).await,
            Err(error) => again(&error, &job.delivery_id.to_string()),
        }
    }

    /// Sends the job anew for its moment, rather than letting it come back until it is a dead letter.
    async fn later(&self, job: &DeliveryJob, at: Timestamp) -> Disposition {
        let left = time_until(at, self.app.now());
        if left > MAX_QUEUE_DELAY {
            return Disposition::Done;
        }
        let whole_seconds = Duration::from_secs(left.as_millis().div_ceil(1_000).max(1) as u64);
        match self.app.queue.send_delivery(job, whole_seconds).await {
            Ok(()) => Disposition::Done,
            Err(error) => again(&error, &job.delivery_id.to_string()),
        }
    }
}

/// What the ingestion worker needs.
pub struct IngestionWorker<P: Ports, F, X, I> {
    /// The ports.
    pub app: Arc<App<P>>,
    /// The way to pages of others.
    pub fetch: F,
    /// From files to texts.
    pub extract: X,
    /// What builds an index.
    pub index: I,
    /// The runtime's epoch (0 where there are many processes).
    pub epoch: u64,
}

impl<P: Ports, F: Fetch, X: Extract, I: KnowledgeIndex> IngestionWorker<P, F, X, I> {
    /// Takes in the knowledge that a record names.
    pub async fn work(self: Arc<Self>, task: Task) -> Disposition {
        let job: IngestionJob = match task.parse() {
            Ok(job) => job,
            Err(dead) => return dead,
        };
        let settings =
            IngestionSettings { holder: task.holder, epoch: self.epoch, lease: task.time_left };
        let tools =
            IngestionTools { fetch: &self.fetch, extract: &self.extract, index: &self.index };
        match Box::pin(knowledge::ingest(&self.app, &tools, &job, &settings)).await {
            Ok(Ingested::Done) => Disposition::Done,
            Ok(Ingested::Again) => Disposition::Retry { after: None },
            Ok(Ingested::Busy { until }) => {
                let left = time_until(until, self.app.now());
                Disposition::Retry { after: Some(left + Duration::from_secs(1)) }
            }
            Err(error) => again(&error, &job.project_id.to_string()),
        }
    }
}

fn time_until(moment: Timestamp, now: Timestamp) -> Duration {
    let millis = moment.as_millisecond().saturating_sub(now.as_millisecond());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Every error means "again": what is owed stands in the store, and giving up is the domain's decision.
fn again(error: &Error, id: &str) -> Disposition {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => {
            tracing::error!(id, %error, %cause, "the job comes back");
        }
        other => tracing::error!(id, error = %other, "the job comes back"),
    }
    Disposition::Retry { after: None }
}
