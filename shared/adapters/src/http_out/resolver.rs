//! From a name to the addresses that may be dialled.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use aiva_core::egress::{Verdict, verdict};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::lookup::{Lookups, Unfound};

/// How many lookups may wait for the system's resolver at once.
const MAX_LOOKUPS: usize = 64;

/// How many addresses of one answer are tried. All of them are vetted.
const MAX_DIALLED: usize = 8;

/// Where names are looked up.
#[derive(Debug, Clone)]
pub enum Resolution {
    /// The system's resolver.
    System,
    /// This table and nothing else.
    Fixed(HashMap<String, Vec<IpAddr>>),
}

/// Why a name gives no address to dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The lookup failed or found nothing.
    NotFound,
    /// At least one address of the answer is not public.
    Refused,
    /// It was not looked up: too many lookups are under way.
    Busy,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotFound => "name not found",
            Self::Refused => "name has an address that is not public",
            Self::Busy => "too many names are being looked up",
        })
    }
}

impl std::error::Error for Unresolved {}

/// Resolves names and vets the answers, inside the connector.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver {
    local: bool,
    resolution: Arc<Resolution>,
    lookups: Lookups,
}

impl GuardedResolver {
    pub(super) fn new(local: bool, resolution: Resolution) -> Self {
        let lookups = Lookups::new(MAX_LOOKUPS);
        Self { local, resolution: Arc::new(resolution), lookups }
    }

    /// Finds the addresses of a name, all of them public.
    ///
    /// One bad address condemns the whole answer: whoever controls the name put it there.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if self.local && name == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let mut found = match &*self.resolution {
            Resolution::System => self.lookups.addresses(name).await?,
            Resolution::Fixed(table) => table.get(name).cloned().unwrap_or_default(),
        };
        if found.is_empty() {
            return Err(Unresolved::NotFound);
        }
        if found.iter().any(|ip| verdict(*ip) != Verdict::Public) {
            return Err(Unresolved::Refused);
        }
        found.truncate(MAX_DIALLED);
        Ok(found)
    }
}

impl From<Unfound> for Unresolved {
    fn from(unfound: Unfound) -> Self {
        match unfound {
            Unfound::NotFound => Self::NotFound,
            Unfound::Busy => Self::Busy,
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            // Port 0 stands for the port of the URL.
            let dialled: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(dialled)
        })
    }
}
