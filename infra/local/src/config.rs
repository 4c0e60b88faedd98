//! The runtime's own settings, beside those of the product.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_embedded::ClientOptions;
use aiva_kit::config::{self, ConfigError, variable};
use secrecy::SecretString;

/// What the runtime is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Whether an address that other machines reach is meant.
    pub allow_public_bind: bool,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The operator's token; a generated one is kept in the data directory otherwise.
    pub operator_token: Option<SecretString>,
    /// The product's settings.
    pub product: config::Config,
    /// How long the queues are trusted before the sweep sends again.
    pub outbox_grace: Duration,
    /// How long a request waits for its reply.
    pub answer_within: Duration,
    /// How long a stream waits for the end of its reply; nothing stands before it that gives up sooner.
    pub stream_within: Duration,
    /// What reads files; a program whose first act is to serve as one reads them apart.
    pub reader: FileReader,
    /// The layers of the database client (tests inject faults there).
    pub dynamo: ClientOptions,
    /// The layers of the queue client (tests inject faults there).
    pub sqs: ClientOptions,
}

impl Config {
    /// The defaults, keeping everything in `data_dir` and listening on `port` of the loopback address.
    pub fn new(data_dir: PathBuf, port: u16, mut product: config::Config) -> Self {
        // The one place beside the template of an emulator where loopback may be called.
        product.egress.local = true;
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            allow_public_bind: false,
            data_dir,
            operator_token: None,
            product,
            outbox_grace: Duration::from_secs(2),
            answer_within: Duration::from_secs(27),
            stream_within: Duration::from_secs(85),
            reader: FileReader::default(),
            // Nothing is lost between this process and itself; a test that injects faults says otherwise.
            dynamo: ClientOptions { knows_transactions: false, ..ClientOptions::default() },
            sqs: ClientOptions::default(),
        }
    }

    /// Reads the process's environment.
    ///
    /// # Errors
    /// When a variable that is set cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let port = get("AIVA_PORT").map_or(Ok(8787), |text| text.trim().parse());
        let port = port.map_err(|_| ConfigError::new("AIVA_PORT", "must be a port number"))?;
        let data_dir = get("AIVA_DATA_DIR").unwrap_or_else(|| ".aiva".to_owned());
        let bind = match get("AIVA_BIND").as_deref().map(str::trim) {
            None | Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(text) => {
                let problem = ConfigError::new("AIVA_BIND", "must be an IP address");
                text.parse().map_err(|_| problem)?
            }
        };
        Ok(Self {
            bind,
            allow_public_bind: get("AIVA_ALLOW_PUBLIC_BIND").as_deref() == Some("true"),
            operator_token: get("AIVA_OPERATOR_TOKEN").map(SecretString::from),
            ..Self::new(PathBuf::from(data_dir), port, config::Config::from_env()?)
        })
    }
}
