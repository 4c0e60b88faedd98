//! One bootstrap under AWS's runtime interface emulator, which comes with the SAM CLI.
//!
//! It starts the bootstrap at its first event, and writes down how long the init took by its own clock.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use tokio::time::sleep;

use crate::Result;
use crate::machine::peak_kib;

const INVOKE: &str = "/2015-03-31/functions/function/invocations";
/// The line in which the emulator tells how long an init took, in milliseconds.
const INIT: &str = "INIT REPORT(durationMs: ";
/// Looks at the emulator's port until it listens.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Neither an init nor an invocation takes longer than this here.
const PATIENCE: Duration = Duration::from_secs(15);

/// AWS's emulator.
#[derive(Debug, Clone)]
pub(crate) struct Emulator {
    binary: PathBuf,
    client: Client,
}

/// What was seen of one bootstrap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// By the emulator's clock.
    pub(crate) init: Duration,
    /// The greatest resident set after the first event, in KiB.
    pub(crate) peak_kib: u64,
}

impl Emulator {
    /// Names the program.
    pub(crate) fn at(binary: PathBuf) -> Result<Self> {
        Ok(Self { binary, client: Client::builder().timeout(PATIENCE).no_proxy().build()? })
    }

    /// Starts a bootstrap, hands it one event, and ends it.
    pub(crate) async fn run(
        &self,
        bootstrap: &Path,
        env: &[(&str, String)],
        log: &Path,
        event: Bytes,
    ) -> Result<Seen> {
        let address = free_port()?;
        let mut running = self.spawn(bootstrap, env, log, address)?;
        let url = format!("http://{address}{INVOKE}");
        let mut looks = 0;
        loop {
            match self.client.post(&url).body(event.clone()).send().await {
                Ok(_) => break,
                Err(error) if error.is_connect() && looks < LOOKS => looks += 1,
                Err(error) => return Err(format!("{}: {error}", log.display()).into()),
            }
            sleep(BETWEEN_LOOKS).await;
        }
        let process = running.bootstrap()?;
        let told = fs::read_to_string(log)?;
        let millis = told.split_once(INIT).and_then(|(_, rest)| rest.split_once(')'));
        let (millis, _) = millis.ok_or_else(|| format!("{}: no init", log.display()))?;
        Ok(Seen { init: parse_millis(millis)?, peak_kib: peak_kib(&process)? })
    }

    fn spawn(
        &self,
        bootstrap: &Path,
        env: &[(&str, String)],
        log: &Path,
        address: SocketAddr,
    ) -> Result<Running> {
        let log = File::create(log)?;
        let child = Command::new(&self.binary)
            .arg("--runtime-interface-emulator-address")
            .arg(address.to_string())
            .arg("--runtime-api-address")
            .arg(free_port()?.to_string())
            .arg(bootstrap)
            .env_clear()
            .envs(env.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()?;
        Ok(Running { child, bootstrap: None })
    }
}

/// The emulator and what it started; both end when this is dropped.
struct Running {
    child: Child,
    bootstrap: Option<String>,
}

impl Running {
    /// The process that the emulator started.
    fn bootstrap(&mut self) -> Result<String> {
        let mut children = String::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            children += &fs::read_to_string(task?.path().join("children"))?;
        }
        let one = children.split_whitespace().next().ok_or("the emulator started nothing")?;
        self.bootstrap = Some(one.to_owned());
        Ok(one.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = self.bootstrap.take().or_else(|| self.bootstrap().ok()) {
            drop(Command::new("kill").args(["-9", &process]).status());
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Reads `17.918000`.
fn parse_millis(text: &str) -> Result<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let nanos = format!("{part:0<6}");
    let nanos = nanos.get(..6).ok_or("an unreadable init")?;
    Ok(Duration::from_millis(whole.parse()?) + Duration::from_nanos(nanos.parse()?))
}
