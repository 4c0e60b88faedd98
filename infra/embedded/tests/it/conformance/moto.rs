//! A moto server of the test's own, on loopback.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Region};

/// How long the server may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server; it is stopped when this is dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts the executable that the environment names and waits until it listens.
    pub(crate) async fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the executable's place is the test run's only configuration"
        )]
        let executable = std::env::var("MOTO_SERVER").unwrap_or_else(|_| {
            panic!(
                "MOTO_SERVER does not name the moto_server executable: run the tests with \
                 `make test`, which installs it"
            )
        });
        let port = free_port();
        let process = Command::new(executable)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("MOTO_SERVER names an executable");
        let mut server = Self { process, port };
        server.wait().await;
        server
    }

    async fn wait(&mut self) {
        let deadline = Instant::now() + START_TIMEOUT;
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "moto_server ended at once: {ended:?}");
            assert!(Instant::now() < deadline, "moto_server does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes a client that speaks HTTP to the server.
    pub(crate) fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("moto", "moto", None, None, "moto"))
            .endpoint_url(format!("http://127.0.0.1:{}", self.port))
            .build();
        Client::from_conf(config)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
