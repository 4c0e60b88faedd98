//! The running product: its address, its application, and two ways to end it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aiva_adapters::aws_ports::{AwsPorts, Everything};
use aiva_adapters::http_out::GuardedHttp;
use aiva_adapters::knowledge::MemoryIndex;
use aiva_adapters::llm::{Embeddings, Provider};
use aiva_core::app::App;
use aiva_dialects::Edge;
use aiva_kit::clock::{OsEntropy, SystemClock};
use aiva_kit::work::ModelDesk;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::demo::Demo;
use crate::error::StartError;
use crate::poll::Stop;
use crate::start;

/// Where the local runtime writes replies: one desk for the worker and for requests that wait.
pub type LocalDesk =
    Arc<ModelDesk<Provider<OsEntropy>, MemoryIndex<Embeddings<OsEntropy>>, GuardedHttp>>;

/// The ports of the local runtime: those of AWS, over the embedded engines.
pub type LocalPorts = AwsPorts<SystemClock, OsEntropy, Everything<OsEntropy>, LocalDesk>;

/// The product, running in this process.
pub struct Runtime {
    pub(crate) address: SocketAddr,
    pub(crate) demo: Demo,
    pub(crate) app: Arc<App<LocalPorts>>,
    pub(crate) edge: Arc<Edge<LocalPorts>>,
    pub(crate) stop: Stop,
    pub(crate) tasks: TaskTracker,
    /// Held until everything else is gone.
    pub(crate) _dir: DataDir,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("address", &self.address).finish_non_exhaustive()
    }
}

/// How long what is in flight may take to end after a stop.
const DRAIN: Duration = Duration::from_secs(10);

impl Runtime {
    /// Starts the product and returns when it answers.
    ///
    /// # Errors
    /// When the settings, the data directory, the port or an engine does not allow it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // Once in a process: not worth carrying about in the future of its caller.
        Box::pin(start::start(config)).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a script needs to talk to the demo workspace.
    pub fn demo(&self) -> &Demo {
        &self.demo
    }

    /// The application, for tests that look behind the API.
    pub fn app(&self) -> &Arc<App<LocalPorts>> {
        &self.app
    }

    /// Where it writes replies.
    pub fn desk(&self) -> &LocalDesk {
        &self.edge.desk
    }

    /// Takes nothing new, gives what is in flight 10 s to end, and closes.
    pub async fn stop(self) {
        self.stop.soft.cancel();
        self.tasks.close();
        let drained = async {
            self.tasks.wait().await;
            self.edge.drain().await;
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("what is still in flight is taken up again at the next start");
        }
        self.stop.hard.cancel();
        self.tasks.wait().await;
        self.edge.abandon().await;
    }

    /// Ends everything where it stands, as a crash of the process would.
    pub async fn kill(self) {
        self.stop.hard.cancel();
        self.stop.soft.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.edge.abandon().await;
    }
}
