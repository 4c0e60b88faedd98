//! A moto server of the test's own, on loopback.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server; it is stopped when this is dropped.
pub(super) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts the executable that the environment names and waits until it listens.
    pub(super) async fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the executable's place is the test run's only configuration"
        )]
        let executable = std::env::var("MOTO_SERVER")
            .expect("MOTO_SERVER names the executable: run the tests with `make test`");
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let process = Command::new(executable)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("MOTO_SERVER names an executable");
        let mut server = Self { process, port };
        let deadline = Instant::now() + START_TIMEOUT;
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "moto_server ended at once: {ended:?}");
            assert!(Instant::now() < deadline, "moto_server does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
