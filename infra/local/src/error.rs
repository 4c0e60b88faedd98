//! Why the runtime does not start, in words for the person who started it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use aiva_kit::config::ConfigError;

/// Why the runtime does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The bind address is reachable from outside.
    #[error(
        "AIVA_BIND is {0}, which other machines may reach; this runtime has local rules (it calls \
         loopback addresses, it shows mail to anyone). Set AIVA_ALLOW_PUBLIC_BIND=true to do it anyway"
    )]
    PublicBind(IpAddr),
    /// Another process has the data directory.
    #[error("another process uses {}; stop it, or set AIVA_DATA_DIR to another directory", .0.display())]
    InUse(PathBuf),
    /// The address is taken.
    #[error("cannot listen on {address}: {error}; set AIVA_PORT to a free port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The embedded database or queue does not work.
    #[error("the embedded engine does not start: {0}")]
    Engine(String),
    /// The model cannot be asked.
    #[error("the model cannot be asked: {0}")]
    Model(String),
    /// The demo workspace cannot be made.
    #[error("the demo cannot be made: {0}")]
    Demo(aiva_core::error::Error),
}

impl StartError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    pub(crate) fn engine(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Self::Engine(text)
    }
}
