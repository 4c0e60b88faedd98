//! The names of the Internet, by the system's resolver.

use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use aiva_core::ports::Names;

/// How long a name may take to resolve.
const PATIENCE: Duration = Duration::from_secs(2);

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let host = host.to_owned();
        let look = tokio::task::spawn_blocking(move || {
            let found = (host.as_str(), 443).to_socket_addrs();
            found
                .map(|addresses| addresses.map(|address| address.ip()).collect())
                .unwrap_or_default()
        });
        // A resolver that hangs is a name that does not resolve yet.
        tokio::time::timeout(PATIENCE, look).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}
