//! The release bootstraps beside a function that does nothing: size, init, memory, processor time.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;

use crate::Result;
use crate::endpoint::{Endpoint, Services};
use crate::events::{Event, Events};
use crate::machine::each;
use crate::report::{Report, Table, hundredths, median, megabytes, millis, ratio};
use crate::sandbox::Sandbox;
use crate::tenant::{message, unique};
use crate::world::{self, RING, TABLE, World};

/// Starts of each bootstrap.
const STARTS: usize = 31;
/// Events that each serves before its memory is read.
const EVENTS: usize = 200;
/// Requests over which the processor time of a single request is taken.
const REQUESTS: usize = 2_000;
/// Requests before the processor time counts.
const WARM_UP: usize = 20;
/// Conversations that the submits go to.
const CONVERSATIONS: usize = 250;
const BATCH: i32 = 10;
const OPERATOR: &str = "operator-of-the-benchmark-00000000000000000000000";

const YARDSTICKS: [&str; 2] = ["hello", "hello-put"];
const FUNCTIONS: [&str; 6] =
    ["message-submit", "conversation-read", "reply-generate", "callback-deliver", "sweep", "admin"];

/// What was measured of one bootstrap.
#[derive(Debug, Clone, Default)]
struct Figures {
    bytes: u64,
    init: Duration,
    calls_in_init: u64,
    peak_kib: u64,
    cpu: Duration,
}

/// Everything that a run of a bootstrap needs.
struct Bench {
    world: World,
    events: Events,
    bootstraps: PathBuf,
    env: Vec<(&'static str, String)>,
    calls: Arc<AtomicU64>,
    logs: TempDir,
    _endpoint: Endpoint,
}

/// Measures the bootstraps in a folder of cargo-lambda's.
pub(crate) async fn measure(
    bootstraps: &Path,
    events: &Path,
    progress: impl Fn(&str),
) -> Result<Report> {
    let bench = Bench::new(bootstraps, events).await?;
    let names: Vec<&str> = YARDSTICKS.into_iter().chain(FUNCTIONS).collect();
    let mut figures = vec![Figures::default(); names.len()];
    progress("bootstraps: init");
    let mut inits = vec![Vec::new(); names.len()];
    // In turns, so that whatever else this machine does falls on all alike.
    for _ in 0..STARTS {
        for (place, name) in names.iter().enumerate() {
            let before = bench.calls.load(Ordering::Relaxed);
            inits[place].push(bench.start(name).await?.init);
            figures[place].calls_in_init = bench.calls.load(Ordering::Relaxed) - before;
        }
    }
    for (place, name) in names.iter().enumerate() {
        progress(&format!("bootstraps: {name}"));
        let own = &mut figures[place];
        own.bytes = fs::metadata(bench.path(name))?.len();
        own.init = median(std::mem::take(&mut inits[place]));
        (own.peak_kib, own.cpu) = bench.serve(name).await?;
    }
    let all: Vec<(&str, Figures)> = names.into_iter().zip(figures).collect();
    Ok(report(&all))
}

impl Bench {
    async fn new(bootstraps: &Path, events: &Path) -> Result<Self> {
        let world = World::new().await?;
        let calls = Arc::new(AtomicU64::new(0));
        let secrets =
            vec![("keyring", RING.to_owned()), ("operator", world::operator_secret(OPERATOR))];
        let services = Services {
            dynamo: world.dynamo.clone(),
            sqs: world.sqs.clone(),
            secrets: Arc::new(secrets),
            calls: Arc::clone(&calls),
        };
        let endpoint = Endpoint::start(services).await?;
        let env = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "bench"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("AWS_ENDPOINT_URL", &endpoint.url),
            ("AIVA_TABLE", TABLE),
            ("AIVA_GENERATION_QUEUE_URL", &world.generation_url),
            ("AIVA_DELIVERY_QUEUE_URL", &world.delivery_url),
            ("AIVA_KEYRING_SECRET", "keyring"),
            ("AIVA_OPERATOR_SECRET", "operator"),
            ("AIVA_MODEL", "extractive"),
            ("AIVA_LOCAL_CALLBACKS", "true"),
            ("AIVA_LOG", "info"),
        ];
        let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
        let (events, bootstraps) = (Events::of(events), bootstraps.to_owned());
        let logs = TempDir::new()?;
        Ok(Self { world, events, bootstraps, env, calls, logs, _endpoint: endpoint })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bootstraps.join(name).join("bootstrap")
    }

    async fn start(&self, name: &str) -> Result<Sandbox> {
        Sandbox::start(&self.path(name), &self.env, &self.logs.path().join(name)).await
    }

    /// Serves events and returns the peak of memory after the first ones, and processor time by event.
    async fn serve(&self, name: &str) -> Result<(u64, Duration)> {
        let mut sandbox = self.start(name).await?;
        let many = YARDSTICKS.contains(&name) || name == "message-submit";
        let count = if many { REQUESTS } else { EVENTS };
        let (mut peak_kib, mut ticks) = (0, 0);
        for turn in 0..count {
            if turn == WARM_UP {
                ticks = sandbox.cpu_ticks()?;
            }
            self.serve_one(name, &mut sandbox, turn).await?;
            if turn + 1 == EVENTS {
                peak_kib = sandbox.peak_kib()?;
            }
        }
        Ok((peak_kib, each(sandbox.cpu_ticks()? - ticks, count - WARM_UP)))
    }

    async fn serve_one(&self, name: &str, sandbox: &mut Sandbox, turn: usize) -> Result<()> {
        let (world, key) = (&self.world, &self.world.called_back);
        match name {
            "reply-generate" => self.serve_batch(name, sandbox, &world.generation_url).await,
            "callback-deliver" => self.serve_batch(name, sandbox, &world.delivery_url).await,
            "sweep" => {
                sandbox.invoke(self.events.sample("sweep/schedule.json")?.bytes()).await.map(drop)
            }
            "admin" => {
                let path = format!("/admin/v1/workspaces/{}/wallet", world.tenant.workspace.id);
                let event = self.events.sample("admin/wallet.json")?.by(OPERATOR).at(&path);
                answered(&sandbox.invoke(event.bytes()).await?, 200)
            }
            "conversation-read" => {
                let event = self.events.sample("conversation-read/aiva-poll.json")?;
                let event = event.by(&key.token).at("/api/v1/conversations/order-1");
                answered(&sandbox.invoke(event.bytes()).await?, 200)
            }
            _ => {
                let conversation = format!("order-{}", turn % CONVERSATIONS);
                let user = unique("user-");
                let event = self.events.sample("message-submit/aiva.json")?.by(&key.token);
                let event = event.saying(&message(&conversation, Some(&user)));
                let expected = if name == "message-submit" { 202 } else { 200 };
                answered(&sandbox.invoke(event.bytes()).await?, expected)
            }
        }
    }

    /// Hands over what a queue holds, ten messages at most, and deletes it there.
    async fn serve_batch(&self, name: &str, sandbox: &mut Sandbox, queue_url: &str) -> Result<()> {
        let sample: Event = self.events.sample(&format!("{name}/aiva.json"))?;
        let messages = self.world.receive(queue_url, BATCH).await?;
        let answer = sandbox.invoke(sample.carrying(&messages).bytes()).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if answer["batchItemFailures"].as_array().is_none_or(|failures| !failures.is_empty()) {
            return Err(format!("{name} answered {answer}").into());
        }
        for message in &messages {
            self.world.delete(queue_url, message).await?;
        }
        Ok(())
    }
}

fn answered(answer: &Bytes, expected: u64) -> Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    if answer["statusCode"].as_u64() != Some(expected) {
        return Err(format!("instead of {expected} the function answered {answer}").into());
    }
    Ok(())
}

fn report(all: &[(&str, Figures)]) -> Report {
    let mut report = Report::default();
    let (yardsticks, functions) = all.split_at(YARDSTICKS.len());
    let (hello, put) = (&yardsticks[0].1, &yardsticks[1].1);
    let worst = |key: fn(&Figures) -> u128| functions.iter().max_by_key(|(_, own)| key(own));
    if let Some((name, own)) = worst(|own| own.init.as_nanos()) {
        let by = ratio(own.init.as_micros(), hello.init.as_micros());
        let measured = format!("{} × ({name}, {})", hundredths(by), millis(own.init));
        report.row(
            "init, exec → first `/next`, slowest of six",
            "≤ 1.5 × hello",
            measured,
            by <= 150,
        );
    }
    if let Some((name, own)) = worst(|own| own.bytes.into()) {
        let measured = format!("{} ({name})", megabytes(own.bytes));
        report.row("bootstrap size, largest of six", "≤ 12 MB", measured, own.bytes <= 12_000_000);
    }
    if let Some((name, own)) = worst(|own| own.peak_kib.into()) {
        let measured = format!("{} ({name})", megabytes(own.peak_kib * 1_024));
        let is_met = own.peak_kib * 1_024 <= 48_000_000;
        report.row("peak RSS after 200 events, largest of six", "≤ 48 MB", measured, is_met);
    }
    if let Some((_, own)) = functions.first() {
        let by = ratio(own.cpu.as_nanos(), put.cpu.as_nanos());
        let measured = format!("{} × ({})", hundredths(by), millis(own.cpu));
        let what = "own CPU of a submit";
        report.row(what, "≤ 2 × hello with one conditional put", measured, by <= 200);
    }
    // Nobody waits for a sweep.
    let awaited = functions.iter().filter(|(name, _)| *name != "sweep");
    let fewest = awaited.map(|(_, own)| own.calls_in_init).min().unwrap_or(0);
    report.row(
        "the SDK's first call: connection opened during init (all but `sweep`)",
        "yes",
        format!("at least {fewest} calls before the first `/next`"),
        fewest > 0,
    );
    report.tables.push(table(all, (hello, put)));
    report
}

fn table(all: &[(&str, Figures)], (hello, put): (&Figures, &Figures)) -> Table {
    let rows = all.iter().map(|(name, own)| {
        let by =
            [hello, put].map(|yardstick| ratio(own.init.as_micros(), yardstick.init.as_micros()));
        let [by_hello, by_put] = by.map(hundredths);
        vec![
            format!("`{name}`"),
            megabytes(own.bytes),
            millis(own.init),
            format!("{by_hello} / {by_put}"),
            own.calls_in_init.to_string(),
            megabytes(own.peak_kib * 1_024),
            millis(own.cpu),
        ]
    });
    Table {
        title: "The release bootstraps",
        method: "Built by cargo-lambda in one invocation with the two yardsticks: `hello` answers \
            every request with a word, `hello-put` does one conditional put for each. The runtime API \
            and AWS are this program, on loopback, without TLS; AWS is the embedded engines behind \
            the SDK's own HTTP. Init: median of 31 starts, taken in turns, from before the process is \
            made to its first `/next`; it includes the calls that a function makes to have its \
            connections open. Peak RSS: `VmHWM` after 200 events. CPU: user and system time of the \
            process by event, over 2,000 events (yardsticks, `message-submit`) or 200, without the \
            first 20; `reply-generate` and `callback-deliver` get batches of ten records.",
        head: vec![
            "bootstrap",
            "size",
            "init (× hello)",
            "calls in init",
            "peak RSS",
            "CPU an event",
        ],
        rows: rows.collect(),
    }
}
