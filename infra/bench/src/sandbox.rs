//! One bootstrap in a sandbox like Lambda's: the runtime API on a loopback port, and the process.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

use crate::Result;
use crate::machine::{cpu_ticks, epoch_ms, peak_kib};

const API: &str = "/2018-06-01/runtime";
/// The largest answer that Lambda takes.
const MAX_ANSWER_BYTES: usize = 6 << 20;
/// Neither an init nor an invocation takes longer than this here.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the process told the runtime API.
#[derive(Debug)]
enum Said {
    /// It asks for its next event.
    Next(Instant),
    /// It answers an event.
    Answer(Bytes),
    /// It reports a failure.
    Failure(Bytes),
}

struct Api {
    events: Mutex<mpsc::Receiver<Bytes>>,
    said: mpsc::Sender<Said>,
}

/// A bootstrap that waits for events; its process ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    child: Child,
    server: AbortHandle,
    events: mpsc::Sender<Bytes>,
    said: mpsc::Receiver<Said>,
    log: PathBuf,
    /// From the start of the process to its first request for an event.
    pub(crate) init: Duration,
}

impl Sandbox {
    /// Starts a bootstrap and waits until it asks for its first event.
    pub(crate) async fn start(
        bootstrap: &Path,
        env: &[(&str, String)],
        log: &Path,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, inbox) = mpsc::channel(1);
        let (outbox, mut said) = mpsc::channel(4);
        let api = Arc::new(Api { events: Mutex::new(inbox), said: outbox });
        let router = Router::new().fallback(answer).with_state(api);
        let server = tokio::spawn(async { axum::serve(listener, router).await }).abort_handle();
        let began = Instant::now();
        let child = spawn(bootstrap, env, address, log)?;
        let first = tokio::time::timeout(PATIENCE, said.recv()).await;
        let mut sandbox =
            Self { child, server, events, said, log: log.to_owned(), init: Duration::ZERO };
        match first {
            Ok(Some(Said::Next(at))) => sandbox.init = at - began,
            other => return Err(sandbox.complaint(&format!("no init: {other:?}")).into()),
        }
        Ok(sandbox)
    }

    /// Hands over one event and returns the answer, once the process is ready for the next.
    pub(crate) async fn invoke(&mut self, event: Bytes) -> Result<Bytes> {
        self.events.send(event).await?;
        match tokio::time::timeout(PATIENCE, self.round()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(problem)) => Err(self.complaint(&problem).into()),
            Err(_) => Err(self.complaint("no answer").into()),
        }
    }

    async fn round(&mut self) -> std::result::Result<Bytes, String> {
        let mut answer = None;
        loop {
            match self.said.recv().await {
                Some(Said::Answer(body)) => answer = Some(body),
                Some(Said::Next(_)) => return answer.ok_or_else(|| "it did not answer".to_owned()),
                Some(Said::Failure(body)) => return Err(String::from_utf8_lossy(&body).into()),
                None => return Err("it is gone".to_owned()),
            }
        }
    }

    /// Processor time of the process so far, in clock ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> Result<u64> {
        cpu_ticks(&self.child.id().to_string())
    }

    /// The greatest resident set of the process so far, in KiB.
    pub(crate) fn peak_kib(&self) -> Result<u64> {
        peak_kib(&self.child.id().to_string())
    }

    fn complaint(&self, problem: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(5)..].join("\n");
        format!("{}: {problem}\n{tail}", self.log.display())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        // It may have ended by itself; either way it is waited for, so that none is left behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(bootstrap: &Path, env: &[(&str, String)], api: SocketAddr, log: &Path) -> Result<Child> {
    let log = File::create(log)?;
    let mut command = Command::new(bootstrap);
    command
        .env_clear()
        .envs(env.iter().map(|(name, value)| (*name, value.as_str())))
        .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .stdin(Stdio::null())
        .stderr(log.try_clone()?)
        .stdout(log);
    Ok(command.spawn()?)
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(API).unwrap_or_default();
    if parts.method == Method::GET && path == "/invocation/next" {
        return next(&api, at).await;
    }
    let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let said = if path.ends_with("/response") { Said::Answer(body) } else { Said::Failure(body) };
    match api.said.send(said).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}

async fn next(api: &Api, at: Instant) -> Response {
    if api.said.send(Said::Next(at)).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline_ms = epoch_ms() + 30_000;
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", request_id())
        .header("lambda-runtime-deadline-ms", deadline_ms)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:bench")
        .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000")
        .body(Body::from(event))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// A request id that no other invocation of this run has, in the form of a UUID.
fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static TURN: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", TURN.fetch_add(1, Ordering::Relaxed))
}
