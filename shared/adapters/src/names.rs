//! The names of the Internet, by the system's resolver.

use std::net::IpAddr;
use std::time::Duration;

use aiva_core::ports::Names;

use crate::lookup::Lookups;

/// How long a name may take to resolve, its turn included.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many names are looked up at once.
const MAX_LOOKUPS: usize = 16;

/// The system's resolver.
#[derive(Debug, Clone)]
pub struct SystemNames(Lookups);

impl Default for SystemNames {
    fn default() -> Self {
        Self(Lookups::new(MAX_LOOKUPS))
    }
}

impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        // A resolver that hangs, or has no time for us, is a name that does not resolve yet.
        let look = tokio::time::timeout(PATIENCE, self.0.addresses(host));
        look.await.ok().and_then(Result::ok).unwrap_or_default()
    }
}
