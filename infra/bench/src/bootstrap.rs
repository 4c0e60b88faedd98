//! The release bootstraps beside a function that does nothing: size, init, memory, processor time.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Result;
use crate::emulator::{Emulator, Seen};
use crate::endpoint::{Endpoint, Services};
use crate::events::{Event, Events};
use crate::machine::each;
use crate::report::{Report, Table, hundredths, median, megabytes, millis, ratio};
use crate::sandbox::Sandbox;
use crate::slow_model::{AtOnce, SlowModel};
use crate::tenant::{message, unique};
use crate::world::{self, RING, TABLE, World};

/// Starts of each bootstrap.
const STARTS: usize = 31;
/// Starts of each under AWS's emulator.
const EMULATED_STARTS: usize = 9;
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
/// The functions that an event is made for here. Of every other one size, init and the memory that it
/// has then are measured.
const SERVED: [&str; 7] = [
    "message-submit",
    "conversation-read",
    "identity-verify",
    "reply-generate",
    "callback-deliver",
    "sweep",
    "admin",
];

/// What was measured of one bootstrap.
#[derive(Debug, Clone, Default)]
struct Figures {
    bytes: u64,
    init: Duration,
    calls_in_init: u64,
    peak_kib: u64,
    /// Of one event; none where no event is made.
    cpu: Option<Duration>,
    /// Under AWS's emulator.
    emulated_init: Duration,
    emulated_peak_kib: u64,
}

/// Where the bootstraps, their names and their events are.
#[derive(Debug)]
pub(crate) struct Folders {
    /// One folder with a bootstrap for each function and yardstick.
    pub(crate) bootstraps: PathBuf,
    /// The repository's functions: a folder each.
    pub(crate) functions: PathBuf,
    /// The sample events.
    pub(crate) events: PathBuf,
}

impl Folders {
    /// The yardsticks, then all functions.
    fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.functions)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        // A message is submitted before it is answered, and answered before it is called back.
        let place = |name: &String| SERVED.iter().position(|served| served == name);
        names.sort_by_key(|name| (place(name).unwrap_or(SERVED.len()), name.clone()));
        Ok(YARDSTICKS.map(str::to_owned).into_iter().chain(names).collect())
    }
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
    folders: &Folders,
    emulator: &Emulator,
    progress: impl Fn(&str),
) -> Result<Report> {
    let bench = Bench::new(folders).await?;
    let names = folders.names()?;
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
    progress("bootstraps: under AWS's runtime interface emulator");
    let mut emulated = vec![Vec::new(); names.len()];
    for _ in 0..EMULATED_STARTS {
        for (place, name) in names.iter().enumerate() {
            emulated[place].push(bench.emulate(emulator, name).await?);
        }
    }
    for (own, seen) in figures.iter_mut().zip(emulated) {
        own.emulated_peak_kib = seen.iter().map(|seen| seen.peak_kib).max().unwrap_or_default();
        own.emulated_init = median(seen.into_iter().map(|seen| seen.init).collect());
    }
    for (place, name) in names.iter().enumerate() {
        progress(&format!("bootstraps: {name}"));
        let own = &mut figures[place];
        own.bytes = fs::metadata(bench.path(name))?.len();
        own.init = median(std::mem::take(&mut inits[place]));
        (own.peak_kib, own.cpu) = bench.serve(name).await?;
    }
    progress("bootstraps: ten generations at once");
    let at_once = bench.ten_at_once().await?;
    let all: Vec<(String, Figures)> = names.into_iter().zip(figures).collect();
    let mut report = report(&all);
    at_once.report(&mut report);
    Ok(report)
}

impl Bench {
    async fn new(folders: &Folders) -> Result<Self> {
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
            ("AIVA_INGESTION_QUEUE_URL", &world.ingestion_url),
            ("AIVA_BUCKET", "bench"),
            ("AIVA_KEYRING_SECRET", "keyring"),
            ("AIVA_OPERATOR_SECRET", "operator"),
            ("AIVA_MODEL", "extractive"),
            ("AIVA_LOCAL_CALLBACKS", "true"),
            ("AIVA_PUBLIC_URL", "https://bench.example.com"),
            ("AIVA_MAIL_FROM", "help@example.com"),
            ("AIVA_LOG", "info"),
        ];
        let env = env.map(|(name, value)| (name, value.to_owned())).to_vec();
        let (events, bootstraps) = (Events::of(&folders.events), folders.bootstraps.clone());
        let logs = TempDir::new()?;
        Ok(Self { world, events, bootstraps, env, calls, logs, _endpoint: endpoint })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bootstraps.join(name).join("bootstrap")
    }

    async fn start(&self, name: &str) -> Result<Sandbox> {
        Sandbox::start(&self.path(name), &self.env, &self.logs.path().join(name)).await
    }

    /// Starts a bootstrap under AWS's emulator, with the first sample event of its function.
    async fn emulate(&self, emulator: &Emulator, name: &str) -> Result<Seen> {
        let event = if YARDSTICKS.contains(&name) {
            self.events.sample("message-submit/aiva.json")?
        } else {
            self.events.first(name)?
        };
        let log = self.logs.path().join(format!("{name}.emulator"));
        emulator.run(&self.path(name), &self.env, &log, event.bytes()).await
    }

    /// Serves events and returns the peak of memory after the first ones, and processor time by event.
    async fn serve(&self, name: &str) -> Result<(u64, Option<Duration>)> {
        let mut sandbox = self.start(name).await?;
        if !YARDSTICKS.contains(&name) && !SERVED.contains(&name) {
            return Ok((sandbox.peak_kib()?, None));
        }
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
        Ok((peak_kib, Some(each(sandbox.cpu_ticks()? - ticks, count - WARM_UP))))
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
            "identity-verify" => {
                let user = unique("user-");
                let body = json!({
                    "method": "magic_link", "externalUserId": user,
                    "email": format!("{user}@example.com"),
                });
                let event = self.events.sample("identity-verify/aiva.json")?.by(&key.token);
                answered(&sandbox.invoke(event.saying(&body).bytes()).await?, 202)
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

    /// One batch of ten conversations, answered by a model that takes its time.
    async fn ten_at_once(&self) -> Result<AtOnce> {
        let model = SlowModel::start().await?;
        let (world, key) = (&self.world, &self.world.silent);
        for _ in 0..BATCH {
            let request = world::submission(key, &unique("slow-"), None)?;
            world.call(request).await?;
        }
        let mut env = self.env.clone();
        env.retain(|(name, _)| *name != "AIVA_MODEL");
        env.extend(model.variables());
        let name = "reply-generate";
        let log = self.logs.path().join("slow-model");
        let mut sandbox = Sandbox::start(&self.path(name), &env, &log).await?;
        let began = Instant::now();
        let queue = &world.generation_url;
        while model.answered() < u64::try_from(BATCH)? {
            self.serve_batch(name, &mut sandbox, queue).await?;
        }
        Ok(AtOnce { most: model.most(), took: began.elapsed(), peak_kib: sandbox.peak_kib()? })
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

fn report(all: &[(String, Figures)]) -> Report {
    let mut report = Report::default();
    let (yardsticks, functions) = all.split_at(YARDSTICKS.len());
    let (hello, put) = (&yardsticks[0].1, &yardsticks[1].1);
    let worst = |key: fn(&Figures) -> u128| functions.iter().max_by_key(|(_, own)| key(own));
    if let Some((name, own)) = worst(|own| own.init.as_nanos()) {
        let by = ratio(own.init.as_micros(), hello.init.as_micros());
        let measured = format!("{} × ({name}, {})", hundredths(by), millis(own.init));
        report.row("init, exec → first `/next`, slowest", "≤ 1.5 × hello", measured, by <= 150);
    }
    if let Some((name, own)) = worst(|own| own.bytes.into()) {
        let measured = format!("{} ({name})", megabytes(own.bytes));
        report.row("bootstrap size, largest", "≤ 12 MB", measured, own.bytes <= 12_000_000);
    }
    if let Some((name, own)) = worst(|own| own.peak_kib.into()) {
        let measured = format!("{} ({name})", megabytes(own.peak_kib * 1_024));
        let is_met = own.peak_kib * 1_024 <= 48_000_000;
        report.row("peak RSS after 200 events, largest", "≤ 48 MB", measured, is_met);
    }
    if let Some((_, own)) = functions.first() {
        let [own, put] = [own, put].map(|figures| figures.cpu.unwrap_or_default());
        let by = ratio(own.as_nanos(), put.as_nanos());
        let measured = format!("{} × ({})", hundredths(by), millis(own));
        let what = "own CPU of a submit";
        report.row(what, "≤ 2 × hello with one conditional put", measured, by <= 200);
    }
    // Nobody waits for a sweep, nor for a source that is read.
    let is_awaited = |name: &str| !["sweep", "knowledge-ingest"].contains(&name);
    let awaited = functions.iter().filter(|(name, _)| is_awaited(name));
    let fewest = awaited.map(|(_, own)| own.calls_in_init).min().unwrap_or(0);
    report.row(
        "the SDK's first call: connection opened during init (where somebody waits)",
        "yes",
        format!("at least {fewest} calls before the first `/next`"),
        fewest > 0,
    );
    report.tables.push(table(all, (hello, put)));
    report
}

fn table(all: &[(String, Figures)], (hello, put): (&Figures, &Figures)) -> Table {
    let rows = all.iter().map(|(name, own)| {
        let by =
            [hello, put].map(|yardstick| ratio(own.init.as_micros(), yardstick.init.as_micros()));
        let [by_hello, by_put] = by.map(hundredths);
        let emulated = [hello, put].map(|yardstick| {
            hundredths(ratio(own.emulated_init.as_micros(), yardstick.emulated_init.as_micros()))
        });
        vec![
            format!("`{name}`"),
            megabytes(own.bytes),
            format!("{} ({by_hello} / {by_put})", millis(own.init)),
            own.calls_in_init.to_string(),
            megabytes(own.peak_kib * 1_024),
            own.cpu.map_or_else(|| "–".to_owned(), millis),
            format!("{} ({} / {})", millis(own.emulated_init), emulated[0], emulated[1]),
            megabytes(own.emulated_peak_kib * 1_024),
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
            first 20; `reply-generate` and `callback-deliver` get batches of ten records. Where no event \
            is made there is no processor time, and the memory is that after init. The last two columns are \
            under AWS's runtime interface emulator, as it comes with the SAM CLI: the median of 9 inits by its \
            own clock (`INIT REPORT`), and the peak of memory after the first sample event.",
        head: vec![
            "bootstrap",
            "size",
            "init (× `hello` / × `hello-put`)",
            "calls in init",
            "peak RSS",
            "CPU an event",
            "init, AWS's emulator",
            "peak RSS there",
        ],
        rows: rows.collect(),
    }
}
