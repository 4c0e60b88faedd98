//! The local runtime as its user meets it: over HTTP, with workers and receiver beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aiva_core::delivery::job_of;
use aiva_core::key;
use aiva_core::ports::{DeliveryStore, Queue};
use aiva_core::text::ExternalId;
use aiva_core::webhook::{Fact, to_callback};
use aiva_local::{Config, Runtime};
use hdrhistogram::Histogram;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::Result;
use crate::machine::{cpu_ticks, each};
use crate::receiver::{BlackHole, Receiver};
use crate::report::{Report, Table, hundredths, millis, ratio};
use crate::tenant::{Credential, QUESTION, Tenant, message, unique};

const SEQUENTIAL: usize = 500;
const AT_ONCE: usize = 8;
const CONCURRENT: usize = 2_000;
/// A multiple of the submitters.
const SUBMITS: usize = 3_200;
const SUBMITTERS: usize = 16;
/// This process, in `/proc`.
const SELF: &str = "self";
const DELIVERIES: usize = 10_000;
const WAITING: usize = 10_000;
const BESIDE_BLACK_HOLE: usize = 2_000;
/// One message, and one part of the benchmark, take no longer.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(120);

/// A running product with a tenant, and its integrator.
struct Shop {
    runtime: Runtime,
    dir: TempDir,
    tenant: Tenant,
    key: Credential,
    receiver: Arc<Receiver>,
    client: Client,
}

/// Measures the local runtime.
pub(crate) async fn measure(progress: impl Fn(&str)) -> Result<Report> {
    let mut shop = Shop::open().await?;
    let mut report = Report::default();
    let mut table = Vec::new();
    progress("local: warm-up");
    shop.latency(AT_ONCE, 80).await?;
    progress("local: latency, one after another");
    let alone = shop.latency(1, SEQUENTIAL).await?;
    latency_rows(&mut report, "one after another", &alone);
    table.push(row("submit → callback, one after another", &alone));
    progress("local: latency, eight at once");
    let eight = shop.latency(AT_ONCE, CONCURRENT).await?;
    latency_rows(&mut report, "eight at once", &eight);
    table.push(row("submit → callback, eight at once", &eight));
    progress("local: synchronous chat");
    shop.chat(50).await?;
    let chat = shop.chat(SEQUENTIAL).await?;
    let half = chat.value_at_quantile(0.5);
    let what = "synchronous chat, extractive model, p50";
    report.row(what, "≤ 15 ms", shown(half), half <= 15_000);
    table.push(row("synchronous chat: question → answer, one after another", &chat));
    progress("local: streams");
    shop.stream(50).await?;
    let stream = shop.stream(SEQUENTIAL).await?;
    table.push(row("stream: question → first words, one after another", &stream));
    progress("local: submits");
    let (submits, whole) = shop.throughput().await?;
    progress("local: deliveries");
    let base = shop.receiver.count();
    shop = Box::pin(shop.restarted(DELIVERIES, None)).await?;
    let deliveries = shop.drained(base, DELIVERIES).await?;
    let measured = format!("{}/s", deliveries.a_second);
    let is_met = deliveries.a_second >= 2_000;
    report.row("deliveries to a local receiver", "≥ 2,000/s", measured, is_met);
    progress("local: a black hole");
    // The same table, just started as well: what differs is the black hole.
    shop = Box::pin(shop.restarted(0, None)).await?;
    let without = shop.latency(AT_ONCE, BESIDE_BLACK_HOLE).await?;
    table.push(row("eight at once, just started", &without));
    let hole = BlackHole::start().await?;
    shop = Box::pin(shop.restarted(WAITING, Some(&hole))).await?;
    let beside = shop.latency(AT_ONCE, BESIDE_BLACK_HOLE).await?;
    let by = ratio(beside.value_at_quantile(0.99).into(), without.value_at_quantile(0.99).into());
    report.row(
        "black-hole endpoint with 10,000 waiting: others' p99, eight at once",
        "< 1.20 ×",
        format!("{} × ({})", hundredths(by), shown(beside.value_at_quantile(0.99))),
        by < 120,
    );
    table.push(row("the same beside a black hole", &beside));
    shop.runtime.kill().await;
    report.tables.push(latencies(table));
    report.tables.push(throughputs(submits, whole, deliveries));
    Ok(report)
}

impl Shop {
    async fn open() -> Result<Self> {
        let dir = TempDir::new()?;
        let runtime = Runtime::start(config(&dir)?).await?;
        let receiver = Arc::new(Receiver::start().await?);
        let app = Arc::clone(runtime.app());
        let tenant = Tenant::create(&*app).await?;
        let key = tenant.key(&*app, Some(&receiver.url)).await?;
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { runtime, dir, tenant, key, receiver, client })
    }

    /// Stops, leaves so many deliveries waiting for the receiver or another endpoint, and starts again.
    async fn restarted(self, waiting: usize, hole: Option<&BlackHole>) -> Result<Self> {
        let Self { runtime, dir, tenant, key, receiver, client } = self;
        let app = Arc::clone(runtime.app());
        runtime.stop().await;
        let target = match hole {
            Some(hole) => tenant.key(&*app, Some(&hole.url)).await?,
            None => key.clone(),
        };
        let target = key::find(&app.store, tenant.workspace.id, target.id).await?;
        let user = ExternalId::parse("user", "user-1")?;
        let fact =
            Fact::Verified { scene: None, conversation: None, user: &user, method: "magic_link" };
        for _ in 0..waiting {
            let verified = to_callback(&*app, &*app, &target, &fact);
            let (delivery, due) = verified.ok_or("the key has no callback")?;
            // The queue alone brings them: the sweep would send those again that are late.
            let due = due + Duration::from_secs(3_600);
            app.store.create_delivery(&delivery, due).await?;
            app.queue.send_delivery(&job_of(&delivery), Duration::ZERO).await?;
        }
        // The files are open until the last owner of the application is gone.
        drop(app);
        let runtime = Runtime::start(config(&dir)?).await?;
        Ok(Self { runtime, dir, tenant, key, receiver, client })
    }

    /// From submit to callback, for so many messages, each in a conversation of its own.
    async fn latency(&self, at_once: usize, messages: usize) -> Result<Histogram<u64>> {
        let mut lanes = JoinSet::new();
        for _ in 0..at_once {
            let sender = self.sender();
            lanes.spawn(async move {
                let mut times = Vec::new();
                for _ in 0..messages / at_once {
                    times.push(sender.round_trip().await?);
                }
                Ok::<_, crate::Failure>(times)
            });
        }
        let mut histogram = Histogram::new(3)?;
        while let Some(lane) = tokio::time::timeout(PATIENCE, lanes.join_next()).await? {
            for time in lane?? {
                histogram.record(u64::try_from(time.as_micros())?)?;
            }
        }
        Ok(histogram)
    }

    /// From a question to its answer in the same request, so many times, each in a session of its own.
    async fn chat(&self, questions: usize) -> Result<Histogram<u64>> {
        let app = Arc::clone(self.runtime.app());
        let key = self.tenant.key(&*app, None).await?;
        let url = format!("http://{}/api/v1/chat/", self.runtime.address());
        let mut histogram = Histogram::new(3)?;
        for _ in 0..questions {
            let body = json!({ "message": QUESTION, "session_id": unique("chat-") }).to_string();
            let request = self.client.post(&url).bearer_auth(&key.token);
            let request = request.header(CONTENT_TYPE, "application/json").body(body);
            let began = Instant::now();
            let answer = tokio::time::timeout(MESSAGE_PATIENCE, request.send()).await??;
            let status = answer.status().as_u16();
            let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
            let time = began.elapsed();
            if status != 200 || answer["response"].as_str().is_none_or(str::is_empty) {
                return Err(format!("a question was answered {status}").into());
            }
            histogram.record(u64::try_from(time.as_micros())?)?;
        }
        Ok(histogram)
    }

    /// From a question to the first words of its streamed answer, so many times, each in a session of its
    /// own; the rest of each is read before the next is asked.
    async fn stream(&self, questions: usize) -> Result<Histogram<u64>> {
        let app = Arc::clone(self.runtime.app());
        let key = self.tenant.key(&*app, None).await?;
        let url = format!("http://{}/v1/projects/default/query", self.runtime.address());
        let mut histogram = Histogram::new(3)?;
        for _ in 0..questions {
            let body = json!({ "message": QUESTION, "session_id": unique("s-"), "stream": true });
            let request = self.client.post(&url).bearer_auth(&key.token);
            let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
            let began = Instant::now();
            let mut answer = tokio::time::timeout(MESSAGE_PATIENCE, request.send()).await??;
            let first = tokio::time::timeout(MESSAGE_PATIENCE, answer.chunk()).await??;
            let time = began.elapsed();
            let first = first.unwrap_or_default();
            if !first.windows(12).any(|window| window == b"event: delta") {
                return Err(format!("a stream began {} with no words", answer.status()).into());
            }
            while answer.chunk().await?.is_some() {}
            histogram.record(u64::try_from(time.as_micros())?)?;
        }
        Ok(histogram)
    }

    /// Submits a second, and messages a second from submit to callback.
    async fn throughput(&self) -> Result<(Rate, Rate)> {
        let (before, ticks) = (self.receiver.count(), cpu_ticks(SELF)?);
        let began = Instant::now();
        let mut lanes = JoinSet::new();
        for _ in 0..SUBMITTERS {
            let sender = self.sender();
            lanes.spawn(async move {
                for _ in 0..SUBMITS / SUBMITTERS {
                    sender.submit(&unique("order-")).await?;
                }
                Ok::<_, crate::Failure>(())
            });
        }
        while let Some(lane) = tokio::time::timeout(PATIENCE, lanes.join_next()).await? {
            lane??;
        }
        let submits = Rate::of(SUBMITS, began.elapsed(), cpu_ticks(SELF)? - ticks);
        if !self.receiver.reached(before + u64::try_from(SUBMITS)?, PATIENCE).await {
            return Err("not every message was called back".into());
        }
        Ok((submits, Rate::of(SUBMITS, began.elapsed(), cpu_ticks(SELF)? - ticks)))
    }

    /// Deliveries a second, from the first that arrives after `base` of them to the last.
    async fn drained(&self, base: u64, count: usize) -> Result<Rate> {
        let last = base + u64::try_from(count)?;
        let has_begun = self.receiver.reached(base + 1, PATIENCE).await;
        let (began, first, ticks) = (Instant::now(), self.receiver.count(), cpu_ticks(SELF)?);
        if !has_begun || !self.receiver.reached(last, PATIENCE).await {
            let came = self.receiver.count() - base;
            return Err(format!("only {came} of {count} deliveries arrived").into());
        }
        let counted = usize::try_from(last - first)?;
        Ok(Rate::of(counted, began.elapsed(), cpu_ticks(SELF)? - ticks))
    }

    fn sender(&self) -> Sender {
        Sender {
            client: self.client.clone(),
            url: format!("http://{}/api/v1/messages", self.runtime.address()),
            bearer: format!("Bearer {}", self.key.token),
            receiver: Arc::clone(&self.receiver),
        }
    }
}

/// The product's defaults, whatever the environment says.
fn config(dir: &TempDir) -> Result<Config> {
    let product = aiva_kit::config::Config::read(|_| None)?;
    Ok(Config::new(dir.path().to_owned(), 0, product))
}

/// One who sends messages.
struct Sender {
    client: Client,
    url: String,
    bearer: String,
    receiver: Arc<Receiver>,
}

impl Sender {
    async fn submit(&self, conversation: &str) -> Result<()> {
        let request = self.client.post(&self.url).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(message(conversation, Some("user-7")).to_string()).send().await?;
        if answer.status().as_u16() != 202 {
            return Err(format!("a submit was answered {}", answer.status()).into());
        }
        // Read to its end, so that the connection is used again.
        answer.bytes().await?;
        Ok(())
    }

    async fn round_trip(&self) -> Result<Duration> {
        let conversation = unique("order-");
        let arrival = self.receiver.expect(&conversation);
        let began = Instant::now();
        self.submit(&conversation).await?;
        Ok(tokio::time::timeout(MESSAGE_PATIENCE, arrival).await?? - began)
    }
}

/// How much was done in a second, and what each piece took of the processors.
#[derive(Debug, Clone, Copy)]
struct Rate {
    a_second: u64,
    cpu: Duration,
}

impl Rate {
    fn of(count: usize, time: Duration, ticks: u64) -> Self {
        let a_second = ratio(count as u128 * 10_000, time.as_micros());
        Self { a_second, cpu: each(ticks, count) }
    }
}

fn latency_rows(report: &mut Report, how: &str, times: &Histogram<u64>) {
    let (half, most) = (times.value_at_quantile(0.5), times.value_at_quantile(0.99));
    let what = |quantile: &str| format!("submit → callback received, {how}, {quantile}");
    report.row(what("p50"), "≤ 25 ms", shown(half), half <= 25_000);
    report.row(what("p99"), "≤ 100 ms", shown(most), most <= 100_000);
}

fn shown(micros: u64) -> String {
    millis(Duration::from_micros(micros))
}

fn row(what: &str, times: &Histogram<u64>) -> Vec<String> {
    let quantiles = [0.5, 0.9, 0.99, 1.0].map(|quantile| shown(times.value_at_quantile(quantile)));
    [what.to_owned(), times.len().to_string()].into_iter().chain(quantiles).collect()
}

fn latencies(rows: Vec<Vec<String>>) -> Table {
    Table {
        title: "Latency of the local runtime",
        method: "Runtime, client and receiver in one process of a release build, all over loopback \
            HTTP, the extractive model, data in a temporary directory, logs off. A message is 300 \
            bytes in a conversation of its own; the time is from before its submit to the arrival of \
            its callback. A synchronous chat asks the same 300 bytes through `POST /api/v1/chat/`, in a \
            session of its own and under a key without a callback; a stream is timed from the question to \
            its first words (the extractive model writes all of them at once). The black hole accepts connections and answers nothing; 10,000 deliveries \
            to it stand in the queue when the runtime starts.",
        head: vec!["what", "messages", "p50", "p90", "p99", "max"],
        rows,
    }
}

fn throughputs(submits: Rate, whole: Rate, deliveries: Rate) -> Table {
    let rows = [
        ("submits answered, 16 at once, while replies are generated and delivered", submits),
        ("messages from submit to callback, the same run", whole),
        ("deliveries, 10,000 waiting when the runtime starts", deliveries),
    ];
    let shown = |(what, rate): (&str, Rate)| {
        vec![what.to_owned(), rate.a_second.to_string(), millis(rate.cpu)]
    };
    Table {
        title: "Throughput of the local runtime",
        method: "The same process. Submits: 3,200 messages, each in a conversation of its own. \
            Deliveries: `ai.reply` events that stand in table and queue when the workers start. CPU \
            is the time of the whole process by piece, client and receiver included: where the \
            machine does other things beside, it says more than the rate.",
        head: vec!["what", "a second", "CPU each"],
        rows: rows.map(shown).to_vec(),
    }
}
