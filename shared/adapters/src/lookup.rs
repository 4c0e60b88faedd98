//! Lookups of names by the system's resolver, within bounds.
//!
//! A lookup holds a thread until the resolver answers, also when whoever asked has given up. So that a
//! name server which never answers cannot hold all threads, the names of one site have few of them.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lookups of one site at once, at most.
const MAX_OF_A_SITE: usize = 4;
/// How long a lookup waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// Sites remembered before those that nobody asks about are forgotten.
const SITES_KEPT: usize = 1_024;

/// The system's resolver, or what stands for it in a test.
type Ask = fn(&str) -> io::Result<Vec<IpAddr>>;

/// Why a lookup finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfound {
    /// The name does not resolve.
    NotFound,
    /// It was not looked up: too many lookups are waiting for their answers.
    Busy,
}

/// The lookups of one process.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    ask: Ask,
    patience: Duration,
    all: Arc<Semaphore>,
    sites: Arc<Mutex<HashMap<String, Weak<Semaphore>>>>,
}

impl Lookups {
    /// By the system's resolver, so many at once at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            ask: ask_system,
            patience: PATIENCE,
            all: Arc::new(Semaphore::new(most)),
            sites: Arc::default(),
        }
    }

    /// Looks a name up.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Unfound> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let turn = tokio::time::timeout(self.patience, self.turn(&name));
        let turn = turn.await.map_err(|_| Unfound::Busy)??;
        let ask = self.ask;
        // With its dot the name is absolute, and no search domain of this host is appended.
        let absolute = format!("{name}.");
        let found = tokio::task::spawn_blocking(move || {
            let found = ask(&absolute);
            drop(turn);
            found
        });
        found.await.map_err(|_| Unfound::NotFound)?.map_err(|_| Unfound::NotFound)
    }

    /// Waits for a turn among the site's lookups, then among all.
    async fn turn(&self, name: &str) -> Result<[OwnedSemaphorePermit; 2], Unfound> {
        let of_site = self.site(name).acquire_owned().await.map_err(|_| Unfound::Busy)?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.map_err(|_| Unfound::Busy)?;
        Ok([of_site, of_all])
    }

    fn site(&self, name: &str) -> Arc<Semaphore> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= SITES_KEPT {
            sites.retain(|_, site| site.strong_count() > 0);
        }
        let site = site_of(name);
        if let Some(known) = sites.get(site).and_then(Weak::upgrade) {
            return known;
        }
        let fresh = Arc::new(Semaphore::new(MAX_OF_A_SITE));
        sites.insert(site.to_owned(), Arc::downgrade(&fresh));
        fresh
    }
}

fn ask_system(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// What most likely has name servers of its own: the last two labels, or three where the last is a
/// country's and the one before it is as short as `co` and `com` are. Where that is wrong, more names
/// share a bound than need to.
fn site_of(name: &str) -> &str {
    let labels: Vec<&str> = name.rsplit('.').take(3).collect();
    let count = match labels.as_slice() {
        [country, second, _] if country.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    let length: usize = labels.iter().take(count).map(|label| label.len() + 1).sum();
    &name[name.len().saturating_sub(length.saturating_sub(1))..]
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;

    use tokio::task::JoinSet;

    use super::*;

    /// A name server that answers only once this is open.
    static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    fn open_gate() {
        *GATE.0.lock().unwrap() = true;
        GATE.1.notify_all();
    }

    fn hang_for_some(name: &str) -> io::Result<Vec<IpAddr>> {
        if name.ends_with("hole.example.") {
            let open = GATE.0.lock().unwrap();
            drop(GATE.1.wait_while(open, |open| !*open).unwrap());
        }
        Ok(vec!["192.0.2.1".parse().unwrap()])
    }

    #[tokio::test]
    async fn a_name_server_that_never_answers_leaves_room_for_the_names_of_others() {
        let patience = Duration::from_millis(200);
        let lookups = Lookups { ask: hang_for_some, patience, ..Lookups::new(6) };
        let mut hanging = JoinSet::new();
        for number in 0..20 {
            let lookups = lookups.clone();
            let name = format!("h{number}.hole.example");
            hanging.spawn(async move { lookups.addresses(&name).await });
        }
        // Those beyond the site's bound were not looked up, and say so.
        for _ in 0..16 {
            let outcome = hanging.join_next().await.unwrap().unwrap();
            assert_eq!(outcome, Err(Unfound::Busy));
        }
        let other = lookups.addresses("shop.example.org").await;
        assert_eq!(other.unwrap().len(), 1);
        open_gate();
        while let Some(outcome) = hanging.join_next().await {
            assert_eq!(outcome.unwrap().unwrap().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_lookup_that_was_given_up_still_counts_until_it_is_answered() {
        let patience = Duration::from_millis(50);
        let lookups = Lookups { ask: hang_for_some, patience, ..Lookups::new(64) };
        for number in 0..MAX_OF_A_SITE {
            let name = format!("g{number}.hole.example");
            let given_up = tokio::time::timeout(patience, lookups.addresses(&name)).await;
            assert!(given_up.is_err());
        }
        assert_eq!(lookups.addresses("one-more.hole.example").await, Err(Unfound::Busy));
        open_gate();
    }

    #[test]
    fn the_site_of_a_name_is_what_has_name_servers_of_its_own() {
        for (name, site) in [
            ("hooks.shop.example.com", "example.com"),
            ("example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("x.example.de", "example.de"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(site_of(name), site, "{name}");
        }
    }
}
