//! Fetching what a source names, and reading it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::content::{self, Extracted, MAX_CONTENT_BYTES, Part, UnreadFile, Unreadable};
use super::source::{Origin, Source};
use crate::app::App;
use crate::egress::CallbackUrl;
use crate::error::Result;
use crate::ports::{Clock, Extract, Fetch, FetchRequest, Fetched, Objects, OutgoingError, Ports};

mod drive;
mod github;
mod glob;
mod pages;
mod robots;
mod sitemap;

pub use drive::DriveAccess;
pub(super) use drive::file_of as drive_file;
pub use github::GithubAccess;
pub(super) use github::repository_of as github_repository;

/// Bytes of one page or file at most.
const MAX_PAGE_BYTES: usize = 20 * 1024 * 1024;
/// How long one page may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
/// Redirects that are followed; each is vetted like the first address.
const MAX_REDIRECTS: usize = 5;

/// What came of gathering.
#[derive(Debug)]
pub(super) enum Gathered {
    /// Its server says that nothing changed.
    Unchanged,
    /// Its parts.
    New {
        /// The parts.
        parts: Vec<Part>,
        /// What it calls itself.
        title: Option<String>,
        /// What its server calls this content.
        etag: Option<String>,
        /// What was left out, in words for its owner.
        left_out: Option<String>,
        /// The rows that were taken, where it is a table.
        rows: Option<u64>,
    },
}

/// Why a source could not be read, in words that its owner can act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The reason.
    pub(super) reason: String,
    /// Whether trying again may help.
    pub(super) passing: bool,
}

impl Trouble {
    pub(super) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: false }
    }

    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), passing: true }
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        let Unreadable { reason, passing } = unreadable;
        Self { reason, passing }
    }
}

/// Fetches and reads a source; `stop_at` is when what is at hand must do.
pub(super) async fn gather<P: Ports>(
    app: &App<P>,
    fetch: &impl Fetch,
    extract: &impl Extract,
    source: &Source,
    stop_at: Timestamp,
) -> Result<Result<Gathered, Trouble>> {
    let visit = Visit { app, fetch, extract, source, stop_at };
    Ok(match &source.origin {
        Origin::Raw => Err(Trouble::lasting("there is nothing to fetch")),
        Origin::File { object, name, rows } => {
            let Some(bytes) = app.objects.get(object, MAX_FILE_BYTES).await? else {
                return Ok(Err(Trouble::lasting("the uploaded file is gone; upload it again")));
            };
            let file =
                UnreadFile { bytes, name: name.clone(), content_type: None, max_rows: *rows };
            extract.extract(file).await.map(|read| whole(read, None)).map_err(Trouble::from)
        }
        Origin::Url { url, crawl } => pages::gather(&visit, url, crawl.as_ref()).await,
        Origin::Github { repository, branch, path } => {
            github::gather(&visit, repository, branch.as_deref(), path.as_deref()).await
        }
        Origin::Drive { file } => drive::gather(&visit, file).await,
    })
}

/// The largest uploaded file, in bytes.
const MAX_FILE_BYTES: usize = 100 * 1024 * 1024;

fn whole(read: Extracted, etag: Option<String>) -> Gathered {
    let Extracted { title, parts, links: _, left_out, rows } = read;
    Gathered::New { parts, title, etag, left_out, rows }
}

/// One source being gathered.
struct Visit<'a, P: Ports, F, X> {
    app: &'a App<P>,
    fetch: &'a F,
    extract: &'a X,
    source: &'a Source,
    stop_at: Timestamp,
}

impl<P: Ports, F: Fetch, X: Extract> Visit<'_, P, F, X> {
    fn is_late(&self) -> bool {
        self.app.now() >= self.stop_at
    }

    fn vetted(&self, url: &str) -> Result<CallbackUrl, Trouble> {
        CallbackUrl::parse(url, &self.app.settings.egress)
            .map_err(|problem| Trouble::lasting(format!("its address {problem}")))
    }

    /// Sends one GET, no redirect followed.
    async fn once(
        &self,
        url: &str,
        headers: Vec<(&'static str, String)>,
        max_bytes: usize,
    ) -> Result<Fetched, Trouble> {
        let url = self.vetted(url)?;
        let request = FetchRequest { url, headers, timeout: PAGE_TIMEOUT, max_bytes };
        self.fetch.get(request).await.map_err(|error| {
            let reason = format!("it could not be fetched: {error}");
            match error {
                OutgoingError::RefusedAddress => Trouble::lasting(reason),
                OutgoingError::Dns
                | OutgoingError::Busy
                | OutgoingError::Connect
                | OutgoingError::Tls
                | OutgoingError::Timeout
                | OutgoingError::Protocol => Trouble::passing(reason),
            }
        })
    }

    /// Sends one GET to an API and wants a whole 200.
    async fn api(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        max_bytes: usize,
    ) -> Result<Fetched, Trouble> {
        let answer = self.once(url, headers.to_vec(), max_bytes).await?;
        judge(&answer, max_bytes)?;
        Ok(answer)
    }

    /// What the source said when it was last read, each part by its own address; nothing where that cannot
    /// be had.
    async fn before(&self) -> HashMap<String, Vec<Part>> {
        let Some(object) = &self.source.content else { return HashMap::new() };
        let read = self.app.objects.get(object, MAX_CONTENT_BYTES).await;
        let parts = match read.and_then(|bytes| bytes.as_deref().map(content::decode).transpose()) {
            Ok(parts) => parts.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(source_id = %self.source.id, %error, "what it said before is not known");
                Vec::new()
            }
        };
        let mut before: HashMap<String, Vec<Part>> = HashMap::new();
        for part in parts {
            let url = part.url.clone().unwrap_or_default();
            before.entry(url).or_default().push(part);
        }
        before
    }
}

/// What was left out and what could not be had anew, in words for the source's owner.
fn left_out(skipped: usize, kept: usize, [one, many]: [&str; 2]) -> Option<String> {
    let told = |count: usize, was: [&str; 2]| {
        let [what, was] = if count == 1 { [one, was[0]] } else { [many, was[1]] };
        (count > 0).then(|| format!("{count} {what} {was}"))
    };
    let skipped = told(skipped, ["was left out", "were left out"]);
    let kept = told(kept, ["could not be read again", "could not be read again"]);
    match (skipped, kept) {
        (Some(skipped), Some(kept)) => Some(format!("{skipped}, {kept}")),
        (skipped, kept) => skipped.or(kept),
    }
}

/// Whether an answer, of which so many bytes were read at most, is a whole 200.
fn judge(answer: &Fetched, max_bytes: usize) -> Result<(), Trouble> {
    match answer.status {
        200 if answer.truncated => {
            let most = max_bytes / 1024;
            let most =
                if most < 1024 { format!("{most} KB") } else { format!("{} MB", most / 1024) };
            Err(Trouble::lasting(format!("it is larger than {most}")))
        }
        200 if !answer.complete => Err(Trouble::passing("its server broke off")),
        200 => Ok(()),
        401 | 403 => Err(Trouble::lasting(format!(
            "its server refuses us ({}): it must be public, or shared with us",
            answer.status
        ))),
        404 | 410 => Err(Trouble::lasting(format!("it is not there ({})", answer.status))),
        408 | 425 | 429 | 500..=599 => {
            Err(Trouble::passing(format!("its server answered {}", answer.status)))
        }
        status => Err(Trouble::lasting(format!("its server answered {status}"))),
    }
}
